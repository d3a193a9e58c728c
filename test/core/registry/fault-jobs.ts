import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OmlmdError } from '../../../src/core/errors.ts';
import { textContent } from '../../../src/core/oci/content.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import type { Context } from '../../../src/core/operations/context.ts';
import { copyArtifact } from '../../../src/core/operations/copy-artifact.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { pull } from '../../../src/core/operations/pull.ts';
import { push } from '../../../src/core/operations/push.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { type Bench, client, GONE, NEW, THERE } from './fault-bench.ts';

/** What the client does while the fault waits for it. */
export type Job = 'push' | 'pull' | 'copy' | 'tags' | 'catalog' | 'referrers' | 'delete' | 'untag';

function at({ registry }: Bench, repository: string, tag = 'v1') {
  return parseLocation(`${registry.host}/${repository}:${tag}`);
}

async function put(bench: Bench, context: Context, repository: string, signal?: AbortSignal): Promise<void> {
  const model = await prepareModel([{ path: bench.model }], { metadata: { kind: 'empty' } });
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
  if (job === 'delete' || job === 'untag') await copyArtifact(context, at(bench, THERE), at(bench, GONE));
  context.registry(bench.registry.host).close();
}

/** Something that refers to the model. */
async function refer(repository: Repository): Promise<void> {
  const { mediaType, digest, size } = await repository.resolve('v1');
  const empty = { mediaType: MediaType.empty, digest: digestOf(Buffer.from('{}')), size: 2 };
  await repository.push(empty, textContent('{}'));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: 'text/note',
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
    if (job === 'pull') return await isModel(bench, join(folder, 'out'));
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
  return isModel(bench, out);
}

async function isModel({ model }: Bench, out: string): Promise<boolean> {
  const path = join(out, 'model.bin');
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there && (await readFile(path)).equals(await readFile(model));
}
