import type { FactsBuilder } from '../facts.ts';
import { MAX_ZIP_GAP_BYTES, MAX_ZIP_UNPACKED_RATIO, MAX_ZIP_UNPACKED_TOTAL_RATIO } from '../limits.ts';
import type { Severity } from '../reader.ts';
import { memberName, type ZipDirectory } from './zip-directory.ts';
import { END_BYTES, isEncrypted, LOCAL_BYTES, type ZipMember } from './zip-records.ts';

/** Bytes that a small archive may unpack to without a word. */
const UNREMARKABLE_BYTES = 2 ** 30;

/** What the directory alone tells of tricks; one finding a kind, with the first member and how many there are. */
export function checkZipDirectory(directory: ZipDirectory, facts: FactsBuilder): void {
  const { members, startsAt } = directory;
  const note = (found: readonly ZipMember[], severity: Severity, code: Code, what: string) => {
    const [first] = found;
    if (first === undefined) return;
    const more = found.length > 1 ? ` and ${found.length - 1} more` : '';
    facts.finding(severity, code, `${memberName(first)}${more} ${what}`, `offset ${first.headerAt}`);
  };
  note(duplicates(members), 'high', 'hidden-data', 'stands in the zip file more than once');
  note(members.filter(hasControls), 'high', 'hidden-data', 'has control characters in its name, or none');
  note(members.filter(leavesFolder), 'critical', 'external-path', 'would be unpacked outside of its folder');
  note(members.filter(isEncrypted), 'high', 'encrypted', 'is marked as encrypted');
  const renamed = members.filter(({ name, otherName }) => otherName !== undefined && otherName !== name);
  note(renamed, 'high', 'hidden-data', 'has another name for some programs');
  const packed = members.filter(({ method }) => method !== 0 && method !== 8);
  note(packed, 'medium', 'hidden-data', 'is compressed in a way that is not opened');
  const lying = members.filter(
    ({ method, packed, size }) => method === 0 && size !== packed && !(packed === 0 && size === 0),
  );
  note(lying, 'high', 'malformed', 'states two sizes');
  note(members.filter(isBomb), 'high', 'malformed', 'states more bytes than it can unpack to');
  checkPlaces(members, startsAt, facts, note);
  checkTotal(members, startsAt, facts);
  checkOtherEnd(directory, facts);
}

type Code = 'hidden-data' | 'external-path' | 'encrypted' | 'malformed';

function duplicates(members: readonly ZipMember[]): ZipMember[] {
  const seen = new Set<string>();
  return members.filter(({ name }) => {
    const again = seen.has(name);
    seen.add(name);
    return again;
  });
}

function hasControls({ name }: ZipMember): boolean {
  return name === '' || /[\u0000-\u001f\u007f]/.test(name);
}

/** A colon is ordinary further on in a name: arrays are called `dense/kernel:0`. */
function leavesFolder({ name }: ZipMember): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(name) || name.split(/[/\\]/).includes('..');
}

function isBomb({ method, packed, size }: ZipMember): boolean {
  return method === 8 && size > (packed + 1) * MAX_ZIP_UNPACKED_RATIO;
}

/** Members must lie one behind the other: what overlaps is read twice, what lies between is read by nobody. */
function checkPlaces(
  members: readonly ZipMember[],
  startsAt: number,
  facts: FactsBuilder,
  note: (found: readonly ZipMember[], severity: Severity, code: Code, what: string) => void,
): void {
  const overlapping: ZipMember[] = [];
  let at = 0;
  for (const member of members.toSorted((a, b) => a.headerAt - b.headerAt)) {
    if (member.headerAt < at) overlapping.push(member);
    else noteGap(at, member.headerAt, facts);
    const length = LOCAL_BYTES + Buffer.byteLength(member.name) + member.packed;
    at = Math.max(at, member.headerAt + length);
  }
  note(overlapping, 'high', 'malformed', 'shares bytes with another member');
  if (members.length === 0) return;
  if (at > startsAt)
    facts.finding('high', 'malformed', 'members reach into the zip directory', `offset ${at}`);
  else noteGap(at, startsAt, facts);
}

/** Extra fields, padding and sizes behind the data are not in the directory: small gaps are ordinary. */
function noteGap(from: number, to: number, facts: FactsBuilder): void {
  if (from === 0 && to > 0) {
    facts.finding('medium', 'hidden-data', `${to} bytes stand before the first member`, 'offset 0');
  } else if (to - from > MAX_ZIP_GAP_BYTES) {
    facts.finding('medium', 'hidden-data', `${to - from} bytes belong to no member`, `offset ${from}`);
  }
}

/** An archive inside a member has an end of its own, which is ordinary; anywhere else it is for other programs. */
function checkOtherEnd({ members, startsAt, otherEnd }: ZipDirectory, facts: FactsBuilder): void {
  if (otherEnd === undefined) return;
  const starts = members.map(({ headerAt }) => headerAt).sort((a, b) => a - b);
  const next = starts.find((at) => at > otherEnd) ?? startsAt;
  const isInside = members.some(({ name, headerAt, packed }) => {
    const dataAt = headerAt + LOCAL_BYTES + Buffer.byteLength(name);
    // How long the local extra field is, is not known here: the data lies somewhere before what comes next.
    return (
      packed >= END_BYTES &&
      dataAt <= otherEnd &&
      otherEnd + END_BYTES <= Math.min(next, dataAt + packed + MAX_ZIP_GAP_BYTES)
    );
  });
  if (isInside) return;
  const message = 'the zip file has a second end of its directory, which other programs may take';
  facts.finding('high', 'hidden-data', message, `offset ${otherEnd}`);
}

function checkTotal(members: readonly ZipMember[], startsAt: number, facts: FactsBuilder): void {
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (total <= UNREMARKABLE_BYTES || total <= startsAt * MAX_ZIP_UNPACKED_TOTAL_RATIO) return;
  facts.finding('medium', 'too-large-to-show', `the zip file states that it unpacks to ${total} bytes`);
}
