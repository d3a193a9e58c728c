/** What the store's tests do in processes of their own: `node child-process.ts TASK PATH [NAME]`. */
import { readdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOmlmdError } from '../../../src/core/errors.ts';
import type { Content } from '../../../src/core/oci/content.ts';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import { withLock } from '../../../src/core/store/lock.ts';
import { placeFiles } from '../../../src/core/store/output-folder.ts';
import { artifact, blob, pushAll } from '../target.contract.ts';

const [task = '', path = '', name = ''] = process.argv.slice(2);

/** Zeros that never end, with a size that says they do. */
function endless(size: number, onChunk: () => Promise<void> = () => sleep(1)): Content {
  const content: Content = {
    size,
    slice: () => content,
    async *stream() {
      for (let chunk = new Uint8Array(65536); ; chunk = new Uint8Array(65536)) {
        yield chunk;
        await onChunk();
      }
    },
  };
  return content;
}

async function writeArtifacts(): Promise<void> {
  const layout = new LayoutTarget(path);
  for (let i = 0; i < 8; i += 1) {
    const made = artifact([blob('shared'), blob(`${name} ${i}`)]);
    await pushAll(layout, made);
    await layout.tag(made.root, `${name}-${i}`);
    await layout.tag(made.root, 'latest');
  }
}

/** One blob that all write at once, each as it comes from a registry. */
async function writeBlob(): Promise<void> {
  const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7);
  const { descriptor } = blob(bytes);
  const piece = (from: number, to: number): Content => ({
    size: to - from,
    slice: (start = 0, end = to - from) => piece(from + start, from + end),
    async *stream() {
      for (let at = from; at < to; at += 65536) {
        yield bytes.slice(at, Math.min(to, at + 65536));
        await sleep(2);
      }
    },
  });
  await new LayoutTarget(path).push(descriptor, piece(0, bytes.byteLength));
}

async function countUp(): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const file = join(path, 'counter');
  for (let i = 0; i < 25; i += 1) {
    await withLock(join(path, 'lock'), async () => {
      const count = Number(await readFile(file, 'utf8'));
      await writeFile(file, String(count + 1));
    });
  }
}

/** A disk that fills up while a blob is on its way, although there was room when it began. */
async function fillDisk(): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const size = Math.floor((bavail * bsize) / 2);
  const fill = async () => {
    if (!(await readdir(path)).includes('filler'))
      await writeFile(join(path, 'filler'), new Uint8Array(bavail * bsize - 150_000));
  };
  const { descriptor } = blob('whatever');
  const large = { ...descriptor, size };
  const layout = new LayoutTarget(join(path, 'layout'));
  const codes: string[] = [];
  const attempt = (work: Promise<unknown>) =>
    work.catch((error: unknown) => void codes.push(isOmlmdError(error) ? error.code : String(error)));
  const files = [{ title: 'a/model.bin', descriptor: large, open: async () => endless(size, fill) }];
  const onExisting = 'refuse';
  await attempt(layout.push({ ...large, size: size * 4 }, endless(size * 4)));
  await attempt(
    placeFiles(
      join(path, 'out'),
      files.map((f) => ({ ...f, descriptor: { ...large, size: size * 4 } })),
      { onExisting },
    ),
  );
  await attempt(layout.push(large, endless(size, fill)));
  const left = (await readdir(join(path, 'layout'), { recursive: true })).sort();
  const { rm } = await import('node:fs/promises');
  await rm(join(path, 'filler'));
  await attempt(placeFiles(join(path, 'out'), files, { onExisting }));
  await rm(join(path, 'filler'));
  const made = artifact([blob('small')]);
  await pushAll(layout, made);
  await layout.tag(made.root, 'after');
  process.stdout.write(JSON.stringify({ codes, left, folder: (await readdir(path)).sort() }));
}

const tasks: Record<string, () => Promise<void>> = {
  artifacts: writeArtifacts,
  blob: writeBlob,
  count: countUp,
  full: fillDisk,
  hold: () =>
    withLock(path, async () => {
      process.stdout.write('held\n');
      await sleep(600_000);
    }),
  push: async () => {
    process.stdout.write('begun\n');
    await new LayoutTarget(path).push({ ...blob('x').descriptor, size: 2 ** 40 / 1024 }, endless(2 ** 30));
  },
  pull: async () => {
    process.stdout.write('begun\n');
    const descriptor = { ...blob('x').descriptor, size: 2 ** 30 };
    await placeFiles(path, [{ title: 'model.bin', descriptor, open: async () => endless(2 ** 30) }], {
      onExisting: 'refuse',
    });
  },
};
await tasks[task]?.();
