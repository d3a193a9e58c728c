import { describe, expect, it } from 'vitest';
import { textContent } from '../../../src/core/oci/content.ts';
import { FactsBuilder } from '../../../src/core/readers/facts.ts';
import { readModelFolder } from '../../../src/core/readers/folder.ts';
import type { FolderReader, ModelFolder } from '../../../src/core/readers/reader.ts';

const folder: ModelFolder = {
  path: 'toy',
  files: [{ path: 'toy.cfg', size: 4 }],
  open: async (path) => (path === 'toy.cfg' ? textContent('v=1\n') : undefined),
};
const toy: FolderReader = {
  id: 'toy',
  recognizes: ({ files }) => files.some(({ path }) => path === 'toy.cfg'),
  async read() {
    const facts = new FactsBuilder();
    facts.formatVersion = '1';
    return facts.build('toy', folder.path);
  },
};
const options = { readFile: async () => undefined };

describe('a folder as one model', () => {
  it('is read by the reader that knows its names', async () => {
    const facts = await readModelFolder(folder, options, [toy]);
    expect(facts?.format).toEqual({ name: 'toy', version: '1' });
  });

  it('is only a folder where none does', async () => {
    expect(await readModelFolder(folder, options, [{ ...toy, recognizes: () => false }])).toBeUndefined();
  });

  it('that breaks its reader gives a finding', async () => {
    const broken: FolderReader = { ...toy, read: () => Promise.reject(new RangeError('odd')) };
    const facts = await readModelFolder(folder, options, [broken]);
    expect(facts?.findings).toMatchObject([{ code: 'malformed' }]);
  });
});
