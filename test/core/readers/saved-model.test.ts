import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesContent, type Content } from '../../../src/core/oci/content.ts';
import { holdFacts } from './contract.ts';
import {
  codesOf,
  countingContent,
  expectedFolder,
  folderPath,
  propertiesOf,
  readFixtureFolder,
} from './fixtures.ts';
import { readKnownFolder } from './memory-folder.ts';

const NAMES = ['saved-keras', 'saved-words', 'saved-reaching'];
const GRAPH = 'saved_model.pb';
const INDEX = 'variables/variables.index';
const DATA = 'variables/variables.data-00000-of-00001';

function bytesOf(name: string): Record<string, Buffer> {
  const root = folderPath(name);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.map((path) => [relative(root, path), readFileSync(path)]));
}

/** A fixture with some of its files replaced, or left out. */
async function readChanged(name: string, changes: Readonly<Record<string, Uint8Array | undefined>>) {
  const files = Object.entries({ ...bytesOf(name), ...changes });
  const contents = files.flatMap(([path, bytes]): [string, Content][] =>
    bytes === undefined ? [] : [[path, bytesContent(bytes)]],
  );
  return await readKnownFolder(Object.fromEntries(contents));
}

describe('SavedModels as TensorFlow sees them', () => {
  it.each(['saved-keras', 'saved-words'])('facts of %s', async (name) => {
    const { whole, findings } = await readFixtureFolder(name);
    holdFacts(whole, { ...expectedFolder(name), name });
    expect(findings).toEqual([]);
  });

  it.each(NAMES)('signatures, tags, operations and variables of %s', async (name) => {
    const { details } = (await readFixtureFolder(name)).whole;
    const { signatures, tags, operators, variables, checkpoint_hash, assets } = expectedFolder(name);
    expect(details).toMatchObject({ signatures, tags, operators, fingerprint: { checkpoint_hash } });
    expect(details.assets).toEqual(assets);
    const tensors: { name: string; shape: number[] }[] = Array.isArray(details.tensors)
      ? details.tensors
      : [];
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor.shape]));
    expect(byName).toEqual(new Map(Array.isArray(variables) ? variables : []));
  });

  it('operations that reach files or Python are high, and those of every model nothing', async () => {
    const { findings, whole } = await readFixtureFolder('saved-reaching');
    expect(codesOf(whole)).toEqual(Array(4).fill('high code-in-model'));
    const named = findings.map(({ message }) => /"(\w+)"/.exec(message)?.[1]).sort();
    expect(named).toEqual(['EagerPyFunc', 'PrintV2', 'ReadFile', 'WriteFile']);
  });

  it('reads the graph and the index, and of the values the names', async () => {
    const data = bytesOf('saved-keras')[DATA] ?? Buffer.alloc(0);
    const counted = countingContent(bytesContent(Buffer.concat([data, Buffer.alloc(64 * 1024 * 1024)])));
    const files = Object.entries(bytesOf('saved-keras')).map(([path, bytes]) => [path, bytesContent(bytes)]);
    const facts = await readKnownFolder({ ...Object.fromEntries(files), [DATA]: counted.content });
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 10 });
    expect(counted.bytes()).toBeLessThan(256 * 1024);
  });
});

/** A field of bytes, and one of a number. */
function field(number: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.byteLength), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

const text = (value: string) => Buffer.from(value);
const node = (...fields: readonly Buffer[]) => field(2, field(2, field(1, ...fields)));

async function codesOfGraph(graph: Uint8Array): Promise<string[]> {
  return codesOf(await readKnownFolder({ [GRAPH]: bytesContent(graph) }));
}

