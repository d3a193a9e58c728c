import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { loadProgram, type ProgramText } from '../../src/cli/cached-program.ts';

const PROGRAM: ProgramText = {
  id: 'a1',
  text: '(function (require, module, exports) { exports.run = () => require("node:path").sep + 1; })',
};
let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'omlmd-code-')), 'code-cache');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

/** Runs the program as a process does, to its end; tells whether it wrote a cache. */
async function run(verb = 'push', program = PROGRAM): Promise<boolean> {
  const exits: (() => void)[] = [];
  const host = {
    folder,
    verb,
    require: createRequire(import.meta.url),
    onExit: (work: () => void) => exits.push(work),
  };
  const { run } = loadProgram(program, host) as { run: () => string };
  expect(run()).toMatch(/^[\\/]1$/);
  for (const work of exits) work();
  return exits.length > 0;
}

const files = async () => (await readdir(folder)).map((name) => join(folder, name));
const only = async () => (await files())[0] ?? '';
const noted = async () => (await readFile(await only(), 'latin1')).split('\n')[0];

it('is kept by a process that sets flags of V8, too', async () => {
  const text =
    '(function (require, module, exports) { require("node:v8").setFlagsFromString("--expose-gc"); })';
  const path = fileURLToPath(new URL('../../src/cli/cached-program.ts', import.meta.url));
  const code = `import { loadProgram } from ${JSON.stringify(path)};
    loadProgram(${JSON.stringify({ text, id: 'a1' })});
    console.log(process.listenerCount('exit'));`;
  const env = { ...process.env, OMLMD_HOME: join(folder, '..') };
  const runs = [1, 2].map(() =>
    execFileSync(process.execPath, ['--input-type=module', '-e', code, 'push'], { env, encoding: 'utf8' }),
  );
  expect(Number(runs[0]) - Number(runs[1])).toBe(1);
});

it('is compiled once for each verb, and kept for the user alone', async () => {
  expect([await run(), await run(), await run('pull'), await run(), await run('pull')]).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
  expect(await files()).toHaveLength(1);
  expect(await noted()).toMatch(/^[0-9a-f]+ push pull$/);
});

it('is compiled anew when the cache is damaged, cut, or of another program', async () => {
  await run();
  const whole = await readFile(await only());
  for (const damage of [whole.subarray(0, 40), Buffer.from('push\n'), Buffer.alloc(0), flipped(whole)]) {
    await writeFile(await only(), damage);
    expect(await run()).toBe(true);
    expect(await run()).toBe(false);
  }
  expect(await run('push', { ...PROGRAM, id: 'b2' })).toBe(true);
  expect(await files()).toHaveLength(2);
});

it.skipIf(process.platform === 'win32')(
  'does not use code that somebody else could have written',
  async () => {
    await run();
    const path = await only();
    for (const mode of [0o620, 0o602, 0o640]) {
      await chmod(path, mode);
      expect(await run(), mode.toString(8)).toBe(true);
      expect(await run()).toBe(false);
    }
    const elsewhere = join(folder, '..', 'elsewhere');
    await writeFile(elsewhere, await readFile(path), { mode: 0o600 });
    await rm(path);
    await symlink(elsewhere, path);
    expect(await run()).toBe(true);
  },
);

it('runs all the same where nothing can be kept', async () => {
  await writeFile(join(folder, '..', 'code-cache'), 'a file');
  expect([await run(), await run()]).toEqual([true, true]);
});

it('removes what has not been used for a month', async () => {
  await run();
  const old = await only();
  await utimes(old, 1, 1);
  await run('push', { ...PROGRAM, id: 'b2' });
  expect(await files()).not.toContain(old);
});

it('takes no foreign text for a verb', async () => {
  await run('../../x\n');
  expect(await noted()).toMatch(/^[0-9a-f]+ $/);
});

it('can be told to leave the data folder alone, as Node.js can', () => {
  vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', '1');
  vi.stubEnv('OMLMD_HOME', join(folder, '..', 'home'));
  const exits = process.listenerCount('exit');
  loadProgram(PROGRAM);
  expect(process.listenerCount('exit')).toBe(exits);
  vi.unstubAllEnvs();
  vi.stubEnv('OMLMD_HOME', join(folder, '..', 'home'));
  vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', '');
  loadProgram(PROGRAM);
  expect(process.listenerCount('exit')).toBe(exits + 1);
  process.removeListener('exit', process.listeners('exit').at(-1) ?? (() => {}));
  vi.unstubAllEnvs();
});

/** With a changed bit in the middle of the code. */
function flipped(whole: Buffer): Buffer {
  const copy = Buffer.from(whole);
  const middle = copy.length - 8;
  copy.writeUInt8(copy.readUInt8(middle) ^ 0xff, middle);
  return copy;
}
