import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reading } from '../../bench/read-program.ts';
import { MAX_FOLDER_READ_MS } from '../../src/core/readers/limits.ts';
import { zip } from '../core/readers/zip-bytes.ts';
import { runOk } from '../support/processes.ts';

const MIB = 1024 * 1024;
const PROGRAM = fileURLToPath(new URL('../../bench/read-program.ts', import.meta.url));
/** Milliseconds a reader may take, and what a busy machine may add. */
const MOST_MS = 5000 + 1500;
/** MB over the start. */
const MOST_MB = 128;

/** By name, or by the ending of a name. */
const FORMATS: Readonly<Record<string, string>> = {
  pkl: 'pickle',
  gz: 'joblib',
  pt: 'pytorch',
  npz: 'numpy',
  skops: 'skops',
  gguf: 'gguf',
  safetensors: 'safetensors',
  onnx: 'onnx',
  mlmodel: 'coreml',
  pb: 'tensorflow',
  json: 'xgboost',
  'folder/config.json': 'huggingface',
  'folder/MLmodel': 'mlflow',
  txt: 'lightgbm',
  pmml: 'pmml',
  xml: 'openvino',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'omlmd-swollen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** As many of what `part` makes as fit into `bytes`. */
function many(bytes: number, part: (at: number) => Uint8Array | string): Buffer {
  const whole = Buffer.alloc(bytes);
  let end = 0;
  for (let at = 0; ; at += 1) {
    const next = Buffer.from(part(at));
    if (end + next.byteLength > bytes) return whole.subarray(0, end);
    whole.set(next, end);
    end += next.byteLength;
  }
}

const pickle = (part: (at: number) => Uint8Array | string, start = '\x80\x04(', end = 'l.') =>
  Buffer.concat([latin1(start), many(63 * MIB, part), latin1(end)]);

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function field(id: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(id * 8 + 2), varint(body.byteLength), body]);
}

const IR_VERSION = Buffer.from([8, 8]);
const onnx = (...graph: readonly Uint8Array[]) => Buffer.concat([IR_VERSION, field(7, ...graph)]);

function safetensors(header: Uint8Array): Buffer {
  return Buffer.concat([u64(header.byteLength), header]);
}

