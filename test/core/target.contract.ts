import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../src/core/errors.ts';
import { bytesContent, type Content, readAll, textContent } from '../../src/core/oci/content.ts';
import { type Descriptor, plainDescriptor } from '../../src/core/oci/descriptor.ts';
import { type DigestAlgorithm, digestOf } from '../../src/core/oci/digest.ts';
import { type FileContent, openFileContent } from '../../src/core/oci/file-content.ts';
import type { Manifest } from '../../src/core/oci/manifest.ts';
import { MediaType } from '../../src/core/oci/media-types.ts';
import { canDelete, canIngest, type Deleter, type Mounter, type Target } from '../../src/core/oci/target.ts';

/** Content and its descriptor, as a push needs them. */
export interface Piece {
  readonly descriptor: Descriptor;
  readonly content: Content;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A blob of a text or of bytes. */
export function blob(
  data: string | Uint8Array,
  mediaType = 'application/x-mlmodel',
  algorithm: DigestAlgorithm = 'sha256',
): Piece {
  const bytes = typeof data === 'string' ? bytesOf(data) : data;
  return {
    descriptor: { mediaType, digest: digestOf(bytes, algorithm), size: bytes.byteLength },
    content: bytesContent(bytes),
  };
}

/** A manifest over the given pieces, with all of them in the order in which they may be pushed. */
export interface Artifact {
  readonly root: Descriptor;
  readonly pieces: readonly Piece[];
}

export function artifact(
  layers: readonly Piece[],
  more: Partial<Pick<Manifest, 'subject' | 'artifactType' | 'annotations'>> = {},
): Artifact {
  const config = blob('{}', MediaType.empty);
  const manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    ...more,
    config: config.descriptor,
    layers: layers.map((layer) => layer.descriptor),
  };
  const root = blob(JSON.stringify(manifest), MediaType.manifest);
  return { root: root.descriptor, pieces: [config, ...layers, root] };
}

/** An index over manifests that are pushed before it. */
export function index(manifests: readonly Descriptor[]): Piece {
  return blob(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.index, manifests }), MediaType.index);
}

