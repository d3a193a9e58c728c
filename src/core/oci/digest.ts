import { createHash, type Hash } from 'node:crypto';
import { OmlmdError, quote } from '../errors.ts';

/** The algorithms that are written and accepted, with the length of their hex text (image-spec descriptor §Digests). */
const HEX_LENGTH = { sha256: 64, sha512: 128 } as const;
export type DigestAlgorithm = keyof typeof HEX_LENGTH;

/** `sha256:` + 64 or `sha512:` + 128 lower-case hex digits. Only {@link parseDigest} and {@link digestOf} make one. */
export type Digest = `${DigestAlgorithm}:${string}`;

/** Whether the text is a digest. Digests become paths and URLs, so nothing near-enough is let through (S7, S8). */
export function isDigest(text: unknown): text is Digest {
  if (typeof text !== 'string' || text.length > 7 + HEX_LENGTH.sha512) return false;
  const colon = text.indexOf(':');
  const length = HEX_LENGTH[text.slice(0, colon) as DigestAlgorithm];
  return (
    length !== undefined && text.length === colon + 1 + length && /^[0-9a-f]+$/.test(text.slice(colon + 1))
  );
}

/** Parses a digest strictly; throws `digest-invalid`. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new OmlmdError(
    'digest-invalid',
    `digest ${quote(text)}: expected "sha256:" and 64, or "sha512:" and 128, lower-case hex digits`,
  );
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Hashes bytes as they pass. */
export class Digester {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** Ends the hash; may be called once. */
  digest(): Digest {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  const digester = new Digester(algorithm);
  digester.update(bytes);
  return digester.digest();
}

/** `sha256:1a2b3c4d5e6f`: enough to tell digests apart in a list. */
export function shortDigest(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':') + 13);
}
