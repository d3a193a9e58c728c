import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Finding, ModelFacts } from '../../../src/core/readers/reader.ts';
import { codesOf, fixtureBytes, fixtureNames, propertiesOf, readBytes, readFixture } from './fixtures.ts';

const CANARY = join(tmpdir(), `omlmd-canary-${process.pid}`);
const COMMAND = `touch ${CANARY}`;

/** Opcodes by characters (latin1) and raw bytes. */
function pickle(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.from([part]);
      return typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    }),
  );
}

const short = (text: string) => pickle(0x8c, text.length, text);
const bytes32 = (data: Uint8Array) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.byteLength);
  return pickle('B', length, data);
};
const stackGlobal = (module: string, name: string) => pickle(short(module), short(name), 0x93);
const P4 = pickle(0x80, 4);
const evil = pickle(stackGlobal('os', 'system'), short(COMMAND), 0x85, 'R');

/** A method of a table of pandas that writes a file. */
const bound = pickle(
  stackGlobal('builtins', 'getattr'),
  stackGlobal('pandas.core.frame', 'DataFrame'),
  ')R',
  short('to_pickle'),
  0x86,
  'R',
);
/** An object that has it under a name that an opcode calls. */
const carrier = (name: string) =>
  pickle(P4, stackGlobal('types', 'SimpleNamespace'), ')R}', short(name), bound, 'sb');

