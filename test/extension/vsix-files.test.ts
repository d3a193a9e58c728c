import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runOk } from '../support/processes.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
/** `vsce` starts slowly on a busy machine; milliseconds. */
const LIST_TIMEOUT_MS = 60_000;

let files: readonly string[];

beforeAll(async () => {
  if (!existsSync(path.join(ROOT, 'dist', 'extension.js'))) throw new Error('not built: npm run build');
  const vsce = path.join(ROOT, 'node_modules', '.bin', 'vsce');
  const listed = await runOk(vsce, ['ls', '--no-dependencies'], { cwd: ROOT });
  files = listed.stdout.trim().split('\n');
}, LIST_TIMEOUT_MS);

describe('the packaged extension', () => {
  it('holds the files of the golden list and no other', async () => {
    // Chunks are named after their content.
    const named = files.map((file) => file.replace(/^dist\/chunks\/[^/]+$/, 'dist/chunks/*.js'));
    const list = `${[...new Set(named)].sort().join('\n')}\n`;
    await expect(list).toMatchFileSnapshot('vsix-files.golden.txt');
  });

  it('holds every file that package.json names', () => {
    const manifest = readFileSync(path.join(ROOT, 'package.json'), 'utf8');
    const named = [...manifest.matchAll(/"\.?\/?((?:dist|l10n|media|schemas|syntaxes)\/[\w./-]+\.\w+)"/g)];
    const missing = named
      .map((match) => match[1])
      .filter((file) => file !== undefined && !files.includes(file));
    expect(named.length).toBeGreaterThan(3);
    expect(missing).toEqual([]);
  });
});
