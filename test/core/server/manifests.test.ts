import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/core/oci/digest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import { manifestText, type RunningStore, startStore } from './running-store.ts';

let running: RunningStore;
beforeEach(async () => {
  running = await startStore();
});
afterEach(() => running.stop());

const path = (reference: string) => `/v2/m/manifests/${reference}`;
const TYPE = { 'content-type': MediaType.manifest };

function put(reference: string, body: string, headers: Record<string, string> = TYPE) {
  return running.ask('PUT', path(reference), { headers, body });
}

async function pushBlobs(...texts: readonly string[]): Promise<void> {
  for (const text of ['{}', ...texts]) await running.pushBlob('m', text);
}

describe('a manifest', () => {
  it('is read by tag and by digest, byte for byte', async () => {
    const digest = await running.pushManifest('m', 'v1');
    for (const reference of ['v1', digest, digest.replace(':', '%3A')]) {
      const { status, headers, body } = await running.ask('GET', path(reference));
      expect([status, body.toString()]).toEqual([200, manifestText('v1')]);
      expect(headers).toMatchObject({
        'content-type': MediaType.manifest,
        'content-length': String(body.byteLength),
        'docker-content-digest': digest,
        etag: `"${digest}"`,
      });
      const head = await running.ask('HEAD', path(reference));
      expect([head.status, head.headers['content-length']]).toEqual([200, String(body.byteLength)]);
    }
  });

  it('is stored under its digest, sha512 too, and under the tags of the query', async () => {
    await pushBlobs('layer');
    const body = manifestText('layer');
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(Buffer.from(body), algorithm);
      const { status, headers } = await put(`${digest}?tag=${algorithm}-a&tag=${algorithm}-b`, body);
      expect([status, headers['oci-tag'], headers['docker-content-digest']]).toEqual([
        201,
        `${algorithm}-a, ${algorithm}-b`,
        digest,
      ]);
      expect(headers.location).toBe(path(digest));
      expect((await running.ask('HEAD', path(`${algorithm}-b`))).headers['docker-content-digest']).toBe(
        digest,
      );
    }
    expect((await put(`${digestOf(Buffer.from(body))}?tag=-x`, body)).status).toBe(400);
  });

  it.each([
    ['what is not JSON', 'not JSON', TYPE],
    ['two shapes at once', manifestText('layer', { manifests: [] }), TYPE],
    ['a key twice', `{"schemaVersion":2,${manifestText('layer').slice(1)}`, TYPE],
    ['another type than it says', manifestText('layer'), { 'content-type': MediaType.index }],
    ['a type that is none', manifestText('layer'), { 'content-type': 'text/plain' }],
    ['a digest that is none', manifestText('layer').replace(/sha256:..../, 'sha256:../.'), TYPE],
    ['a size that is none', manifestText('layer').replace('"size":2', '"size":-2'), TYPE],
  ])('is refused with %s', async (_, body, headers) => {
    await pushBlobs('layer');
    const { status, code } = await put('v1', body, headers);
    expect([status, code]).toEqual([400, 'MANIFEST_INVALID']);
    expect((await running.ask('GET', path('v1'))).code).toBe('MANIFEST_UNKNOWN');
  });

  it('is refused under a digest that is not its own, and under what is no reference', async () => {
    await pushBlobs('layer');
    const body = manifestText('layer');
    for (const reference of [digestOf(Buffer.from('x')), 'sha256:bad']) {
      const { status, code } = await put(reference, body);
      expect([status, code]).toEqual([400, 'DIGEST_INVALID']);
    }
    for (const reference of ['-v1', 'a'.repeat(129), '..%2fx'])
      expect((await put(reference, body)).status).toBe(400);
  });

  it('is refused above 4 MiB, whatever its length was said to be', async () => {
    const body = manifestText('layer', { annotations: { long: 'x'.repeat(4 * 1024 * 1024) } });
    for (const headers of [TYPE, { ...TYPE, 'transfer-encoding': 'chunked' }]) {
      const question = { headers: { ...headers }, body };
      const { status, code } = await running.ask('PUT', path('v1'), question);
      expect([status, code]).toEqual([413, 'SIZE_INVALID']);
    }
  });

  it('is refused while a blob it needs is not there, but not for layers that may not be passed on', async () => {
    await pushBlobs();
    const { status, code, body } = await put('v1', manifestText('missing'));
    expect([status, code]).toEqual([404, 'MANIFEST_BLOB_UNKNOWN']);
    expect(body.toString()).toContain(digestOf(Buffer.from('missing')));
    const layer = (more: object) => ({ digest: digestOf(Buffer.from('elsewhere')), size: 9, ...more });
    const layers = [
      layer({ mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' }),
      layer({ mediaType: 'application/x-mlmodel', urls: ['https://example.com/model'] }),
    ];
    expect((await put('v1', manifestText('', { layers }))).status).toBe(201);
  });

  it('may be an index over manifests that are there', async () => {
    const digest = await running.pushManifest('m', 'v1');
    const size = Buffer.byteLength(manifestText('v1'));
    const index = (of: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.index,
        manifests: [{ mediaType: MediaType.manifest, digest: of, size }],
      });
    const headers = { 'content-type': MediaType.index };
    expect((await put('all', index(digest), headers)).status).toBe(201);
    const missing = digestOf(Buffer.from('missing'));
    expect((await put('all', index(missing), headers)).code).toBe('MANIFEST_BLOB_UNKNOWN');
    expect((await running.ask('HEAD', path('all'))).headers['content-type']).toBe(MediaType.index);
  });

  it('is not given to a client that does not take its type', async () => {
    await running.pushManifest('m', 'v1');
    const ask = async (accept: string) =>
      (await running.ask('GET', path('v1'), { headers: { accept } })).status;
    for (const taken of [
      MediaType.manifest,
      `${MediaType.index}, ${MediaType.manifest};q=0.5`,
      '*/*',
      'application/*',
      'application/json',
    ])
      expect(await ask(taken)).toBe(200);
    expect(await ask(MediaType.index)).toBe(404);
  });

  it('that its bytes are lost of is not there', async () => {
    const digest = await running.pushManifest('m', 'v1');
    await rm(running.store.repository('m').blobPath(digest as Digest));
    for (const reference of ['v1', digest])
      expect((await running.ask('HEAD', path(reference))).status).toBe(404);
    await running.pushManifest('m', 'v1');
    expect((await running.ask('GET', path('v1'))).status).toBe(200);
  });
});

