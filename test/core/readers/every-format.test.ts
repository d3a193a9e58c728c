import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesContent, type Content } from '../../../src/core/oci/content.ts';
import { FOLDER_READERS } from '../../../src/core/readers/folder.ts';
import { MODEL_READERS, readModelFile } from '../../../src/core/readers/index.ts';
import { collectFacts } from '../../../src/core/readers/read-file.ts';
import type { ModelReader } from '../../../src/core/readers/reader.ts';
import { isStopped } from './damage.ts';
import {
  codesOf,
  expectedFacts,
  expectedFolder,
  fixtureBytes,
  fixtureNames,
  folderPath,
  readBytes,
  readFixture,
  readFixtureFolder,
} from './fixtures.ts';
import { readMemoryFolder } from './memory-folder.ts';
import { type Entry, zip } from './zip-bytes.ts';

/** Every format that is read. */
const FILE_FORMATS = [
  'onnx',
  'safetensors',
  'gguf',
  'pickle',
  'joblib',
  'skops',
  'pytorch',
  'torchscript',
  'torch-export',
  'keras',
  'hdf5',
  'tflite',
  'xgboost',
  'lightgbm',
  'catboost',
  'coreml',
  'pmml',
  'openvino',
  'numpy',
] as const;
const FOLDER_FORMATS = ['coreml', 'tensorflow', 'huggingface', 'mlflow', 'diffusers'] as const;

/** Models whose library wrote down what it says of them. */
const FIXTURES = fixtureNames('.expected.json').map((name) => name.replace('.expected.json', ''));
const FOLDERS = readdirSync(folderPath('.')).filter((name) => !name.endsWith('.json'));
const PACKAGED_MODEL = folderPath('flowers.mlpackage/Data/com.apple.CoreML/model.mlmodel');
const byFormat = (format: string) => FIXTURES.filter((name) => expectedFacts(name).format === format);

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const EVIL = latin1('\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.');
const EMPTY = latin1('\x80\x02}.');
const CRITICAL_IMPORT = 'critical unsafe-import';

/** A safetensors file of this header. */
function safetensors(header: string): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header)]);
}

/** A copy in which all bytes that spell `from` spell `to`, which is as long. */
function changed(bytes: Uint8Array, from: string, to: string): Uint8Array {
  expect(to).toHaveLength(from.length);
  const text = Buffer.from(bytes).toString('latin1');
  expect(text).toContain(from);
  return latin1(text.replaceAll(from, to));
}

/** A copy with 32-bit numbers in place of others. */
function patched(name: string, at: number, value: number): Uint8Array {
  const bytes = Buffer.from(fixtureBytes(name));
  bytes.writeUInt32LE(value, at);
  return bytes;
}

/** A copy of a document whose types grow a billion times when they are put in, and which puts them in. */
function bomb(name: string, root: string): Uint8Array {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    '',
  );
  const [head, ...rest] = Buffer.from(fixtureBytes(name)).toString().split(`<${root} `);
  const types = `<!DOCTYPE ${root} [<!ENTITY l0 "lol">${entities}]>`;
  const end = `</${root}>`;
  return Buffer.from([head, types, `<${root} `, ...rest].join('').replace(end, `&l9;${end}`));
}

/** A copy of an archive that says of all its members that they are encrypted. */
function encrypted(name: string): Uint8Array {
  const bytes = Buffer.from(fixtureBytes(name));
  for (const [signature, flagsAt] of [
    ['PK\x03\x04', 6],
    ['PK\x01\x02', 8],
  ] as const) {
    for (
      let at = bytes.indexOf(signature, 0, 'latin1');
      at >= 0;
      at = bytes.indexOf(signature, at + 4, 'latin1')
    )
      bytes[at + flagsAt] = (bytes[at + flagsAt] ?? 0) | 1;
  }
  return bytes;
}

