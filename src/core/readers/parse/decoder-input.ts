import { ParseStop } from './parse-stop.ts';

/**
 * What a decoder yields: bytes it has decoded, or `undefined` where it needs more input. It ends behind its stream. The
 * same decoder so runs over a file as it arrives and over the few bytes that recognition sees.
 */
export type Decoding = Generator<Uint8Array | undefined, void, void>;

/** Bytes of a part that decoders hand over at once. */
export const DECODED_PART_BYTES = 64 * 1024;

/** Compressed bytes that have arrived and are not decoded yet. */
export class DecoderInput {
  /** Only `at` to `end` are input. */
  bytes = new Uint8Array();
  at = 0;
  end = 0;
  /** No more will come. */
  ended = false;
  /** Bytes that were decoded and dropped. */
  #dropped = 0;

  get left(): number {
    return this.end - this.at;
  }

  /** Place in the compressed file. */
  get position(): number {
    return this.#dropped + this.at;
  }

  add(chunk: Uint8Array): void {
    const { left } = this;
    if (this.end + chunk.byteLength > this.bytes.byteLength) {
      const needed = left + chunk.byteLength;
      const room = needed > this.bytes.byteLength ? new Uint8Array(2 * needed) : this.bytes;
      room.set(this.bytes.subarray(this.at, this.end));
      this.bytes = room;
      this.#dropped += this.at;
      this.at = 0;
      this.end = left;
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.byteLength;
  }

  /** The next byte, which a {@link needInput} has waited for. */
  u8(): number {
    if (this.at >= this.end) throw this.truncated();
    this.at += 1;
    return this.bytes[this.at - 1] ?? 0;
  }

  /** An unsigned little-endian number of up to 4 bytes. */
  little(bytes: number): number {
    let value = 0;
    for (let index = 0; index < bytes; index += 1) value += this.u8() * 256 ** index;
    return value;
  }

  truncated(): ParseStop {
    return new ParseStop('truncated', 'the compressed data ends early', this.position);
  }
}

/** Waits for `bytes` bytes; false where the end comes first. */
export function* wantInput(input: DecoderInput, bytes: number): Generator<undefined, boolean, void> {
  while (input.left < bytes) {
    if (input.ended) return false;
    yield undefined;
  }
  return true;
}

/** {@link wantInput} that is `truncated` at the end. */
export function* needInput(input: DecoderInput, bytes: number): Generator<undefined, void, void> {
  if (!(yield* wantInput(input, bytes))) throw input.truncated();
}
