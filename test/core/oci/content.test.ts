import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bytesContent,
  type Content,
  openFileContent,
  readAll,
  readVerified,
  verifiedStream,
} from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
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

describe('content', () => {
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

describe('verifiedStream', () => {
  const expected = { digest: digestOf(Buffer.from('abc')), size: 3 };
  const read = (data: string) =>
    readAll(
      {
        ...bytesContent(Buffer.from(data)),
        stream: () => verifiedStream(bytesContent(Buffer.from(data)), expected),
      },
      100,
    );

  it('passes what was promised', async () => {
    expect(Buffer.from(await read('abc')).toString()).toBe('abc');
  });

  it('ends in an error for other bytes, fewer and more', async () => {
    expect(await codeOf(read('abd'))).toBe('digest-mismatch');
    expect(await codeOf(read('ab'))).toBe('size-mismatch');
    expect(await codeOf(read(''))).toBe('size-mismatch');
    expect(await codeOf(read('abcd'))).toBe('size-mismatch');
  });

  it('passes on no byte more than promised, and stops reading', async () => {
    let asked = 0;
    let closed = false;
    const endless = {
      async *stream() {
        try {
          for (;;) {
            asked += 1;
            yield Buffer.from('ab');
          }
        } finally {
          closed = true;
        }
      },
    };
    let got = 0;
    const run = async () => {
      for await (const chunk of verifiedStream(endless, expected)) got += chunk.byteLength;
    };
    expect(await codeOf(run())).toBe('size-mismatch');
    expect(got).toBeLessThanOrEqual(3);
    expect(asked).toBe(2);
    expect(closed).toBe(true);
  });
});

describe('reading small content', () => {
  it('counts, and does not believe the size', async () => {
    const liar: Content = { ...bytesContent(new Uint8Array(100)), size: 1 };
    expect(await codeOf(readAll(liar, 99))).toBe('limit-exceeded');
    const large = { digest: digestOf(new Uint8Array(100)), size: 100 };
    expect(await codeOf(readVerified(liar, large, 99))).toBe('limit-exceeded');
    expect((await readVerified(liar, large, 100)).byteLength).toBe(100);
  });
});
