import { describe, expect, it, vi } from 'vitest';
import { bytesContent, type Content } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { MAX_READ_MS, MAX_REQUESTS_AT_ONCE } from '../../../src/core/readers/limits.ts';
import {
  changedContent,
  outlinedFacts,
  outlinedModel,
  requestedContent,
} from '../../support/outlined-model.ts';
import { codesOf, fixtureBytes, fixtureNames, propertiesOf } from './fixtures.ts';
import { zip } from './zip-bytes.ts';

const MIB = 1024 * 1024;

/** The same with a clock that is past the limit once `most` requests were made. */
async function readUntilLate(path: string, content: Content, most: number) {
  const start = performance.now();
  const counted = requestedContent(content);
  const late = vi
    .spyOn(performance, 'now')
    .mockImplementation(() => start + (counted.requests.length > most ? MAX_READ_MS + 1 : 0));
  try {
    return await readModelFile({ path, content: counted.content });
  } finally {
    late.mockRestore();
  }
}

async function readBoth(path: string, content: Content) {
  const local = await readModelFile({ path, content });
  const asked = requestedContent(content);
  const remote = await readModelFile({ path, content: asked.content });
  return { local, remote, asked };
}

const MODELS = [
  { name: 'encoder.onnx', requests: 90, rounds: 30, bytes: 2 * MIB },
  { name: 'classifier.onnx', requests: 70, rounds: 35, bytes: 2 * MIB },
  { name: 'resnet50.h5', requests: 60, rounds: 18, bytes: 5 * MIB },
  { name: 'mobilenet.tflite', requests: 15, rounds: 5, bytes: 3 * MIB },
];

describe('models of real size on a registry', () => {
  it.each(MODELS)('$name: few requests that wait for each other', async (model) => {
    const asked = requestedContent(outlinedModel(model.name));
    const facts = await readModelFile({ path: model.name, content: asked.content });
    expect(facts.findings).toEqual([]);
    expect(asked.requests.length).toBeLessThanOrEqual(model.requests);
    expect(asked.counts.rounds).toBeLessThanOrEqual(model.rounds);
    expect(asked.bytes()).toBeLessThanOrEqual(model.bytes);
    expect(asked.counts.most).toBeLessThanOrEqual(MAX_REQUESTS_AT_ONCE);
  });

  it.each(MODELS)('$name gives the facts of a local file', async ({ name }) => {
    const { local, remote } = await readBoth(name, outlinedModel(name));
    expect(remote).toEqual(local);
  });

  it.each(['encoder.onnx', 'classifier.onnx'])('%s is what its library says', async (name) => {
    const facts = await readModelFile({ path: name, content: outlinedModel(name) });
    const expected = outlinedFacts(name);
    expect(facts.metadata.model_format_version).toBe(expected.ir_version);
    const { parameter_count, opset_version, license } = expected;
    expect(propertiesOf(facts)).toMatchObject({ parameter_count, opset_version, license });
    expect(facts.details.tensor_count).toBe(expected.tensor_count);
    expect(namesOf(facts.details.tensors).at(-1)).toBe(expected.last);
    expect(namesOf(facts.details.inputs)).toEqual(expected.inputs);
    expect(namesOf(facts.details.outputs)).toEqual(expected.outputs);
  });

  it('resnet50.h5 is what Keras says', async () => {
    const facts = await readModelFile({ path: 'resnet50.h5', content: outlinedModel('resnet50.h5') });
    const { parameter_count, tensor_count, keras_version } = outlinedFacts('resnet50.h5');
    expect(facts.format).toEqual({ name: 'keras', version: keras_version });
    expect(propertiesOf(facts).parameter_count).toBe(parameter_count);
    expect(facts.details.tensor_count).toBe(tensor_count);
  });

  it('mobilenet.tflite is what TensorFlow says', async () => {
    const facts = await readModelFile({ path: 'm.tflite', content: outlinedModel('mobilenet.tflite') });
    const { inputs, outputs, operators } = outlinedFacts('mobilenet.tflite');
    expect(namesOf(facts.details.inputs)).toEqual(inputs);
    expect(namesOf(facts.details.outputs)).toEqual(outputs);
    const counts = Object.values(facts.details.operators ?? {});
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(operators);
  });

  it.each(fixtureNames('.onnx', '.h5', '.keras', '.tflite', '.gguf', '.mlmodel', '.pt', '.npz', '.pkl'))(
    '%s gives the facts of a local file',
    async (name) => {
      const { local, remote } = await readBoth(name, bytesContent(fixtureBytes(name)));
      expect(remote).toEqual(local);
    },
  );
});

