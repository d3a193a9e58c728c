import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';
import { holdFacts } from './contract.ts';
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
import { type Entry, zip } from './zip-bytes.ts';

const NAMES = fixtureNames('.pt', '.pt2', '.pth', 'protocol4.bin', 'tied.bin', '.ckpt', '.torchscript');
/** Named by a class of the script that wrote it, which is on no list. */
const OWN_CLASS = 'module-legacy.pt';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const shortText = (text: string) => `X${String.fromCharCode(text.length)}\0\0\0${text}`;
const EVIL = latin1('\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.');
const EMPTY = latin1('\x80\x02}.');

/** A tar file of these members. */
function tar(members: Readonly<Record<string, Uint8Array>>): Buffer {
  const blocks = Object.entries(members).flatMap(([name, data]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(data.byteLength.toString(8).padStart(11, '0'), 124);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.byteLength % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function tensorsOf(facts: ModelFacts): Record<string, unknown> {
  const tensors = Array.isArray(facts.details.tensors) ? facts.details.tensors : [];
  return Object.fromEntries(tensors.map(({ name, ...rest }) => [name, rest]));
}

function imports(facts: ModelFacts): string[] {
  const listed = Array.isArray(facts.details.imports) ? facts.details.imports : [];
  return listed.map(({ module, name }) => `${module}.${name}`);
}

/** A state dict of one float tensor with this storage. */
function oneTensor(elements: number, shape: string, key = '0'): Buffer {
  const count = Buffer.alloc(4);
  count.writeInt32LE(elements);
  const id = `(${shortText('storage')}ctorch\nFloatStorage\n${shortText(key)}${shortText('cpu')}J${count.toString('latin1')}tQ`;
  const tensor = `ctorch._utils\n_rebuild_tensor_v2\n(${id}K\0${shape}K\x01\x85\x89}tR`;
  return latin1(`\x80\x02}${shortText('w')}${tensor}s.`);
}

const archive = (data: Uint8Array, ...more: readonly Entry[]) => zip({ name: 'm/data.pkl', data }, ...more);

describe('files of torch', () => {
  it.each(NAMES.filter((name) => name !== OWN_CLASS))('%s is what torch says', async (name) => {
    const facts = await readFixture(name);
    const expected = expectedFacts(name);
    holdFacts(facts, expected);
    expect(tensorsOf(facts)).toEqual(expected.tensors);
    expect(codesOf(facts)).toEqual(['info runs-code-when-loaded']);
    for (const part of ['archive', 'checkpoint', 'operators', 'opsets', 'schema_version'] as const) {
      if (expected[part] !== undefined) expect(facts.details[part]).toEqual(expected[part]);
    }
  });

  it('a whole module in the first layout is read, with its class', async () => {
    const facts = await readFixture(OWN_CLASS);
    const expected = expectedFacts(OWN_CLASS);
    expect(facts.format).toEqual({ name: 'pytorch', version: null });
    expect(propertiesOf(facts)).toMatchObject(expected.properties);
    expect(tensorsOf(facts)).toEqual(expected.tensors);
    expect(imports(facts)).toContain('__main__.Scale');
    expect(codesOf(facts)).toEqual(['medium unknown-import', 'info runs-code-when-loaded']);
  });

  it('TorchScript shows its code, its operators and the files that were put with it', async () => {
    const { details } = await readFixture('scripted.torchscript');
    expect(details.operators).toMatchObject({ 'aten::linear': 2, 'aten::relu': 1 });
    expect(details.other_members).toEqual(['scripted/extra/labels.txt']);
    expect(details.code).toContain('scripted/code/__torch__/torch/nn/modules/container.py');
  });

  it('any name is read right, and one that lies is said to', async () => {
    const legacy = await readBytes('model.pkl', fixtureBytes('legacy.pth'));
    expect(legacy.format.name).toBe('pytorch');
    expect(codesOf(legacy)).toContain('medium name-mismatch');
    expect((await readBytes('model', fixtureBytes('state-dict.pt'))).format.name).toBe('pytorch');
    expect(codesOf(await readBytes('model.pt', fixtureBytes('scripted.torchscript')))).toEqual([
      'info runs-code-when-loaded',
    ]);
    expect(codesOf(await readBytes('a.skops', fixtureBytes('tied.bin')))).toContain('medium name-mismatch');
  });

  it('a file with large storages costs three requests', async () => {
    const storage = Buffer.alloc(8_000_000);
    const data = oneTensor(2_000_000, 'J\x80\x84\x1e\0\x85');
    const bytes = archive(data, { name: 'm/data/0', data: storage }, { name: 'm/version', data: '3\n' });
    const counted = countingContent(bytesContent(bytes));
    const facts = await readModelFile({ path: 'big.pt', content: counted.content });
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 2_000_000, precision: 'F32' });
    expect(facts.details.archive).toEqual({ version: '3' });
    expect(codesOf(facts)).toEqual(['info runs-code-when-loaded']);
    expect(counted.ranges.length).toBeLessThanOrEqual(3);
    expect(counted.bytes()).toBeLessThan(2 * 1024 * 1024);
  });

  it('a pickle of half a megabyte costs three requests as well', async () => {
    const long = latin1(`\x80\x02(${`X\xff\0\0\0${'x'.repeat(255)}`.repeat(2000)}l.`);
    const bytes = archive(
      long,
      { name: 'm/data/0', data: Buffer.alloc(8_000_000) },
      { name: 'm/version', data: '3' },
    );
    const counted = countingContent(bytesContent(bytes));
    await readModelFile({ path: 'big.pt', content: counted.content });
    expect(counted.ranges.length).toBeLessThanOrEqual(3);
    expect(counted.bytes()).toBeLessThan(2 * 1024 * 1024);
  });

  it('a pickle behind large storages costs three requests as well', async () => {
    const storage = { name: 'm/data/0', data: Buffer.alloc(8_000_000) };
    const padding = { name: 'm/data/1', data: Buffer.alloc(8_000_000) };
    const data = { name: 'm/data.pkl', data: oneTensor(2_000_000, 'J\x80\x84\x1e\0\x85') };
    const counted = countingContent(bytesContent(zip(storage, data, padding)));
    const facts = await readModelFile({ path: 'big.pt', content: counted.content });
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 2_000_000 });
    expect(counted.ranges.length).toBeLessThanOrEqual(3);
    expect(counted.bytes()).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('files of torch that lie', () => {
  it.each<[string, Uint8Array, string]>([
    ['os.system', archive(EVIL), 'critical unsafe-import'],
    [
      'os.system in a deflated pickle',
      zip({ name: 'm/data.pkl', data: EVIL, deflate: true }),
      'critical unsafe-import',
    ],
    [
      'os.system in the second data.pkl',
      archive(EMPTY, { name: 'm/data.pkl', data: EVIL }),
      'critical unsafe-import',
    ],
    ['two data.pkl', archive(EMPTY, { name: 'm/data.pkl', data: EMPTY }), 'high hidden-data'],
    ['os.system in DATA.PKL', archive(EMPTY, { name: 'm/DATA.PKL', data: EVIL }), 'critical unsafe-import'],
    [
      'os.system in another folder',
      archive(EMPTY, { name: 'n/data.pkl', data: EVIL }),
      'critical unsafe-import',
    ],
    [
      'os.system in an odd member',
      archive(EMPTY, { name: 'm/notes.txt', data: EVIL }),
      'critical unsafe-import',
    ],
    [
      'os.system in constants.pkl',
      archive(EMPTY, { name: 'm/constants.pkl', data: EVIL }),
      'critical unsafe-import',
    ],
    [
      'a pickle marked as encrypted',
      zip({ name: 'm/data.pkl', data: EVIL, flags: 1 }),
      'critical unsafe-import',
    ],
    ['encryption', zip({ name: 'm/data.pkl', data: EVIL, flags: 1 }), 'high encrypted'],
    [
      'a pickle with a wrong checksum',
      zip({ name: 'm/data.pkl', data: EVIL, crc: 7 }),
      'critical unsafe-import',
    ],
    [
      'a local header of another name',
      zip({ name: 'm/data.pkl', data: EVIL, local: { name: 'x' } }),
      'critical unsafe-import',
    ],
    ['a storage that is not there', archive(oneTensor(4, 'K\x04\x85')), 'high truncated'],
    [
      'a storage that is too short',
      archive(oneTensor(4, 'K\x04\x85'), { name: 'm/data/0', data: 'abc' }),
      'high truncated',
    ],
    ['a second pickle behind the first', archive(Buffer.concat([EMPTY, EVIL])), 'critical unsafe-import'],
    [
      'a class by its name as a persistent id',
      archive(latin1(`\x80\x02(${shortText('module')}cos\nsystem\ntQ.`)),
      'critical unsafe-import',
    ],
  ])('%s', async (_what, bytes, code) => {
    expect(codesOf(await readBytes('x.pt', bytes))).toContain(code);
  });

  it.each([
    ['a negative dimension', 'J\xff\xff\xff\xff\x85'],
    ['a million dimensions', `(${'K\x01'.repeat(1000)}t`],
  ])('%s gives no count', async (_what, shape) => {
    const facts = await readBytes(
      'x.pt',
      archive(oneTensor(4, shape), { name: 'm/data/0', data: Buffer.alloc(16) }),
    );
    expect(propertiesOf(facts).parameter_count ?? 0).toBe(0);
  });

  it('a tensor never counts for more than its storage holds', async () => {
    const bytes = archive(oneTensor(4, 'J\xff\xff\xff\x7f\x85'), {
      name: 'm/data/0',
      data: Buffer.alloc(16),
    });
    expect(propertiesOf(await readBytes('x.pt', bytes)).parameter_count).toBe(4);
  });

  it('the same part of a storage under two names counts once', async () => {
    const one = oneTensor(12, 'K\x04\x85').subarray(3, -2).toString('latin1');
    const two = latin1(`\x80\x02}(${one}${one.replace('X\x01\0\0\0w', 'X\x01\0\0\0v')}u.`);
    const facts = await readBytes('x.pt', archive(two, { name: 'm/data/0', data: Buffer.alloc(48) }));
    expect(Object.keys(tensorsOf(facts))).toEqual(['w', 'v']);
    expect(propertiesOf(facts).parameter_count).toBe(4);
  });

  it('a pickle that names itself ends', async () => {
    const facts = await readBytes('x.pt', archive(latin1(`\x80\x02}q\0${shortText('w')}h\0s.`)));
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 0 });
  });

  it('custom operators and calls that touch files in TorchScript are findings', async () => {
    const code = (data: string) =>
      archive(EMPTY, { name: 'm/constants.pkl', data: EMPTY }, { name: 'm/code/__torch__.py', data });
    const custom = await readBytes('x.pt', code('return ops.mine.op(torch.relu(x))'));
    expect(custom.format.name).toBe('torchscript');
    expect(custom.details.operators).toEqual({ 'mine::op': 1, 'aten::relu': 1 });
    expect(codesOf(custom)).toContain('medium code-in-model');
    const file = await readBytes('x.pt', code('x = torch.from_file("/etc/passwd", False, 9)'));
    expect(codesOf(file)).toContain('high code-in-model');
  });

  it('machine code, custom operators and pickles in exported programs are findings', async () => {
    const program = (target: string) => JSON.stringify({ graph_module: { graph: { nodes: [{ target }] } } });
    const exported = (target: string, ...more: readonly Entry[]) =>
      readBytes('x.pt2', zip({ name: 'serialized_exported_program.json', data: program(target) }, ...more));
    const custom = await exported('torch.ops.mine.op.default');
    expect(custom.format.name).toBe('torch-export');
    expect(codesOf(custom)).toEqual(['medium code-in-model']);
    const library = { name: 'p/data/aotinductor/model/a.so', data: 'x' };
    expect(codesOf(await exported('torch.ops.aten.add.Tensor', library))).toEqual(['high code-in-model']);
    const state = { name: 'serialized_state_dict.pt', data: archive(EVIL) };
    expect(codesOf(await exported('torch.ops.aten.add.Tensor', state))).toContain('critical unsafe-import');
  });

  it('a tensor that makes no sense hides nothing', async () => {
    const bad = oneTensor(4, 'J\xff\xff\xff\xff\x85').subarray(0, -1);
    const both = Buffer.concat([bad, latin1('0'), EVIL.subarray(2)]);
    for (const shape of ['J\xff\xff\xff\xff\x85', `(${'K\x01'.repeat(1000)}t`]) {
      const bytes = archive(oneTensor(4, shape), { name: 'm/notes', data: EVIL });
      expect(codesOf(await readBytes('x.pt', bytes))).toContain('critical unsafe-import');
    }
    expect(codesOf(await readBytes('x.pt', archive(both)))).toContain('critical unsafe-import');
  });

  it('imports of all members are listed, and that code runs is said once', async () => {
    const facts = await readBytes('x.pt', archive(oneTensor(0, 'K\0\x85'), { name: 'm/notes', data: EVIL }));
    expect(imports(facts)).toEqual(['torch._utils._rebuild_tensor_v2', 'torch.FloatStorage', 'os.system']);
    expect(codesOf(facts).filter((code) => code.endsWith('runs-code-when-loaded'))).toHaveLength(1);
  });

  it('more members than are looked into are said to be', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ name: `m/x${i}`, data: 'x' }));
    const facts = await readBytes('x.pt', archive(EMPTY, ...many, { name: 'm/evil.pkl', data: EVIL }));
    expect(codesOf(facts)).toEqual(
      expect.arrayContaining(['low too-large-to-show', 'critical unsafe-import']),
    );
  });

  it('a torch.package brings source, which is a finding, and its pickles are read', async () => {
    const marker = { name: 'p/.data/extern_modules', data: 'torch' };
    const source = { name: 'p/mine.py', data: 'import os' };
    const facts = await readBytes('x.pt', zip(marker, source, { name: 'p/res/a.pkl', data: EVIL }));
    expect(facts.format.name).toBe('pytorch');
    expect(facts.details.code).toEqual(['p/mine.py']);
    expect(codesOf(facts)).toEqual([
      'high code-in-model',
      'critical unsafe-import',
      'info runs-code-when-loaded',
    ]);
  });

  it('legacy files that are cut off or go on say so', async () => {
    const whole = fixtureBytes('legacy.pth');
    expect(codesOf(await readBytes('x.pth', whole.subarray(0, -9)))).toContain('high truncated');
    expect(codesOf(await readBytes('x.pth', Buffer.concat([whole, Buffer.alloc(7)])))).toContain(
      'medium hidden-data',
    );
  });

  it.each(['legacy.pth', OWN_CLASS])('%s cut off anywhere in its storages says so', async (name) => {
    const whole = fixtureBytes(name);
    for (let cut = 1; cut <= 24; cut += 1) {
      const facts = await readBytes(name, whole.subarray(0, -cut));
      expect(codesOf(facts), `${cut} bytes`).toContain('high truncated');
    }
  });

  it('a pickle in an archive of no known format is looked into, and so is a zip file beside a data.pkl', async () => {
    const other = await readBytes('x.zip', zip({ name: 'model.pkl', data: EVIL }));
    expect(codesOf(other)).toContain('critical unsafe-import');
    const inside = await readBytes('x.pt', archive(EMPTY, { name: 'm/other', data: archive(EVIL) }));
    expect(codesOf(inside)).toContain('medium hidden-data');
  });

  it('an archive behind other bytes is read where its name claims one', async () => {
    const hidden = await readBytes('x.pt', Buffer.concat([Buffer.alloc(100), archive(EVIL)]));
    expect(hidden.format.name).toBe('pytorch');
    expect(codesOf(hidden)).toEqual(expect.arrayContaining(['critical unsafe-import', 'medium hidden-data']));
    const noise = await readBytes('x.pt', Buffer.alloc(1000));
    expect(codesOf(noise)).toEqual(['low name-mismatch']);
    expect((await readBytes('x.pt', fixtureBytes('svc-protocol4.pkl'))).format.name).toBe('pickle');
  });

  it('a tar file as torch 0.1 wrote it is looked into, any other is unknown', async () => {
    const facts = await readBytes(
      'x.pth',
      tar({ 'first.txt': Buffer.from('x'), pickle: EVIL, storages: EMPTY }),
    );
    expect(facts.format.name).toBe('pytorch');
    expect(codesOf(facts)).toEqual(['critical unsafe-import', 'info runs-code-when-loaded']);
    const linked = await readBytes('x.pth', tar({ storages: EMPTY, hidden: EVIL }));
    expect(codesOf(linked)).toContain('critical unsafe-import');
    const other = await readBytes('x.tar', tar({ 'a.txt': Buffer.from('x') }));
    expect(other.format.name).toBe('unknown');
    expect(other.findings).toEqual([]);
    const whole = tar({ pickle: EVIL });
    for (let length = 500; length < whole.byteLength; length += 5)
      await readBytes('x.pth', whole.subarray(0, length));
  });

  it('a zip file of something else is unknown', async () => {
    const facts = await readBytes('x.zip', zip({ name: 'readme', data: 'hello' }));
    expect(facts.format).toEqual({ name: 'unknown', version: null });
    expect(facts.findings).toEqual([]);
  });
});

