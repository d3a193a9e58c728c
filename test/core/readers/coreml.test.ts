import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { ModelParts } from '../../../src/core/operations/model-parts.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { headVarint } from '../../../src/core/readers/parse/protobuf-head.ts';
import { holdFacts } from './contract.ts';
import { cutAnywhere, flippedAnywhere, isStopped } from './damage.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  expectedFolder,
  fixtureBytes,
  fixtureNames,
  propertiesOf,
  readBytes,
  readFixture,
  readFixtureFolder,
} from './fixtures.ts';
import { readKnownFolder, readMemoryFolder } from './memory-folder.ts';

const FILES = fixtureNames('.mlmodel');

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A protobuf field of bytes. */
function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.byteLength), body]);
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);
const text = (field_: number, value: string) => field(field_, Buffer.from(value));
const entry = (value: Uint8Array) => field(2, value);

const feature = (name: string, type: Uint8Array) => Buffer.concat([text(1, name), field(3, type)]);
const DOUBLE = field(2);

function model(
  type: Uint8Array,
  description: readonly Uint8Array[] = [field(1, feature('x', DOUBLE))],
): Uint8Array {
  return Buffer.concat([number(1, 7), field(2, ...description), type]);
}

/** An ML program of one constant whose values are in `file`. */
function program(file: string, dimensions = [2, 3]): Uint8Array {
  const sizes = dimensions.map((size) => field(3, field(1, number(1, size))));
  const type = field(2, field(1, number(1, 10), number(2, dimensions.length), ...sizes));
  const value = Buffer.concat([type, field(5, text(1, file), number(2, 64))]);
  const operation = field(
    3,
    text(1, 'const'),
    field(3, text(1, 'w')),
    field(5, text(1, 'val'), entry(value)),
  );
  const block = field(3, text(1, 'CoreML6'), entry(operation));
  return model(field(502, number(1, 1), field(2, text(1, 'main'), entry(Buffer.from(block)))));
}

