import { describe, expect, it } from 'vitest';
import { movePropertyLines } from '../../../src/extension/metadata-files/property-move.ts';

/** The text after the move of the key that `mark` begins. */
function moved(text: string, mark: string): string | undefined {
  const lines = text.split('\n');
  const move = movePropertyLines(
    lines,
    lines.findIndex((line) => line.startsWith(mark)),
  );
  if (move === undefined) return undefined;
  const { emptied } = move;
  const kept = lines.map((line, i) => (i === emptied?.line ? line.slice(0, emptied.column).trimEnd() : line));
  return kept
    .flatMap((line, i) => [
      ...(i === move.before ? move.lines : []),
      ...(i >= move.from && i < move.to ? [] : [line]),
    ])
    .concat(move.before === kept.length ? move.lines : [])
    .join('\n');
}

describe('movePropertyLines', () => {
  it('makes customProperties where there is none', () => {
    expect(moved('name: a\nlicense: MIT # ours\nauthor: b\n', 'license')).toBe(
      'name: a\ncustomProperties:\n  license: MIT # ours\nauthor: b\n',
    );
  });

  it('puts the key first, at the indentation that is used there', () => {
    expect(moved('customProperties:\n    # best\n    auc: 1\nlicense: MIT\n', 'license')).toBe(
      'customProperties:\n    license: MIT\n    # best\n    auc: 1\n',
    );
  });

  it('takes everything below the key along, and leaves the comments of the next one', () => {
    const text = 'metrics:\n  # on test\n  auc: 1\n\n# who\nauthor: b\ncustomProperties:\n  a: 1\n';
    expect(moved(text, 'metrics')).toBe(
      '\n# who\nauthor: b\ncustomProperties:\n  metrics:\n    # on test\n    auc: 1\n  a: 1\n',
    );
  });

  it.each(['{}', 'null', '~', ''])('fills customProperties: %s', (value) => {
    expect(moved(`license: MIT\ncustomProperties: ${value}\n`, 'license')).toBe(
      `customProperties:${value === '' ? ' ' : ''}\n  license: MIT\n`,
    );
  });

  it('gives up where customProperties is written on one line', () => {
    expect(moved('license: MIT\ncustomProperties: {a: 1}\n', 'license')).toBeUndefined();
  });

  it('does not put a key where one of that name is', () => {
    expect(moved('a: 1\ncustomProperties:\n  a: 2\n', 'a')).toBeUndefined();
  });

  it('works without a line break at the end', () => {
    expect(moved('customProperties:\nlicense: MIT', 'license')).toBe('customProperties:\n  license: MIT');
  });
});
