import type { FactsBuilder } from '../facts.ts';
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
  SIZES_BEHIND,
  viewOf,
  type ZipMember,
} from './zip-records.ts';

/**
 * Members of an archive that was cut off before its directory, by the local headers in its first bytes: enough to tell
 * the format and to read what stands in front. A member that leaves its size to the directory has it by where the next
 * header begins.
 */
export async function recoverMembers(source: PagedSource): Promise<ZipMember[]> {
  const head = Buffer.from(await source.read(0, Math.min(source.size, FIRST_WINDOW_BYTES)));
  const members: ZipMember[] = [];
  for (let at = 0; at >= 0 && at + LOCAL_BYTES <= head.byteLength && members.length < MAX_ODD_MEMBERS; ) {
    const view = viewOf(head.subarray(at, at + LOCAL_BYTES));
    if (view.getUint32(0, true) !== LOCAL_SIGNATURE) break;
    const nameAt = at + LOCAL_BYTES;
    const extraAt = nameAt + view.getUint16(26, true);
    const dataAt = extraAt + view.getUint16(28, true);
    if (extraAt > head.byteLength || dataAt > source.size) break;
    const flags = view.getUint16(6, true);
    const method = view.getUint16(8, true);
    const stated = statedBytes(view);
    const next = indexOf(head, LOCAL_SIGNATURE, dataAt + (stated ?? 0));
    const end = Math.min(source.size, stated === undefined ? dataEnd(head, dataAt) : dataAt + stated);
    members.push({
      name: decodeText(head.subarray(nameAt, extraAt)),
      flags,
      method,
      crc: (flags & SIZES_BEHIND) === 0 ? view.getUint32(14, true) : undefined,
      packed: end - dataAt,
      size: method === 0 ? end - dataAt : view.getUint32(22, true),
      headerAt: at,
      otherName: undefined,
    });
    at = next;
  }
  return members;
}

/**
 * A file that is cut off behind a member which is an archive itself ends, for whoever looks for the last directory, with
 * that member's. The local headers in front tell that the directory lies inside of a member.
 */
export async function checkCutInside(
  source: PagedSource,
  { members, startsAt }: ZipDirectory,
  facts: FactsBuilder,
): Promise<void> {
  if (members.some(({ headerAt }) => headerAt === 0)) return;
  const around = (await recoverMembers(source)).find(
    ({ name, headerAt, packed }) =>
      headerAt < startsAt && startsAt < headerAt + LOCAL_BYTES + Buffer.byteLength(name) + packed,
  );
  if (around === undefined) return;
  const message = `the only zip directory is the one inside ${memberName(around)}: the end is missing`;
  facts.stopped(new ParseStop('truncated', message, source.size));
}

function statedBytes(header: DataView): number | undefined {
  const stated = header.getUint32(18, true);
  return stated > 0 && stated < 0xffffffff ? stated : undefined;
}

/** Where the data of a member without a size ends: before the first record that can stand behind it. */
function dataEnd(head: Buffer, dataAt: number): number {
  const places = [DESCRIPTOR_SIGNATURE, LOCAL_SIGNATURE, ENTRY_SIGNATURE].map((signature) =>
    indexOf(head, signature, dataAt),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...places.filter((place) => place >= 0));
}

function indexOf(bytes: Buffer, signature: number, from: number): number {
  const pattern = Buffer.alloc(4);
  pattern.writeUInt32LE(signature);
  return from > bytes.byteLength ? -1 : bytes.indexOf(pattern, from);
}
