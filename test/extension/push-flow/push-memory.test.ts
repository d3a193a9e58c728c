import { describe, expect, it } from 'vitest';
import { PushMemory } from '../../../src/extension/push-flow/push-memory.ts';

function memory(): PushMemory {
  const values = new Map<string, unknown>();
  return new PushMemory({
    keys: () => [...values.keys()],
    get: <T>(key: string, fallback?: T) => (values.has(key) ? (values.get(key) as T) : fallback) as T,
    update: async (key, value) => void values.set(key, value),
  });
}

describe('where pushes went', () => {
  it('is remembered by model, and the latest places for all', async () => {
    const past = memory();
    await past.remember('/a.onnx', 'local/a');
    await past.remember('/b.onnx', 'quay.io/b');
    expect(past.lastOf('/a.onnx')).toBe('local/a');
    expect(past.lastOf('/c.onnx')).toBeUndefined();
    expect(past.recent()).toEqual(['quay.io/b', 'local/a']);
  });

  it('keeps five places, each once', async () => {
    const past = memory();
    for (const n of [1, 2, 3, 4, 5, 6, 3]) await past.visit(`quay.io/${n}`);
    expect(past.recent()).toEqual(['quay.io/3', 'quay.io/6', 'quay.io/5', 'quay.io/4', 'quay.io/2']);
  });

  it('forgets a registry that was removed', async () => {
    const past = memory();
    await past.visit('quay.io/a');
    await past.visit('ghcr.io/a');
    await past.forget('quay.io/');
    expect(past.recent()).toEqual(['ghcr.io/a']);
  });
});
