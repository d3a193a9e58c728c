import { MAX_ODD_MEMBERS } from '../limits.ts';
import { memberName } from '../parse/zip-directory.ts';
import type { ZipMember } from '../parse/zip-records.ts';
import { PickleReading } from '../pickle/pickle-reading.ts';
import { looksLikePickle } from '../pickle/pickle-recognition.ts';
import { isFatal } from '../read-file.ts';
import { looksLikeZip, type ZipReading } from './zip-format.ts';

/** Bytes that tell a pickle; as many as recognition looks at in a tail. */
const HEAD_BYTES = 64;

/**
 * Looks at the members that a format does not know for pickles under other names: something outside of the file may be
 * told to load them. The first {@link MAX_ODD_MEMBERS} that are expected least come first.
 */
export async function readOddMembers(
  { archive, facts, options }: ZipReading,
  isExpected: (member: ZipMember) => boolean,
): Promise<void> {
  const odd = archive.members.filter((member) => !isExpected(member) && !member.name.endsWith('/'));
  if (odd.length === 0) return;
  facts.details.other_members = odd.slice(0, MAX_ODD_MEMBERS).map(({ name }) => name);
  const pickles = new PickleReading(facts);
  let found = 0;
  for (const member of odd.slice(0, MAX_ODD_MEMBERS)) {
    const look = async () => {
      await archive.withCursor(member, async (cursor) => {
        await cursor.fill(HEAD_BYTES);
        const head = Uint8Array.from(
          { length: Math.min(HEAD_BYTES, cursor.buffered) },
          (_, index) => cursor.peek(index) ?? 0,
        );
        if (looksLikeZip(head)) {
          const message = `${memberName(member)} is a zip file itself and was not looked into`;
          facts.finding('medium', 'hidden-data', message, `offset ${member.headerAt}`);
        }
        if (!looksLikePickle(head)) return;
        found += 1;
        const message = `${memberName(member)} is a pickle that does not belong to the format`;
        facts.finding('medium', 'hidden-data', message, `offset ${member.headerAt}`);
        await pickles.readWhole(cursor, () => {});
      });
    };
    await facts.collect(look, isFatal(options));
  }
  if (found > 0) pickles.reportImports();
}
