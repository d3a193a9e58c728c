import { describe, expect, it } from 'vitest';
import {
  COLLECT_AFTER_BYTES,
  COLLECT_AGAIN_BYTES,
  COLLECT_AT_LEAST_BYTES,
  MEMORY_LOOK_MS,
} from '../../../../src/core/readers/limits.ts';
import { MemoryGuard, type ProcessMemory } from '../../../../src/core/readers/parse/memory-guard.ts';

const MIB = 1024 * 1024;
const BEFORE = 300 * MIB;

/** A process that holds some bytes and has some more that are garbage. Each check is later than the one before. */
class FakeProcess implements ProcessMemory {
  held = BEFORE;
  garbage = 0;
  time = 0;
  looks = 0;
  collections = 0;
  canCollect = true;
  /** Milliseconds. */
  takes = 0;

  now(): number {
    return this.time;
  }

  resident(): number {
    this.looks += 1;
    return this.held + this.garbage;
  }

  collect(): boolean {
    this.collections += 1;
    if (!this.canCollect) return false;
    this.garbage = 0;
    this.time += this.takes;
    return true;
  }

  /** The collections that it took to let the process grow step by step. */
  grow(guard: MemoryGuard, what: 'held' | 'garbage', bytes: number): number {
    const before = this.collections;
    for (let grown = 0; grown < bytes; grown += MIB) {
      this[what] += MIB;
      this.time += MEMORY_LOOK_MS;
      guard.check();
    }
    return this.collections - before;
  }
}

describe('the memory of a reading', () => {
  it('is left alone until the process has grown, whatever it had before', () => {
    const process = new FakeProcess();
    const guard = new MemoryGuard(process);
    expect(process.grow(guard, 'garbage', COLLECT_AFTER_BYTES - MIB)).toBe(0);
    expect(process.grow(guard, 'garbage', MIB)).toBe(1);
    expect(process.garbage).toBe(0);
  });

  it('is collected again where garbage comes back, not before', () => {
    const process = new FakeProcess();
    const guard = new MemoryGuard(process);
    expect(process.grow(guard, 'garbage', 10 * COLLECT_AFTER_BYTES)).toBe(10);
  });

  it('is collected sooner where much is held already', () => {
    const process = new FakeProcess();
    const guard = new MemoryGuard(process);
    process.garbage = COLLECT_AGAIN_BYTES;
    process.grow(guard, 'held', COLLECT_AFTER_BYTES - COLLECT_AGAIN_BYTES);
    expect(process.grow(guard, 'garbage', 10 * COLLECT_AGAIN_BYTES)).toBe(10);
  });

  it('is asked for ever less often where it is held', () => {
    const process = new FakeProcess();
    const guard = new MemoryGuard(process);
    expect(process.grow(guard, 'held', 1024 * MIB)).toBeLessThan(10);
  });

  it('does not pass what a file may take while most of that is held', () => {
    const process = new FakeProcess();
    const guard = new MemoryGuard(process);
    process.grow(guard, 'held', 90 * MIB);
    let peak = 0;
    for (let round = 0; round < 100; round += 1) {
      process.grow(guard, 'garbage', MIB);
      peak = Math.max(peak, process.held + process.garbage - BEFORE);
    }
    expect(peak).toBeLessThanOrEqual(COLLECT_AT_LEAST_BYTES);
  });

  it('is looked at once in a while only, and leaves time for the reading where collecting takes long', () => {
    const process = new FakeProcess();
    const guard = new MemoryGuard(process);
    guard.check();
    const { looks } = process;
    for (let at = 0; at < 1000; at += 1) guard.check();
    expect(process.looks).toBe(looks);
    process.takes = 200;
    process.grow(guard, 'garbage', COLLECT_AFTER_BYTES);
    const collected = process.time;
    process.garbage = 2 * COLLECT_AFTER_BYTES;
    expect(process.grow(guard, 'garbage', MIB)).toBe(0);
    process.time = collected + process.takes / 4;
    expect(process.grow(guard, 'garbage', MIB)).toBe(1);
  });

  it('is not looked at any more where nobody can collect', () => {
    const process = new FakeProcess();
    process.canCollect = false;
    const guard = new MemoryGuard(process);
    process.grow(guard, 'garbage', 2 * COLLECT_AFTER_BYTES);
    expect(process.collections).toBe(1);
    const { looks } = process;
    process.grow(guard, 'garbage', COLLECT_AFTER_BYTES);
    expect(process.looks).toBe(looks);
  });

  it('is that of this process', () => {
    const guard = new MemoryGuard();
    const { heapUsed } = process.memoryUsage();
    let garbage: unknown[] = [];
    for (let at = 0; at < 2_000_000; at += 1) garbage.push({ at: [at] });
    garbage = [];
    guard.check();
    expect(process.memoryUsage().heapUsed - heapUsed).toBeLessThan(COLLECT_AFTER_BYTES / 4);
    expect(garbage).toEqual([]);
    expect(Reflect.has(globalThis, 'gc')).toBe(false);
  });
});
