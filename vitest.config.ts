import { defineConfig } from 'vitest/config';

/** Milliseconds a test with real programs (registries, Python environments) may take. */
const INTEROP_TIMEOUT_MS = 180_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/vscode/**'],
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
