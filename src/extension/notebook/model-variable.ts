/** The name that stands where no cell says which variable holds the model. */
export const UNKNOWN_VARIABLE = 'model';

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_]*`;
/** `clf.fit(`: the receiver is a variable of its own, not an attribute and not the end of an expression. */
const FITTED_VARIABLE = new RegExp(String.raw`(?<![\p{L}\p{N}_.)\]])(${NAME})\.fit\(`, 'gu');
/** `….fit(` on the result of an expression, which only an assignment keeps: on the same line, or lines above a `)`. */
const FITTED_EXPRESSION = /[)\]]\.fit\(/u;
const CLOSING_LINE = /^[)\]]/u;
const ASSIGNMENT = new RegExp(String.raw`^(${NAME})\s*(?::[^=]+)?=(?!=)`, 'u');

/**
 * The variable that most likely holds the trained model: the last one that was fitted in the cells, top to bottom.
 * In `history = model.fit(x)` that is the receiver; in `clf = make_pipeline(…).fit(x)` what the result is assigned to.
 */
export function guessModelVariable(cells: readonly string[]): string {
  let guess = UNKNOWN_VARIABLE;
  let assigned: string | undefined;
  for (const line of cells.flatMap((cell) => cell.split('\n'))) {
    if (line.trimStart().startsWith('#')) continue;
    const here = ASSIGNMENT.exec(line)?.[1];
    assigned = here ?? assigned;
    const receiver = [...line.matchAll(FITTED_VARIABLE)].at(-1)?.[1];
    const result = FITTED_EXPRESSION.test(line) ? (CLOSING_LINE.test(line) ? assigned : here) : undefined;
    guess = receiver ?? result ?? guess;
  }
  return guess;
}