describe('a Core ML model', () => {
  it('has fixtures of every kind', () => expect(FILES).toHaveLength(5));

  it.each(FILES)('%s is what coremltools says', async (name) => {
    const facts = await readFixture(name);
    const expected = expectedFacts(name);
    holdFacts(facts, expected);
    expect(facts.findings).toEqual([]);
    const { inputs, outputs, user_defined } = expected;
    expect(facts.details).toMatchObject({ inputs, outputs, user_defined, model_version: '1.2' });
    const steps = Array.isArray(facts.details.steps) ? facts.details.steps : [];
    expect(steps.map((step) => step.class)).toEqual(expected.steps);
  });

  it('shows dimensions that are free, and sequences, maps and colours', async () => {
    const range = (lower: number, upper: number) => field(1, number(1, lower), number(2, upper));
    const types = [
      feature('range', field(5, number(2, 65568), field(31, range(1, 1), range(1, 512)))),
      feature(
        'shapes',
        field(
          5,
          field(1, Buffer.from([1, 4])),
          number(2, 65552),
          field(21, field(1, field(1, Buffer.from([1, 4]))), field(1, field(1, Buffer.from([1, 8])))),
        ),
      ),
      feature('map', field(6, field(2))),
      feature('words', field(7, field(3))),
      feature('grey', field(4, number(1, 2), number(2, 3), number(3, 10))),
    ];
    const facts = await readBytes(
      'm.mlmodel',
      model(
        field(900),
        types.map((type) => field(1, type)),
      ),
    );
    expect(facts.details.inputs).toEqual([
      { name: 'range', dtype: 'F32', shape: [1, null] },
      { name: 'shapes', dtype: 'F16', shape: [1, null] },
      { name: 'map', dtype: 'map(STRING,F64)', shape: [] },
      { name: 'words', dtype: 'sequence(STRING)', shape: [] },
      { name: 'grey', dtype: 'image(GRAYSCALE)', shape: [3, 2] },
    ]);
  });

  it('of several functions has the inputs of the one that is called', async () => {
    const functions = ['a', 'b'].map((name) =>
      field(20, text(1, name), field(2, feature(`${name}_in`, DOUBLE))),
    );
    const facts = await readBytes('m.mlmodel', model(field(900), [...functions, text(21, 'b')]));
    expect(facts.details.inputs).toMatchObject([{ name: 'b_in' }]);
  });

  it('names the file that its weights are in, which never leaves the folder', async () => {
    const facts = await readBytes('m.mlmodel', program('@model_path/weights/weight.bin'));
    expect(facts.findings).toEqual([]);
    expect(facts.companions).toEqual(['weights/weight.bin']);
    expect(facts.details.tensors).toEqual([{ name: 'w', dtype: 'F16', shape: [2, 3], bytes: 12 }]);
    for (const path of ['@model_path/../w.bin', '/etc/passwd', '@model_path/', 'w.bin']) {
      const { findings, companions } = await readBytes('m.mlmodel', program(path));
      expect(findings, path).toMatchObject([{ severity: 'critical', code: 'external-path' }]);
      expect(companions).toEqual([]);
    }
  });

  it('that needs code from elsewhere says so', async () => {
    const facts = await readBytes('m.mlmodel', model(field(555, text(10, 'MyModel'))));
    expect(codesOf(facts)).toEqual(['medium code-in-model']);
  });

  it('has its weights passed over', async () => {
    const floats = field(20, field(1, Buffer.alloc(8 * 1024 * 1024)));
    const network = model(field(500, field(1, text(1, 'dense'), field(140, floats))));
    const counted = countingContent(bytesContent(network));
    const facts = await readModelFile({ path: 'm.mlmodel', content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 2 * 1024 * 1024, precision: 'F32' });
    expect(counted.bytes()).toBeLessThanOrEqual(64 * 1024);
  });

  it('has weights of every kind counted, in layers of layers too', async () => {
    const halves = field(2, Buffer.alloc(6));
    const fourBits = [field(30, Buffer.alloc(5)), field(40, number(1, 4))];
    const recurrent = field(420, field(20, field(1, halves), field(62, ...fourBits)));
    const loop = field(
      615,
      field(4, field(1, text(1, 'inner'), field(250, field(2, field(31, Buffer.alloc(7)))))),
    );
    const layers = [field(1, text(1, 'lstm'), recurrent), field(1, text(1, 'loop'), loop)];
    const facts = await readBytes('m.mlmodel', model(field(403, ...layers, field(100, text(1, 'a')))));
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 3 + 10 + 7, n_classes: 1 });
    expect(facts.details.dtypes).toEqual({ F16: 1, U4: 1, I8: 1 });
  });

  it('without weights has none, and one of trees is not said to have none', async () => {
    expect(propertiesOf(await readBytes('m.mlmodel', model(field(900))))).toMatchObject({
      parameter_count: 0,
    });
    const trees = propertiesOf(await readBytes('m.mlmodel', model(field(302))));
    expect(trees).not.toHaveProperty('parameter_count');
  });

  it('is told from ONNX and from other messages', async () => {
    expect((await readBytes('m.onnx', fixtureBytes('coreml-tree.mlmodel'))).format.name).toBe('coreml');
    expect((await readBytes('m.mlmodel', fixtureBytes('iris.onnx'))).format.name).toBe('onnx');
    const producer = Buffer.concat([number(1, 8), text(2, 'pytorch'), text(3, '2.0')]);
    expect((await readBytes('m', producer)).format.name).toBe('onnx');
    expect(codesOf(await readBytes('m.mlmodel', Buffer.from('nothing')))).toEqual(['low name-mismatch']);
  });
});