describe('SavedModels that are damaged or lie', () => {
  it.each(['saved_model.pb', INDEX, DATA])('%s cut off is said to be', { timeout: 60_000 }, async (path) => {
    const whole = bytesOf('saved-keras')[path] ?? Buffer.alloc(0);
    for (let length = 0; length < whole.byteLength; length += path === GRAPH ? 151 : 3) {
      const facts = await readChanged('saved-keras', { [path]: whole.subarray(0, length) });
      // A graph may be cut off between two of its parts; an empty one is no graph.
      if (path !== GRAPH || length > 0) expect(codesOf(facts).join()).toMatch(/high (?:truncated|malformed)/);
      expect(facts.format.name).toBe('tensorflow');
    }
  });

  it.each(['saved_model.pb', INDEX, DATA])(
    'flipped bits in %s give facts',
    { timeout: 60_000 },
    async (path) => {
      const whole = bytesOf('saved-words')[path] ?? Buffer.alloc(0);
      const place = fc.tuple(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }));
      await fc.assert(
        fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 6 }), async (places) => {
          const bytes = Buffer.from(whole);
          for (const [at, mask] of places) bytes[at] = (bytes[at] ?? 0) ^ mask;
          const facts = await readChanged('saved-words', { [path]: bytes });
          expect(() => JSON.stringify(facts.details)).not.toThrow();
          expect(facts.findings.map(({ message }) => message).join()).not.toMatch(
            /undefined|not a function|RangeError/,
          );
        }),
        { numRuns: 200, seed: 6 },
      );
    },
  );

  it('every number of the index may lie', async () => {
    const whole = bytesOf('saved-keras')[INDEX] ?? Buffer.alloc(0);
    for (let at = 0; at + 4 <= whole.byteLength; at += 1) {
      for (const value of [0, 0x7fffffff, 0xffffffff]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt32LE(value, at);
        const facts = await readChanged('saved-keras', { [INDEX]: bytes });
        expect(Object.keys(facts.metadata)).toHaveLength(7);
      }
    }
  });

  it('values that are missing or short are said to be', async () => {
    expect(codesOf(await readChanged('saved-keras', { [DATA]: undefined }))).toEqual(['high truncated']);
    expect(codesOf(await readChanged('saved-words', { 'assets/vocabulary.txt': undefined }))).toEqual([
      'high truncated',
    ]);
  });

  it('an asset outside of the folder is critical', async () => {
    const asset = (name: string) => field(2, field(6, field(2, text(name))));
    expect(await codesOfGraph(asset('../../etc/passwd'))).toEqual(['critical external-path']);
    expect(await codesOfGraph(asset('/etc/passwd'))).toEqual(['critical external-path']);
  });

  it('printing to a file is high, to the terminal nothing', async () => {
    const stream = (to: string) => field(5, field(1, text('output_stream')), field(2, field(2, text(to))));
    const print = field(2, text('PrintV2'));
    expect(await codesOfGraph(node(print, stream('stderr')))).toEqual([]);
    expect(await codesOfGraph(node(print, stream('file:///tmp/x')))).toEqual(['high code-in-model']);
    expect(await codesOfGraph(node(stream('file:///tmp/x'), print))).toEqual(['high code-in-model']);
  });

  it('operations inside functions are seen', async () => {
    const inFunction = field(2, field(2, field(2, field(1, field(3, field(2, text('ReadFile')))))));
    expect(await codesOfGraph(inFunction)).toEqual(['high code-in-model']);
  });

  it('a Lambda layer of Keras 2 is found in both places where its configuration may be', async () => {
    const json = text(
      JSON.stringify({ class_name: 'Lambda', config: { name: 'x', function: ['4wA=', null, null] } }),
    );
    const codes = ['info runs-code-when-loaded', 'high code-in-model'];
    expect(await codesOfGraph(field(2, field(7, field(1, field(4, field(3, json))))))).toEqual(codes);
    const metadata = {
      [GRAPH]: bytesContent(field(2)),
      'keras_metadata.pb': bytesContent(field(1, field(5, json))),
    };
    expect(codesOf(await readKnownFolder(metadata))).toEqual(codes);
  });

  it('messages nested a thousand deep end', async () => {
    let shape = field(2);
    for (let depth = 0; depth < 1000; depth += 1) shape = field(2, shape);
    expect((await codesOfGraph(field(2, shape))).length).toBeLessThan(3);
  });
});
