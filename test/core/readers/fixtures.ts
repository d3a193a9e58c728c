import { readdirSync, readFileSync } from 'node:fs';
import { bytesContent, type CallOptions, type Content } from '../../../src/core/oci/content.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { toPlain } from '../../../src/core/oci/json.ts';
import { type LocalModel, readLocalModel } from '../../../src/core/operations/local-model.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';

const MODELS = new URL('../../fixtures/models/', import.meta.url);

export function fixturePath(name: string): string {
  return new URL(name, MODELS).pathname;
}

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(name)));
}

/** Names of the models in test/fixtures/models with these endings. */
export function fixtureNames(...endings: readonly string[]): string[] {
  return readdirSync(MODELS).filter((name) => endings.some((ending) => name.endsWith(ending)));
}

/** What a model's own library says of it; see test/fixtures/make/make_models.py. */
export interface Expected {
  readonly format: string;
  readonly version: string | null;
  readonly name?: string;
  readonly description?: string | null;
  readonly author?: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly [fact: string]: unknown;
}

export function expectedFacts(name: string): Expected {
  return JSON.parse(readFileSync(fixturePath(`${name}.expected.json`), 'utf8'));
}

export async function readFixture(name: string): Promise<ModelFacts> {
  return await readModelFile({ path: name, content: await openFileContent(fixturePath(name)) });
}

const FOLDERS = new URL('../../fixtures/folders/', import.meta.url);

export function folderPath(name: string): string {
  return new URL(name, FOLDERS).pathname;
}

/** What the libraries say of a folder of test/fixtures/folders; see test/fixtures/make/make_folders.py. */
export function expectedFolder(name: string): Expected {
  return JSON.parse(readFileSync(folderPath(`${name}.expected.json`), 'utf8'));
}

/** A folder, or one of its files, as a push would carry it; rejects where no reader knows it as one model. */
export async function readFixtureFolder(path: string): Promise<LocalModel & { readonly whole: ModelFacts }> {
  const model = await readLocalModel([{ path: folderPath(path) }]);
  if (model.whole === undefined) throw new Error(`${path} is not known as one model`);
  return { ...model, whole: model.whole };
}

export async function readBytes(path: string, bytes: Uint8Array, options?: CallOptions): Promise<ModelFacts> {
  return await readModelFile({ path, content: bytesContent(bytes) }, options);
}

/** Custom properties as plain data. */
export function propertiesOf(facts: ModelFacts): Record<string, unknown> {
  return JSON.parse(JSON.stringify(toPlain(facts.metadata.customProperties)));
}

export function codesOf(facts: ModelFacts): string[] {
  return facts.findings.map(({ severity, code }) => `${severity} ${code}`);
}

/** Content that notes each range that is read from it. */
export function countingContent(content: Content, ranges: { start: number; end: number }[] = []) {
  const wrap = (inner: Content, from: number): Content => ({
    isRemote: inner.isRemote,
    size: inner.size,
    slice(start = 0, end = inner.size) {
      const first = Math.min(Math.max(start, 0), inner.size);
      return wrap(inner.slice(start, end), from + first);
    },
    stream(options) {
      ranges.push({ start: from, end: from + inner.size });
      return inner.stream(options);
    },
  });
  return {
    content: wrap(content, 0),
    ranges,
    bytes: () => ranges.reduce((sum, r) => sum + r.end - r.start, 0),
  };
}
