import type { TextRange } from './yaml-document.ts';

/** The closed list of what `validate` finds in a metadata file; docs/formats/omlmd.md says when. */
export const PROBLEM_CODES = [
  'yaml-syntax',
  'yaml-tag',
  'yaml-limit',
  'number-not-finite',
  'key-not-scalar',
  'not-a-mapping',
  'wrong-type',
  'unknown-key',
  'repeated-key',
  'flat-property',
  'ambiguous-scalar',
  'reference-invalid',
  'file-missing',
  'file-outside',
  'accuracy-range',
  'secret-looking',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** Something wrong, doubtful or worth knowing at one place of a metadata file. */
export interface Problem extends TextRange {
  readonly severity: 'error' | 'warning' | 'info';
  /** A {@link ProblemCode}, or another operation's own. */
  readonly code: string;
  /** For people; foreign text in it is quoted and escaped. */
  readonly message: string;
}
