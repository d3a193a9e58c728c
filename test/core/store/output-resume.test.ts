import { randomBytes } from 'node:crypto';
import {
  chmod,
  link,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, OmlmdError } from '../../../src/core/errors.ts';
import { type Content, textContent } from '../../../src/core/oci/content.ts';
import type { Progress } from '../../../src/core/oci/progress.ts';
import {
  type FileToPlace,
  type PlaceFilesOptions,
  placeFiles,
} from '../../../src/core/store/output-folder.ts';
import { formatIdentity, ownIdentity } from '../../../src/core/store/process-identity.ts';
import { blob, codeOf } from '../target.contract.ts';

const MIB = 1024 * 1024;
const SIZE = 66 * MIB;
const bytes = new Uint8Array(randomBytes(SIZE));
const { descriptor } = blob(bytes);
const hidden = descriptor.digest.replace(':', '-');

let folder = '';
let out = '';
/** Where each stream began, and how many bytes were given in all. */
let starts: number[] = [];
let given = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-resume-'));
  out = join(folder, 'out');
  starts = [];
  given = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Way {
  /** Byte of the content before which the way ends. */
  readonly until?: number;
  readonly failure?: unknown;
  /** Called with each position, before its bytes are given. */
  readonly onChunk?: (at: number) => Promise<void> | void;
  readonly of?: Uint8Array;
}

/** The content as a registry gives it: by ranges, over a way that breaks where it is told to. */
function remote(way: Way = {}, from = 0, to = SIZE): Content {
  const { until = Number.POSITIVE_INFINITY, onChunk, of = bytes } = way;
  const failure = way.failure ?? new OmlmdError('unreachable', 'the cable was pulled', { retryable: true });
  return {
    size: to - from,
    slice: (start = 0, end = to - from) => remote(way, from + start, Math.min(to, from + end)),
    async *stream(options) {
      starts.push(from);
      for (let at = from; at < to; at += 64 * 1024) {
        options?.signal?.throwIfAborted();
        if (at >= until) throw failure;
        await onChunk?.(at);
        const chunk = of.slice(at, Math.min(at + 64 * 1024, to));
        given += chunk.byteLength;
        yield chunk;
      }
    },
  };
}

function model(way: Way = {}): FileToPlace {
  return { title: 'm', descriptor, open: async () => remote(way) };
}

function place(files: readonly FileToPlace[], options: Partial<PlaceFilesOptions> = {}) {
  return placeFiles(out, files, { onExisting: 'refuse', ...options });
}

/** Pulls until the way breaks, and tells the hidden folder that is left. */
async function breakOff(way: Way = { until: 12 * MIB }): Promise<string> {
  expect(await codeOf(place([model(way)]))).toBe('unreachable');
  const [left, ...more] = await readdir(out);
  expect(left).toMatch(/^\.omlmd-/);
  expect(more).toEqual([]);
  starts = [];
  given = 0;
  return join(out, left ?? '');
}

async function expectPlaced(): Promise<void> {
  expect(await readdir(out)).toEqual(['m']);
  expect(Buffer.compare(await readFile(join(out, 'm')), bytes)).toBe(0);
}