/** The attacks, each by another route. All must be critical. */
const ATTACKS: Readonly<Record<string, Buffer>> = {
  'GLOBAL and REDUCE, protocol 0': pickle('cos\nsystem\n', `(S'${COMMAND}'\ntR.`),
  'GLOBAL by the name that Linux has': pickle('cposix\nsystem\n', `(S'${COMMAND}'\ntR.`),
  'GLOBAL without a call': pickle('cos\nsystem\n.'),
  'GLOBAL by a Python 2 name': pickle('c__builtin__\neval\n', "(S'1'\ntR."),
  'GLOBAL by a renamed module': pickle('ccommands\ngetoutput\n', "(S'id'\ntR."),
  STACK_GLOBAL: pickle(P4, evil, '.'),
  'STACK_GLOBAL out of the memo': pickle(
    P4,
    short('os'),
    0x94,
    '0',
    short('system'),
    0x94,
    '0',
    'h\x00h\x01',
    0x93,
    short(COMMAND),
    0x85,
    'R.',
  ),
  'STACK_GLOBAL without a protocol number': pickle(evil, '.'),
  'STACK_GLOBAL with texts of protocol 0': pickle(
    P4,
    "S'o\\x73'\n",
    'V\\u0073ystem\n',
    0x93,
    short(COMMAND),
    0x85,
    'R.',
  ),
  INST: pickle(`(S'${COMMAND}'\nios\nsystem\n.`),
  OBJ: pickle('(cos\nsystem\n', `S'${COMMAND}'\no.`),
  NEWOBJ: pickle(P4, stackGlobal('subprocess', 'Popen'), short(COMMAND), 0x85, 0x81, '.'),
  NEWOBJ_EX: pickle(P4, stackGlobal('subprocess', 'Popen'), ')', '}', 0x92, '.'),
  'BUILD after a call': pickle(
    P4,
    stackGlobal('subprocess', 'Popen'),
    ')',
    0x81,
    '}',
    short('a'),
    short('b'),
    'sb.',
  ),
  'a dotted name': pickle(P4, stackGlobal('torch.serialization', 'os.system'), short(COMMAND), 0x85, 'R.'),
  'a dotted name in numpy': pickle(P4, stackGlobal('numpy', 'f2py.os.system'), short(COMMAND), 0x85, 'R.'),
  'a module re-exported by a trusted one': pickle(P4, stackGlobal('joblib', 'os'), '.'),
  eval: pickle(P4, stackGlobal('builtins', 'eval'), short('1'), 0x85, 'R.'),
  __import__: pickle(P4, stackGlobal('builtins', '__import__'), short('os'), 0x85, 'R.'),
  'a bound method as __setstate__, called by BUILD': pickle(carrier('__setstate__'), short(CANARY), 'b.'),
  'a bound method as append, called by APPEND': pickle(carrier('append'), short(CANARY), 'a.'),
  'a bound method as add, called by ADDITEMS': pickle(carrier('add'), '(', short(CANARY), 0x90, '.'),
  'a bound method called by a function of torch': pickle(
    P4,
    stackGlobal('torch._tensor', '_rebuild_from_type_v2'),
    '(',
    bound,
    'N',
    short(CANARY),
    0x85,
    '}tR.',
  ),
  "a text for scipy's exec in the arguments of a dictionary": pickle(
    P4,
    stackGlobal('scipy.stats._distn_infrastructure', 'rv_discrete'),
    ')',
    0x81,
    stackGlobal('collections', 'OrderedDict'),
    '](',
    short('_parse_arg_template'),
    short('import os'),
    'la',
    0x85,
    'Rb.',
  ),
  'a getattr chain': pickle(
    P4,
    stackGlobal('builtins', 'getattr'),
    stackGlobal('builtins', '__import__'),
    short('os'),
    0x85,
    'R',
    short('system'),
    0x86,
    'R',
    short(COMMAND),
    0x85,
    'R.',
  ),
  'getattr out of a trusted class': pickle(
    P4,
    stackGlobal('builtins', 'getattr'),
    stackGlobal('numpy', 'ndarray'),
    short('__init__'),
    0x86,
    'R',
    '.',
  ),
  'getattr kept for later': pickle(
    P4,
    stackGlobal('builtins', 'getattr'),
    0x94,
    stackGlobal('collections', 'OrderedDict'),
    short('fromkeys'),
    0x86,
    'R',
    'h\x00',
    0x86,
    '.',
  ),
  'calling what getattr gave': pickle(
    P4,
    stackGlobal('builtins', 'getattr'),
    stackGlobal('pathlib', 'PosixPath'),
    short(CANARY),
    0x85,
    'R',
    short('touch'),
    0x86,
    'R',
    ')R.',
  ),
  'calling what partial gave': pickle(
    P4,
    stackGlobal('functools', 'partial'),
    stackGlobal('some.module', 'function'),
    0x85,
    'R',
    ')R.',
  ),
  'operator.attrgetter': pickle(P4, stackGlobal('operator', 'attrgetter'), short('system'), 0x85, 'R.'),
  'a computed name': pickle(
    P4,
    stackGlobal('_codecs', 'encode'),
    short('os'),
    0x85,
    'R',
    short('system'),
    0x93,
    '.',
  ),
  'a second pickle after STOP': pickle(P4, 'N.', P4, evil, '.'),
  'a second pickle of protocol 0 after STOP': pickle(P4, 'N.', 'cos\nsystem\n', `(S'${COMMAND}'\ntR.`),
  'a pickle in a byte string': pickle(
    P4,
    stackGlobal('pickle', 'loads'),
    bytes32(pickle(P4, evil, '.')),
    0x85,
    'R.',
  ),
  'a call that is thrown away': pickle(P4, evil, '0N.'),
  'a call before the file breaks off': pickle(P4, evil),
  'a call before nonsense': pickle(P4, evil, '\xff\xff\xff'),
  'a frame that lies': pickle(P4, 0x95, Buffer.alloc(8, 0xff), evil, '.'),
  zlib: deflateSync(pickle(P4, evil, '.')),
  gzip: gzipSync(pickle(P4, evil, '.')),
  'two gzip members': Buffer.concat([
    gzipSync(pickle(P4, short('os'))),
    gzipSync(pickle(short('system'), 0x93, short(COMMAND), 0x85, 'R.')),
  ]),
  'two zlib streams': Buffer.concat([
    deflateSync(pickle(P4, short('os'))),
    deflateSync(pickle(short('system'), 0x93, short(COMMAND), 0x85, 'R.')),
  ]),
  'a memo place that is written twice': pickle(
    P4,
    short('x'),
    'q\x00q\x00',
    '0',
    short('os'),
    0x94,
    '0',
    'h\x01',
    short('system'),
    0x93,
    '.',
  ),
  'behind a full memo': pickle(
    P4,
    'N\x940'.repeat(160_000),
    short('os'),
    0x94,
    '0',
    'N\x940'.repeat(100),
    'j',
    Buffer.from([0, 0x71, 2, 0]),
    short('system'),
    0x93,
    '.',
  ),
  'behind a text of 100 KB': pickle(
    P4,
    'X',
    Buffer.from([0xa0, 0x86, 1, 0]),
    Buffer.alloc(100_000, 0x61),
    '0',
    evil,
    '.',
  ),
  'behind a hundred thousand opcodes': pickle(P4, 'N0'.repeat(100_000), evil, '.'),
  'behind more objects than are kept': pickle(P4, ']0'.repeat(450_000), evil, '.'),
};