describe('damaged files of torch', () => {
  it.each(['state-dict.pt', 'legacy.pth', 'scripted.torchscript', 'lightning.ckpt'])(
    '%s without its end is still told, and its tensors are listed',
    async (name) => {
      const whole = fixtureBytes(name);
      const facts = await readBytes(name, whole.subarray(0, -40));
      expect(facts.format.name).toBe(expectedFacts(name).format);
      expect(codesOf(facts)).toContain('high truncated');
      expect(codesOf(facts).filter((code) => /critical|medium/.test(code))).toEqual([]);
      expect(propertiesOf(facts)).toMatchObject({
        parameter_count: expectedFacts(name).properties.parameter_count,
      });
    },
  );

  it.each(NAMES)('prefixes of %s give facts', { timeout: 60_000 }, async (name) => {
    const whole = fixtureBytes(name);
    for (let length = 0; length < whole.byteLength; length += whole.byteLength > 4000 ? 61 : 7) {
      const facts = await readBytes(name, whole.subarray(0, length));
      expect(Object.keys(facts.metadata)).toHaveLength(7);
    }
  });

  it.each(NAMES)('flipped bits in %s give facts', { timeout: 60_000 }, async (name) => {
    const whole = fixtureBytes(name);
    for (let at = 0; at < whole.byteLength; at += whole.byteLength > 4000 ? 53 : 7) {
      const bytes = new Uint8Array(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const facts = await readBytes(name, bytes);
      expect(() => JSON.stringify(facts.details)).not.toThrow();
    }
  });
});