describe('a download that broke off', () => {
  it('leaves what came where only its owner can see it, and is gone on with', async () => {
    const left = await breakOff();
    expect((await stat(left)).mode & 0o777).toBe(0o700);
    expect((await readdir(left)).sort()).toEqual([hidden, `${hidden}.ranges`]);
    expect((await stat(join(left, hidden))).mode & 0o777).toBe(0o600);
    const progress: Progress[] = [];
    await place([model()], { onProgress: (p) => progress.push(p) });
    expect(starts).toEqual([12 * MIB]);
    expect(given).toBe(SIZE - 12 * MIB);
    expect(progress[0]?.bytes).toBe(12 * MIB);
    expect(progress.at(-1)).toMatchObject({ bytes: SIZE, state: 'done' });
    expect((await stat(join(out, 'm'))).mode & 0o777).toBe(0o666 & ~process.umask());
    await expectPlaced();
  });

  it('is gone on with as often as it breaks', async () => {
    for (const until of [2.5, 5, 9.25, 19.5].map((mib) => mib * MIB)) await breakOff({ until });
    await place([model()]);
    expect(given).toBe(SIZE - 19.5 * MIB);
    await expectPlaced();
  });

  it('may be whole, and is not asked for again when another file of the pull was not', async () => {
    const other = blob('other');
    const fail = async () => {
      await sleep(300);
      throw new OmlmdError('timed-out', 'no byte');
    };
    const files = (open: () => Promise<Content>) => [model(), { title: 'o', ...other, open }];
    expect(await codeOf(place(files(fail)))).toBe('timed-out');
    starts = [];
    await place(files(async () => textContent('other')));
    expect(starts).toEqual([]);
    expect((await readdir(out)).sort()).toEqual(['m', 'o']);
  });

  it('is gone on with after its process was killed', async () => {
    const left = await breakOff();
    const gone = formatIdentity({ ...(await ownIdentity()), pid: 2 ** 30 });
    await rename(left, join(out, `.omlmd-${gone}-Killed`));
    await place([model()]);
    expect(given).toBe(SIZE - 12 * MIB);
    await expectPlaced();
  });

  it('is left to its process while that runs', async () => {
    const left = await breakOff();
    const running = join(out, `.omlmd-${formatIdentity(await ownIdentity())}-Runs`);
    await rename(left, running);
    await place([model()]);
    expect(given).toBe(SIZE);
    expect((await readdir(running)).sort()).toEqual([hidden, `${hidden}.ranges`]);
  });

  it('is taken over by one of two that want it', async () => {
    await breakOff();
    const both = await Promise.allSettled([place([model()]), place([model()])]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(given).toBe(SIZE + SIZE - 12 * MIB);
    await expectPlaced();
  });

  it('goes with the next success, whatever that was of', async () => {
    await breakOff();
    await place([{ title: 'o', ...blob('other'), open: async () => textContent('other') }]);
    expect(await readdir(out)).toEqual(['o']);
  });

  it('is fetched whole, once, when what was left is wrong', async () => {
    const left = await breakOff();
    await writeFile(join(left, hidden), new Uint8Array(12 * MIB), { flag: 'r+' });
    await place([model()]);
    expect(starts).toEqual([12 * MIB, 0]);
    await expectPlaced();
  });

  it('is refused when it is wrong twice, and nothing is left', async () => {
    await breakOff();
    const wrong = { of: bytes.map((byte, i) => (i === 15 * MIB ? byte ^ 1 : byte)) };
    expect(await codeOf(place([model(wrong)]))).toBe('digest-mismatch');
    expect(starts).toEqual([12 * MIB, 0]);
    expect(await readdir(out)).toEqual([]);
  });

  it('is stopped within 200 ms, with all that came', async () => {
    const controller = new AbortController();
    let aborted = 0;
    const onChunk = (at: number) => {
      if (at < 10 * MIB) return;
      aborted ||= performance.now();
      controller.abort(new Error('enough'));
    };
    await expect(place([model({ onChunk })], { signal: controller.signal })).rejects.toThrow('enough');
    expect(performance.now() - aborted).toBeLessThan(200);
    given = 0;
    await place([model()]);
    expect(given).toBeLessThanOrEqual(SIZE - 10 * MIB);
    await expectPlaced();
  });
});

describe('nothing is left of a download', () => {
  const registryAnswer = new OmlmdError('registry-failed', '503', { retryable: true });
  it.each<[ErrorCode, OmlmdError]>([
    ['not-found', new OmlmdError('not-found', '404')],
    ['unauthorized', new OmlmdError('unauthorized', '401')],
    ['denied', new OmlmdError('denied', '403')],
    ['disk-full', new OmlmdError('disk-full', 'full')],
    ['limit-exceeded', new OmlmdError('limit-exceeded', 'too much')],
    ['rate-limited', new OmlmdError('rate-limited', 'in an hour', { retryable: true })],
    [
      'registry-failed',
      new OmlmdError('registry-failed', 'in an hour', { retryable: true, cause: registryAnswer }),
    ],
  ])('that ends with %s', async (code, failure) => {
    expect(await codeOf(place([model({ until: 12 * MIB, failure })]))).toBe(code);
    expect(await readdir(folder)).toEqual([]);
    await breakOff();
    expect(await codeOf(place([model({ until: 14 * MIB, failure })]))).toBe(code);
    expect(await readdir(out)).toEqual([]);
  });
});

describe('what was left is not trusted', () => {
  const cases: [string, (left: string) => Promise<unknown>][] = [
    ['a folder that others can enter', (left) => chmod(left, 0o755)],
    ['a file that others can read', (left) => chmod(join(left, hidden), 0o644)],
    ['a file with a second name', (left) => link(join(left, hidden), join(folder, 'second'))],
    ['a note that is none', (left) => writeFile(join(left, `${hidden}.ranges`), 'whatever')],
    ['a note that says too much', (left) => writeFile(join(left, `${hidden}.ranges`), '[[0,99999999]]\n')],
    ['a note that is gone', (left) => rm(join(left, `${hidden}.ranges`))],
    [
      'a link instead of the file',
      async (left) => {
        await rename(join(left, hidden), join(folder, 'second'));
        await symlink(join(folder, 'second'), join(left, hidden));
      },
    ],
    [
      'a link instead of the folder',
      async (left) => {
        await rename(left, join(folder, 'elsewhere'));
        await symlink(join(folder, 'elsewhere'), left);
      },
    ],
  ];
  it.each(cases)('%s', async (_, change) => {
    const left = await breakOff();
    await change(left);
    const before = await readFile(join(folder, 'second')).catch(() => undefined);
    await place([model()]);
    expect(given).toBe(SIZE);
    expect(Buffer.compare(await readFile(join(out, 'm')), bytes)).toBe(0);
    if (before !== undefined) expect(before.equals(await readFile(join(folder, 'second')))).toBe(true);
  });
});
