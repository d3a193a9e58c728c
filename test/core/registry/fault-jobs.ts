import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOmlmdError, OmlmdError } from '../../../src/core/errors.ts';
import { bytesContent, readAll, textContent } from '../../../src/core/oci/content.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import type { Context } from '../../../src/core/operations/context.ts';
import { copyArtifact } from '../../../src/core/operations/copy-artifact.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { pull } from '../../../src/core/operations/pull.ts';
import { push } from '../../../src/core/operations/push.ts';
import { referrersTag } from '../../../src/core/registry/referrers.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { type Bench, client, GONE, LARGE, MODEL_BYTES, NEW, THERE } from './fault-bench.ts';

/** What the client does while the fault waits for it. */
export type Job =
  | 'push'
  | 'push many'
  | 'push other bytes'
  | 'pull'
  | 'pull large'
  | 'copy'
  | 'tags'
  | 'catalog'
  | 'referrers'
  | 'refer'
  | 'delete'
  | 'untag'
  | 'log in';

function at({ registry }: Bench, repository: string, tag = 'v1') {
  return parseLocation(`${registry.host}/${repository}:${tag}`);
}

async function put(
  bench: Bench,
  context: Context,
  repository: string,
  signal?: AbortSignal,
  path = bench.model,
): Promise<void> {
  const model = await prepareModel([{ path }], { metadata: { kind: 'empty' } });
  await push(context, at(bench, repository), model, { signal });
}

function open({ registry }: Bench, context: Context, repository: string): Repository {
  return context.registry(registry.host).repository(repository);
}

/** Makes the registry what the job needs. */
export async function setUp(bench: Bench, job: Job): Promise<void> {
  const context = client(join(bench.home, 'setup'));
  const { repositories } = bench.registry.memory;
  repositories.delete(NEW);
  repositories.delete(GONE);
  if (!repositories.has(THERE)) {
    await put(bench, context, THERE);
    await refer(open(bench, context, THERE));
  }
  if (job !== 'pull large') repositories.delete(LARGE);
  else if (!repositories.has(LARGE)) await put(bench, context, LARGE, undefined, bench.large);
  if (job === 'refer') {
    await copyArtifact(context, at(bench, THERE), at(bench, NEW));
    await refer(open(bench, context, NEW), 'text/first');
  }
  if (job === 'delete' || job === 'untag') await copyArtifact(context, at(bench, THERE), at(bench, GONE));
  context.registry(bench.registry.host).close();
}

/** Something that refers to the model. */
async function refer(repository: Repository, artifactType = 'text/note'): Promise<void> {
  const { mediaType, digest, size } = await repository.resolve('v1');
  const empty = { mediaType: MediaType.empty, digest: digestOf(Buffer.from('{}')), size: 2 };
  await repository.push(empty, textContent('{}'));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType,
    config: empty,
    layers: [empty],
    subject: { mediaType, digest, size },
  });
  const bytes = Buffer.from(manifest);
  await repository.push(
    { mediaType: MediaType.manifest, digest: digestOf(bytes), size: bytes.byteLength },
    textContent(manifest),
  );
}

/** The client has been there before: it has a token, as old as they come. */
export async function warmUp(job: Job, context: Context, bench: Bench): Promise<void> {
  const repository = open(bench, context, THERE);
  if (job === 'catalog') await collect(context.registry(bench.registry.host).repositories());
  if (job === 'tags' || job === 'pull') await collect(repository.tags());
}