export async function pushAll(target: Target, { pieces }: Pick<Artifact, 'pieces'>): Promise<void> {
  for (const { descriptor, content } of pieces) await target.push(descriptor, content);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function textOf(content: Content): Promise<string> {
  return new TextDecoder().decode(await readAll(content, 64 * 1024 * 1024));
}

/** The code that a promise rejects with; fails when it does not reject with an error of ours. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isOmlmdError(error)) return error.code;
  throw new Error(`expected an OmlmdError, got ${error}`);
}

export interface MadeTarget {
  readonly target: Target & Partial<Mounter & Deleter>;
  stop(): Promise<void>;
}

/** What every place for content does alike. `make` gives an empty one. */
export function describeTarget(name: string, make: () => Promise<MadeTarget>): void {
  const test = (behaviour: string, run: (target: MadeTarget['target']) => Promise<void>) =>
    it(behaviour, async () => {
      const { target, stop } = await make();
      try {
        await run(target);
      } finally {
        await stop();
      }
    });

  describe(`${name} as a target`, () => {
    describeBlobs(test);
    describeManifests(test);
    describeReferrers(test);
    describeRemoval(test);
    describeIngest(test);
  });
}

type Test = (behaviour: string, run: (target: MadeTarget['target']) => Promise<void>) => void;

function describeBlobs(test: Test): void {
  test('gives back the blob that was pushed, whole, in part and again', async (target) => {
    const { descriptor, content } = blob('0123456789');
    expect(await target.exists(descriptor)).toBe(false);
    await target.push(descriptor, content);
    expect(await target.exists(descriptor)).toBe(true);
    const fetched = await target.fetch(descriptor);
    expect(fetched.size).toBe(10);
    expect(await textOf(fetched)).toBe('0123456789');
    expect(await textOf(fetched)).toBe('0123456789');
    expect(await textOf(fetched.slice(2, 5))).toBe('234');
    expect(await textOf(fetched.slice(2).slice(3, 6))).toBe('567');
    expect(await textOf(fetched.slice(8, 99))).toBe('89');
    expect(await textOf(fetched.slice(5, 5))).toBe('');
  });

  test('takes a blob of several megabytes', async (target) => {
    const bytes = new Uint8Array(9 * 1024 * 1024 + 7).map((_, i) => i * 31 + (i >> 10));
    const { descriptor, content } = blob(bytes);
    await target.push(descriptor, content);
    const got = await readAll(await target.fetch(descriptor), bytes.byteLength);
    expect(digestOf(got)).toBe(descriptor.digest);
    const part = await readAll((await target.fetch(descriptor)).slice(5_000_000, 5_000_100), 100);
    expect(digestOf(part)).toBe(digestOf(bytes.subarray(5_000_000, 5_000_100)));
  });

  test('takes sha512', async (target) => {
    const { descriptor, content } = blob('long digest', 'text/plain', 'sha512');
    await target.push(descriptor, content);
    expect(await textOf(await target.fetch(descriptor))).toBe('long digest');
  });

  test('stores nothing when the bytes are not those of the digest', async (target) => {
    const { descriptor } = blob('expected');
    expect(await codeOf(target.push(descriptor, textContent('3xpected')))).toBe('digest-mismatch');
    expect(await target.exists(descriptor)).toBe(false);
    expect(await codeOf(target.fetch(descriptor).then(textOf))).toBe('not-found');
  });

  test('stores nothing when there are fewer or more bytes than promised', async (target) => {
    const { descriptor } = blob('expected');
    for (const lie of ['expecte', 'expected!']) {
      expect(await codeOf(target.push(descriptor, textContent(lie)))).toBe('size-mismatch');
      expect(await target.exists(descriptor)).toBe(false);
    }
  });

  test('takes the same blob from many at once', async (target) => {
    const { descriptor, content } = blob('x'.repeat(200_000));
    await Promise.all(Array.from({ length: 6 }, () => target.push(descriptor, content)));
    expect((await textOf(await target.fetch(descriptor))).length).toBe(200_000);
  });

  test('rejects with the reason of the signal', async (target) => {
    const { descriptor, content } = blob('never');
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(target.push(descriptor, content, { signal })).rejects.toBe(reason);
    await expect(target.resolve('v1', { signal })).rejects.toBe(reason);
    expect(await target.exists(descriptor)).toBe(false);
  });
}

function describeManifests(test: Test): void {
  test('resolves a manifest by tag and by digest, and fetches its very bytes', async (target) => {
    const made = artifact([blob('weights')]);
    await pushAll(target, made);
    await target.tag(made.root, 'v1');
    expect(plainDescriptor(await target.resolve('v1'))).toEqual(made.root);
    expect(plainDescriptor(await target.resolve(made.root.digest))).toEqual(made.root);
    expect(await target.exists(made.root)).toBe(true);
    const bytes = await readAll(await target.fetch(made.root), made.root.size);
    expect(digestOf(bytes)).toBe(made.root.digest);
  });

  test('resolves an untagged manifest by its digest', async (target) => {
    const made = artifact([blob('untagged')]);
    await pushAll(target, made);
    expect(plainDescriptor(await target.resolve(made.root.digest))).toEqual(made.root);
  });

  test('does not find what is not there', async (target) => {
    await pushAll(target, artifact([blob('something')]));
    const missing = artifact([blob('missing')]);
    expect(await codeOf(target.resolve('nope'))).toBe('not-found');
    expect(await codeOf(target.resolve(missing.root.digest))).toBe('not-found');
    expect(await target.exists(missing.root)).toBe(false);
    expect(await codeOf(target.fetch(missing.root).then(textOf))).toBe('not-found');
    expect(await codeOf(target.fetch(blob('missing').descriptor).then(textOf))).toBe('not-found');
    expect(await codeOf(target.tag(missing.root, 'v1'))).toBe('not-found');
  });

  test('lists its tags, and a tag that moves keeps what it left', async (target) => {
    const first = artifact([blob('first')]);
    const second = artifact([blob('second')]);
    await pushAll(target, first);
    await pushAll(target, second);
    await target.tag(first.root, 'v1');
    await target.tag(first.root, 'latest');
    await target.tag(second.root, 'latest');
    expect((await collect(target.tags())).sort()).toEqual(['latest', 'v1']);
    expect((await target.resolve('latest')).digest).toBe(second.root.digest);
    expect((await target.resolve('v1')).digest).toBe(first.root.digest);
    await target.tag(second.root, 'v1');
    expect((await target.resolve(first.root.digest)).digest).toBe(first.root.digest);
  });

  test('moves no tag that is to be new, and lets one of two have it', async (target) => {
    const [first, second] = ['first', 'second'].map((name) => artifact([blob(name)]));
    if (first === undefined || second === undefined) throw new Error('two were made');
    await pushAll(target, first);
    await pushAll(target, second);
    await target.tag(first.root, 'v1', { ifAbsent: true });
    await target.tag(first.root, 'v1', { ifAbsent: true });
    expect(await codeOf(target.tag(second.root, 'v1', { ifAbsent: true }))).toBe('already-exists');
    expect((await target.resolve('v1')).digest).toBe(first.root.digest);
    const both = [first, second].map(({ root }) => target.tag(root, 'v2', { ifAbsent: true }));
    const ended = await Promise.allSettled(both);
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = ended[0]?.status === 'fulfilled' ? first : second;
    expect((await target.resolve('v2')).digest).toBe(winner.root.digest);
  });

  test('takes an index over manifests', async (target) => {
    const one = artifact([blob('one')]);
    const two = artifact([blob('two')]);
    const both = index([one.root, two.root]);
    await pushAll(target, one);
    await pushAll(target, two);
    await target.push(both.descriptor, both.content);
    await target.tag(both.descriptor, 'all');
    expect(plainDescriptor(await target.resolve('all'))).toEqual(both.descriptor);
    expect(plainDescriptor(await target.resolve(one.root.digest))).toEqual(one.root);
  });

  test('stores no manifest whose bytes are not those of the digest', async (target) => {
    const made = artifact([blob('weights')]);
    await pushAll(target, { pieces: made.pieces.slice(0, -1) });
    const other = artifact([blob('weights')], { annotations: { a: 'b' } }).pieces.at(-1)?.content;
    const code = await codeOf(
      target.push({ ...made.root, size: other?.size ?? 0 }, other ?? textContent('')),
    );
    expect(code).toBe('digest-mismatch');
    expect(await codeOf(target.resolve(made.root.digest))).toBe('not-found');
  });
}

function describeReferrers(test: Test): void {
  test('lists what points at a manifest, with type and annotations', async (target) => {
    const subject = artifact([blob('subject')]);
    await pushAll(target, subject);
    expect(await collect(target.referrers(subject.root))).toEqual([]);
    const signature = artifact([blob('signature')], {
      subject: subject.root,
      artifactType: 'application/x-signature',
      annotations: { by: 'me' },
    });
    const untyped = artifact([blob('note')], { subject: subject.root });
    await pushAll(target, signature);
    await pushAll(target, untyped);
    const all = await collect(target.referrers(subject.root));
    expect(all.map((r) => r.digest).sort()).toEqual([signature.root.digest, untyped.root.digest].sort());
    const signed = all.find((r) => r.digest === signature.root.digest);
    expect(signed).toMatchObject({ ...signature.root, artifactType: 'application/x-signature' });
    expect(signed?.annotations).toEqual({ by: 'me' });
    const noted = all.find((r) => r.digest === untyped.root.digest);
    expect(noted?.artifactType).toBe(MediaType.empty);
    const filtered = await collect(
      target.referrers(subject.root, { artifactType: 'application/x-signature' }),
    );
    expect(filtered.map((r) => r.digest)).toEqual([signature.root.digest]);
  });

  test('takes a referrer before its subject', async (target) => {
    const subject = artifact([blob('later')]);
    const early = artifact([blob('early')], { subject: subject.root, artifactType: 'application/x-early' });
    await pushAll(target, early);
    expect((await collect(target.referrers(subject.root))).map((r) => r.digest)).toEqual([early.root.digest]);
  });
}

/** Content of each kind of way: one request, several chunks, a file that is hashed in another thread. */
const INGESTED_BYTES = [0, 1, 5 * 1024 * 1024 + 3, 65 * 1024 * 1024 + 1];

function describeIngest(test: Test): void {
  test('takes content of unknown digest and tells it', async (target) => {
    if (!canIngest(target)) return;
    for (const size of INGESTED_BYTES) {
      const bytes = randomBytes(size);
      const digest = digestOf(bytes);
      expect(await target.ingest(bytesContent(bytes))).toBe(digest);
      await withFile(bytes, async (content) => {
        expect(await target.ingest(content)).toBe(digest);
      });
      const stored = await target.fetch({ mediaType: 'application/x-mlmodel', digest, size });
      expect(digestOf(await readAll(stored, size))).toBe(digest);
    }
  });

  test('takes nothing of a file that changes while it is taken', async (target) => {
    if (!canIngest(target)) return;
    await withFile(randomBytes(66 * 1024 * 1024), async (content) => {
      await truncate(content.path, 1000);
      expect(await codeOf(target.ingest(content))).toBe('file-changed');
    });
  });
}

async function withFile(bytes: Uint8Array, work: (content: FileContent) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-ingest-'));
  try {
    const path = join(folder, 'model.bin');
    await writeFile(path, bytes);
    await work(await openFileContent(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function describeRemoval(test: Test): void {
  test('removes a manifest with its names, and leaves the others', async (target) => {
    if (!canDelete(target)) return;
    const shared = blob('shared');
    const gone = artifact([shared, blob('gone')]);
    const stays = artifact([shared, blob('stays')]);
    await pushAll(target, gone);
    await pushAll(target, stays);
    await target.tag(gone.root, 'gone');
    await target.tag(stays.root, 'stays');
    await target.delete(gone.root);
    expect(await codeOf(target.resolve('gone'))).toBe('not-found');
    expect(await codeOf(target.resolve(gone.root.digest))).toBe('not-found');
    expect(await target.exists(gone.root)).toBe(false);
    expect(await collect(target.tags())).toEqual(['stays']);
    expect(await textOf(await target.fetch(shared.descriptor))).toBe('shared');
    expect(await codeOf(target.delete(gone.root))).toBe('not-found');
  });

  test('removes a name only, where the place can', async (target) => {
    if (!canDelete(target)) return;
    const made = artifact([blob('named twice')]);
    await pushAll(target, made);
    await target.tag(made.root, 'one');
    await target.tag(made.root, 'two');
    const failure = await target.untag('one').then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isOmlmdError(failure, 'unsupported')) return;
    expect(failure).toBeUndefined();
    expect(await collect(target.tags())).toEqual(['two']);
    await target.untag('two');
    expect(await codeOf(target.resolve('two'))).toBe('not-found');
    expect((await target.resolve(made.root.digest)).digest).toBe(made.root.digest);
    expect(await codeOf(target.untag('two'))).toBe('not-found');
  });
}
