/** A flag of a verb, as it is completed. */
export interface MagicFlag {
  readonly name: string;
  readonly summary: string;
}

/** A verb of `%omlmd`. */
export interface MagicVerb {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly MagicFlag[];
  /** Whether its plain arguments are references. */
  readonly takesReference: boolean;
}

/** What stands at the cursor of a `%omlmd` line, and the column at which it starts. */
export type MagicPosition =
  | { readonly kind: 'magic'; readonly start: number }
  | { readonly kind: 'verb'; readonly start: number }
  | { readonly kind: 'flag'; readonly start: number; readonly verb: string }
  | { readonly kind: 'argument'; readonly start: number; readonly verb: string };

/** What the text before the cursor asks for; undefined where the line is no `%omlmd` line. */
export function readMagicLine(before: string): MagicPosition | undefined {
  const indent = before.length - before.trimStart().length;
  const words = before.slice(indent).split(/\s+/);
  const current = words.at(-1) ?? '';
  const start = before.length - current.length;
  if (words.length === 1) return /^%{1,2}\w*$/.test(current) ? { kind: 'magic', start } : undefined;
  if (!/^%{1,2}omlmd$/.test(words[0] ?? '')) return undefined;
  const verb = words[1] ?? '';
  if (words.length === 2) return { kind: 'verb', start };
  return { kind: current.startsWith('-') ? 'flag' : 'argument', start, verb };
}