describe('every format', () => {
  it.each(FILE_FORMATS)('%s has a fixture that its library wrote, and a reader', (format) => {
    expect(byFormat(format)).not.toEqual([]);
    expect(MODEL_READERS.map(({ id }) => id)).toContain(format);
  });

  it.each(FOLDER_FORMATS)('%s has a fixture that its library wrote, and a reader', (format) => {
    expect(FOLDERS.map((name) => expectedFolder(name).format)).toContain(format);
    expect(FOLDER_READERS.map(({ id }) => id)).toContain(format);
  });

  it('is in this table, and in the documentation', () => {
    const known = new Set<string>([...FILE_FORMATS, ...FOLDER_FORMATS, 'unknown']);
    const ids = [...MODEL_READERS, ...FOLDER_READERS].map(({ id }) => id);
    // A set of shards is of the format of its files.
    expect(ids.filter((id) => !known.has(id) && id !== 'sharded')).toEqual([]);
    const page = readFileSync(new URL('../../../docs/formats/models.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .flatMap((line) => (/^\|(.*?)\|/.exec(line)?.[1] ?? '').match(/[a-z0-9-]+/g) ?? []);
    expect([...known].filter((id) => !rows.includes(id))).toEqual([]);
  });

  it.each(FIXTURES)('%s is known by its content, whatever it is called', async (name) => {
    const { format } = expectedFacts(name);
    const bytes = fixtureBytes(name);
    const other = format === 'onnx' ? 'renamed.gguf' : 'renamed.onnx';
    const facts = await readBytes(other, bytes);
    // That a file holds nothing but weights of Keras is in its name alone.
    expect(facts.format.name).toBe(name.endsWith('.weights.h5') ? 'hdf5' : format);
    expect(codesOf(facts)).toContain('medium name-mismatch');
    for (const path of ['renamed', 'renamed.bin']) {
      const quiet = codesOf(await readBytes(path, bytes));
      expect(quiet.filter((code) => code.endsWith('name-mismatch'))).toEqual([]);
    }
  });

  it.each(FIXTURES)('%s cut off in its header says so', async (name) => {
    const bytes = fixtureBytes(name);
    const { format } = expectedFacts(name);
    const facts = await readBytes(name, bytes.subarray(0, Math.floor(bytes.byteLength * 0.4)));
    expect(isStopped(facts), codesOf(facts).join(', ')).toBe(true);
    expect(facts.format.name).toBe(format);
  });

  it.each(FIXTURES.filter((name) => isZip(fixtureBytes(name))))(
    '%s cut off anywhere says that once, keeps its format and is accused of nothing',
    { timeout: 30_000 },
    async (name) => {
      const bytes = fixtureBytes(name);
      const own = codesOf(await readBytes(name, bytes));
      const step = Math.max(1, Math.floor(bytes.byteLength / 60));
      for (let length = bytes.byteLength - 1; length > 30; length -= step) {
        const facts = await readBytes(name, bytes.subarray(0, length));
        const told = `${length}: ${facts.findings.map(({ message }) => message).join(', ')}`;
        expect(facts.format.name, told).toBe(expectedFacts(name).format);
        const codes = codesOf(facts);
        expect(
          codes.filter((code) => code === 'high truncated'),
          told,
        ).toHaveLength(1);
        const more = codes.filter((code) => !/^info|truncated$/.test(code) && !own.includes(code));
        // A pickle that ends between the import of `getattr` and its use leaves open what it is used for.
        if (name === 'parts.pt' && length < 200) continue;
        expect(more, told).toEqual([]);
      }
    },
  );

  it.each(FIXTURES.filter((name) => isZip(fixtureBytes(name))))(
    '%s without its last byte says so',
    async (name) => {
      const facts = await readBytes(name, fixtureBytes(name).subarray(0, -1));
      expect(isStopped(facts), codesOf(facts).join(', ')).toBe(true);
    },
  );

  it.each(FIXTURES.filter((name) => isZip(fixtureBytes(name))))('%s encrypted says so', async (name) => {
    const facts = await readBytes(name, encrypted(name));
    expect(facts.format.name).toBe(expectedFacts(name).format);
    expect(codesOf(facts)).toContain('high encrypted');
  });
});

function isZip(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PK\x03\x04';
}

const program = (target: string) => JSON.stringify({ graph_module: { graph: { nodes: [{ target }] } } });
const archive = (...more: readonly Entry[]) => zip({ name: 'm/data.pkl', data: EMPTY }, ...more);

describe('a hostile file', () => {
  it.each<[(typeof FILE_FORMATS)[number], string, string, () => Uint8Array, string]>([
    [
      'onnx',
      'weights outside of its folder',
      'x.onnx',
      () => changed(fixtureBytes('external.onnx'), 'external.onnx.data', '../../../etc/group'),
      'critical external-path',
    ],
    [
      'onnx',
      'operators of its own',
      'x.onnx',
      () => fixtureBytes('custom-domain.onnx'),
      'medium code-in-model',
    ],
    [
      'safetensors',
      'a header of deep nesting',
      'x.safetensors',
      () => safetensors(`{"a":${'['.repeat(100_000)}`),
      'high malformed',
    ],
    [
      'gguf',
      'more keys than any file has',
      'x.gguf',
      () => patched('tiny-llama.Q4_K_M.gguf', 20, 0x7fffffff),
      'high malformed',
    ],
    ['pickle', 'a call of the system', 'x.pkl', () => EVIL, CRITICAL_IMPORT],
    [
      'joblib',
      'a call of the system behind an array',
      'x.joblib',
      () => Buffer.concat([fixtureBytes('svc-plain.joblib'), EVIL]),
      CRITICAL_IMPORT,
    ],
    [
      'skops',
      'types that skops does not trust',
      'x.skops',
      () => fixtureBytes('own-types.skops'),
      'medium unknown-import',
    ],
    [
      'skops',
      'a pickle beside the schema',
      'x.skops',
      () => zip({ name: 'schema.json', data: '{}' }, { name: 'a.npy', data: EVIL }),
      CRITICAL_IMPORT,
    ],
    [
      'pytorch',
      'a call of the system',
      'x.pt',
      () => zip({ name: 'm/data.pkl', data: EVIL }),
      CRITICAL_IMPORT,
    ],
    [
      'torchscript',
      'operators of its own',
      'x.pt',
      () =>
        archive(
          { name: 'm/constants.pkl', data: EMPTY },
          { name: 'm/code/a.py', data: 'return ops.mine.op(x)' },
        ),
      'medium code-in-model',
    ],
    [
      'torch-export',
      'a pickle among the weights',
      'x.pt2',
      () =>
        zip(
          { name: 'serialized_exported_program.json', data: program('torch.ops.aten.add.Tensor') },
          { name: 'serialized_state_dict.pt', data: zip({ name: 'm/data.pkl', data: EVIL }) },
        ),
      CRITICAL_IMPORT,
    ],
    [
      'keras',
      'a function by value in an archive',
      'x.keras',
      () => fixtureBytes('code.keras'),
      'high code-in-model',
    ],
    ['keras', 'a function by value in HDF5', 'x.h5', () => fixtureBytes('code.h5'), 'high code-in-model'],
    [
      'hdf5',
      'data outside of its folder',
      'x.h5',
      () => fixtureBytes('elsewhere.h5'),
      'critical external-path',
    ],
    [
      'tflite',
      'operators that write files',
      'x.tflite',
      () => fixtureBytes('flex.tflite'),
      'high code-in-model',
    ],
    [
      'tflite',
      'weights outside of its folder',
      'x.tflite',
      () => fixtureBytes('external.tflite'),
      'critical external-path',
    ],
    [
      'xgboost',
      'levels without end',
      'x.json',
      () => latin1(`{"learner":{"attributes":{"a":${'['.repeat(100_000)}`),
      'high malformed',
    ],
    [
      'lightgbm',
      'trees beyond the end',
      'x.txt',
      () =>
        latin1(
          Buffer.from(fixtureBytes('lgb-binary.txt'))
            .toString('latin1')
            .replace(/tree_sizes=\d+/, 'tree_sizes=9000000'),
        ),
      'high truncated',
    ],
    [
      'catboost',
      'a core beyond the end',
      'x.cbm',
      () => patched('cat-binary.cbm', 4, 0xffff_fff0),
      'high truncated',
    ],
    [
      'coreml',
      'weights outside of its folder',
      'x.mlmodel',
      () => changed(readFileSync(PACKAGED_MODEL), 'weights/weight.bin', '../../../etc/group'),
      'critical external-path',
    ],
    [
      'pmml',
      'entities that grow without end',
      'x.pmml',
      () => bomb('pmml-tree.pmml', 'PMML'),
      'high malformed',
    ],
    [
      'openvino',
      'entities that grow without end',
      'x.xml',
      () => bomb('ov-mlp.xml', 'net'),
      'high malformed',
    ],
    ['numpy', 'objects in an array', 'x.npy', () => fixtureBytes('objects.npy'), 'medium object-array'],
    [
      'numpy',
      'a call of the system beside the arrays',
      'x.npz',
      () => zip({ name: 'a.npy', data: fixtureBytes('weights.npy') }, { name: 'b.npy', data: EVIL }),
      CRITICAL_IMPORT,
    ],
  ])('of %s: %s', async (format, _what, path, bytes, code) => {
    const facts = await readBytes(path, bytes());
    expect(facts.format.name).toBe(format);
    expect(codesOf(facts)).toContain(code);
  });
});

describe('an archive that only seems to be cut off', () => {
  /** A local header in front that claims all of the file, and more. */
  function claimed(name: string, whole: Uint8Array): Uint8Array {
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt32LE(whole.byteLength + 1000, 18);
    header.writeUInt32LE(whole.byteLength + 1000, 22);
    header.writeUInt16LE(name.length, 26);
    return Buffer.concat([header, latin1(name), whole]);
  }

  it.each([
    ['x.pt', zip({ name: 'm/data.pkl', data: EVIL }), CRITICAL_IMPORT],
    ['x.bin', zip({ name: 'm/data.pkl', data: EVIL }), CRITICAL_IMPORT],
    ['x.keras', fixtureBytes('code.keras'), 'high code-in-model'],
    ['x.npz', zip({ name: 'b.npy', data: EVIL }), CRITICAL_IMPORT],
  ])('%s is judged by what programs find in it all the same', async (path, whole, code) => {
    for (const name of ['m/data/0', 'schema.json', 'a.npy']) {
      const codes = codesOf(await readBytes(path, claimed(name, whole)));
      expect(codes).toContain(code);
      expect(codes).toContain('high truncated');
    }
  });
});

describe('a hostile folder', () => {
  it.each<[(typeof FOLDER_FORMATS)[number], string, string, string]>([
    ['tensorflow', 'operations that reach files', 'saved-reaching', 'high code-in-model'],
    ['huggingface', 'code that the config names', 'quantized', 'medium code-in-model'],
    ['mlflow', 'code of its own', 'mlflow-code', 'medium code-in-model'],
  ])('of %s: %s', async (format, _what, name, code) => {
    const { whole } = await readFixtureFolder(name);
    expect(whole.format.name).toBe(format);
    expect(codesOf(whole)).toContain(code);
  });

  it('of diffusers: a pipeline that is code of its own', async () => {
    const facts = await readMemoryFolder({
      'model_index.json': '{"_class_name": ["pipeline", "Mine"], "_diffusers_version": "0.30.0"}',
      'pipeline.py': 'class Mine: pass',
    });
    expect(facts?.format.name).toBe('diffusers');
    expect(facts === undefined ? [] : codesOf(facts)).toContain('medium code-in-model');
  });
});

describe('whether loading runs code', () => {
  const ALWAYS = ['pickle', 'joblib', 'pytorch', 'torchscript'];
  const NEVER = [
    'safetensors',
    'gguf',
    'tflite',
    'coreml',
    'pmml',
    'openvino',
    'xgboost',
    'lightgbm',
    'catboost',
  ];

  it.each(FIXTURES)('is said of %s as of its kind', async (name) => {
    const { format } = expectedFacts(name);
    const isSaid = codesOf(await readFixture(name)).includes('info runs-code-when-loaded');
    if (ALWAYS.includes(format)) expect(isSaid).toBe(true);
    if (NEVER.includes(format)) expect(isSaid).toBe(false);
  });
});

/** The whole of a new format, as CONTRIBUTING.md describes it. */
const toyReader: ModelReader = {
  id: 'toy',
  extensions: ['.toy'],
  recognizes: (_path, head) => Buffer.from(head.subarray(0, 3)).toString('latin1') === 'TOY',
  async read(file, options) {
    const facts = await collectFacts(
      file,
      async ({ cursor, facts }) => {
        await cursor.skip(3);
        await cursor.need(4);
        facts.property('parameter_count', Buffer.from(cursor.bytes(4)).readUInt32LE());
      },
      options,
    );
    return facts.build('toy', 'named after its file');
  },
};

describe('a new format', () => {
  const readers = [...MODEL_READERS, toyReader];
  const read = (path: string, content: Content) => readModelFile({ path, content }, { readers });

  it('is one object, one line in the list and one fixture', async () => {
    const facts = await read('a/model.toy', bytesContent(latin1('TOY\x2a\0\0\0')));
    expect(facts.format).toEqual({ name: 'toy', version: null });
    expect(facts.metadata.customProperties.get('parameter_count')).toEqual({ text: '42' });
    expect(facts.findings).toEqual([]);
  });

  it('that is cut off or has a name which lies says so, with no more code', async () => {
    expect(codesOf(await read('x.toy', bytesContent(latin1('TOY\x2a'))))).toEqual(['high truncated']);
    expect(codesOf(await read('x.onnx', bytesContent(latin1('TOY\x2a\0\0\0'))))).toEqual([
      'medium name-mismatch',
    ]);
    expect(codesOf(await read('x.toy', bytesContent(fixtureBytes('mlp.onnx'))))).toEqual([
      'medium name-mismatch',
    ]);
  });

  it('changes nothing for the others', async () => {
    for (const name of FIXTURES) {
      const facts = await read(name, bytesContent(fixtureBytes(name)));
      expect(facts.format.name, name).toBe(expectedFacts(name).format);
    }
  });
});
