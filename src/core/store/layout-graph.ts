import { OmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import {
  MAX_DESCRIPTORS,
  type ParsedNode,
  type Referrer,
  referrerOf,
  successorsOf,
} from '../oci/manifest.ts';
import { isNodeType } from '../oci/media-types.ts';

/** Reads and verifies one manifest or index of a layout. */
export type ReadNode = (descriptor: Descriptor, options?: CallOptions) => Promise<ParsedNode>;

/** Which manifests point at which subject. A manifest never changes, so each is read once in a process. */
export class ReferrerIndex {
  readonly #read: ReadNode;
  readonly #known = new Map<Digest, Referrer | undefined>();

  constructor(read: ReadNode) {
    this.#read = read;
  }

  async referrerOf(descriptor: Descriptor, options?: CallOptions): Promise<Referrer | undefined> {
    if (!this.#known.has(descriptor.digest)) {
      const node = await this.#read(descriptor, options).catch((error: unknown) => {
        // One broken manifest must not hide the signatures of all others; reading it itself says what is wrong.
        if (error instanceof OmlmdError && error.code !== 'canceled') return undefined;
        throw error;
      });
      if (node === undefined) return undefined;
      this.#known.set(descriptor.digest, referrerOf(descriptor, node));
    }
    return this.#known.get(descriptor.digest);
  }
}

/**
 * The digests of all that can be reached from the roots, themselves included. Rejects when a manifest cannot be read,
 * unless `onUnreadable` is `skip`.
 */
export async function reachableFrom(
  roots: readonly Descriptor[],
  read: ReadNode,
  onUnreadable: 'reject' | 'skip',
  options?: CallOptions,
): Promise<Set<Digest>> {
  const reached = new Set<Digest>();
  const waiting = [...roots];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next.digest)) continue;
    reached.add(next.digest);
    if (!isNodeType(next.mediaType)) continue;
    const node = await read(next, options).catch((error: unknown) => {
      if (onUnreadable === 'skip' && error instanceof OmlmdError) return undefined;
      throw error;
    });
    if (node !== undefined) waiting.push(...successorsOf(node));
    if (waiting.length > MAX_WAITING) {
      throw new OmlmdError('limit-exceeded', `image layout: more than ${MAX_WAITING} descriptors to follow`);
    }
  }
  return reached;
}

/** Stops indexes of indexes of a hostile layout from filling the memory. */
const MAX_WAITING = 100 * MAX_DESCRIPTORS;
