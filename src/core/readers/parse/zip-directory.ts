import { quote } from '../../errors.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_ZIP_DIRECTORY_BYTES, MAX_ZIP_ENTRIES, ZIP_TAIL_BYTES } from '../limits.ts';
import type { PagedSource } from './paged-source.ts';
import { malformed, ParseStop } from './parse-stop.ts';
import {
  agrees,
  END_BYTES,
  END_SIGNATURE,
  END64_BYTES,
  END64_SIGNATURE,
  ENTRY_SIGNATURE,
  LOCATOR_BYTES,
  LOCATOR_SIGNATURE,
  parseEnd,
  parseEnd64,
  parseEntry,
  u64,
  viewOf,
  type ZipEnd,
  type ZipMember,
} from './zip-records.ts';

/** The central directory of an archive. */
export interface ZipDirectory {
  /** In the order of the directory; a name may stand twice. */
  readonly members: readonly ZipMember[];
  /** Where the directory begins in the file. */
  readonly startsAt: number;
  /** Where another end of a directory stands before the one that counts. */
  readonly otherEnd: number | undefined;
}

/** Where the directory's end lies, and what it states. */
interface Ending extends ZipEnd {
  /** Where the records of the end begin; programs count back from here. */
  readonly at: number;
  readonly other: number | undefined;
}

/**
 * Reads the central directory, as those programs do that load models: the last end record counts. Whatever would let
 * two programs see two archives in one file is a finding.
 */
export async function readZipDirectory(source: PagedSource, facts: FactsBuilder): Promise<ZipDirectory> {
  const ending = await findEnding(source, facts);
  const startsAt = ending.at - ending.directoryBytes;
  if (startsAt < 0 || startsAt < ending.directoryAt)
    throw malformed('the zip directory lies where it cannot be', ending.at);
  const shift = startsAt - ending.directoryAt;
  const members = await readEntries(source, startsAt, ending, shift, facts);
  if (shift > 0) members.push(...(await otherDirectory(source, ending, facts)));
  return { members, startsAt, otherEnd: ending.other };
}

/** Whether a file ends as a zip file does, whatever it begins with. */
export async function hasZipEnd(source: PagedSource): Promise<boolean> {
  return (await readTail(source)).found >= 0;
}

/** The last bytes of a file, and where in them the last end of a directory begins; negative where there is none. */
async function readTail(source: PagedSource): Promise<{ tail: Buffer; from: number; found: number }> {
  const length = Math.min(source.size, ZIP_TAIL_BYTES);
  const from = source.size - length;
  const tail = Buffer.from(await source.read(from, length));
  return { tail, from, found: lastIndexOf(tail, END_SIGNATURE, tail.byteLength - END_BYTES) };
}

async function findEnding(source: PagedSource, facts: FactsBuilder): Promise<Ending> {
  const { tail, from, found } = await readTail(source);
  if (found < 0) throw new ParseStop('truncated', 'the zip file has no directory at its end', source.size);
  noteTail(tail, found, from, facts);
  const end = parseEnd(tail.subarray(found, found + END_BYTES));
  const at = from + found;
  const before = lastIndexOf(tail, END_SIGNATURE, found - END_BYTES);
  const other = before < 0 ? undefined : from + before;
  return { ...((await findEnd64(source, at, end, facts)) ?? { ...end, at }), other };
}

function lastIndexOf(bytes: Buffer, signature: number, last: number): number {
  if (last < 0) return -1;
  const pattern = Buffer.alloc(4);
  pattern.writeUInt32LE(signature);
  return bytes.lastIndexOf(pattern, last);
}

/** What stands behind the end and its comment. */
function noteTail(tail: Buffer, found: number, from: number, facts: FactsBuilder): void {
  const comment = tail.readUInt16LE(found + 20);
  const behind = tail.byteLength - found - END_BYTES - comment;
  const end = from + found + END_BYTES;
  if (behind > 0)
    facts.finding('medium', 'hidden-data', `${behind} bytes follow the end of the zip file`, `offset ${end}`);
  if (behind < 0)
    facts.finding('high', 'truncated', 'the comment of the zip file is cut off', `offset ${end}`);
}