function withCode(facts: ModelFacts, code: Finding['code']): Finding[] {
  return facts.findings.filter((finding) => finding.code === code);
}

/** The bytes of a joblib file up to and with the opcode that fills its first array wrapper, and what follows. */
function jobLibArrayEnd(): { before: Uint8Array; after: Uint8Array } {
  const whole = fixtureBytes('svc-plain.joblib');
  const at = Buffer.from(whole).indexOf(Buffer.from('numpy_array_alignment_bytes'));
  const build = whole.indexOf(0x62, at + 'numpy_array_alignment_bytes'.length);
  return { before: whole.subarray(0, build + 1), after: whole.subarray(build + 1) };
}

describe('malicious pickles', () => {
  it.each(Object.keys(ATTACKS))('%s is critical, and nothing runs', async (route) => {
    const bytes = ATTACKS[route] ?? Buffer.alloc(0);
    for (const path of ['model.pkl', 'model.joblib', 'model.bin', 'model']) {
      const facts = await readBytes(path, bytes);
      expect(codesOf(facts)).toContain('critical unsafe-import');
      expect(codesOf(facts)).toContain('info runs-code-when-loaded');
    }
    expect(existsSync(CANARY)).toBe(false);
    rmSync(CANARY, { force: true });
  });

  it('are found in every prefix that holds the import', async () => {
    const whole = pickle(P4, evil, '.');
    const firstWithImport = pickle(P4, stackGlobal('os', 'system')).byteLength;
    for (let length = firstWithImport; length <= whole.byteLength; length += 1) {
      expect(codesOf(await readBytes('x.pkl', whole.subarray(0, length)))).toContain(
        'critical unsafe-import',
      );
    }
  });

  it('say where', async () => {
    const [finding] = withCode(await readBytes('x.pkl', pickle(P4, evil, '.')), 'unsafe-import');
    expect(finding).toMatchObject({
      where: 'offset 14',
      message: 'loading the file imports "os.system", which can run any code',
    });
  });

  it.each([1, 2, 4])('EXT%i is an import that cannot be known', async (width) => {
    const code = { 1: 0x82, 2: 0x83, 4: 0x84 }[width] ?? 0;
    const facts = await readBytes('x.pkl', pickle(P4, code, Buffer.alloc(width, 7), ')R.'));
    expect(codesOf(facts)).toContain('medium unknown-import');
  });

  it('code by value is said to be code', async () => {
    const facts = await readBytes(
      'x.pkl',
      pickle(P4, stackGlobal('cloudpickle.cloudpickle', '_make_function'), ')R.'),
    );
    expect(codesOf(facts)).toContain('high code-in-model');
  });

  it('a byte string that only begins like a pickle is none', async () => {
    const bytes = Buffer.from([0x80, 0x00, 0x90, 0x31, 0x90, 0x31]);
    const facts = await readBytes('x.pkl', pickle(P4, 'C', Buffer.from([bytes.length]), bytes, '.'));
    expect(codesOf(facts)).toEqual(['info runs-code-when-loaded']);
  });

  it('an instance of a class by value is code, not a call; calling the class is', async () => {
    const makeClass = [stackGlobal('cloudpickle.cloudpickle', '_make_skeleton_class'), ')R'];
    const instance = await readBytes('x.pkl', pickle(P4, ...makeClass, ')\x81.'));
    expect(codesOf(instance)).toEqual(['high code-in-model', 'info runs-code-when-loaded']);
    const called = await readBytes('x.pkl', pickle(P4, ...makeClass, ')R.'));
    expect(codesOf(called)).toContain('critical unsafe-import');
  });

  it('calling a function by value while loading is critical', async () => {
    const facts = await readBytes(
      'x.pkl',
      pickle(P4, stackGlobal('dill._dill', '_create_function'), ')R)R.'),
    );
    expect(codesOf(facts)).toContain('critical unsafe-import');
  });
});

