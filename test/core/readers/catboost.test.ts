import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { holdFacts } from './contract.ts';
import { cutAnywhere, flippedAnywhere, isStopped } from './damage.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  fixtureBytes,
  fixtureNames,
  propertiesOf,
  readBytes,
  readFixture,
} from './fixtures.ts';

const FILES = fixtureNames('.cbm');

describe('a CatBoost model', () => {
  it('has fixtures of every kind of feature', () => expect(FILES).toHaveLength(5));

  it.each(FILES)('%s is what the library says', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    expect(facts.findings).toEqual([]);
    const { properties, objective } = expectedFacts(name);
    expect(facts.details.objective).toBe(objective);
    expect(propertiesOf(facts).hyperparameters).toEqual(properties.hyperparameters);
    for (const kind of ['categorical_features', 'text_features', 'embedding_features']) {
      expect(facts.details[kind] ?? [], kind).toEqual(expectedFacts(name)[kind]);
    }
  });

  it('under another name says that the name lies', async () => {
    expect(codesOf(await readBytes('x.pkl', fixtureBytes('cat-binary.cbm')))).toEqual([
      'medium name-mismatch',
    ]);
    expect(codesOf(await readBytes('x.cbm', Buffer.from('nothing')))).toEqual(['low name-mismatch']);
  });

  it('costs its core, not what follows it', async () => {
    const bytes = Buffer.concat([fixtureBytes('cat-multiclass.cbm'), Buffer.alloc(4 * 1024 * 1024)]);
    const counted = countingContent(bytesContent(bytes));
    const facts = await readModelFile({ path: 'm.cbm', content: counted.content });
    expect(codesOf(facts)).toEqual(['medium hidden-data']);
    expect(counted.ranges).toHaveLength(2);
    expect(counted.bytes()).toBeLessThanOrEqual(128 * 1024);
  });
});

describe('damaged CatBoost models', () => {
  it.each(FILES)('%s cut off says so', { timeout: 30_000 }, async (name) => {
    await cutAnywhere(name, (facts, length) => {
      if (length >= 4) expect(isStopped(facts), `${length} bytes`).toBe(true);
    });
  });

  it('cut off behind its core, and before its last byte, says so', async () => {
    for (const name of ['cat-counters.cbm', 'cat-mixed.cbm']) {
      const whole = fixtureBytes(name);
      const core = 8 + Buffer.from(whole).readUInt32LE(4);
      for (const length of [core, core + 1, core + 20, whole.byteLength - 1])
        expect(codesOf(await readBytes(name, whole.subarray(0, length)))).toEqual(['high truncated']);
    }
  });

  it('with parts of other versions, or sizes that are lies, gives facts', async () => {
    const mixed = Buffer.from(fixtureBytes('cat-mixed.cbm')).toString('latin1');
    const later = Buffer.from(mixed.replaceAll('text_process_v2', 'other_process_9'), 'latin1');
    expect(codesOf(await readBytes('m.cbm', later))).toEqual([]);
    const lying = Buffer.from(fixtureBytes('cat-counters.cbm'));
    lying.writeUInt32LE(0xffff_fff0, 8 + lying.readUInt32LE(4));
    expect(codesOf(await readBytes('m.cbm', lying))).toEqual(['high truncated']);
  });

  it.each(FILES)('%s with other bytes gives facts', async (name) => await flippedAnywhere(name));

  it('with a core larger than the file is truncated', async () => {
    const bytes = Buffer.from(fixtureBytes('cat-binary.cbm'));
    bytes.writeUInt32LE(0xffff_fff0, 4);
    expect(codesOf(await readBytes('m.cbm', bytes))).toEqual(['high truncated']);
  });

  it('with a core too short for what it points at is malformed', async () => {
    const bytes = Buffer.from(fixtureBytes('cat-binary.cbm'));
    bytes.writeUInt32LE(64, 4);
    expect(codesOf(await readBytes('m.cbm', bytes))).toEqual(['high malformed']);
  });
});
