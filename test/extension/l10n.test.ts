import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

function sources(folder: string): readonly string[] {
  const entries = readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function readJson(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path.join(ROOT, name), 'utf8'));
}

describe('strings for translators', () => {
  it('are those of the code (npx vscode-l10n-dev export --outDir ./l10n ./src)', {
    timeout: 60_000,
  }, async () => {
    const files = sources('src/extension').map((file) => ({
      extension: '.ts' as const,
      contents: readFileSync(file, 'utf8'),
    }));
    const inCode = Object.keys(await getL10nJson(files)).sort();
    expect(Object.keys(readJson('l10n/bundle.l10n.json')).sort()).toEqual(inCode);
  });

  it('are there for every placeholder of package.json, and no others', () => {
    const text = readFileSync(path.join(ROOT, 'package.json'), 'utf8');
    const used = new Set([...text.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]));
    expect([...used].sort()).toEqual(Object.keys(readJson('package.nls.json')).sort());
  });
});