describe("joblib's arrays", () => {
  it('a payload behind an array is found', async () => {
    const whole = fixtureBytes('svc-plain.joblib');
    const facts = await readBytes('x.joblib', Buffer.concat([whole.subarray(0, -1), pickle('0', evil, '.')]));
    expect(codesOf(facts)).toContain('critical unsafe-import');
  });

  it('a payload in the padding before an array is found out', async () => {
    const { before, after } = jobLibArrayEnd();
    const padded = after[0] ?? 0;
    const payload = pickle(evil, '.');
    const facts = await readBytes(
      'x.joblib',
      Buffer.concat([before, Buffer.from([payload.byteLength]), payload, after.subarray(1 + padded)]),
    );
    expect(codesOf(facts)).toContain('high malformed');
  });

  it('an array whose size cannot be told stops the reading, in plain words', async () => {
    const whole = Buffer.from(fixtureBytes('svc-plain.joblib'));
    const at = whole.indexOf(Buffer.from('f8'));
    whole.write('zz', at);
    const facts = await readBytes('x.joblib', whole);
    expect(withCode(facts, 'malformed')[0]?.message).toContain('the rest was not looked into');
  });

  it('object arrays are pickles of their own, and are looked into', async () => {
    expect(propertiesOf(await readFixture('svc-plain.joblib')).feature_names).toHaveLength(4);
    const { before } = jobLibArrayEnd();
    expect(before.byteLength).toBeGreaterThan(100);
    const whole = Buffer.from(fixtureBytes('svc-plain.joblib'));
    const inner = whole.indexOf(Buffer.from([0x80, 5]), 2);
    expect(inner).toBeGreaterThan(0);
    const poisoned = Buffer.concat([whole.subarray(0, inner), pickle(P4, evil, '.'), whole.subarray(inner)]);
    expect(codesOf(await readBytes('x.joblib', poisoned))).toContain('critical unsafe-import');
  });
});

