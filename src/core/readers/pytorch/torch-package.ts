import { quote } from '../../errors.ts';
import { MAX_LIST_ENTRIES, MAX_ODD_MEMBERS, MAX_WINDOW_BYTES } from '../limits.ts';
import { isFatal } from '../read-file.ts';
import { isPickleName, readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat } from '../zip/zip-format.ts';

const MARKER = /(?:^|\/)\.data\/extern_modules$/;
const SOURCE = /\.py$/;
/** What `torch.package` writes besides source and pickles. */
const MEMBERS =
  /(?:^|\/)(?:\.data\/(?:extern_modules|version|python_version|serialization_id|\w+\.storage)|version|byteorder)$/;

/** `torch.package`: pickles with the Python source of what they name, which is run when they are loaded. */
export const torchPackageFormat: ZipFormat = {
  id: 'pytorch',
  extensions: ['.pt'],
  runsCode: true,
  fits: (names) => [...names].some((name) => MARKER.test(name)),
  parse: async (reading) => {
    const { archive, facts, pickles, options } = reading;
    facts.property('framework', 'pytorch');
    const sources = archive.members.filter(({ name }) => SOURCE.test(name));
    facts.details.code = sources.slice(0, MAX_LIST_ENTRIES).map(({ name }) => name);
    const [first] = sources;
    if (first !== undefined) {
      const message = `the file brings Python source (${quote(first.name)}), which runs when it is loaded`;
      facts.finding('high', 'code-in-model', message, `offset ${first.headerAt}`);
    }
    for (const member of archive.members.filter(isPickleName).slice(0, MAX_ODD_MEMBERS)) {
      const read = () =>
        archive.withCursor(member, (cursor) => pickles.readWhole(cursor, () => {}), MAX_WINDOW_BYTES);
      await facts.collect(read, isFatal(options));
    }
    const isOwn = ({ name }: { name: string }) => SOURCE.test(name) || MEMBERS.test(name);
    await readOddMembers(reading, (member) => isOwn(member) || isPickleName(member));
  },
};