/** Does the job. */
export async function work(
  job: Job,
  context: Context,
  bench: Bench,
  out: string,
  signal?: AbortSignal,
): Promise<void> {
  const repository = open(bench, context, job === 'delete' || job === 'untag' ? GONE : THERE);
  switch (job) {
    case 'push':
      return put(bench, context, NEW, signal);
    case 'pull':
      return void (await pull(context, at(bench, THERE), out));
    case 'push many':
      return put(bench, context, NEW, signal, bench.many);
    case 'push other bytes':
      return pushOtherBytes(open(bench, context, NEW), bench);
    case 'pull large':
      return void (await pull(context, at(bench, LARGE), out));
    case 'refer':
      return refer(open(bench, context, NEW));
    case 'log in':
      return void (await context.registry(bench.registry.host).authenticate());
    case 'copy':
      return void (await copyArtifact(context, at(bench, THERE), at(bench, NEW)));
    case 'tags':
      return assertList(await collect(repository.tags()), 'v1');
    case 'catalog':
      return assertList(await collect(context.registry(bench.registry.host).repositories()), THERE);
    case 'referrers': {
      const found = await collect(repository.referrers(await repository.resolve('v1')));
      return assertList(
        found.map(({ artifactType = '' }) => artifactType),
        'text/note',
      );
    }
    case 'delete':
      return repository.delete(await repository.resolve('v1'));
    case 'untag':
      return repository.untag('v1');
  }
}

/** A blob that turns out to be another one, so that its upload is given up. */
async function pushOtherBytes(repository: Repository, { model }: Bench): Promise<void> {
  const bytes = await readFile(model);
  const digest = digestOf(Buffer.from('something else'));
  const descriptor = { mediaType: 'application/x-mlmodel', digest, size: bytes.byteLength };
  const error = await repository.push(descriptor, bytesContent(bytes)).catch((reason: unknown) => reason);
  if (!isOmlmdError(error, 'digest-mismatch')) throw error ?? new Error('was taken');
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A list that is wrong without an error is the worst that can come of a fault. */
function assertList(found: readonly string[], wanted: string): void {
  if (found.join() !== wanted) throw new Error(`the list is ${JSON.stringify(found)}`);
}

/** Whether what was asked for is so now, seen by a client that meets no fault. */
export async function isDone(job: Job, bench: Bench, folder: string): Promise<boolean> {
  const context = client(join(folder, 'after'));
  try {
    if (job === 'push' || job === 'copy') return await isWhole(bench, context, NEW, join(folder, 'whole'));
    if (job === 'pull') return await isModel(bench.model, join(folder, 'out'));
    if (job === 'pull large') return await isModel(bench.large, join(folder, 'out'));
    if (job === 'push many') return await isFolder(bench, context, join(folder, 'whole'));
    if (job === 'push other bytes') return !(await isWhole(bench, context, NEW, join(folder, 'whole')));
    if (job === 'refer') return await isInFallbackIndex(open(bench, context, NEW));
    if (job === 'delete' || job === 'untag')
      return await open(bench, context, GONE)
        .resolve('v1')
        .then(
          () => false,
          (error: unknown) => error instanceof OmlmdError && error.code === 'not-found',
        );
    return true;
  } finally {
    context.registry(bench.registry.host).close();
  }
}

async function isWhole(bench: Bench, context: Context, repository: string, out: string): Promise<boolean> {
  try {
    await pull(context, at(bench, repository), out);
  } catch (error) {
    if (error instanceof OmlmdError && error.code === 'not-found') return false;
    throw error;
  }
  return isModel(bench.model, out);
}

async function isFolder(bench: Bench, context: Context, out: string): Promise<boolean> {
  await pull(context, at(bench, NEW), out);
  for (const name of await readdir(bench.many)) {
    const [theirs, ours] = await Promise.all([out, bench.many].map((path) => readFile(join(path, name))));
    if (ours === undefined || !theirs?.equals(ours)) return false;
  }
  return true;
}

/** Under the tag that stands for the list, whatever the registry itself would say. */
async function isInFallbackIndex(repository: Repository): Promise<boolean> {
  const tag = referrersTag((await repository.resolve('v1')).digest);
  try {
    const bytes = await readAll(await repository.fetch(await repository.resolve(tag)), MODEL_BYTES);
    const { manifests } = JSON.parse(Buffer.from(bytes).toString());
    return manifests.map((entry: Descriptor) => entry.artifactType).join() === 'text/first,text/note';
  } catch (error) {
    if (isOmlmdError(error, 'not-found')) return false;
    throw error;
  }
}

async function isModel(model: string, out: string): Promise<boolean> {
  const path = join(out, 'model.bin');
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there && (await readFile(path)).equals(await readFile(model));
}
