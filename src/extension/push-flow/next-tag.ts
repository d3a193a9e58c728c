/** `v1`, `v12`: what is counted on. */
const COUNTED = /^v(\d{1,9})$/;
/** `1.4.2`, `v1.4.2`: the last number is counted on. */
const DOTTED = /^(v?)(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/;

/** The tag to suggest for the next push: counts on in the way the repository does, and never names one that is there. */
export function nextTag(tags: readonly string[]): string {
  const counted = tags.flatMap((tag) => COUNTED.exec(tag)?.[1] ?? []).map(Number);
  if (counted.length > 0) return `v${Math.max(...counted) + 1}`;
  const [newest] = tags.flatMap((tag) => dotted(tag) ?? []).toSorted(newestFirst);
  if (newest === undefined) return 'v1';
  const [major, minor, patch] = newest.numbers;
  return `${newest.prefix}${major}.${minor}.${patch + 1}`;
}

interface Dotted {
  readonly prefix: string;
  readonly numbers: readonly [number, number, number];
}

function dotted(tag: string): Dotted | undefined {
  const match = DOTTED.exec(tag);
  if (match === null) return undefined;
  return { prefix: match[1] ?? '', numbers: [Number(match[2]), Number(match[3]), Number(match[4])] };
}

function newestFirst(a: Dotted, b: Dotted): number {
  return b.numbers[0] - a.numbers[0] || b.numbers[1] - a.numbers[1] || b.numbers[2] - a.numbers[2];
}
