import { describe, expect, it } from 'vitest';
import {
  bytesContent,
  type Content,
  readAll,
  readVerified,
  verifiedStream,
} from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { codeOf } from '../target.contract.ts';

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
