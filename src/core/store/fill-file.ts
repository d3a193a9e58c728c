import type { FileHandle } from 'node:fs/promises';
import { OmlmdError } from '../errors.ts';
import { abortable } from '../oci/abortable.ts';
import { BACKGROUND_BYTES, BackgroundHash } from '../oci/background-hash.ts';
import { BlockPool } from '../oci/block-pool.ts';
import {
  type CallOptions,
  type Content,
  isPiecewise,
  type Piece,
  type StreamOptions,
  sizedStream,
} from '../oci/content.ts';
import { type Digest, type DigestAlgorithm, Digester } from '../oci/digest.ts';
import { inOrder, writePieces } from './piece-writer.ts';
import type { ByteRange, WrittenRanges } from './written-ranges.ts';

export interface FillOptions extends CallOptions {
  /** What the file has already; what is written is added to it. */
  readonly written: WrittenRanges;
  /** Told after each write how many bytes are there. */
  readonly onBytes?: ((done: number) => void) | undefined;
  /** Waited for after each write. */
  readonly onWritten?: (() => Promise<void>) | undefined;
}

/** Content, or a gap in it, above this size comes over several connections where that helps, bytes. */
const PARALLEL_BYTES = 64 * 1024 * 1024;
/** Bytes a file is read by while it is hashed. */
const HASH_BYTES = 1024 * 1024;

/**
 * Writes what a file has not of its content, and tells the digest of the whole. A large file is hashed in another thread,
 * which reads it back from the first byte on, behind the writing; a smaller one on its way, if all of it comes now.
 */
export async function fillFile(
  file: FileHandle,
  content: Content,
  { size, algorithm }: { readonly size: number; readonly algorithm: DigestAlgorithm },
  options: FillOptions,
): Promise<Digest> {
  const { written, signal } = options;
  const hash = size <= BACKGROUND_BYTES ? undefined : new BackgroundHash(file.fd, algorithm);
  try {
    hash?.advance(written.frontier);
    const pool = new BlockPool();
    const onFrontier = (bytes: number) => hash?.advance(bytes);
    const passing = new PassingHash(algorithm);
    const pieces = missingPieces(content, size, written, { signal, allocate: pool.take });
    const seen = hash === undefined ? passing.watch(pieces) : pieces;
    await writePieces(file, seen, { ...options, onFrontier, onSpent: (parts) => pool.give(parts) });
    if (hash === undefined)
      return passing.digest(size) ?? (await hashHandle(file, size, algorithm, { signal }));
    // Hashing what was there before may take seconds: a cancellation does not wait for it.
    return await abortable(hash.digest(size), signal);
  } finally {
    await hash?.stop();
  }
}

/** Hashes pieces that come in order, so that what is written need not be read back. */
class PassingHash {
  readonly #digester: Digester;
  #at = 0;

  constructor(algorithm: DigestAlgorithm) {
    this.#digester = new Digester(algorithm);
  }

  async *watch(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
    for await (const piece of pieces) {
      // A part that was there before, or comes over another connection, is missed, and so is all that follows.
      if (piece.position === this.#at) {
        this.#digester.update(piece.bytes);
        this.#at += piece.bytes.byteLength;
      }
      yield piece;
    }
  }

  /** Undefined unless all `size` bytes came by. */
  digest(size: number): Digest | undefined {
    return this.#at === size ? this.#digester.digest() : undefined;
  }
}

/** The pieces of all gaps, one gap after the other. */
async function* missingPieces(
  content: Content,
  size: number,
  written: WrittenRanges,
  options: StreamOptions,
): AsyncGenerator<Piece> {
  // As it is now: it changes with every piece.
  for (const gap of written.gaps(size)) yield* piecesOf(content, gap, options);
}

/** A gap in pieces. Slices, also of the whole: what is hashed from the file is not hashed on its way, too. */
function piecesOf(content: Content, { start, end }: ByteRange, options: StreamOptions): AsyncIterable<Piece> {
  const upTo = end === content.size ? content : content.slice(0, end);
  if (end - start > PARALLEL_BYTES && isPiecewise(upTo)) return upTo.pieces(start, options);
  return inOrder(sizedStream(content.slice(start, end), { size: end - start }, options), start);
}

/** The digest of an open file's first `size` bytes. */
export async function hashHandle(
  file: FileHandle,
  size: number,
  algorithm: DigestAlgorithm,
  options: CallOptions & { readonly onBytes?: ((done: number) => void) | undefined },
): Promise<Digest> {
  const digester = new Digester(algorithm);
  const buffer = Buffer.allocUnsafeSlow(Math.min(HASH_BYTES, Math.max(size, 1)));
  for (let at = 0; at < size; ) {
    options.signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.byteLength, size - at), at);
    if (bytesRead === 0) throw new OmlmdError('file-changed', `hash a file of ${size} bytes: it is shorter`);
    digester.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
    options.onBytes?.(at);
  }
  return digester.digest();
}
