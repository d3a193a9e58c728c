import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { holdFacts } from './contract.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  fixtureBytes,
  propertiesOf,
  readBytes,
} from './fixtures.ts';

const BOOSTED = ['xgboost.pkl', 'catboost.pkl', 'lightgbm.pkl', 'lightgbm-regressor.pkl'];

/** LightGBM's text in a pickle of its Booster, as long as is wished. */
function lightgbmBooster(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([
    Buffer.from('\x80\x04clightgbm.basic\nBooster\n)\x81}\x8c\x07_handleX', 'latin1'),
    length,
    Buffer.from(text),
    Buffer.from('sb.'),
  ]);
}

const HEADER =
  'tree\nversion=v4\nnum_class=1\nmax_feature_idx=2\nobjective=regression\nfeature_names=a b c\n' +
  'tree_sizes=1000000\n\n';

describe('models that a booster pickles in its own format', () => {
  it.each(BOOSTED)('%s says what its library says, also gzipped', async (name) => {
    const expected = expectedFacts(name);
    holdFacts(await readBytes(name, fixtureBytes(name)), expected);
    const facts = await readBytes(name, gzipSync(fixtureBytes(name)));
    expect(propertiesOf(facts).feature_names).toEqual(expected.properties.feature_names);
  });

  it('a text of a megabyte is passed over, and read where it stands', async () => {
    const text = `${HEADER}${`Tree=0\n`.padEnd(1_000_000 - 1, '1 ')}\nend of trees\n`;
    const counted = countingContent(bytesContent(lightgbmBooster(text)));
    const facts = await readModelFile({ path: 'x.pkl', content: counted.content });
    expect(facts.findings.map(({ code }) => code)).toEqual(['runs-code-when-loaded']);
    expect(propertiesOf(facts)).toMatchObject({
      model_class: 'lightgbm.basic.Booster',
      n_features: 3,
      feature_names: ['a', 'b', 'c'],
      task: 'regression',
      trees: 1,
    });
    expect(counted.bytes()).toBeLessThan(512 * 1024);
  });

  it('a model that breaks off says what stands before, and the pickle is whole all the same', async () => {
    const facts = await readBytes('x.pkl', lightgbmBooster(HEADER));
    expect(codesOf(facts)).toEqual(['info runs-code-when-loaded']);
    expect(propertiesOf(facts)).toMatchObject({ n_features: 3 });
  });

  it.each(BOOSTED)('any byte of %s may be wrong', async (name) => {
    const whole = fixtureBytes(name);
    for (let at = 0; at < whole.byteLength; at += 97) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      await expect(readBytes(name, bytes)).resolves.toBeDefined();
    }
  });
});
