/**
 * Orders text by code point, as Python does. JavaScript's own order is by UTF-16 unit and puts U+FF5E after U+1F680.
 * A surrogate without its other half counts as itself.
 */
export function compareCodePoints(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; ) {
    const left = a.codePointAt(i) ?? 0;
    const right = b.codePointAt(i) ?? 0;
    if (left !== right) return left - right;
    i += left > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}
