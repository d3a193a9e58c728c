import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OmlmdError } from '../../../src/core/errors.ts';
import { ParallelDownload, type ReadRange } from '../../../src/core/registry/parallel-download.ts';

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;
const CHUNK = 256 * 1024;

/** The byte at a position, so that a piece in the wrong place is seen. */
const byteAt = (position: number) => (position / 4096) & 0xff;

interface Way {
  /** Milliseconds a chunk. */
  readonly pace?: number;
  /** Called before a range is answered, with how many are open already. */
  readonly onOpen?: (from: number, open: number, ignored: (() => never) | undefined) => void;
}

function makeWay({ pace = 3, onOpen }: Way) {
  const seen = { open: 0, peak: 0, bytes: 0 };
  const read: ReadRange = async function* (from, to, { onIgnoredRange, signal }) {
    await sleep(1);
    onOpen?.(from, seen.open, onIgnoredRange);
    seen.open += 1;
    seen.peak = Math.max(seen.peak, seen.open);
    try {
      for (let at = from; at < to; at += CHUNK) {
        signal?.throwIfAborted();
        await sleep(pace);
        const bytes = new Uint8Array(Math.min(CHUNK, to - at));
        for (let i = 0; i < bytes.byteLength; i += 4096) bytes[i] = byteAt(at + i);
        seen.bytes += bytes.byteLength;
        yield bytes;
      }
    } finally {
      seen.open -= 1;
    }
  };
  return { read, seen };
}

async function receive(read: ReadRange, from = 0): Promise<number> {
  let received = 0;
  for await (const { position, bytes } of new ParallelDownload(read).pieces(from, SIZE)) {
    const first = Math.ceil(position / 4096) * 4096;
    for (let at = first; at < position + bytes.byteLength; at += 4096) {
      if (bytes[at - position] !== byteAt(at)) throw new Error(`wrong byte at ${at}`);
    }
    received += bytes.byteLength;
  }
  return received;
}

describe('a blob over several connections', () => {
  it('takes more connections while they bring more, and every byte once', async () => {
    const { read, seen } = makeWay({ pace: 8 });
    expect(await receive(read)).toBe(SIZE);
    expect(seen.peak).toBeGreaterThan(2);
    expect(seen.peak).toBeLessThanOrEqual(8);
    expect(seen.open).toBe(0);
  });

  it('stays with one where ranges are ignored, without reading anything twice', async () => {
    const { read, seen } = makeWay({
      onOpen: (from, _open, ignored) => (from > 0 ? ignored?.() : undefined),
    });
    expect(await receive(read)).toBe(SIZE);
    expect(seen.peak).toBe(1);
    expect(seen.bytes).toBe(SIZE);
  });

  it('goes on with those it has where more are refused', async () => {
    const refuse = (_from: number, open: number) => {
      if (open >= 2) throw new OmlmdError('rate-limited', 'too many connections');
    };
    const { read, seen } = makeWay({ onOpen: refuse });
    expect(await receive(read)).toBe(SIZE);
    expect(seen.peak).toBe(2);
  });

  it('continues behind what is there already', async () => {
    const { read } = makeWay({ pace: 0 });
    expect(await receive(read, 48 * MIB)).toBe(16 * MIB);
  });

  it('fails as a whole when a connection fails for good, and leaves none open', async () => {
    const { read, seen } = makeWay({});
    const failing: ReadRange = async function* (from, to, options) {
      let given = 0;
      for await (const bytes of read(from, to, options)) {
        given += bytes.byteLength;
        if (from > 0 && given > 2 * MIB) throw new OmlmdError('unreachable', 'gone');
        yield bytes;
      }
    };
    await expect(receive(failing)).rejects.toMatchObject({ code: 'unreachable' });
    await sleep(50);
    expect(seen.open).toBe(0);
  });

  it('stops when the consumer leaves', async () => {
    const { read, seen } = makeWay({});
    for await (const _piece of new ParallelDownload(read).pieces(0, SIZE)) break;
    await sleep(50);
    expect(seen.open).toBe(0);
  });
});
