import { defineConfig } from 'vitest/config';

/** Milliseconds a slow test may take: one is many runs of a program. */
const SLOW_TIMEOUT_MS = 600_000;

/** Milliseconds a test with real programs (registries, Python environments) may take. */
const INTEROP_TIMEOUT_MS = 180_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/slow/**', 'test/vscode/**'],
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/slow/**/*.test.ts'],
          testTimeout: SLOW_TIMEOUT_MS,
          hookTimeout: SLOW_TIMEOUT_MS,
          // Each starts programs of its own; what they wait for should be themselves.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: INTEROP_TIMEOUT_MS,
          // Python environments are made on the first run.
          hookTimeout: 2 * INTEROP_TIMEOUT_MS,
          // One registry and one set of environments: files share them and two cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
