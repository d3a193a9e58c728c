import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesContent, type Content, readAll } from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { codeOf, textOf } from '../target.contract.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-content-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, data: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, data);
  return path;
}

describe('content of bytes and of a file', () => {
  it.each([0, 300, 4000])('cuts alike from bytes and from a file with %i bytes ahead', async (ahead) => {
    const bytes = new Uint8Array(1000).map((_, i) => i);
    const content = await openFileContent(await file('cut', bytes), { ahead });
    const bound = fc.option(fc.integer({ min: -50, max: 1100 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(bound, bound, bound, bound, async (a, b, c, d) => {
        const from = bytesContent(bytes).slice(a, b).slice(c, d);
        const same = content.slice(a, b).slice(c, d);
        expect(same.size).toBe(from.size);
        expect(digestOf(await readAll(same, 1000))).toBe(digestOf(await readAll(from, 1000)));
        expect((await readAll(from, 1000)).byteLength).toBe(from.size);
      }),
      { numRuns: 200 },
    );
  });

  it('comes in chunks of a megabyte at most', async () => {
    const bytes = new Uint8Array(3 * 1024 * 1024 + 1);
    const contents: Content[] = [bytesContent(bytes), await openFileContent(await file('chunks', bytes))];
    for (const content of contents) {
      let total = 0;
      for await (const chunk of content.stream()) {
        expect(chunk.byteLength).toBeLessThanOrEqual(1024 * 1024);
        total += chunk.byteLength;
      }
      expect(total).toBe(bytes.byteLength);
    }
  });

  it('stops with the reason of the signal', async () => {
    const content = await openFileContent(await file('long', new Uint8Array(2_000_000)));
    for (const each of [content, bytesContent(new Uint8Array(2_000_000))]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const read = async () => {
        for await (const _ of each.stream({ signal: controller.signal })) controller.abort(reason);
      };
      await expect(read()).rejects.toBe(reason);
    }
  });
});

describe('a file as content', () => {
  it.each([
    ['grows', (path: string) => appendFile(path, 'more')],
    ['shrinks', (path: string) => truncate(path, 10)],
  ])('is an error when it %s while it is read', async (_, change) => {
    const path = await file('changing', new Uint8Array(600_000));
    const content = await openFileContent(path);
    const read = async () => {
      for await (const _ of content.stream()) await change(path);
    };
    expect(await codeOf(read())).toBe('file-changed');
    expect(await codeOf(textOf(content))).toBe('file-changed');
  });

  it('is the old file or an error when another takes its place, never a mixture', async () => {
    const path = await file('replaced', new Uint8Array(600_000));
    const content = await openFileContent(path);
    const other = await file('other', new Uint8Array(600_000).fill(1));
    let sum = 0;
    for await (const chunk of content.stream()) {
      await rename(other, path).catch(() => {});
      sum += chunk.reduce((a, b) => a + b, 0);
    }
    expect(sum).toBe(0);
    expect(await codeOf(textOf(content))).toBe('file-changed');
  });

  it('is what it was when its beginning was read, until more is asked for', async () => {
    const path = await file('beginning', new Uint8Array(1000));
    const content = await openFileContent(path, { ahead: 100 });
    await appendFile(path, 'more');
    expect((await readAll(content.slice(0, 100), 100)).byteLength).toBe(100);
    expect(await codeOf(readAll(content.slice(0, 101), 101))).toBe('file-changed');
  });

  it('is an error when it is not there, or no file', async () => {
    expect(await codeOf(openFileContent(join(folder, 'missing')))).toBe('not-found');
    expect(await codeOf(openFileContent(folder))).toBe('file-unreadable');
    expect(await codeOf(openFileContent('/dev/null'))).toBe('file-unreadable');
  });

  it('does not wait for the other end of a named pipe', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await codeOf(openFileContent(pipe))).toBe('file-unreadable');
  });
});
