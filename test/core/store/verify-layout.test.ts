import { chmod, link, mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Annotation, MediaType } from '../../../src/core/oci/media-types.ts';
import { BlobHasher } from '../../../src/core/store/blob-hasher.ts';
import { LayoutTarget } from '../../../src/core/store/layout.ts';
import { listBlobs } from '../../../src/core/store/stored-blobs.ts';
import { verifyLayout } from '../../../src/core/store/verify-layout.ts';
import { artifact, blob, pushAll } from '../target.contract.ts';

let folder: string;
let target: LayoutTarget;
const weights = blob('weights '.repeat(1000));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-upkeep-'));
  target = new LayoutTarget(folder);
  const made = artifact([weights]);
  await pushAll(target, made);
  await target.tag(made.root, 'v1');
});
afterEach(() => rm(folder, { recursive: true }));

const path = () => target.blobPath(weights.descriptor.digest);

describe('verify', () => {
  it('finds nothing in what is whole', async () => {
    expect(await verifyLayout(folder)).toEqual([]);
  });

  it.each([
    ['a flipped bit', () => writeFile(path(), `Weights ${'weights '.repeat(999)}`), /another digest.*v1/],
    ['a truncated blob', () => truncate(path(), 10), /10 bytes, not 8000.*v1/],
    ['a missing blob', () => rm(path()), /missing.*v1/],
  ])('finds %s, and says what it belonged to', async (_what, damage, problem) => {
    await chmod(path(), 0o644);
    await damage();
    const problems = await verifyLayout(folder);
    expect(problems.map(({ digest }) => digest)).toEqual([weights.descriptor.digest]);
    expect(problems[0]?.problem).toMatch(problem);
  });

  it('finds a broken blob that no manifest needs, too', async () => {
    const stray = blob('stray');
    await target.push(stray.descriptor, stray.content);
    await chmod(target.blobPath(stray.descriptor.digest), 0o644);
    await writeFile(target.blobPath(stray.descriptor.digest), 'STRAY');
    expect(await verifyLayout(folder)).toHaveLength(1);
  });

  it('finds an index that cannot be read, and still hashes the blobs', async () => {
    await writeFile(join(folder, 'index.json'), '{');
    await chmod(path(), 0o644);
    await truncate(path(), 10);
    const problems = await verifyLayout(folder);
    expect(problems.map(({ digest }) => digest)).toEqual([null, weights.descriptor.digest]);
  });

  it('finds a manifest that is none, although its bytes are right', async () => {
    const text = blob('not a manifest', MediaType.manifest);
    await target.push({ ...text.descriptor, mediaType: 'text/plain' }, text.content);
    const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
    index.manifests.push(text.descriptor);
    await writeFile(join(folder, 'index.json'), JSON.stringify(index));
    expect(await verifyLayout(folder)).toMatchObject([{ digest: text.descriptor.digest }]);
  });

  it('lets layers be missing whose content is elsewhere, unless another artifact needs them here', async () => {
    const named = blob('elsewhere');
    const urls = ['https://example.com/weights'];
    const foreign = { ...named, descriptor: { ...named.descriptor, urls } };
    const tied = blob('tied', 'application/vnd.oci.image.layer.nondistributable.v1.tar');
    const made = artifact([foreign, tied]);
    await pushAll(target, made);
    for (const { descriptor } of [foreign, tied]) await rm(target.blobPath(descriptor.digest));
    expect(await verifyLayout(folder)).toEqual([]);
    const needing = artifact([named]);
    await pushAll(target, needing);
    await rm(target.blobPath(named.descriptor.digest));
    expect(await verifyLayout(folder)).toMatchObject([{ digest: named.descriptor.digest }]);
  });

  it('names the file of the artifact', async () => {
    const { content, descriptor } = blob('other weights');
    const named = {
      content,
      descriptor: { ...descriptor, annotations: { [Annotation.title]: 'model.onnx' } },
    };
    const made = artifact([named]);
    await pushAll(target, made);
    await target.tag(made.root, 'v2');
    await rm(target.blobPath(descriptor.digest));
    expect((await verifyLayout(folder))[0]?.problem).toBe('it is missing; it belongs to model.onnx of v2');
  });

  it('does not miss what is removed meanwhile', async () => {
    const root = await target.resolve('v1');
    let removal: Promise<void> | undefined;
    const hasher = new BlobHasher({
      onBytes() {
        removal ??= target.delete(root);
      },
    });
    expect(await verifyLayout(folder, {}, hasher)).toEqual([]);
    await removal;
    expect(await Array.fromAsync(listBlobs(folder))).toEqual([]);
  });

  it('reads a file once, however many names it has, and large ones in other threads', async () => {
    const large = blob(new Uint8Array(17 * 1024 * 1024).map((_, i) => i >> 3));
    const copies = [1, 2].map((i) => new LayoutTarget(join(folder, `copy${i}`)));
    await target.push(large.descriptor, large.content);
    for (const { path: copy } of copies) {
      await mkdir(join(copy, 'blobs', 'sha256'), { recursive: true });
      await link(
        target.blobPath(large.descriptor.digest),
        new LayoutTarget(copy).blobPath(large.descriptor.digest),
      );
    }
    let bytes = 0;
    const hasher = new BlobHasher({
      onBytes(count) {
        bytes += count;
      },
    });
    const verifyAll = (one: BlobHasher) =>
      Promise.all(copies.map(({ path: copy }) => verifyLayout(copy, {}, one)));
    expect(await verifyAll(hasher)).toEqual([[], []]);
    expect(bytes).toBe(large.descriptor.size);
    const file = target.blobPath(large.descriptor.digest);
    await chmod(file, 0o644);
    const handle = await open(file, 'r+');
    await handle.write(new Uint8Array([1]), 0, 1, 16 * 1024 * 1024 + 5);
    await handle.close();
    expect((await verifyAll(new BlobHasher())).map((found) => found.length)).toEqual([1, 1]);
  });

  it('stops when it is told to', async () => {
    const reason = new Error('enough');
    await expect(verifyLayout(folder, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