describe('ordinary pickles', () => {
  it.each(fixtureNames('.pkl', '-plain.joblib'))('%s has nothing but allowed imports', async (name) => {
    const { details } = await readFixture(name);
    const imports = Array.isArray(details.imports) ? details.imports : [];
    expect(imports.length).toBeGreaterThan(2);
    expect(imports.filter(({ verdict }) => verdict !== 'allowed')).toEqual([]);
  });

  it('a class of no known framework is reported, and not called dangerous', async () => {
    const facts = await readBytes(
      'x.pkl',
      pickle(P4, stackGlobal('__main__', 'Model'), ')', 0x81, '}', short('size'), 'K\x05sb.'),
    );
    expect(codesOf(facts)).toEqual(['medium unknown-import', 'info runs-code-when-loaded']);
    expect(propertiesOf(facts)).toEqual({ model_class: '__main__.Model', hyperparameters: { size: 5 } });
    expect(facts.details.imports).toEqual([{ module: '__main__', name: 'Model', verdict: 'unknown' }]);
  });

  /** As Keras 3 writes it. */
  const kerasPickle = (archive: Uint8Array, ...after: readonly Uint8Array[]) =>
    pickle(
      P4,
      stackGlobal('builtins', 'getattr'),
      stackGlobal('keras.src.models.sequential', 'Sequential'),
      short('_unpickle_model'),
      0x86,
      'R',
      stackGlobal('_io', 'BytesIO'),
      ')',
      0x81,
      bytes32(archive),
      'K\x00N',
      0x87,
      'b',
      ...after,
      0x85,
      'R.',
    );

  it('a pickled model of Keras is looked into, and is no attack by itself', async () => {
    const good = codesOf(await readBytes('x.pkl', kerasPickle(fixtureBytes('mlp.keras'))));
    expect(good.filter((code) => /critical|high/.test(code))).toEqual([]);
    const code = codesOf(await readBytes('x.pkl', kerasPickle(fixtureBytes('code.keras'))));
    expect(code).toContain('high code-in-model');
    expect(code).not.toContain('critical unsafe-import');
  });

  it('what Keras would unpickle and cannot be looked into stays an attack', async () => {
    const good = fixtureBytes('mlp.keras');
    const replaced = pickle(bytes32(fixtureBytes('code.keras')), 'K\x00N', 0x87, 'b');
    for (const bytes of [kerasPickle(Buffer.from('none')), kerasPickle(good, replaced)])
      expect(codesOf(await readBytes('x.pkl', bytes))).toContain('critical unsafe-import');
    expect(codesOf(await readBytes('x.pkl', pickle(kerasPickle(good), kerasPickle(good))))).toContain(
      'critical unsafe-import',
    );
  });

  it("a public method of scikit-learn's, or a private one of a known class, may be bound", async () => {
    const method = (module: string, name: string, attribute: string) =>
      pickle(
        P4,
        stackGlobal('builtins', 'getattr'),
        stackGlobal(module, name),
        ')',
        0x81,
        short(attribute),
        0x86,
        'R.',
      );
    for (const bytes of [
      method('sklearn.svm._classes', 'SVC', 'predict'),
      method('scipy.interpolate._interpolate', 'interp1d', '_call_linear'),
    ]) {
      expect(codesOf(await readBytes('x.pkl', bytes))).toEqual(['info runs-code-when-loaded']);
    }
  });

  it('an enumeration written through getattr is not an attack', async () => {
    const facts = await readBytes(
      'x.pkl',
      pickle(
        P4,
        stackGlobal('builtins', 'getattr'),
        stackGlobal('datetime', 'timezone'),
        short('utc'),
        0x86,
        'R.',
      ),
    );
    expect(codesOf(facts)).not.toContain('critical unsafe-import');
  });

  const ownClass = pickle(
    stackGlobal('dill._dill', '_create_type'),
    '(',
    stackGlobal('builtins', 'type'),
    short('M'),
    ')}tR',
    0x94,
  );
  const nameIt = (name: string, value: string) =>
    pickle(stackGlobal('builtins', 'setattr'), 'h\x00', short(name), value, 0x87, 'R0)', 0x81, '.');

  it('a class of its own that dill names is code of the model, and no more', async () => {
    const facts = await readBytes('x.dill', pickle(P4, ownClass, nameIt('__qualname__', '\x8c\x01M')));
    expect(codesOf(facts)).toEqual(['high code-in-model', 'info runs-code-when-loaded']);
  });

  it.each([
    ['of another name', nameIt('__reduce__', '\x8c\x01M')],
    ['to something else than a text', nameIt('__qualname__', 'h\x00')],
    [
      'of something else',
      pickle(
        nameIt('__qualname__', '\x8c\x01M').subarray(0, -1),
        stackGlobal('builtins', 'setattr'),
        stackGlobal('builtins', 'dict'),
        short('__qualname__'),
        short('M'),
        0x87,
        'R.',
      ),
    ],
  ])('setting an attribute %s stays an attack', async (_what, opcodes) => {
    expect(codesOf(await readBytes('x.dill', pickle(P4, ownClass, opcodes)))).toContain(
      'critical unsafe-import',
    );
  });

  it("types of Python's own that dill looks up by name are those types", async () => {
    const loadType = (name: string) =>
      pickle(P4, stackGlobal('dill._dill', '_load_type'), short(name), 0x85, 'R)R.');
    expect(codesOf(await readBytes('x.dill', loadType('dict')))).toEqual(['info runs-code-when-loaded']);
    expect(codesOf(await readBytes('x.dill', loadType('eval')))).toContain('medium unknown-import');
  });

  it.each([
    ['LGBMRegressor', 'regression'],
    ['LGBMRanker', 'ranking'],
  ])('%s keeps no classes, and is for %s', async (name, task) => {
    const facts = await readBytes(
      'x.pkl',
      pickle(P4, stackGlobal('lightgbm.sklearn', name), ')', 0x81, '}', short('_classes'), 'Nsb.'),
    );
    expect(propertiesOf(facts)).toMatchObject({ task });
    expect(propertiesOf(facts).n_classes).toBeUndefined();
  });

  it.each([
    ['int', 'K\x01.'],
    ['float', pickle('G', Buffer.alloc(8), '.')],
    ['str', pickle(short('text'), '.')],
    ['list', '].'],
    ['tuple', ').'],
    ['dict', '}.'],
    ['set', pickle(0x8f, '.')],
    ['NoneType', 'N.'],
    ['bool', pickle(0x88, '.')],
  ])('a bare %s', async (name, opcodes) => {
    expect(propertiesOf(await readBytes('x.pkl', pickle(P4, opcodes)))).toEqual({
      model_class: `builtins.${name}`,
    });
  });

  it('persistent ids are counted', async () => {
    const facts = await readBytes('x.pkl', pickle(0x80, 2, 'K\x01Q0P1\n.'));
    expect(facts.details.persistent_ids).toBe(2);
  });

  it('two pickles in a row are named, and both are looked into', async () => {
    const facts = await readBytes('x.pkl', pickle(P4, 'N.', P4, stackGlobal('a', 'b'), '.'));
    expect(codesOf(facts)).toEqual([
      'medium hidden-data',
      'medium unknown-import',
      'info runs-code-when-loaded',
    ]);
  });
});

