import type { ZipMember } from '../parse/zip-records.ts';
import { isFatal } from '../read-file.ts';
import { readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat, ZipReading } from '../zip/zip-format.ts';
import { ArrayReport } from './array-report.ts';

/** Arrays whose headers are asked for at once. */
const ARRAYS_AHEAD = 32;

/** Arrays of numpy in a zip file, one a member. */
export const npzFormat: ZipFormat = {
  id: 'numpy',
  extensions: ['.npz'],
  fits: (names) => [...names].some((name) => name.endsWith('.npy')),
  parse: readArrays,
};

async function readArrays(reading: ZipReading): Promise<void> {
  const { archive, facts, pickles, options } = reading;
  const report = new ArrayReport(facts, pickles);
  const arrays = archive.members.filter(({ name }) => name.endsWith('.npy'));
  // What is called an array and is none may be something to load all the same.
  const read = new Set<ZipMember>();
  try {
    for (const [index, member] of arrays.entries()) {
      if (index % ARRAYS_AHEAD === 0) await archive.prefetch(arrays.slice(index, index + ARRAYS_AHEAD));
      const name = member.name.slice(0, -'.npy'.length);
      const readArray = async () => {
        await archive.withCursor(member, (cursor) => report.add(name, cursor, member.size));
        read.add(member);
      };
      await facts.collect(readArray, isFatal(options));
      if (archive.isSpent) break;
    }
    await readOddMembers(reading, (member) => read.has(member));
  } finally {
    report.report(read.size === arrays.length);
  }
}