describe('a tag', () => {
  it('is moved only from where the client says that it is', async () => {
    const digest = await running.pushManifest('m', 'v1');
    await pushBlobs('second');
    const second = manifestText('second');
    const attempt = async (headers: Record<string, string>) =>
      (await put('v1', second, { ...TYPE, ...headers })).status;
    expect(await attempt({ 'if-none-match': '*' })).toBe(412);
    expect(await attempt({ 'if-match': `"${digestOf(Buffer.from('x'))}"` })).toBe(412);
    expect((await running.ask('HEAD', path('v1'))).headers['docker-content-digest']).toBe(digest);
    expect(await attempt({ 'if-match': `"${digest}"` })).toBe(201);
    expect((await put('new', second, { ...TYPE, 'if-none-match': '*' })).status).toBe(201);
    expect((await put('newer', second, { ...TYPE, 'if-match': '*' })).status).toBe(412);
  });

  it('goes to one of many who want it at once', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => `writer ${i}`);
    await pushBlobs(...texts);
    const headers = { ...TYPE, 'if-none-match': '*' };
    const answers = await Promise.all(texts.map((text) => put('taken', manifestText(text), headers)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(412)]);
  });
});

describe('removal', () => {
  it('by tag removes the name only', async () => {
    const digest = await running.pushManifest('m', 'v1');
    expect((await running.ask('DELETE', path('v1'))).status).toBe(202);
    expect((await running.ask('HEAD', path('v1'))).status).toBe(404);
    expect((await running.ask('HEAD', path(digest))).status).toBe(200);
    expect((await running.ask('DELETE', path('v1'))).code).toBe('MANIFEST_UNKNOWN');
  });

  it('by digest removes the manifest with its names', async () => {
    const digest = await running.pushManifest('m', 'v1');
    expect((await running.ask('DELETE', path(digest))).status).toBe(202);
    for (const reference of ['v1', digest])
      expect((await running.ask('HEAD', path(reference))).status).toBe(404);
    for (const reference of [digest, 'sha256:x', '..'])
      expect((await running.ask('DELETE', path(reference))).status).toBe(404);
  });

  it('leaves the blobs to whoever was just told that they are there', async () => {
    const digest = await running.pushManifest('m', 'v1');
    await running.ask('DELETE', path(digest));
    expect((await put('v2', manifestText('v1'))).status).toBe(201);
  });
});
