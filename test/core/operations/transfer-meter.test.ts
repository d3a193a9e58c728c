import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/oci/progress.ts';
import { formatTransfer, TransferMeter } from '../../../src/core/operations/transfer-meter.ts';

const MB = 1_000_000;

/** A meter whose clock goes on by so many seconds before each event. */
function meter() {
  let now = 0;
  const inner = new TransferMeter(() => now);
  return (seconds: number, id: string, bytes: number, more: Partial<Progress> = {}) => {
    now += seconds * 1000;
    const total = more.total ?? 100 * MB;
    return inner.update({ id, name: id, kind: 'download', state: 'active', ...more, bytes, total });
  };
}

describe('the meter of a transfer', () => {
  it('tells rate and time left over the last seconds', () => {
    const at = meter();
    expect(at(0, 'a', 0).rate).toBeNull();
    at(1, 'a', 10 * MB);
    at(1, 'a', 20 * MB);
    const state = at(1, 'a', 30 * MB);
    expect(state.rate).toBeCloseTo((20 * MB) / 3, -5);
    for (let bytes = 32; bytes <= 42; bytes += 2) at(1, 'a', bytes * MB);
    const slow = at(1, 'a', 44 * MB);
    expect(slow.rate).toBeCloseTo(2 * MB, -5);
    expect(slow.secondsLeft).toBeCloseTo(28, 0);
    expect(formatTransfer(slow)).toBe('44.0 MB of 100 MB · 2.0 MB/s · 28 s left');
  });

  it('counts what was there before as done, not as fast', () => {
    const at = meter();
    at(0, 'a', 0);
    at(1, 'a', 1 * MB);
    at(1, 'a', 2 * MB);
    const there = at(0, 'b', 900 * MB, { state: 'exists', total: 900 * MB });
    expect(there.bytes).toBe(902 * MB);
    expect(there.rate).toBeLessThan(2 * MB);
    at(0, 'c', 0, { total: 500 * MB });
    const resumed = at(1, 'c', 400 * MB, { total: 500 * MB });
    expect(resumed.bytes).toBe(1302 * MB);
    expect(resumed.rate).toBeLessThan(2 * MB);
  });

  it('counts small pieces, of which only the end is told', () => {
    const at = meter();
    at(0, 'a', 1 * MB, { state: 'done', total: 1 * MB });
    const state = at(1, 'b', 1 * MB, { state: 'done', total: 1 * MB });
    expect(state.rate).toBeCloseTo(1 * MB, -3);
    expect([state.piecesDone, state.pieces]).toEqual([2, 2]);
  });

  it('says why nothing moves in place of a rate', () => {
    const at = meter();
    at(0, 'a', 10 * MB);
    const note = 'waiting 12 s: the registry asked for it';
    const state = at(1, 'a', 10 * MB, { state: 'waiting', note });
    expect(formatTransfer(state)).toBe(`10.0 MB of 100 MB · ${note}`);
  });

  it('begins anew with the next kind of work', () => {
    const at = meter();
    for (const bytes of [0, 50, 100]) at(1, 'a', bytes * MB, { kind: 'hash' });
    const upload = at(1, 'a', 0, { kind: 'upload' });
    expect([upload.rate, upload.bytes]).toEqual([null, 0]);
  });
});
