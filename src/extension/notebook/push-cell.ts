import { repositoryName } from '../push-flow/repository-name.ts';
import { guessModelVariable } from './model-variable.ts';

/** The text of a new cell, and the part of it that a person most likely changes. */
export interface PushCell {
  readonly code: string;
  /** Line and first and last column of the variable's name. */
  readonly placeholder: { readonly line: number; readonly start: number; readonly end: number };
}

const LOAD_MAGICS = '%load_ext omlmd_jupyter';

/** A cell that pushes the notebook's model to the local store, from the code that is in the notebook. */
export function makePushCell(notebookPath: string, cells: readonly string[]): PushCell {
  const lines = cells.some((cell) => cell.includes(LOAD_MAGICS)) ? [] : [LOAD_MAGICS];
  const place = `local/${repositoryName(stemOf(notebookPath))}`;
  const before = `%omlmd push ${place}:${nextTag(place, cells)} --model `;
  const variable = guessModelVariable(cells);
  const placeholder = { line: lines.length, start: before.length, end: before.length + variable.length };
  return { code: [...lines, before + variable].join('\n'), placeholder };
}

/** `v1`, or one more than the highest version that a cell already pushes to that place. */
function nextTag(place: string, cells: readonly string[]): string {
  let highest = 0;
  for (const cell of cells) {
    for (const word of cell.split(/\s+/)) {
      if (word.startsWith(`${place}:v`))
        highest = Math.max(highest, Number(word.slice(place.length + 2)) || 0);
    }
  }
  return `v${highest + 1}`;
}

function stemOf(notebookPath: string): string {
  return notebookPath.slice(notebookPath.lastIndexOf('/') + 1).replace(/\.ipynb$/i, '');
}