describe('many arrays of numpy in one file', () => {
  const COUNT = 60;
  /** Numbers that do not compress. */
  let state = 6;
  const numbers = Uint8Array.from({ length: 100_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
  const array = (rows: number) => {
    const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, 250), }`.padEnd(117);
    const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${shape}\n`, 'latin1');
    return Buffer.concat([head, numbers]);
  };

  it.each([false, true])(
    'are read together (compressed: %s), of each no more than its header',
    async (deflate) => {
      const entries = Array.from({ length: COUNT }, (_, n) => ({
        name: `w${n}.npy`,
        data: array(100),
        deflate,
      }));
      const { local, remote, asked } = await readBoth('x.npz', bytesContent(zip(...entries)));
      expect(remote).toEqual(local);
      expect(remote.findings).toEqual([]);
      expect(remote.details.tensor_count).toBe(COUNT);
      expect(propertiesOf(remote).parameter_count).toBe(COUNT * 25_000);
      expect(asked.counts.rounds).toBeLessThanOrEqual(16);
      expect(asked.counts.most).toBeLessThanOrEqual(MAX_REQUESTS_AT_ONCE);
    },
  );

  it('a compressed one that is longer than stated is malformed, and one that is cut off is', async () => {
    const long = zip({ name: 'a.npy', data: array(100), deflate: true, size: 100 });
    expect(codesOf((await readBoth('x.npz', bytesContent(long))).remote).join()).toMatch(/high malformed/);
    const short = zip({ name: 'a.npy', data: array(100).subarray(0, 60), deflate: true });
    expect(codesOf((await readBoth('x.npz', bytesContent(short))).remote).join()).toMatch(/high truncated/);
  });
});

describe('an ONNX model on a registry that answers slowly', () => {
  const NAME = 'encoder.onnx';
  const { inputs, outputs, opset_version, license } = outlinedFacts(NAME);

  it('shows after three requests what stands behind the weights, and says that not all is read', async () => {
    const facts = await readUntilLate(NAME, outlinedModel(NAME), 3);
    expect(namesOf(facts.details.inputs)).toEqual(inputs);
    expect(namesOf(facts.details.outputs)).toEqual(outputs);
    expect(propertiesOf(facts)).toMatchObject({ opset_version, license });
    expect(codesOf(facts)).toEqual(['info too-large-to-show', 'low too-large-to-show']);
    expect(facts.details.tensor_count).toBeLessThan(195);
  });

  it('takes weights that look like an input for one only as long as it has not come to them', async () => {
    const model = outlinedModel(NAME);
    const false_ = Buffer.from('\x5a\x08\x0a\x06phoney', 'latin1');
    const at = (await beginOfInputs(model)) - false_.byteLength;
    const lying = changedContent(model, at, false_);
    const late = await readUntilLate(NAME, lying, 3);
    expect(namesOf(late.details.inputs)).toEqual(['phoney', ...(inputs as string[])]);
    expect(codesOf(late)).toContain('info too-large-to-show');
    const { local, remote } = await readBoth(NAME, lying);
    expect(remote).toEqual(local);
    expect(namesOf(remote.details.inputs)).toEqual(inputs);
  });

  it('takes a file whose end is nothing but such bytes', async () => {
    const model = outlinedModel(NAME);
    const like = Buffer.from('\x6a\x03\x0a\x01x'.repeat(100_000), 'latin1');
    const { local, remote } = await readBoth(NAME, changedContent(model, model.size - like.byteLength, like));
    expect(remote).toEqual(local);
  });

  it('is told as cut off where it is', async () => {
    const { local, remote } = await readBoth(NAME, outlinedModel(NAME).slice(0, 100 * MIB));
    expect(codesOf(local)).toEqual(['high truncated']);
    expect(remote).toEqual(local);
  });
});

/** Where the first input's field is, by its name. */
async function beginOfInputs(model: Content): Promise<number> {
  const from = model.size - 64 * 1024;
  const chunks: Uint8Array[] = [];
  for await (const chunk of model.slice(from).stream()) chunks.push(chunk);
  return from + Buffer.concat(chunks).indexOf('input_ids') - 4;
}

function namesOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(({ name }: { name: string }) => name) : [];
}
