import { isFatal } from '../read-file.ts';
import { readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat, ZipReading } from '../zip/zip-format.ts';
import { ArrayReport } from './array-report.ts';

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
  let whole = 0;
  try {
    for (const member of arrays) {
      const name = member.name.slice(0, -'.npy'.length);
      const read = async () => {
        await archive.withCursor(member, (cursor) => report.add(name, cursor, member.size));
        whole += 1;
      };
      await facts.collect(read, isFatal(options));
      if (archive.isSpent) break;
    }
    await readOddMembers(reading, ({ name }) => name.endsWith('.npy'));
  } finally {
    report.report(whole === arrays.length);
  }
}
