import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

/** `| S1 | threat | what we do | held by |`. */
const rows = read('docs/reliability.md')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, row]) => /^[SR][0-9]+$/.test(row ?? ''));

/** `` `FILE`: WORDS; MORE WORDS; `OTHER FILE`: WORDS ``: the tests that are named. */
function testsIn(cell: string): readonly { readonly file: string; readonly words: string }[] {
  let file = '';
  return cell.split('; ').map((part) => {
    const named = /^`([^`]+)`: (.+)$/.exec(part);
    file = named?.[1] ?? file;
    return { file, words: named?.[2] ?? part };
  });
}

const BROWSER = 'test/vscode/browser/';

/** Whether `npm test` or `npm run test:slow` runs it (vitest.config.ts, scripts/test-parts.ts). */
function isRun(file: string): boolean {
  if (file.startsWith(BROWSER)) return stepFiles().some((name) => leadsTo(name, file));
  return (
    /^test\/(?!interop\/|vscode\/).+\.test\.ts$/.test(file) ||
    /^test\/vscode\/host\/[^/]+\.test\.ts$/.test(file) ||
    /^python\/tests\/test_\w+\.py$/.test(file)
  );
}

function stepFiles(): readonly string[] {
  return readdirSync(new URL(BROWSER, ROOT)).filter((name) => name.endsWith('.steps.ts'));
}

function leadsTo(steps: string, file: string): boolean {
  return `${BROWSER}${steps}` === file || read(BROWSER + steps).includes(`'./${file.slice(BROWSER.length)}'`);
}

/** Titles as they are written here: at the beginning of a line, a call of a test or the end of its table. */
const TITLES = [
  /^\s*(?:it|describe)(?:\.(?:each|runIf|skipIf)\(.*\))?\(\s*(['"`])(.*?)(?<!\\)\1/gm,
  /^\s*\](?: as const)?\)\(\s*(['"`])(.*?)(?<!\\)\1/gm,
  /^\s*\{ name: (['"`])(.*?)(?<!\\)\1/gm,
  /^()def (test_\w+)\(/gm,
];
const SKIPPED = /^\s*(?:(?:it|describe)(?:\.\w+)*\.(?:skip|todo|fails)\b|@pytest\.mark\.(?:skip|xfail)\b)/m;

function titlesIn(source: string): readonly string[] {
  return TITLES.flatMap((pattern) => [...source.matchAll(pattern)].map(([, , title = '']) => title));
}

describe('the table of reliability', () => {
  it('has every row, in order', () => {
    const wanted = [...range('S', 33), ...range('R', 30)];
    expect(rows.map(([, row]) => row)).toEqual(wanted);
  });

  it.each(rows.map(([, row = '', , , held = '']) => [row, held]))('%s names tests that run', (_row, held) => {
    if (held === 'nothing to hold' || held === 'not yet') return;
    for (const { file, words } of testsIn(held)) {
      expect(isRun(file), `${file} is run`).toBe(true);
      const source = read(file);
      expect(SKIPPED.exec(source)?.[0], `${file} skips nothing`).toBeUndefined();
      expect(titlesIn(source)).toContainEqual(expect.stringContaining(words));
    }
  });

  it('is not satisfied by other text than titles', () => {
    const source = [
      "const CANARY = '/tmp/canary';",
      "// it('is held', () => {});",
      " * it('is held')",
      "  it('is found', async () => {",
      '  it.runIf(can())(\n    "is found later",',
      "  ] as const)('is found in a table: %s', (row) => {",
      "  expect(text).toBe('is held');",
    ];
    expect(titlesIn(source.join('\n'))).toEqual(['is found', 'is found later', 'is found in a table: %s']);
    expect(SKIPPED.test("  it.skip('is held', () => {});")).toBe(true);
    expect(isRun('test/interop/serve.test.ts')).toBe(false);
    expect(isRun('test/core/registry/fault-table.ts')).toBe(false);
  });
});

function range(letter: string, last: number): string[] {
  return Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);
}
