import { randomUUID } from 'node:crypto';
import { type Digest, digestOf, isDigest } from '../../../src/core/oci/digest.ts';
import { parseNode } from '../../../src/core/oci/manifest.ts';
import { MediaType } from '../../../src/core/oci/media-types.ts';
import { failed, json, type RegistryCall, type RegistryReply, readCall } from './registry-handler.ts';

export interface MemoryRegistryOptions {
  /** Whether there is a referrers API; without it, clients keep `sha256-…` tags. Default true. */
  readonly referrersApi?: boolean | undefined;
  /** Entries of a page of tags, repositories and referrers. Default: all. */
  readonly pageSize?: number | undefined;
  /** Whether a DELETE by tag removes the tag; else 405. Default true. */
  readonly untag?: boolean | undefined;
  /** Bytes; sent as `OCI-Chunk-Min-Length` when an upload begins. */
  readonly minimumChunk?: number | undefined;
}

interface Upload {
  readonly parts: Uint8Array[];
  size: number;
}

interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

class StoredRepository {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly manifests = new Map<Digest, StoredManifest>();
  readonly tags = new Map<string, Digest>();
  readonly uploads = new Map<string, Upload>();
}

const ROUTE =
  /^\/v2\/(?<name>.+?)\/(?:(?<kind>manifests|tags|referrers)\/(?<rest>[^/]+)|blobs\/(?<blob>.+))$/;

/** The distribution spec in memory: pull, push, discovery and management. */
export class MemoryRegistry {
  readonly repositories = new Map<string, StoredRepository>();
  readonly #options: MemoryRegistryOptions;

  constructor(options: MemoryRegistryOptions = {}) {
    this.#options = options;
  }

  /** Forgets every upload that has begun, as a registry does that was started again. */
  dropSessions(): void {
    for (const repository of this.repositories.values()) repository.uploads.clear();
  }

  async handle(call: RegistryCall): Promise<RegistryReply> {
    const { pathname } = call.url;
    if (pathname === '/v2/') return json(200, {});
    if (pathname === '/v2/_catalog') {
      const names = [...this.repositories.keys()].sort();
      return this.#page(call, names, (repositories) => ({ repositories }));
    }
    const { name = '', kind, rest = '', blob = '' } = ROUTE.exec(pathname)?.groups ?? {};
    if (name === '') return failed(404, 'NAME_UNKNOWN');
    if (kind === 'manifests') return this.#manifest(call, name, decodeURIComponent(rest));
    if (kind === 'tags') return this.#tags(call, name);
    if (kind === 'referrers') return this.#referrers(call, name, rest);
    return blob.startsWith('uploads/')
      ? this.#upload(call, name, blob.slice('uploads/'.length))
      : this.#blob(call, name, blob);
  }