/** Structures that are valid, or nearly, and as many as their format lets stand in a file. */
const SWOLLEN: readonly [string, () => Uint8Array][] = [
  ['nothing.pkl', () => pickle(() => 'N')],
  ['dictionaries.pkl', () => pickle(() => '}')],
  ['memoized lists.pkl', () => pickle(() => latin1(']\x94'))],
  ['short texts.pkl', () => pickle((at) => latin1(`\x8c\x07${String(at).padStart(7, '0')}\x94`))],
  ['other imports.pkl', () => pickle((at) => `cm${at}\nn\n`)],
  ['the same import.pkl', () => pickle(() => 'cos\nsystem\n')],
  ['calls.pkl', () => pickle(() => 'ca\nb\n)R')],
  ['marks.pkl', () => pickle(() => '(')],
  ['tuples in tuples.pkl', () => pickle(() => latin1('\x85'), '\x80\x04)', '.')],
  ['long numbers.pkl', () => pickle(() => latin1(`\x8a\xff${'\x01'.repeat(255)}`))],
  ['a long line.pkl', () => pickle(() => '1', '\x80\x02(I', '\nl.')],
  ['many ends.pkl', () => pickle(() => 'N.', '\x80\x04', 'N.')],
  ['nothing.joblib.gz', () => gzipSync(pickle(() => '}'))],
  ['data.pt', () => zip({ name: 'm/data.pkl', data: pickle(() => latin1(']\x94')) })],
  [
    'members.pt',
    () => zip({ name: 'm/data.pkl', data: latin1('\x80\x02}.') }, ...members(60_000, 'm/data/')),
  ],
  ['arrays.npz', () => zip(...members(60_000, 'a'.repeat(80), '.npy'))],
  [
    'names.skops',
    () =>
      zip({
        name: 'schema.json',
        data: many(8 * MIB, (at) => `${at === 0 ? '[' : ','}{"__class__":"c${at}"}`),
      }),
  ],
  [
    'keys.gguf',
    () =>
      Buffer.concat([
        latin1('GGUF'),
        u32(3),
        u64(0),
        u64(700_000),
        many(15 * MIB, (at) =>
          Buffer.concat([u64(7), latin1(String(at).padStart(7, '0')), u32(7), Buffer.from([1])]),
        ),
      ]),
  ],
  [
    'tensors.gguf',
    () =>
      Buffer.concat([
        latin1('GGUF'),
        u32(3),
        u64(300_000),
        u64(0),
        many(15 * MIB, (at) =>
          Buffer.concat([u64(7), latin1(String(at).padStart(7, '0')), u32(1), u64(0), u32(0), u64(0)]),
        ),
      ]),
  ],
  [
    'names.safetensors',
    () =>
      safetensors(
        many(
          8 * MIB - 10,
          (at) => `${at === 0 ? '{' : ','}"${at}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
        ),
      ),
  ],
  [
    'metadata.safetensors',
    () => safetensors(many(8 * MIB - 10, (at) => `${at === 0 ? '{"__metadata__":{' : ','}"${at}":""`)),
  ],
  [
    'operators.onnx',
    () => onnx(many(64 * MIB, (at) => field(1, field(4, `Op${at}`), field(7, `domain${at}`)))),
  ],
  ['weights.onnx', () => onnx(many(64 * MIB, (at) => field(5, field(8, `w${at}`), field(1, '\x01'))))],
  ['inputs.onnx', () => onnx(many(64 * MIB, (at) => field(11, field(1, `x${at}`))))],
  [
    'properties.onnx',
    () => Buffer.concat([onnx(), many(64 * MIB, (at) => field(14, field(1, `k${at}`), field(2, 'v')))]),
  ],
  [
    'external.onnx',
    () =>
      onnx(
        many(64 * MIB, (at) =>
          field(
            5,
            field(8, `w${at}`),
            field(13, field(1, 'location'), field(2, `f${at}`)),
            Buffer.from([0x70, 1]),
          ),
        ),
      ),
  ],
  [
    'layers.mlmodel',
    () =>
      Buffer.concat([
        IR_VERSION,
        field(2),
        field(
          500,
          many(64 * MIB, (at) => field(1, field(1, `l${at}`), field(140))),
        ),
      ]),
  ],
  [
    'folder/saved_model.pb',
    () =>
      Buffer.concat([
        IR_VERSION,
        field(
          2,
          field(
            2,
            many(63 * MIB, (at) => field(1, field(1, `n${at}`), field(2, `Op${at}`))),
          ),
        ),
      ]),
  ],
  [
    'trees.json',
    () =>
      Buffer.concat([
        latin1('{"learner":{"feature_names":['),
        many(60 * MIB, (at) => `"f${at}",`),
        latin1('""]},"version":[3,0,0]}'),
      ]),
  ],
  [
    'names.txt',
    () =>
      Buffer.concat([
        latin1('tree\nversion=v4\nnum_class=1\nfeature_names='),
        many(60 * MIB, (at) => `f${at} `),
        latin1('\n'),
      ]),
  ],
  [
    'fields.pmml',
    () =>
      Buffer.concat([
        latin1('<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><DataDictionary>'),
        many(60 * MIB, (at) => `<DataField name="f${at}" optype="continuous" dataType="double"/>`),
      ]),
  ],
  [
    'layers.xml',
    () =>
      Buffer.concat([
        latin1('<net name="n" version="11"><layers>'),
        many(60 * MIB, (at) => `<layer id="${at}" name="l${at}" type="T${at}"/>`),
      ]),
  ],
  [
    'folder/config.json',
    () =>
      Buffer.concat([
        latin1('{"model_type":"x","id2label":{'),
        many(2 * MIB - 100, (at) => `"${at}":"${at}",`),
        latin1('"a":"b"}}'),
      ]),
  ],
  [
    'folder/MLmodel',
    () => Buffer.concat([latin1('flavors:\n'), many(400_000, (at) => `  f${at}: {a: 1}\n`)]),
  ],
];

/** Shards that are one file, and of which each takes as much as it may. */
const SWOLLEN_SHARDS: readonly [string, () => Uint8Array][] = [
  ['tensors', () => swollen('names.safetensors')],
  ['metadata', () => swollen('metadata.safetensors')],
  ['long names in a long header', () => safetensors(paddedHeader())],
];
const SHARDS = 160;

function swollen(name: string): Uint8Array {
  const [, bytes] = SWOLLEN.find(([one]) => one === name) ?? [];
  if (bytes === undefined) throw new Error(`there is no ${name}`);
  return bytes();
}

/** Names are parts of the header's text, which a few of them can keep in memory. */
function paddedHeader(): Buffer {
  const tensors = Array.from({ length: 50 }, (_, at) => [
    `a.tensor.with.a.long.name.${at}`,
    { dtype: 'U8', shape: [0], data_offsets: [0, 0] },
  ]);
  return Buffer.from(JSON.stringify(Object.fromEntries(tensors)).padEnd(8 * MIB - 10));
}

function members(count: number, before: string, after = '') {
  return Array.from({ length: count }, (_, at) => ({ name: `${before}${at}${after}` }));
}

// What a process took is read from /proc.
describe.runIf(process.platform === 'linux')('a model of as much as its format allows', () => {
  it.each(SWOLLEN)('%s is read in time and in bounded memory', async (name, bytes) => {
    const place = mkdtempSync(join(folder, 'one-'));
    const [model = name] = name.split('/');
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), bytes());
    const { stdout } = await runOk(process.execPath, [PROGRAM, join(place, model)]);
    rmSync(place, { recursive: true });
    const { format, milliseconds, megabytes }: Reading = JSON.parse(stdout);
    expect(format).toBe(FORMATS[name] ?? FORMATS[name.split('.').at(-1) ?? '']);
    expect(milliseconds).toBeLessThan(MOST_MS);
    expect(megabytes).toBeLessThan(MOST_MB);
  });
});

describe.runIf(process.platform === 'linux')('a folder of files of as much as their format allows', () => {
  it.each(SWOLLEN_SHARDS)('is read in time and in bounded memory: %s', async (name, bytes) => {
    const place = mkdtempSync(join(folder, 'shards-'));
    const shardOf = (number: number) =>
      join(
        place,
        `model-${String(number).padStart(5, '0')}-of-${String(SHARDS).padStart(5, '0')}.safetensors`,
      );
    writeFileSync(shardOf(1), bytes());
    for (let number = 2; number <= SHARDS; number += 1) linkSync(shardOf(1), shardOf(number));
    writeFileSync(join(place, 'config.json'), '{"model_type": "llama"}');
    const { stdout } = await runOk(process.execPath, [PROGRAM, place]);
    rmSync(place, { recursive: true });
    const { format, milliseconds, megabytes }: Reading = JSON.parse(stdout);
    expect(format, name).toBe('huggingface');
    expect(milliseconds).toBeLessThan(MAX_FOLDER_READ_MS + MOST_MS);
    expect(megabytes).toBeLessThan(MOST_MB);
  });
});