describe('an mlpackage', () => {
  const spec = bytesContent(program('@model_path/weights/weight.bin'));
  const manifest = (path: string, root = 'a') =>
    JSON.stringify({
      fileFormatVersion: '1.0.0',
      itemInfoEntries: { a: { path } },
      rootModelIdentifier: root,
    });
  const files = {
    'Data/com.apple.CoreML/model.mlmodel': spec,
    'Data/com.apple.CoreML/weights/weight.bin': 'w',
  };

  it('is what coremltools says', async () => {
    const { whole } = await readFixtureFolder('flowers.mlpackage');
    const expected = expectedFolder('flowers.mlpackage');
    holdFacts(whole, expected);
    const { inputs, outputs, operators, tensors, files: paths } = expected;
    expect(whole.details).toMatchObject({ inputs, outputs, operators, tensors, files: paths });
    expect(whole.findings).toEqual([]);
  });

  it('is read by the model that its manifest names', async () => {
    const facts = await readKnownFolder({
      ...files,
      'Manifest.json': manifest('com.apple.CoreML/model.mlmodel'),
    });
    expect(facts.format).toEqual({ name: 'coreml', version: '7' });
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ file_count: 3, model_class: 'mlProgram', precision: 'F16' });
  });

  it('whose weights are not there says so', async () => {
    const part = { title: 'Data/com.apple.CoreML/model.mlmodel', size: spec.size, open: async () => spec };
    const facts = await new ModelParts([part], { concurrency: 1 }).read(part.title);
    expect(facts?.findings).toMatchObject([{ code: 'truncated', where: 'weights/weight.bin' }]);
  });

  it.each([
    ['../../secret', 'critical external-path'],
    ['/etc/passwd', 'critical external-path'],
    ['com.apple.CoreML/other.mlmodel', 'high truncated'],
  ])('whose manifest names %s says so', async (path, code) => {
    const facts = await readKnownFolder({ ...files, 'Manifest.json': manifest(path) });
    expect(codesOf(facts)).toContain(code);
  });

  it.each(['', '[]', '{"itemInfoEntries":3}', '{"rootModelIdentifier":{}}'])(
    'with the manifest %j is read by the only model in it',
    async (text) => {
      const facts = await readKnownFolder({ ...files, 'Manifest.json': text });
      expect(facts.format.name).toBe('coreml');
      expect(propertiesOf(facts)).toMatchObject({ model_class: 'mlProgram' });
    },
  );

  it('is none where the model in it is none', async () => {
    const path = 'Data/com.apple.CoreML/model.mlmodel';
    const facts = await readMemoryFolder({
      [path]: 'text',
      'Manifest.json': manifest('com.apple.CoreML/model.mlmodel'),
    });
    expect(facts?.format.name).not.toBe('coreml');
  });
});

describe('damaged Core ML models', () => {
  it.each(FILES)('%s cut off says so', { timeout: 30_000 }, async (name) => {
    await cutAnywhere(name, (facts, length) => {
      if (facts.format.name !== 'unknown') expect(isStopped(facts), `${length} bytes`).toBe(true);
    });
  });

  it.each(FILES)('%s cut off before its type says so', async (name) => {
    const whole = fixtureBytes(name);
    // Specification version, then the description, which says how long it is.
    const length = headVarint(whole, 3);
    const body = (length?.next ?? 0) + (length?.value ?? 0);
    const facts = await readBytes(name, whole.subarray(0, body));
    expect(facts.format.name).toBe('coreml');
    expect(codesOf(facts)).toEqual(['high truncated']);
  });

  it.each(FILES)('%s with other bytes gives facts', async (name) => await flippedAnywhere(name));

  it('nested a thousand deep are malformed', async () => {
    let pipeline: Uint8Array = field(900);
    for (let depth = 0; depth < 1000; depth += 1) pipeline = field(202, field(1, pipeline));
    expect(codesOf(await readBytes('m.mlmodel', model(pipeline)))).toEqual(['high malformed']);
  });

  it.each([
    ['a hundred dimensions', Array(100).fill(1)],
    ['sizes beyond all files', [2 ** 53]],
  ])('with weights of %s are malformed', async (_what, dimensions) => {
    expect(codesOf(await readBytes('m.mlmodel', program('@model_path/w.bin', dimensions)))).toEqual([
      'high malformed',
    ]);
  });
});