  #repository(name: string): StoredRepository {
    const repository = this.repositories.get(name) ?? new StoredRepository();
    this.repositories.set(name, repository);
    return repository;
  }

  async #manifest(call: RegistryCall, name: string, reference: string): Promise<RegistryReply> {
    if (call.method === 'PUT') return this.#putManifest(call, name, reference);
    const repository = this.repositories.get(name);
    const digest = isDigest(reference) ? reference : repository?.tags.get(reference);
    const manifest = digest === undefined ? undefined : repository?.manifests.get(digest);
    if (repository === undefined || digest === undefined || manifest === undefined)
      return failed(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    if (call.method === 'DELETE') return this.#deleteManifest(repository, reference);
    return {
      status: 200,
      headers: { 'content-type': manifest.mediaType, 'docker-content-digest': digest, etag: `"${digest}"` },
      body: manifest.bytes,
    };
  }

  #deleteManifest(repository: StoredRepository, reference: string): RegistryReply {
    if (!isDigest(reference)) {
      if (this.#options.untag === false) return failed(405, 'UNSUPPORTED');
      repository.tags.delete(reference);
      return { status: 202 };
    }
    repository.manifests.delete(reference);
    for (const [tag, digest] of repository.tags) if (digest === reference) repository.tags.delete(tag);
    return { status: 202 };
  }

  async #putManifest(call: RegistryCall, name: string, reference: string): Promise<RegistryReply> {
    const bytes = await readCall(call);
    const repository = this.#repository(name);
    const mediaType = call.headers['content-type'] ?? '';
    const digest =
      isDigest(reference) && reference.startsWith('sha512') ? digestOf(bytes, 'sha512') : digestOf(bytes);
    if (isDigest(reference) && reference !== digest) return failed(400, 'DIGEST_INVALID');
    const current = repository.tags.get(reference);
    const { 'if-match': match, 'if-none-match': none } = call.headers;
    if ((match !== undefined && match !== `"${current}"`) || (none === '*' && current !== undefined))
      return failed(412, 'DENIED', 'precondition failed');
    const node = parseNode(bytes, mediaType);
    const { subject } = node.kind === 'manifest' ? node.manifest : node.index;
    const missing = node.kind === 'manifest' ? [node.manifest.config, ...node.manifest.layers] : [];
    if (missing.some((descriptor) => !repository.blobs.has(descriptor.digest)))
      return failed(404, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry');
    repository.manifests.set(digest, { mediaType, bytes });
    if (!isDigest(reference)) repository.tags.set(reference, digest);
    const keeps = subject !== undefined && this.#options.referrersApi !== false;
    return {
      status: 201,
      headers: {
        location: `/v2/${name}/manifests/${digest}`,
        'docker-content-digest': digest,
        ...(keeps ? { 'oci-subject': subject.digest } : {}),
      },
    };
  }

  #tags(call: RegistryCall, name: string): RegistryReply {
    const repository = this.repositories.get(name);
    if (repository === undefined) return failed(404, 'NAME_UNKNOWN');
    return this.#page(call, [...repository.tags.keys()].sort(), (tags) => ({ name, tags }));
  }

  #referrers(call: RegistryCall, name: string, digest: string): RegistryReply {
    if (this.#options.referrersApi === false) return failed(404, 'NOT_FOUND', 'page not found');
    const entries = [...(this.repositories.get(name)?.manifests ?? [])].flatMap(
      ([own, { bytes, mediaType }]) => {
        const node = parseNode(bytes, mediaType);
        const document = node.kind === 'manifest' ? node.manifest : node.index;
        if (document.subject?.digest !== digest) return [];
        const config = node.kind === 'manifest' ? node.manifest.config.mediaType : undefined;
        const artifactType = document.artifactType ?? config;
        return [
          { mediaType, digest: own, size: bytes.byteLength, artifactType, annotations: document.annotations },
        ];
      },
    );
    const wanted = call.url.searchParams.get('artifactType');
    const filtered = entries.filter((entry) => wanted === null || entry.artifactType === wanted);
    const index = (manifests: unknown[]) => ({ schemaVersion: 2, mediaType: MediaType.index, manifests });
    const reply = this.#page(call, filtered, index);
    return { ...reply, headers: { ...reply.headers, 'content-type': MediaType.index } };
  }

  #page<T>(call: RegistryCall, all: readonly T[], render: (entries: T[]) => unknown): RegistryReply {
    const from = Number(call.url.searchParams.get('from') ?? 0);
    const { pageSize = Number.POSITIVE_INFINITY } = this.#options;
    const more = from + pageSize < all.length;
    const query = new URLSearchParams(call.url.searchParams);
    query.set('from', String(from + pageSize));
    const link = { link: `<${call.url.pathname}?${query}>; rel="next"` };
    return json(200, render(all.slice(from, from + pageSize)), more ? link : {});
  }

  #blob(call: RegistryCall, name: string, digest: string): RegistryReply {
    const repository = this.repositories.get(name);
    const bytes = isDigest(digest) ? repository?.blobs.get(digest) : undefined;
    if (!isDigest(digest) || bytes === undefined)
      return failed(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    if (call.method === 'DELETE') {
      repository?.blobs.delete(digest);
      return { status: 202 };
    }
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest };
    const range = /^bytes=([0-9]+)-([0-9]*)$/.exec(call.headers.range ?? '');
    if (range === null) return { status: 200, headers, body: bytes };
    const start = Number(range[1]);
    const end = range[2] === '' ? bytes.byteLength : Math.min(Number(range[2]) + 1, bytes.byteLength);
    if (start >= bytes.byteLength) return failed(416, 'RANGE_INVALID');
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${bytes.byteLength}` },
      body: bytes.subarray(start, end),
    };
  }

  async #upload(call: RegistryCall, name: string, id: string): Promise<RegistryReply> {
    const repository = this.#repository(name);
    if (id === '') return this.#startUpload(call, name, repository);
    const upload = repository.uploads.get(id);
    if (upload === undefined) return failed(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    const headers = () => ({
      location: `/v2/${name}/blobs/uploads/${id}?_state=${upload.size}`,
      // What CNCF distribution says of an empty session, too (R5).
      range: `0-${Math.max(0, upload.size - 1)}`,
    });
    if (call.method === 'GET') return { status: 204, headers: headers() };
    if (call.method === 'DELETE') {
      repository.uploads.delete(id);
      return { status: 204 };
    }
    const begins = /^([0-9]+)-/.exec(call.headers['content-range'] ?? '')?.[1];
    if (begins !== undefined && Number(begins) !== upload.size)
      return { ...failed(416, 'RANGE_INVALID', 'out of order'), headers: headers() };
    // Kept as it comes: what arrived before a connection broke is what a client resumes from.
    for await (const chunk of call.body) {
      upload.parts.push(chunk);
      upload.size += chunk.byteLength;
    }
    if (call.method === 'PATCH') return { status: 202, headers: headers() };
    return this.#closeUpload(call, name, id, upload);
  }

  #startUpload(call: RegistryCall, name: string, repository: StoredRepository): RegistryReply {
    const mount = call.url.searchParams.get('mount');
    const from = this.repositories.get(call.url.searchParams.get('from') ?? '');
    const mounted = isDigest(mount) ? from?.blobs.get(mount) : undefined;
    if (isDigest(mount) && mounted !== undefined) {
      repository.blobs.set(mount, mounted);
      return {
        status: 201,
        headers: { location: `/v2/${name}/blobs/${mount}`, 'docker-content-digest': mount },
      };
    }
    const id = randomUUID();
    repository.uploads.set(id, { parts: [], size: 0 });
    const { minimumChunk } = this.#options;
    return {
      status: 202,
      headers: {
        location: `/v2/${name}/blobs/uploads/${id}`,
        ...(minimumChunk === undefined ? {} : { 'oci-chunk-min-length': String(minimumChunk) }),
      },
    };
  }

  #closeUpload(call: RegistryCall, name: string, id: string, upload: Upload): RegistryReply {
    const repository = this.#repository(name);
    repository.uploads.delete(id);
    const digest = call.url.searchParams.get('digest');
    const bytes = Buffer.concat(upload.parts);
    if (!isDigest(digest) || digestOf(bytes, digest.startsWith('sha512') ? 'sha512' : 'sha256') !== digest)
      return failed(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    repository.blobs.set(digest, bytes);
    return {
      status: 201,
      headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
    };
  }
}
