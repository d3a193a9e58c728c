import { Readable } from 'node:stream';
import { constants, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { Content } from '../../oci/content.ts';
import { MAX_INFLATED_BYTES } from '../limits.ts';
import { type ByteSource, type RangeSourceOptions, TimeLimit } from './byte-source.ts';
import { malformed, ParseStop } from './parse-stop.ts';

/** A deflated member as it inflates, in order; streamed, so that a bomb costs time and never memory. */
export class InflatedMember implements ByteSource {
  readonly size = undefined;
  readonly #chunks: AsyncGenerator<Uint8Array>;
  readonly #clock: TimeLimit;
  readonly #stated: number;
  #at = 0;

  /** @param stated bytes that the directory promises; more are not read */
  constructor(packed: Content, stated: number, options: RangeSourceOptions) {
    this.#clock = new TimeLimit(options);
    this.#stated = stated;
    this.#chunks = inflate(packed, this.#clock);
  }

  async read(at: number): Promise<Uint8Array> {
    this.#clock.check(at);
    if (at !== this.#at) throw new RangeError('a compressed member is read in order');
    const next = await this.#chunks.next();
    if (next.done) return new Uint8Array();
    this.#at += next.value.byteLength;
    if (this.#at > this.#stated) throw malformed('a member unpacks to more than it states', at);
    if (this.#at > MAX_INFLATED_BYTES)
      throw new ParseStop('too-large-to-show', `a member unpacks to more than ${MAX_INFLATED_BYTES} bytes`);
    return next.value;
  }

  /** Frees the decompressor. */
  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/** What the first bytes of a deflated member unpack to; nothing where they are damaged, which the whole will tell. */
export function inflatedBeginning(packed: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array();
  }
}

/** A deflated member of which the beginning is here. The rest is only opened when it is asked for. */
export class BegunMember implements ByteSource {
  readonly size = undefined;
  readonly #beginning: Uint8Array;
  readonly #open: () => Promise<InflatedMember>;
  #whole: InflatedMember | undefined;
  #at = 0;

  constructor(beginning: Uint8Array, open: () => Promise<InflatedMember>) {
    this.#beginning = beginning;
    this.#open = open;
  }

  async read(at: number): Promise<Uint8Array> {
    if (at < this.#beginning.byteLength) return this.#beginning.subarray(at);
    this.#whole ??= await this.#open();
    // A decompressor cannot begin in the middle.
    for (;;) {
      const next = await this.#whole.read(this.#at);
      this.#at += next.byteLength;
      if (next.byteLength === 0 || this.#at > at) return next.subarray(next.byteLength - (this.#at - at));
    }
  }

  async close(): Promise<void> {
    await this.#whole?.close();
  }
}

async function* inflate(packed: Content, clock: TimeLimit): AsyncGenerator<Uint8Array> {
  const engine = createInflateRaw();
  let failure: unknown;
  const source = Readable.from(clock.stream(packed, 0));
  source.once('error', (error) => {
    failure = error;
    engine.destroy(error);
  });
  source.pipe(engine);
  try {
    for await (const chunk of engine) yield chunk;
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'Z_BUF_ERROR') throw new ParseStop('truncated', 'a compressed member ends early');
    throw malformed(`a compressed member is damaged: ${error.message}`);
  } finally {
    source.destroy();
    engine.destroy();
  }
}
