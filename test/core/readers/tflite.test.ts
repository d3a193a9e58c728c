import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { holdFacts } from './contract.ts';
import { flippedAnywhere } from './damage.ts';
import { codesOf, countingContent, expectedFacts, fixtureBytes, readBytes, readFixture } from './fixtures.ts';

const GOOD = ['float.tflite', 'half.tflite', 'range.tflite', 'full.tflite', 'described.tflite'];

describe('TFLite models as TensorFlow sees them', () => {
  it.each(GOOD)('facts of %s', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    expect(facts.findings).toEqual([]);
  });

  it.each(GOOD)('operators and signatures of %s', async (name) => {
    const { details } = await readFixture(name);
    const { operators, signatures, tensor_count } = expectedFacts(name);
    expect(details).toMatchObject({ operators, signatures, tensor_count });
  });

  it('the number of quantized tensors', async () => {
    for (const name of GOOD) {
      const { quantized_tensors, per_channel_tensors } = expectedFacts(name);
      expect((await readFixture(name)).details).toMatchObject({ quantized_tensors, per_channel_tensors });
    }
  });

  it('what the metadata describes, and the files behind the model', async () => {
    const { details, metadata } = await readFixture('described.tflite');
    expect(details.attached_files).toEqual(['labels.txt']);
    expect(details.model_version).toBe('v1');
    expect(metadata.customProperties.get('license')).toBe('Apache-2.0');
  });

  it('an operator that writes a file', async () => {
    const facts = await readFixture('flex.tflite');
    expect(codesOf(facts)).toEqual(['high code-in-model']);
    expect(facts.details.custom_operators).toEqual(['FlexStringLength', 'FlexWriteFile']);
  });

  it('weights in other files', async () => {
    const facts = await readFixture('external.tflite');
    expect(facts.companions).toEqual(['weights.bin']);
    expect(codesOf(facts)).toEqual(['critical external-path']);
  });

  it('reads no more of a large file than its structure', async () => {
    const bytes = Buffer.concat([fixtureBytes('float.tflite'), Buffer.alloc(64 * 1024 * 1024)]);
    const counted = countingContent(bytesContent(bytes));
    const facts = await readModelFile({ path: 'x.tflite', content: counted.content });
    expect(facts.format.name).toBe('tflite');
    expect(counted.bytes()).toBeLessThan(256 * 1024);
    expect(counted.ranges.length).toBeLessThanOrEqual(3);
  });
});

describe('TFLite models that are damaged or lie', () => {
  it.each(['float.tflite', 'flex.tflite', 'described.tflite'])(
    '%s cut off anywhere is said to be cut off',
    { timeout: 60_000 },
    async (name) => {
      const whole = fixtureBytes(name);
      // Without the padding of its last text a model is whole, and so is one without the zip file behind it.
      const padding = name === 'float.tflite' ? 0 : 4;
      const zip = Buffer.from(whole).indexOf('PK\u0003\u0004');
      const end = zip < 0 ? whole.byteLength - padding : whole.byteLength;
      for (let length = 8; length < end; length += length < zip - 20 || name === 'float.tflite' ? 13 : 1) {
        if (length >= zip - 8 && length <= zip) continue;
        const facts = await readBytes(name, whole.subarray(0, length));
        expect(facts.format.name).toBe('tflite');
        expect(codesOf(facts).join()).toMatch(/high (?:truncated|malformed)/);
      }
    },
  );

  it.each(['full.tflite', 'flex.tflite', 'described.tflite'])(
    'flipped bits in %s give facts',
    { timeout: 60_000 },
    (name) => flippedAnywhere(name),
  );

  it('every number may lie', { timeout: 60_000 }, async () => {
    const whole = fixtureBytes('flex.tflite');
    for (let at = 0; at + 4 <= whole.byteLength; at += 4) {
      for (const value of [0, 1, 0x7fffffff, 0xffffffff]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt32LE(value, at);
        expect(Object.keys((await readBytes('x.tflite', bytes)).metadata)).toHaveLength(7);
      }
    }
  });

  it('a zip file that no metadata speaks of is hidden data', async () => {
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    const facts = await readBytes('x.tflite', Buffer.concat([fixtureBytes('flex.tflite'), end]));
    expect(codesOf(facts)).toContain('medium hidden-data');
  });

  it('renamed, it is read and said to lie', async () => {
    const facts = await readBytes('x.onnx', fixtureBytes('float.tflite'));
    expect(facts.format).toEqual({ name: 'tflite', version: '3' });
    expect(codesOf(facts)).toEqual(['medium name-mismatch']);
  });
});
