import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

/** `| S1 | threat | what we do | held by |`. */
const rows = read('docs/reliability.md')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, row]) => /^[SR][0-9]+$/.test(row ?? ''));

describe('the table of reliability', () => {
  it('has every row, in order', () => {
    const wanted = [...range('S', 33), ...range('R', 30)];
    expect(rows.map(([, row]) => row)).toEqual(wanted);
  });

  it.each(rows.map(([, row = '', , , held = '']) => [row, held]))(
    '%s names a test that is there',
    (_row, held) => {
      if (held === 'nothing to hold' || held === 'not yet') return;
      const [, file = '', words = ''] = /^`([^`]+)`: (.+)$/.exec(held) ?? [];
      expect(read(file)).toContain(words);
    },
  );
});

function range(letter: string, last: number): string[] {
  return Array.from({ length: last }, (_, i) => `${letter}${i + 1}`);
}
