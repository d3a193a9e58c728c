/** Bits of an element by its name as reports spell it; undefined for those without a fixed size. */
const BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['U2', 2],
  ['I2', 2],
  ['U4', 4],
  ['I4', 4],
  ['F4', 4],
  ['F4_E2M1', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E4M3', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2', 8],
  ['F8_E5M2FNUZ', 8],
  ['F8_E8M0', 8],
  ['U16', 16],
  ['I16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['U32', 32],
  ['I32', 32],
  ['F32', 32],
  ['U64', 64],
  ['I64', 64],
  ['F64', 64],
  ['C64', 64],
  ['C128', 128],
]);

export function bitsOf(dtype: string): number | undefined {
  return BITS.get(dtype);
}
