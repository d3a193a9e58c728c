import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import { type Answer, jsonOf } from './http-client.ts';
import { manifestText, type RunningStore, startStore } from './running-store.ts';

let running: RunningStore;
beforeEach(async () => {
  running = await startStore({ pageSize: 3 });
});
afterEach(() => running.stop());

const linkOf = ({ headers }: Answer) => /^<(.*)>; rel="next"$/.exec(String(headers.link))?.[1];

/** Every page of a list, from a path on. */
async function pages(path: string, read: (answer: Answer) => unknown[]): Promise<unknown[][]> {
  const all: unknown[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer: Answer = await running.ask('GET', next);
    expect(answer.status).toBe(200);
    all.push(read(answer));
    next = linkOf(answer);
  }
  return all;
}

describe('tags', () => {
  const tags = (answer: Answer) => jsonOf(answer).tags;

  it('come in order, in pages of the asked length, and after the asked one', async () => {
    for (const tag of ['b', 'B', 'a', 'c', '1']) await running.pushManifest('m', tag);
    const list = '/v2/m/tags/list';
    expect(await pages(list, tags)).toEqual([
      ['1', 'B', 'a'],
      ['b', 'c'],
    ]);
    expect(await pages(`${list}?n=2`, tags)).toEqual([['1', 'B'], ['a', 'b'], ['c']]);
    expect(await pages(`${list}?n=99`, tags)).toHaveLength(2);
    expect(await pages(`${list}?n=0`, tags)).toEqual([[]]);
    expect(await pages(`${list}?last=a`, tags)).toEqual([['b', 'c']]);
    expect(await pages(`${list}?last=aa&n=1`, tags)).toEqual([['b'], ['c']]);
    expect(await pages(`${list}?last=z`, tags)).toEqual([[]]);
    for (const n of ['-1', 'x', '1e3']) expect((await running.ask('GET', `${list}?n=${n}`)).status).toBe(400);
  });

  it('are those of a repository that is there', async () => {
    expect((await running.ask('GET', '/v2/nobody/tags/list')).code).toBe('NAME_UNKNOWN');
  });
});

describe('the catalog', () => {
  it('has every repository with something in it, page by page', async () => {
    const names = ['a', 'a/b', 'a-b', 'blobs/index.json', 'z'];
    for (const name of names) await running.pushManifest(name, 'v1');
    await running.pushBlob('only-blobs', 'x');
    const read = (answer: Answer) => jsonOf(answer).repositories;
    expect((await pages('/v2/_catalog', read)).flat()).toEqual(names.toSorted());
    expect(await pages('/v2/_catalog?n=1', read)).toHaveLength(names.length);
  });
});

describe('referrers', () => {
  const read = (answer: Answer) => jsonOf(answer).manifests;

  async function refer(subject: string, i: number, more: object = {}): Promise<string> {
    const size = Buffer.byteLength(manifestText('v1'));
    return running.pushManifest('m', `r${i}`, {
      subject: { mediaType: MediaType.manifest, digest: subject, size },
      ...more,
    });
  }

  it('are told of with type and annotations, filtered when that is asked for', async () => {
    const subject = await running.pushManifest('m', 'v1');
    const one = await refer(subject, 1, { artifactType: 'text/x', annotations: { by: 'me' } });
    const two = await refer(subject, 2);
    const all = await running.ask('GET', `/v2/m/referrers/${subject}`);
    expect(all.headers['content-type']).toBe(MediaType.index);
    expect(all.headers).not.toHaveProperty('oci-filters-applied');
    expect(jsonOf(all)).toMatchObject({ schemaVersion: 2, mediaType: MediaType.index });
    const digests = read(all).map(({ digest }: { digest: string }) => digest);
    expect(digests.toSorted()).toEqual([one, two].toSorted());
    const some = await running.ask('GET', `/v2/m/referrers/${subject}?artifactType=text/x`);
    expect(some.headers['oci-filters-applied']).toBe('artifactType');
    expect(read(some)).toEqual([
      expect.objectContaining({ digest: one, artifactType: 'text/x', annotations: { by: 'me' } }),
    ]);
    const untyped = await running.ask('GET', `/v2/m/referrers/${subject}?artifactType=${MediaType.empty}`);
    expect(read(untyped)).toHaveLength(1);
  });

  it('are acknowledged when they are pushed, before their subject too', async () => {
    await running.pushBlob('m', '{}');
    const digest = digestOf(Buffer.from('later'));
    const subject = { mediaType: MediaType.manifest, digest, size: 5 };
    const body = manifestText('', { layers: [], subject });
    const put = await running.ask('PUT', '/v2/m/manifests/early', {
      headers: { 'content-type': MediaType.manifest },
      body,
    });
    expect(put.headers['oci-subject']).toBe(digest);
    expect(read(await running.ask('GET', `/v2/m/referrers/${digest}`))).toHaveLength(1);
  });

  it('come in pages, by number and by bytes', async () => {
    const subject = await running.pushManifest('m', 'v1');
    for (let i = 0; i < 5; i += 1) await refer(subject, i);
    const path = `/v2/m/referrers/${subject}`;
    expect((await pages(path, read)).map((page) => page.length)).toEqual([3, 2]);
    const long = { annotations: { long: 'x'.repeat(1_200_000) }, artifactType: 'text/long' };
    for (let i = 5; i < 8; i += 1) await refer(subject, i, long);
    const sizes = (await pages(`${path}?artifactType=text/long`, read)).map((page) => page.length);
    expect(sizes).toEqual([1, 1, 1]);
  });

  it('are an empty list where there are none, and an error where the digest is none', async () => {
    const digest = digestOf(Buffer.from('x'));
    expect(read(await running.ask('GET', `/v2/nobody/referrers/${digest}`))).toEqual([]);
    expect((await running.ask('GET', '/v2/m/referrers/sha256:x')).code).toBe('DIGEST_INVALID');
  });
});
