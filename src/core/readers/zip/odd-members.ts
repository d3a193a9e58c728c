import { MAX_ODD_MEMBERS } from '../limits.ts';
import { memberName } from '../parse/zip-directory.ts';
import type { ZipMember } from '../parse/zip-records.ts';
import { looksLikePickle } from '../pickle/pickle-recognition.ts';
import { isFatal } from '../read-file.ts';
import { looksLikeZip, type ZipReading } from './zip-format.ts';

/** Bytes that tell a pickle; as many as recognition looks at in a tail. */
const HEAD_BYTES = 64;
/** Endings of members that somebody may unpack and load. */
const PICKLE_NAME = /\.(?:pkl|pickle|p|pk|dat|joblib|dill|pt|pth|bin|ckpt)$/i;

export function isPickleName({ name }: ZipMember): boolean {
  return PICKLE_NAME.test(name);
}

/**
 * Looks at the members that a format does not know, at most {@link MAX_ODD_MEMBERS} of them, for pickles under other
 * names: something outside of the file may be told to load them.
 */
export async function readOddMembers(
  reading: ZipReading,
  isExpected: (member: ZipMember) => boolean,
): Promise<void> {
  const { archive, facts, options } = reading;
  const odd = archive.members.filter((member) => !isExpected(member) && !member.name.endsWith('/'));
  if (odd.length === 0) return;
  const sorted = [...odd.filter(isPickleName), ...odd.filter((member) => !isPickleName(member))];
  const looked = sorted.slice(0, MAX_ODD_MEMBERS);
  facts.details.other_members = looked.map(({ name }) => name);
  for (const member of looked) {
    await facts.collect(() => readOddMember(reading, member), isFatal(options));
    if (archive.isSpent) break;
  }
  if (odd.length > looked.length) {
    const message = `${odd.length - looked.length} members that do not belong to the format were not looked into`;
    facts.finding('low', 'too-large-to-show', message);
  }
}

async function readOddMember({ archive, facts, pickles }: ZipReading, member: ZipMember): Promise<void> {
  await archive.withCursor(member, async (cursor) => {
    await cursor.fill(HEAD_BYTES);
    const head = cursor.rest().subarray(0, HEAD_BYTES);
    const where = `offset ${member.headerAt}`;
    if (looksLikeZip(head)) {
      const message = `${memberName(member)} is a zip file itself and was not looked into`;
      facts.finding('medium', 'hidden-data', message, where);
    }
    if (!looksLikePickle(head)) return;
    const message = `${memberName(member)} is a pickle that does not belong to the format`;
    facts.finding('medium', 'hidden-data', message, where);
    await pickles.readWhole(cursor, () => {});
  });
}
