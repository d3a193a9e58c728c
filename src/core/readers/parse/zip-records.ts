import { decodeText } from './byte-cursor.ts';
import { malformed } from './parse-stop.ts';

/** Signatures and fixed lengths of APPNOTE.TXT 4.3; numbers are little-endian. */
export const END_BYTES = 22;
export const LOCATOR_BYTES = 20;
export const END64_BYTES = 56;
export const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;
export const LOCAL_SIGNATURE = 0x04034b50;
export const ENTRY_SIGNATURE = 0x02014b50;
export const DESCRIPTOR_SIGNATURE = 0x08074b50;
export const END_SIGNATURE = 0x06054b50;
export const END64_SIGNATURE = 0x06064b50;
export const LOCATOR_SIGNATURE = 0x07064b50;

/** In place of a 16 or 32-bit number that is in the zip64 record. */
const IN_ZIP64_16 = 0xffff;
const IN_ZIP64_32 = 0xffffffff;
const ZIP64_EXTRA = 0x0001;
const UNICODE_NAME_EXTRA = 0x7075;

/** General purpose flags (4.4.4): encrypted, sizes behind the data, strong encryption, masked directory. */
const ENCRYPTED = 0x2041;
export const SIZES_BEHIND = 0x0008;

/** One file of an archive as the central directory states it. */
export interface ZipMember {
  /** Foreign text. */
  readonly name: string;
  readonly flags: number;
  /** 0 stored, 8 deflated; others are not opened. */
  readonly method: number;
  /** Undefined where the directory is not there to tell. */
  readonly crc: number | undefined;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes once opened; a claim. */
  readonly size: number;
  /** Where its local header begins in the file. */
  readonly headerAt: number;
  /** Another name in the extra field, which some programs take instead. */
  readonly otherName: string | undefined;
  /** Of an archive that is cut off: not all of the member is there, or where it ends is not known. */
  readonly isCut?: boolean;
}

export function isEncrypted(member: Pick<ZipMember, 'flags'>): boolean {
  return (member.flags & ENCRYPTED) !== 0;
}

/** What an end of central directory states, 32-bit or zip64. */
export interface ZipEnd {
  readonly entries: number;
  readonly directoryBytes: number;
  readonly directoryAt: number;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 64-bit number; one that no file can hold is `malformed`. */
export function u64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a zip record states a size beyond any file');
  return Number(value);
}

export function parseEnd(bytes: Uint8Array): ZipEnd {
  const view = viewOf(bytes);
  return {
    entries: view.getUint16(10, true),
    directoryBytes: view.getUint32(12, true),
    directoryAt: view.getUint32(16, true),
  };
}

export function parseEnd64(bytes: Uint8Array): ZipEnd {
  const view = viewOf(bytes);
  return { entries: u64(view, 32), directoryBytes: u64(view, 40), directoryAt: u64(view, 48) };
}

/** Whether the 32-bit end leaves its numbers to the zip64 one, or states the same. */
export function agrees(end: ZipEnd, end64: ZipEnd): boolean {
  return (
    (end.entries === IN_ZIP64_16 || end.entries === end64.entries) &&
    (end.directoryBytes === IN_ZIP64_32 || end.directoryBytes === end64.directoryBytes) &&
    (end.directoryAt === IN_ZIP64_32 || end.directoryAt === end64.directoryAt)
  );
}

/** The entry at `at` of a central directory and where the next begins; undefined where there is none. */
export function parseEntry(
  bytes: Uint8Array,
  at: number,
  shift: number,
): { readonly member: ZipMember; readonly next: number } | undefined {
  if (at + ENTRY_BYTES > bytes.byteLength) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(at, true) !== ENTRY_SIGNATURE) return undefined;
  const nameAt = at + ENTRY_BYTES;
  const extraAt = nameAt + view.getUint16(at + 28, true);
  const extraEnd = extraAt + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > bytes.byteLength) return undefined;
  const extra = parseExtra(bytes.subarray(extraAt, extraEnd), [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ]);
  const [size = 0, packed = 0, headerAt = 0] = extra.numbers;
  return {
    member: {
      name: decodeText(bytes.subarray(nameAt, extraAt)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed,
      size,
      headerAt: headerAt + shift,
      otherName: extra.name,
    },
    next,
  };
}

/** Extra fields (4.5): those of zip64 hold the numbers that are all ones in the entry, in this order. */
export function parseExtra(
  extra: Uint8Array,
  stated: readonly number[],
): { readonly numbers: readonly number[]; readonly name: string | undefined } {
  const view = viewOf(extra);
  const numbers = [...stated];
  let name: string | undefined;
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const id = view.getUint16(at, true);
    const end = at + 4 + view.getUint16(at + 2, true);
    if (end > extra.byteLength) break;
    if (id === ZIP64_EXTRA) {
      let place = at + 4;
      for (const [index, value] of numbers.entries()) {
        if (value !== IN_ZIP64_32 || place + 8 > end) continue;
        numbers[index] = u64(view, place);
        place += 8;
      }
    }
    if (id === UNICODE_NAME_EXTRA && end - at > 9) name = decodeText(extra.subarray(at + 9, end));
    at = end;
  }
  return { numbers, name };
}
