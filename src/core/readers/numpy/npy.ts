import { stemOf } from '../model-name.ts';
import { PickleReading } from '../pickle/pickle-reading.ts';
import { collectFacts } from '../read-file.ts';
import type { ModelReader } from '../reader.ts';
import { ArrayReport } from './array-report.ts';
import { isNpy } from './npy-header.ts';

/** One array of numpy: a Python dictionary with type, order and shape, then the data. */
export const npyReader: ModelReader = {
  id: 'numpy',
  extensions: ['.npy'],
  recognizes: (_path, head) => isNpy(head),
  async read(file, options) {
    const stem = stemOf(file.path, npyReader.extensions);
    const facts = await collectFacts(
      file,
      async ({ cursor, facts }) => {
        const pickles = new PickleReading(facts);
        const report = new ArrayReport(facts, pickles);
        try {
          const header = await report.add(stem, cursor, file.content.size);
          facts.formatVersion = header.version;
          facts.details.order = header.fortranOrder ? 'F' : 'C';
          if (header.type.fields.length > 0) facts.details.fields = header.type.fields;
        } finally {
          report.report(true);
          if (pickles.isUsed) pickles.reportImports();
        }
      },
      options,
    );
    return facts.build('numpy', stem);
  },
};
