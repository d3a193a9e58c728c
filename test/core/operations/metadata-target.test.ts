import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { modelBeside } from '../../../src/core/operations/metadata-target.ts';

/** A folder with a metadata file `m.omlmd.yaml` and these files; a name that ends in `/` is a folder. */
function folderOf(...names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'beside-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['m.omlmd.yaml', ...names]) {
    if (name.endsWith('/')) mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), '');
  }
  return folder;
}

describe('the model that a metadata file describes', () => {
  it.each([
    [['m.onnx'], 'm.onnx'],
    [['m.json'], 'm.json'],
    [['m.xml', 'm.onnx'], 'm.onnx'],
    [['m.txt', 'notes.txt'], 'm.txt'],
    [['m.mlpackage/'], 'm.mlpackage'],
    [['m/', 'm.onnx'], 'm'],
  ])('of %j is %s', async (names, model) => {
    const folder = folderOf(...names);
    expect(await modelBeside(join(folder, 'm.omlmd.yaml'))).toBe(join(folder, model));
  });

  it.each([
    [[], 'not-found'],
    [['m.md'], 'not-found'],
    [['m.onnx', 'm.pkl'], 'usage'],
    [['m.json', 'm.txt'], 'usage'],
  ])('is not guessed of %j', async (names, code) => {
    await expect(modelBeside(join(folderOf(...names), 'm.omlmd.yaml'))).rejects.toMatchObject({ code });
  });
});
