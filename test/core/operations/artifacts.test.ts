import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/core/log.ts';
import { parseSetValue } from '../../../src/core/model/set-value.ts';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import { type Context, createContext, openTarget } from '../../../src/core/operations/context.ts';
import { copyAllTags, copyArtifact } from '../../../src/core/operations/copy-artifact.ts';
import { diff, isSame } from '../../../src/core/operations/diff.ts';
import type { ArtifactEvent } from '../../../src/core/operations/events.ts';
import { inspectArtifact } from '../../../src/core/operations/inspect.ts';
import { list } from '../../../src/core/operations/list.ts';
import { parseListing, parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { pull } from '../../../src/core/operations/pull.ts';
import { push } from '../../../src/core/operations/push.ts';
import { planRemoval, removeArtifact } from '../../../src/core/operations/tag.ts';
import { startTestRegistry } from '../../support/registry/test-registry.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';

let folder: string;
let context: Context;
let events: ArtifactEvent[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-operations-'));
  events = [];
  context = createContext({
    home: join(folder, 'home'),
    credentials: { get: async () => undefined },
    log: silentLog,
    registryOptions: () => ({}),
    listeners: [{ update: (event) => void events.push(event) }],
  });
  await writeSafetensors(join(folder, 'm.safetensors'), [1, 2, 3]);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function pushModel(reference: string, ...set: string[]) {
  const model = await prepareModel([{ path: join(folder, 'm.safetensors') }], {
    set: set.map(parseSetValue),
  });
  return (await push(context, parseLocation(reference), model)).result;
}

describe('listeners', () => {
  it('are told of a push and a pull with reference, digest and metadata, after it happened', async () => {
    const { digest } = await pushModel('local/m:v1', 'accuracy=0.5');
    await pull(context, parseLocation('local/m:v1'), join(folder, 'out'));
    expect(events.map(({ kind, reference, digest: d }) => ({ kind, reference, d }))).toEqual([
      { kind: 'push', reference: 'local/m:v1', d: digest },
      { kind: 'pull', reference: 'local/m:v1', d: digest },
    ]);
    expect(events[1]?.metadata.customProperties.get('accuracy')).toMatchObject({ text: '0.5' });
  });

  it('do not undo a push by throwing', async () => {
    const throwing = {
      ...context,
      listeners: [
        {
          update: () => {
            throw new Error('no');
          },
        },
      ],
    };
    const model = await prepareModel([{ path: join(folder, 'm.safetensors') }]);
    await expect(push(throwing, parseLocation('local/m:v1'), model)).resolves.toBeDefined();
  });
});

describe('metadata of a push', () => {
  it('comes from the file, then its .omlmd.yaml, then the person, and knows which', async () => {
    await writeFile(join(folder, 'm.omlmd.yaml'), 'author: Ada\naccuracy: 0.9\ndescription: a\n');
    const model = await prepareModel([{ path: join(folder, 'm.safetensors') }], {
      set: [parseSetValue('description=b')],
    });
    expect(model.metadata).toMatchObject({
      name: 'm',
      author: 'Ada',
      description: 'b',
      model_format_name: 'safetensors',
    });
    const origin = (path: string) => model.origins.get(path);
    expect([
      origin('model_format_name'),
      origin('author'),
      origin('customProperties.accuracy'),
      origin('description'),
    ]).toEqual(['auto', 'file', 'file', 'user']);
  });

  it('with a document takes nothing from the model or from beside it', async () => {
    await writeFile(join(folder, 'm.omlmd.yaml'), 'author: Ada\n');
    const model = await prepareModel([{ path: join(folder, 'm.safetensors') }], {
      metadata: { kind: 'document', text: '{"name": "x"}', path: 'md.json' },
    });
    expect(model.metadata).toMatchObject({ name: 'x', author: null, model_format_name: null });
  });

  it('is nothing at all when it is to be empty, though metadata files lie beside the model', async () => {
    await writeFile(join(folder, 'model_metadata.omlmd.json'), '{"name": "old"}');
    const model = await prepareModel([{ path: join(folder, 'm.safetensors') }], {
      metadata: { kind: 'empty' },
    });
    const { result } = await push(context, parseLocation('local/m:v1'), model);
    expect(result.annotations).toEqual({ 'customProperties+json': '{}' });
    expect(result.files[1]?.digest).toBe(
      'sha256:12993a410c62f7a02b586d2f62f112f3c553b53ba9b8fbbed171d8ac9954b051',
    );
  });
});

describe('artifacts', () => {
  it('are the same bytes from any machine and at any time', async () => {
    const first = await pushModel('local/a:v1');
    const second = await pushModel('local/b:v1');
    expect(second.digest).toBe(first.digest);
  });

  it('an index is followed to its one model; several are named by digest', async () => {
    const one = await pushModel('local/m:v1');
    const two = await pushModel('local/m:v2', 'accuracy=1');
    const target = openTarget(context, parseLocation('local/m'));
    const put = async (tag: string, digests: readonly { digest: string; manifestSize: number }[]) => {
      const manifests = digests.map(({ digest, manifestSize }) => ({
        mediaType: MediaType.manifest,
        digest,
        size: manifestSize,
      }));
      const bytes = new TextEncoder().encode(
        JSON.stringify({ schemaVersion: 2, mediaType: MediaType.index, manifests }),
      );
      const descriptor = { mediaType: MediaType.index, digest: digestOf(bytes), size: bytes.byteLength };
      await target.push(descriptor, bytesContent(bytes));
      await target.tag(descriptor, tag);
    };
    await put('one', [one]);
    await put('two', [one, two]);
    expect((await inspectArtifact(context, parseLocation('local/m:one'))).digest).toBe(one.digest);
    await expect(inspectArtifact(context, parseLocation('local/m:two'))).rejects.toThrow(
      new RegExp(`${one.digest}, ${two.digest}`),
    );
  });

  it('differ by metadata paths, files and annotations, or not at all', async () => {
    await pushModel('local/m:v1', 'accuracy=0.9');
    await pushModel('local/m:v2', 'accuracy=0.95', 'license=MIT');
    const report = await diff(context, parseLocation('local/m:v1'), parseLocation('local/m:v2'));
    expect(report.metadata.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'changed customProperties.accuracy',
      'added customProperties.license',
    ]);
    expect(isSame(await diff(context, parseLocation('local/m:v1'), parseLocation('local/m:v1')))).toBe(true);
  });

  it('all tags of a repository go to a registry, and ls --long reads them there', async () => {
    const registry = await startTestRegistry({ pageSize: 1 });
    try {
      await pushModel('local/m:v1', 'accuracy=0.9');
      await pushModel('local/m:v2', 'accuracy=0.95');
      await copyAllTags(context, parseLocation('local/m'), parseLocation(`${registry.host}/team/m`));
      const rows = await Array.fromAsync(
        list(context, parseListing(`${registry.host}/team/m`), { long: true }),
      );
      expect(
        rows.map(({ tag, metadata }) => [tag, metadata?.customProperties.get('accuracy')]),
      ).toMatchObject([
        ['v1', { text: '0.9' }],
        ['v2', { text: '0.95' }],
      ]);
      const repositories = await Array.fromAsync(list(context, parseListing(registry.host)));
      expect(repositories.map((row) => row.repository)).toEqual(['team/m']);
    } finally {
      await registry.stop();
    }
  });

  it('a removal names every tag that goes with it', async () => {
    await pushModel('local/m:v1,latest');
    const removal = await planRemoval(context, parseLocation('local/m:v1'));
    expect([...removal.tags].sort()).toEqual(['latest', 'v1']);
    await removeArtifact(context, removal);
    await expect(inspectArtifact(context, parseLocation('local/m:latest'))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('reading a remote model asks for ranges, not for the weights', async () => {
    const registry = await startTestRegistry();
    try {
      await writeSafetensors(join(folder, 'm.safetensors'), new Array(4_000_000).fill(0.5));
      await pushModel('local/m:v1');
      await copyArtifact(context, parseLocation('local/m:v1'), parseLocation(`${registry.host}/m:v1`));
      const layer = `/blobs/${(await inspectArtifact(context, parseLocation('local/m:v1'))).files[0]?.digest}`;
      const before = registry.requests.length;
      const report = await inspectArtifact(context, parseLocation(`${registry.host}/m:v1`));
      expect(report.models?.[0]).toMatchObject({ verified: false, format: { name: 'safetensors' } });
      const reads = registry.requests
        .slice(before)
        .filter(({ path, method }) => path.endsWith(layer) && method === 'GET');
      expect(reads.length).toBeLessThanOrEqual(3);
      expect(reads.every(({ headers }) => headers.range !== undefined)).toBe(true);
    } finally {
      await registry.stop();
    }
  });
});

describe('a metadata file that names its model', () => {
  it('is the metadata of that model, whatever the model is called', async () => {
    await writeFile(join(folder, 'card.omlmd.yaml'), 'author: Ada\n');
    const sidecar = join(folder, 'card.omlmd.yaml');
    const model = await prepareModel([{ path: join(folder, 'm.safetensors') }], { sidecar });
    expect(model.metadata).toMatchObject({ author: 'Ada', model_format_name: 'safetensors' });
  });
});
