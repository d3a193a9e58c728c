import { tarError } from './tar-header.ts';

/** What a pax header says of the entry after it; the rest (times, owners, attributes) does not matter here. */
export interface PaxRecords {
  readonly path?: Uint8Array;
  /** Bytes. */
  readonly size?: number;
  /** The file is stored with holes, in one of GNU's ways. */
  readonly isSparse?: boolean;
}

/** Longest decimal length of a record that is read; stops a header of digits from being searched again and again. */
const MAX_LENGTH_DIGITS = 10;

/** Reads the records `LENGTH KEY=VALUE\n` (POSIX.1-2017, pax Extended Header); a later one of a key replaces the earlier. */
export function parsePaxRecords(data: Uint8Array): PaxRecords {
  let records: PaxRecords = {};
  for (let at = 0; at < data.byteLength; ) {
    const { key, value, end } = recordAt(data, at);
    records = { ...records, ...meaningOf(key, value) };
    at = end;
  }
  return records;
}

interface PaxRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly end: number;
}

function recordAt(data: Uint8Array, at: number): PaxRecord {
  const digits = data.subarray(at, at + MAX_LENGTH_DIGITS + 1);
  const space = digits.indexOf(0x20);
  const length = decimalOf(digits.subarray(0, Math.max(space, 0)));
  const end = at + (length ?? 0);
  const record = data.subarray(at + space + 1, end - 1);
  const equals = record.indexOf(0x3d);
  if (length === undefined || end > data.byteLength || data[end - 1] !== 0x0a || equals < 1)
    throw tarError('an extended header of the tar archive is damaged');
  return {
    key: Buffer.from(record.subarray(0, equals)).toString('latin1'),
    value: record.subarray(equals + 1),
    end,
  };
}

function meaningOf(key: string, value: Uint8Array): PaxRecords {
  if (key.startsWith('GNU.sparse.')) return { isSparse: true };
  // An empty value takes an earlier one back; the fields of the plain header hold then.
  if (value.byteLength === 0) return {};
  if (key === 'path') return { path: value };
  if (key !== 'size') return {};
  const size = decimalOf(value);
  if (size === undefined)
    throw tarError('an extended header of the tar archive has a size that no file can have');
  return { size };
}

function decimalOf(digits: Uint8Array): number | undefined {
  const text = Buffer.from(digits).toString('latin1');
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
