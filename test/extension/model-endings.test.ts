import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modelExtensions } from '../../src/core/readers/index.ts';

/** Endings that mostly stand for something else: models of theirs are opened by the command, not from every menu. */
const GENERAL: ReadonlySet<string> = new Set(['.bin', '.json', '.xml', '.txt']);

const { menus, customEditors } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).contributes;

/** The endings in a `when` of the form `resourceFilename =~ /\.(a|b)$/i`. */
function endingsOf(when: string): readonly string[] {
  const listed = /=~ \/\\\.\(([a-z0-9|]+)\)\$\/i/.exec(when)?.[1] ?? '';
  return listed.split('|').map((ending) => `.${ending}`);
}

describe('the endings of models in package.json', () => {
  const offered: readonly string[] = customEditors[0].selector.map(
    ({ filenamePattern }: { filenamePattern: string }) => filenamePattern.slice(1),
  );

  it('are the same in every menu; a folder has no editor', () => {
    const entries: { command?: string; when: string }[] = [
      ...menus['explorer/context'],
      ...menus['editor/title/context'],
    ];
    const lists = entries.filter(({ when }) => when.includes('onnx|')).map(({ when }) => endingsOf(when));
    expect(lists.length).toBeGreaterThan(3);
    for (const list of lists)
      expect(list.filter((ending) => ending !== '.mlpackage').sort()).toEqual([...offered].sort());
  });

  it('are those of the readers', () => {
    const known = modelExtensions.filter((ending) => !GENERAL.has(ending.slice(ending.lastIndexOf('.'))));
    expect(
      known.filter((ending) => !offered.some((one) => ending.endsWith(one)) && ending !== '.mlpackage'),
    ).toEqual([]);
  });
});
