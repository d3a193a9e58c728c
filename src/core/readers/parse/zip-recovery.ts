import { FIRST_WINDOW_BYTES, MAX_ODD_MEMBERS } from '../limits.ts';
import { decodeText } from './byte-cursor.ts';
import type { PagedSource } from './paged-source.ts';
import { ParseStop } from './parse-stop.ts';
import { memberName, type ZipDirectory } from './zip-directory.ts';
import {
  DESCRIPTOR_SIGNATURE,
  ENTRY_SIGNATURE,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  parseExtra,
  SIZES_BEHIND,
  viewOf,
  type ZipMember,
} from './zip-records.ts';

/**
 * Members of an archive that was cut off before its directory, by the local headers in its first bytes: enough to tell
 * the format and to read what stands in front. A member that leaves its sizes to the directory has them by what stands
 * behind its data.
 */
export async function recoverMembers(source: PagedSource): Promise<ZipMember[]> {
  const head = Buffer.from(await source.read(0, Math.min(source.size, FIRST_WINDOW_BYTES)));
  const members: ZipMember[] = [];
  for (let at = 0; at >= 0 && at + LOCAL_BYTES <= head.byteLength && members.length < MAX_ODD_MEMBERS; ) {
    const header = readLocal(head, at);
    if (header === undefined || header.dataAt > source.size) break;
    const { member, dataAt, stated } = header;
    const end = stated === undefined ? dataEnd(head, dataAt) : dataAt + stated;
    const packed = Math.min(source.size, end) - dataAt;
    const size = stated === undefined ? sizeBehind(head, end, packed, member.method) : member.size;
    members.push({ ...member, packed, size: size ?? packed, isCut: end > source.size || size === undefined });
    at = indexOf(head, LOCAL_SIGNATURE, dataAt + (stated ?? 0));
  }
  return members;
}

interface LocalHeader {
  readonly member: ZipMember;
  readonly dataAt: number;
  /** Bytes in the archive; undefined where the header leaves them to what follows. */
  readonly stated: number | undefined;
}

/** The local header at `at`; undefined where there is none, or not all of it. */
function readLocal(head: Buffer, at: number): LocalHeader | undefined {
  const view = viewOf(head.subarray(at, at + LOCAL_BYTES));
  if (view.getUint32(0, true) !== LOCAL_SIGNATURE) return undefined;
  const nameAt = at + LOCAL_BYTES;
  const extraAt = nameAt + view.getUint16(26, true);
  const dataAt = extraAt + view.getUint16(28, true);
  if (extraAt > head.byteLength) return undefined;
  const flags = view.getUint16(6, true);
  const stated = [view.getUint32(22, true), view.getUint32(18, true)];
  const [size = 0, packed = 0] = parseExtra(head.subarray(extraAt, dataAt), stated).numbers;
  return {
    member: {
      name: decodeText(head.subarray(nameAt, extraAt)),
      flags,
      method: view.getUint16(8, true),
      crc: (flags & SIZES_BEHIND) === 0 ? view.getUint32(14, true) : undefined,
      packed,
      size,
      headerAt: at,
      otherName: undefined,
    },
    dataAt,
    stated: (flags & SIZES_BEHIND) !== 0 && packed === 0 ? undefined : packed,
  };
}

/**
 * A file that is cut off behind a member which is an archive itself ends, for whoever looks for the last directory, with
 * that member's. The local headers in front tell that the directory lies inside of a member: throws {@link ParseStop}.
 */
export async function checkCutInside(
  source: PagedSource,
  { members, startsAt }: ZipDirectory,
): Promise<void> {
  if (members.some(({ headerAt }) => headerAt === 0)) return;
  const around = (await recoverMembers(source)).find(
    ({ name, headerAt, packed }) =>
      headerAt < startsAt && startsAt < headerAt + LOCAL_BYTES + Buffer.byteLength(name) + packed,
  );
  if (around === undefined) return;
  const message = `the only zip directory is the one inside ${memberName(around)}: the end is missing`;
  throw new ParseStop('truncated', message, source.size);
}

/** Where the data of a member without a size ends: before the first record that can stand behind it. */
function dataEnd(head: Buffer, dataAt: number): number {
  const places = [DESCRIPTOR_SIGNATURE, LOCAL_SIGNATURE, ENTRY_SIGNATURE].map((signature) =>
    indexOf(head, signature, dataAt),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...places.filter((place) => place >= 0));
}

/** What the record behind a member's data (4.3.9) says that it unpacks to; undefined where that cannot be told. */
function sizeBehind(head: Buffer, at: number, packed: number, method: number): number | undefined {
  if (at >= head.byteLength) return undefined;
  if (method === 0) return packed;
  if (at + 20 > head.byteLength || head.readUInt32LE(at) !== DESCRIPTOR_SIGNATURE) return undefined;
  if (head.readUInt32LE(at + 8) !== packed) return undefined;
  // Sizes of 64 bits have their upper halves between them.
  const behind = head.readUInt32LE(at + 16);
  return head.readUInt32LE(at + (behind === LOCAL_SIGNATURE || behind === ENTRY_SIGNATURE ? 12 : 16));
}

function indexOf(bytes: Buffer, signature: number, from: number): number {
  const pattern = Buffer.alloc(4);
  pattern.writeUInt32LE(signature);
  return from > bytes.byteLength ? -1 : bytes.indexOf(pattern, from);
}
