/** Tar archives by hand, right and wrong, for the tests. */

const BLOCK = 512;

export interface BuiltEntry {
  readonly path: string | Uint8Array;
  readonly data?: string | Uint8Array;
  /** The type flag; default a regular file. */
  readonly type?: string;
  readonly mode?: number;
  /** The size field, where it is to be something else than the length of the data. */
  readonly size?: Uint8Array | string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly link?: string;
  /** Changes the finished header; its checksum is made again unless it is `damaged`. */
  readonly damaged?: boolean;
}

/** A header and its data, padded. */
export function tarEntry(entry: BuiltEntry): Buffer {
  const data = Buffer.from(entry.data ?? '');
  const header = Buffer.alloc(BLOCK);
  header.set(Buffer.from(entry.path).subarray(0, 100), 0);
  header.write(octal(entry.mode ?? 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.set(Buffer.from(entry.size ?? octal(data.byteLength, 12)), 124);
  header.write(octal(0, 12), 136);
  header.write(entry.type ?? '0', 156, 'latin1');
  header.write(entry.link ?? '', 157);
  header.write(entry.magic ?? 'ustar\x0000', 257, 'latin1');
  header.write(entry.prefix ?? '', 345);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  if (entry.damaged) header.write('x', 0);
  return Buffer.concat([header, data, Buffer.alloc((BLOCK - (data.byteLength % BLOCK)) % BLOCK)]);
}

/** A whole archive with its end mark. */
export function tar(...entries: readonly BuiltEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

/** A folder as oras names it, without a slash. */
export function folder(path: string): BuiltEntry {
  return { path, type: '5', mode: 0o755 };
}

/** The header before an entry that overrides it. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): BuiltEntry {
  const lines = Object.entries(records).map(([key, value]) => paxRecord(`${key}=${value}`));
  return { path: 'PaxHeaders/x', type, data: lines.join('') };
}

/** The length of a record counts its own digits. */
function paxRecord(text: string): string {
  const rest = Buffer.byteLength(text) + 2;
  const length = rest + String(rest + String(rest).length).length;
  return `${length} ${text}\n`;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}
