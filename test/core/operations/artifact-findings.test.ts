import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { SMALL_BLOB_BYTES } from '../../../src/core/oci/copy.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { Annotation, MediaType } from '../../../src/core/oci/media-types.ts';
import { findInArtifact, worstFirst } from '../../../src/core/operations/artifact-findings.ts';
import { type Context, openTarget } from '../../../src/core/operations/context.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { pull } from '../../../src/core/operations/pull.ts';
import { push } from '../../../src/core/operations/push.ts';
import { readArtifact } from '../../../src/core/operations/read-artifact.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';
import { folderPath } from '../readers/fixtures.ts';
import { contextAt } from './context-at.ts';

const EVIL = "cos\nsystem\n(S'true'\ntR.";

let folder: string;
let context: Context;
let registry: TestRegistry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-findings-'));
  registry = await startTestRegistry();
  context = contextAt(join(folder, 'home'));
});
afterEach(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

const location = () => parseLocation(`${registry.host}/team/m:v1`);

async function pushFolder(path: string) {
  await push(context, location(), await prepareModel([{ path }]), { allowUnsafe: true });
}

async function find() {
  return findInArtifact(context, await readArtifact(context, location()));
}

describe('what is found in an artifact before anything is downloaded', () => {
  it('is of each of its models', async () => {
    const path = join(folder, 'two');
    await mkdir(path);
    await writeFile(join(path, 'a.pkl'), EVIL);
    await writeSafetensors(join(path, 'b.safetensors'), [1]);
    await pushFolder(path);
    const { whole, layers, complete } = await find();
    expect(whole).toEqual([]);
    expect(layers.map(({ findings }) => findings.map(({ severity, file }) => `${severity} ${file}`))).toEqual(
      [['critical a.pkl', 'info a.pkl'], []],
    );
    expect(complete).toBe(true);
  });

  it('is of them all as one model: code beside the weights, and files that are missing', async () => {
    const path = join(folder, 'shards');
    await cp(folderPath('shards'), path, { recursive: true });
    await writeFile(
      join(path, 'config.json'),
      '{"model_type": "x", "auto_map": {"AutoModel": "modeling.X"}}',
    );
    await rm(join(path, 'model-00002-of-00003.safetensors'));
    await pushFolder(path);
    const { whole, layers } = await find();
    const all = [...whole, ...layers.flatMap(({ findings }) => findings)];
    expect(whole.map(({ severity, file }) => `${severity} ${file}`)).toEqual([
      'medium config.json: auto_map',
    ]);
    expect(all).toContainEqual(
      expect.objectContaining({
        severity: 'high',
        code: 'truncated',
        where: 'model-00002-of-00003.safetensors',
      }),
    );
  });

  it.each([
    ['first', EVIL, 'N.'],
    ['second', 'N.', EVIL],
  ])('is of the %s of two layers of one title', async (_which, ...texts) => {
    const target = openTarget(context, location());
    const add = async (text: string, mediaType: string) => {
      const bytes = Buffer.from(text);
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
      await target.push(descriptor, bytesContent(bytes));
      return descriptor;
    };
    const titled = { [Annotation.title]: 'm.pkl' };
    const config = await add('{}', MediaType.empty);
    const layers = texts.map(async (text) => ({
      ...(await add(text, 'application/x-pickle')),
      annotations: titled,
    }));
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      config,
      layers: await Promise.all(layers),
    };
    const root = await add(JSON.stringify(manifest), MediaType.manifest);
    await target.tag(root, 'v1');
    const severities = (await find()).layers.flatMap(({ findings }) =>
      findings.map(({ severity }) => severity),
    );
    expect(severities).toContain('critical');
  });

  it('is told the gravest first', () => {
    const findings = (['info', 'high', 'critical', 'medium', 'high'] as const).map((severity, i) => ({
      severity,
      i,
    }));
    expect(worstFirst(findings).map(({ i }) => i)).toEqual([2, 1, 4, 3, 0]);
    expect(worstFirst(findings, ['high', 'critical']).map(({ i }) => i)).toEqual([2, 1, 4]);
  });
});

describe('what is found in a file that comes', () => {
  it.each([
    ['a small one, which is checked in memory', 0],
    ['a large one, which is checked on disk', 2 * SMALL_BLOB_BYTES],
  ])('is told before the file has its name: %s', async (_name, padding) => {
    await mkdir(join(folder, 'model'));
    await writeFile(join(folder, 'model', 'm.pkl'), EVIL + 'x'.repeat(padding));
    await pushFolder(join(folder, 'model'));
    const out = join(folder, 'out');
    const path = join(out, 'm.pkl');
    const found: string[] = [];
    const there: boolean[] = [];
    await pull(context, location(), out, {
      onFinding({ severity, file }) {
        found.push(`${severity} ${file}`);
        there.push(existsSync(path));
      },
    });
    expect(found).toContain('critical m.pkl');
    expect(there).not.toContain(true);
    expect(existsSync(path)).toBe(true);
  });
});
