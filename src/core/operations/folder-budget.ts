import { FactsBuilder } from '../readers/facts.ts';
import { MAX_FOLDER_BYTES_KEPT, MAX_FOLDER_DETAILS_KEPT, MAX_FOLDER_READ_MS } from '../readers/limits.ts';
import { baseName } from '../readers/model-name.ts';
import type { Finding, ModelFacts } from '../readers/reader.ts';
import { detached, weigh } from './detached-value.ts';

/** Of a detail that is shown where lists are not: counts and names. */
const MAX_SMALL_DETAIL_BYTES = 256;

/**
 * What all files of one folder or artifact may take together: each may take a file's share of time, and its facts stay
 * while others are read.
 */
export class FolderBudget {
  readonly #maxMilliseconds: number;
  #deadline: number | undefined;
  #detailsKept = 0;
  #kept = 0;

  /** @param maxMilliseconds from the first question on */
  constructor(maxMilliseconds = MAX_FOLDER_READ_MS) {
    this.#maxMilliseconds = maxMilliseconds;
  }

  /** Why no more is read; undefined while there is time and room. */
  get spent(): string | undefined {
    this.#deadline ??= performance.now() + this.#maxMilliseconds;
    if (performance.now() > this.#deadline) return `the others took longer than ${this.#maxMilliseconds} ms`;
    if (this.#kept + Math.max(0, this.#detailsKept - MAX_FOLDER_DETAILS_KEPT) > MAX_FOLDER_BYTES_KEPT)
      return 'what was found in the others is too much to keep';
    return undefined;
  }

  /** The facts of one of several files as they are kept: without what belongs to its text, and without lists too many. */
  keep(facts: ModelFacts): ModelFacts {
    const room = MAX_FOLDER_DETAILS_KEPT - this.#detailsKept;
    const kept = detached(weigh(facts.details) <= room ? facts : withShortLists(facts, room));
    this.#detailsKept += weigh(kept.details);
    this.#kept += weigh({ ...kept, details: {} });
    return kept;
  }
}

/** What is small of the details, such as counts, and as many tensors as there is room for. */
function withShortLists(facts: ModelFacts, room: number): ModelFacts {
  const small = Object.entries(facts.details).filter(([, value]) => weigh(value) <= MAX_SMALL_DETAIL_BYTES);
  const { tensors } = facts.details;
  const details = Object.fromEntries(small);
  if (Array.isArray(tensors)) details.tensors = tensors.slice(0, countWithin(tensors, room));
  const message = 'not all of its details are shown: those of other files are';
  const finding: Finding = { severity: 'info', code: 'too-large-to-show', message };
  return { ...facts, details, findings: [...facts.findings, finding] };
}

/** How many values from the first on fit. */
function countWithin(values: readonly unknown[], room: number): number {
  let left = room;
  const end = values.findIndex((value) => {
    left -= weigh(value);
    return left < 0;
  });
  return end === -1 ? values.length : end;
}

/** What is said of a file that is not looked into. */
export function unreadFacts(path: string, why: string): ModelFacts {
  const facts = new FactsBuilder();
  facts.finding('medium', 'too-large-to-show', `partly read: this file was not looked into, ${why}`);
  return facts.build('unknown', baseName(path).replace(/\.[^.]+$/, ''));
}