describe('pickles that would take memory or time', () => {
  const cases: readonly (readonly [string, () => Buffer])[] = [
    ['stack without end', () => pickle(P4, Buffer.alloc(2_000_000, 0x4e))],
    ['marks without end', () => pickle(P4, Buffer.alloc(2_000_000, 0x28))],
    ['lists without end', () => pickle(P4, '('.repeat(1), Buffer.alloc(2_000_000, 0x5d))],
    ['memo without end', () => pickle(P4, Buffer.from('N\x94\x30'.repeat(1_000_000), 'latin1'), '.')],
    ['one value appended for ever', () => pickle(P4, ']', 'Na'.repeat(2_000_000), '.')],
    ['a line without end', () => pickle("S'", Buffer.alloc(4_000_000, 0x61))],
    [
      'an integer of megabytes',
      () => pickle(P4, 0x8b, Buffer.from([0, 0, 0x20, 0]), Buffer.alloc(0x20_0000, 1), '.'),
    ],
    ['a text longer than the file', () => pickle(P4, 0x8d, Buffer.alloc(7, 0xff), 0x1f, 'x')],
    ['a list in itself', () => pickle(P4, ']', 0x94, 'h\x00', 'a.')],
    ['tuples in each other', () => pickle(P4, ')', Buffer.alloc(300_000, 0x85), '.')],
  ];
  it.each(cases)('%s', { timeout: 20_000 }, async (_what, make) => {
    const bytes = make();
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const facts = await readBytes('x.pkl', bytes);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
    expect(() => JSON.stringify(facts.details)).not.toThrow();
  });
});