/** The zip64 record before the end. Some programs go to its stated place, others count back: both are looked at. */
async function findEnd64(
  source: PagedSource,
  endAt: number,
  end: ZipEnd,
  facts: FactsBuilder,
): Promise<Omit<Ending, 'other'> | undefined> {
  if (endAt < LOCATOR_BYTES + END64_BYTES) return undefined;
  const locator = viewOf(await source.read(endAt - LOCATOR_BYTES, LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== LOCATOR_SIGNATURE) return undefined;
  const stated = u64(locator, 8);
  const counted = endAt - LOCATOR_BYTES - END64_BYTES;
  const atStated = stated === counted ? undefined : await end64At(source, stated);
  const end64 = await end64At(source, counted);
  if (end64 === undefined && atStated === undefined) throw malformed('the zip64 end is not there', counted);
  if (end64 !== undefined && atStated !== undefined)
    facts.finding('high', 'hidden-data', 'the zip file has two zip64 ends', `offset ${stated}`);
  const chosen = end64 ?? atStated;
  if (chosen === undefined) return undefined;
  if (!agrees(end, chosen)) {
    const message = 'the two ends of the zip file name different directories';
    facts.finding('high', 'hidden-data', message, `offset ${counted}`);
  }
  return { ...chosen, at: end64 === undefined ? stated : counted };
}

async function end64At(source: PagedSource, at: number): Promise<ZipEnd | undefined> {
  if (at + END64_BYTES > source.size) return undefined;
  const bytes = await source.read(at, END64_BYTES);
  return viewOf(bytes).getUint32(0, true) === END64_SIGNATURE ? parseEnd64(bytes) : undefined;
}

async function readEntries(
  source: PagedSource,
  at: number,
  ending: Ending,
  shift: number,
  facts: FactsBuilder,
): Promise<ZipMember[]> {
  const length = Math.min(ending.directoryBytes, MAX_ZIP_DIRECTORY_BYTES);
  const bytes = await source.read(at, length);
  const members: ZipMember[] = [];
  let place = 0;
  while (place < length && members.length < MAX_ZIP_ENTRIES) {
    const entry = parseEntry(bytes, place, shift);
    if (entry === undefined) break;
    members.push(entry.member);
    place = entry.next;
  }
  if (length < ending.directoryBytes || (place < length && members.length >= MAX_ZIP_ENTRIES)) {
    const message = `the zip file has more than ${members.length} members; the rest was not looked into`;
    facts.finding('medium', 'too-large-to-show', message);
  } else if (place < length) {
    facts.finding('high', 'malformed', 'the zip directory holds something else', `offset ${at + place}`);
  } else if (members.length !== ending.entries) {
    const message = `the zip directory has ${members.length} members and states ${ending.entries}`;
    facts.finding('high', 'hidden-data', message, `offset ${at}`);
  }
  return members;
}

/**
 * Bytes before the archive move everything in it. Python counts from the end and finds the directory; torch goes to the
 * stated place, where another directory may stand.
 */
async function otherDirectory(
  source: PagedSource,
  ending: Ending,
  facts: FactsBuilder,
): Promise<ZipMember[]> {
  if (ending.directoryAt + 4 > source.size || ending.directoryBytes < 4) return [];
  const start = viewOf(await source.read(ending.directoryAt, 4)).getUint32(0, true);
  if (start !== ENTRY_SIGNATURE) return [];
  const message = 'the zip file has two directories: which one counts depends on the program';
  facts.finding('high', 'hidden-data', message, `offset ${ending.directoryAt}`);
  return await readEntries(source, ending.directoryAt, ending, 0, facts);
}

/** A member's name for a message. */
export function memberName(member: ZipMember): string {
  return quote(member.name);
}
