/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that a `Range` header asks of content of `size` bytes (RFC 9110 §14.1.2): `whole` where there is none,
 * or one that may be passed over (several ranges, other units), `unsatisfiable` where no byte of it is there.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return 'whole';
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  return start < end ? { start, end } : 'unsatisfiable';
}

/** `FIRST-LAST` of a chunk (distribution-spec §Pushing a blob in chunks); `bad` where it cannot be meant. */
export function parseContentRange(header: string | undefined): ByteRange | 'none' | 'bad' {
  if (header === undefined) return 'none';
  const match = /^(?:bytes[ =])?([0-9]{1,15})-([0-9]{1,15})(?:\/.*)?$/.exec(header.trim());
  if (match === null) return 'bad';
  const [start, end] = [Number(match[1]), Number(match[2]) + 1];
  return start < end ? { start, end } : 'bad';
}
