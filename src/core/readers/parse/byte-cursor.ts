import type { ByteSource } from './byte-source.ts';
import { ParseStop } from './parse-stop.ts';

/**
 * A place in a {@link ByteSource}. Waiting is kept apart from decoding: `need(n)` waits until `n` bytes are here, then
 * the plain readers take them at memory speed.
 */
export class ByteCursor {
  /** Byte order of numbers; some formats tell theirs in the first bytes. */
  littleEndian = true;
  readonly #source: ByteSource;
  #buffer: Buffer = Buffer.alloc(0);
  #view = new DataView(this.#buffer.buffer);
  /** Position of the first buffered byte. */
  #base: number;
  #at = 0;

  constructor(source: ByteSource, position = 0) {
    this.#source = source;
    this.#base = position;
  }

  get position(): number {
    return this.#base + this.#at;
  }

  /** Bytes that can be read without waiting. */
  get buffered(): number {
    return this.#buffer.byteLength - this.#at;
  }

  /** Bytes from here to the end; infinite where the end is not known. */
  get left(): number {
    return this.#source.size === undefined ? Number.POSITIVE_INFINITY : this.#source.size - this.position;
  }

  /** Waits for `bytes` bytes; false when the end comes first. */
  async fill(bytes: number): Promise<boolean> {
    while (this.buffered < bytes) {
      const rest = this.#buffer.subarray(this.#at);
      const next = await this.#source.read(this.position + rest.byteLength, bytes - rest.byteLength);
      if (next.byteLength === 0) return false;
      this.#base += this.#at;
      this.#at = 0;
      this.#buffer = rest.byteLength === 0 ? asBuffer(next) : Buffer.concat([rest, next]);
      this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.byteLength);
    }
    return true;
  }

  /** {@link fill} that is `truncated` at the end. A claim larger than the file fails before anything is read. */
  async need(bytes: number): Promise<void> {
    if (this.buffered >= bytes) return;
    if (bytes > this.left || !(await this.fill(bytes))) throw this.#truncated(bytes);
  }

  /** Passes over bytes; what is not here yet is not read. */
  async skip(bytes: number): Promise<void> {
    if (this.skipBuffered(bytes)) return;
    if (bytes > this.left) throw this.#truncated(bytes);
    const target = this.position + bytes;
    if (this.#source.size === undefined) return await this.#readTo(target);
    this.#base = target;
    this.#at = 0;
    this.#buffer = Buffer.alloc(0);
  }

  /** {@link skip} inside the buffer, without waiting; false when that is not possible. */
  skipBuffered(bytes: number): boolean {
    if (bytes > this.buffered) return false;
    this.#at += bytes;
    return true;
  }

  async #readTo(target: number): Promise<void> {
    while (this.position < target) {
      if (this.buffered === 0 && !(await this.fill(1))) throw this.#truncated(target - this.position);
      this.#at += Math.min(this.buffered, target - this.position);
    }
  }

  #truncated(bytes: number): ParseStop {
    const missing = Number.isSafeInteger(bytes) ? `${bytes} more bytes` : 'more bytes';
    return new ParseStop('truncated', `the file ends where ${missing} are stated`, this.position);
  }

  /** The byte `ahead` of here, without passing it. */
  peek(ahead = 0): number | undefined {
    return this.#buffer[this.#at + ahead];
  }

  /** What is buffered, without passing it. */
  rest(): Uint8Array {
    return this.#buffer.subarray(this.#at);
  }

  /** Distance to the next `byte` in what is buffered, or -1. */
  indexOf(byte: number): number {
    const index = this.#buffer.indexOf(byte, this.#at);
    return index < 0 ? -1 : index - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), this.littleEndian);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), this.littleEndian);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), this.littleEndian);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), this.littleEndian);
  }

  f32(): number {
    return this.#view.getFloat32(this.#advance(4), this.littleEndian);
  }

  f64(littleEndian = this.littleEndian): number {
    return this.#view.getFloat64(this.#advance(8), littleEndian);
  }

  /** A view of the next bytes; valid for as long as it is held. */
  bytes(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#buffer.subarray(start, start + count);
  }

  /** The next bytes as text; wrong UTF-8 is replaced. */
  text(count: number): string {
    const start = this.#advance(count);
    return this.#buffer.toString('utf8', start, start + count);
  }

  /** Lets go of bytes that all have been taken: a document in them may be as large as its values. */
  release(): void {
    if (this.buffered > 0) return;
    this.#base += this.#at;
    this.#at = 0;
    this.#buffer = Buffer.alloc(0);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** A 64-bit unsigned count or length; one that no file can hold is `malformed`. */
  count(): number {
    const at = this.position;
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ParseStop('malformed', `the length ${value} is larger than any file`, at);
    }
    return Number(value);
  }

  #advance(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#buffer.byteLength) throw this.#truncated(bytes);
    this.#at += bytes;
    return start;
  }
}

/** The same bytes under Node's class, which makes text of a part without a view of it. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** Foreign bytes as text: wrong UTF-8 is replaced, not refused. */
export function decodeText(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}
