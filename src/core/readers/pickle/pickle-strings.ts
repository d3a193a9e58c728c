const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\u000b',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** The argument of STRING: a quoted Python literal (protocol 0). Undefined where it is not quoted. */
export function unquotePython(line: string): string | undefined {
  const quoteMark = line[0];
  if (line.length < 2 || (quoteMark !== "'" && quoteMark !== '"') || line.at(-1) !== quoteMark)
    return undefined;
  return line
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g,
      (whole, hex?: string, octal?: string, one?: string) => {
        if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
        return ESCAPES[one ?? ''] ?? whole;
      },
    );
}

/** The argument of UNICODE: `raw-unicode-escape` (protocol 0). */
export function decodeRawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** A two's complement little-endian integer of any length (LONG1, LONG4). */
export function littleEndianInteger(bytes: Uint8Array): bigint {
  if (bytes.byteLength === 0) return 0n;
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return BigInt.asIntN(bytes.byteLength * 8, BigInt(`0x${hex}`));
}
