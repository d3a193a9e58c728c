import { guessModelVariable } from './model-variable.ts';

/** The text of a new cell, and the part of it that a person most likely changes. */
export interface PushCell {
  readonly code: string;
  /** Line and first and last column of the variable's name. */
  readonly placeholder: { readonly line: number; readonly start: number; readonly end: number };
}

const LOAD_MAGICS = '%load_ext omlmd_jupyter';
/** distribution-spec: at most 255 characters; names of files are far shorter. */
const MAX_REPOSITORY_LENGTH = 200;

/** A cell that pushes the notebook's model to the local store, from the code that is in the notebook. */
export function makePushCell(notebookPath: string, cells: readonly string[]): PushCell {
  const lines = cells.some((cell) => cell.includes(LOAD_MAGICS)) ? [] : [LOAD_MAGICS];
  const place = `local/${repositoryNameOf(notebookPath)}`;
  const before = `%omlmd push ${place}:${nextTag(place, cells)} --model `;
  const variable = guessModelVariable(cells);
  const placeholder = { line: lines.length, start: before.length, end: before.length + variable.length };
  return { code: [...lines, before + variable].join('\n'), placeholder };
}

/** The file's name as a repository: lower case, single dashes for what a repository may not hold. */
export function repositoryNameOf(notebookPath: string): string {
  const file = notebookPath.slice(notebookPath.lastIndexOf('/') + 1).replace(/\.ipynb$/i, '');
  const plain = file.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  const dashed = plain.replace(/[^a-z0-9]+/g, '-').slice(0, MAX_REPOSITORY_LENGTH);
  return dashed.replace(/^-+|-+$/g, '') || 'model';
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
