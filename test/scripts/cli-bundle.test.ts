import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli.mjs');

describe('the built command line', () => {
  it('is one program file', () => {
    expect(text().startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  it.each([
    ['20.20.2', 1],
    ['22.14.0', 1],
    ['22.15.0', undefined],
    ['23.0.0', undefined],
    ['24.21.0', undefined],
  ])('Node %s: the check before everything else ends with %s', (version, status) => {
    const said: string[] = [];
    let ended: number | undefined;
    const process = { versions: { node: version }, exit: (code: number) => (ended = code) };
    runInNewContext(check(), { process, console: { error: (line: string) => said.push(line) } });
    expect(ended).toBe(status);
    expect(said).toEqual(status === 1 ? [`omlmd needs Node.js 22.15 or newer; this is ${version}.`] : []);
  });

  it('links nothing before that check that an old Node could lack', () => {
    const imports = [...text().matchAll(/^import\b.*?from\s*['"]([^'"]+)['"]/gm)].map((match) => match[1]);
    expect(imports).toEqual(['node:module']);
  });
});

function text(): string {
  if (!existsSync(CLI)) throw new Error('not built: npm run build');
  return readFileSync(CLI, 'utf8');
}

/** What stands between the first line and the first import. */
function check(): string {
  const code = text();
  return code.slice(code.indexOf('\n'), code.indexOf('\nimport'));
}
