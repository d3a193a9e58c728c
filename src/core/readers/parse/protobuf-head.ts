/** A varint below 2^31; undefined at the end of the head, and a larger one as if it were a field that is not known. */
export function headVarint(head: Uint8Array, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let index = 0; index < 10; index += 1) {
    const byte = head[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value: Math.min(value, 2 ** 31 - 1), next: at + index + 1 };
  }
  return { value: 2 ** 31 - 1, next: at + 10 };
}
