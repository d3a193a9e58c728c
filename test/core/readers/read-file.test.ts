import { expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { collectPagedFacts } from '../../../src/core/readers/read-file.ts';

it('a file that ends too early keeps what was read of it', async () => {
  const file = { path: 'a.toy', content: bytesContent(new Uint8Array(10)) };
  const facts = await collectPagedFacts(file, async ({ source, facts }) => {
    facts.property('n_features', (await source.read(0, 4)).byteLength);
    await source.read(8, 4);
  });
  const { metadata, findings } = facts.build('toy', 'a');
  expect(metadata.customProperties.size).toBe(1);
  expect(findings).toMatchObject([{ severity: 'high', code: 'truncated', where: 'offset 8' }]);
});
