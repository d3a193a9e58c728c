import { randomBytes } from 'node:crypto';
import { silentLog } from '../../../src/core/log.ts';
import { bytesContent, type Content, readAll } from '../../../src/core/oci/content.ts';
import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import type { Credential, CredentialStore } from '../../../src/core/registry/credentials.ts';
import { Registry, type RegistrySettings } from '../../../src/core/registry/registry.ts';
import { TEST_LOGIN, type TestRegistry } from '../../support/registry/test-registry.ts';

export const LOGIN: Credential = { kind: 'basic', ...TEST_LOGIN };

export function credentialsOf(credential?: Credential): CredentialStore {
  return { get: async () => credential };
}

/** A client of a test registry that does not really wait; the waits are told to `waits`, in milliseconds. */
export function clientOf(
  { host }: Pick<TestRegistry, 'host'>,
  options: Partial<RegistrySettings> & { readonly waits?: number[] } = {},
): Registry {
  return new Registry({
    registry: host,
    credentials: credentialsOf(),
    log: silentLog,
    sleep: async (ms, signal) => {
      options.waits?.push(ms);
      signal?.throwIfAborted();
    },
    ...options,
  });
}

export interface Blob {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  readonly content: Content;
}

/** A blob of random bytes. */
export function randomBlob(size: number): Blob {
  const bytes = new Uint8Array(randomBytes(size));
  return {
    bytes,
    descriptor: { mediaType: 'application/x-mlmodel', digest: digestOf(bytes), size },
    content: chunked(bytes),
  };
}

/** Bytes as content in chunks of 256 KiB, as files come. */
export function chunked(bytes: Uint8Array): Content {
  return {
    ...bytesContent(bytes),
    slice: (start = 0, end = bytes.byteLength) => chunked(bytes.subarray(start, Math.max(start, end))),
    async *stream() {
      for (let at = 0; at < bytes.byteLength; at += 256 * 1024) yield bytes.subarray(at, at + 256 * 1024);
    },
  };
}

export async function bytesOf(content: Content): Promise<Uint8Array> {
  return readAll(content, 256 * 1024 * 1024);
}

/** The reason of a rejection; fails when there is none. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('expected a rejection');
    },
    (reason: unknown) => reason,
  );
}
