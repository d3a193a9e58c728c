import { crc32 } from 'node:zlib';
import { bytesContent, type Content } from '../../oci/content.ts';
import { FactsBuilder } from '../facts.ts';
import { MAX_READ_MS, MAX_WINDOW_BYTES, PAGE_BYTES } from '../limits.ts';
import { ByteCursor, decodeText } from './byte-cursor.ts';
import type { ByteSource, RangeSourceOptions } from './byte-source.ts';
import { PagedSource } from './paged-source.ts';
import { malformed, ParseStop } from './parse-stop.ts';
import { checkZipDirectory } from './zip-checks.ts';
import { memberName, readZipDirectory, type ZipDirectory } from './zip-directory.ts';
import { BegunMember, InflatedMember, inflatedBeginning } from './zip-inflate.ts';
import {
  isEncrypted,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  SIZES_BEHIND,
  viewOf,
  type ZipMember,
} from './zip-records.ts';
import { checkCutInside, recoverMembers } from './zip-recovery.ts';

/** Bytes of a member in which the header of an array usually is. */
const BEGINNING_BYTES = 512;

/** A member's bytes as they lie in the file. */
interface Packed {
  readonly at: number;
  readonly length: number;
}

/**
 * A zip file whose members are read by ranges. Names, sizes and places are those of the central directory, which is what
 * loaders go by; a local header that says something else is a finding. All members share one time limit.
 */
export class ZipArchive {
  readonly members: readonly ZipMember[];
  /** Why the members are those of the local headers: there is no directory, or it is broken. */
  readonly rebuilt: ParseStop | undefined;
  /**
   * Of an archive that is cut off: the one inside of a member, whose directory is the only one. Programs that look for the
   * last directory take it for the whole.
   */
  readonly inner: ZipArchive | undefined;
  readonly #content: Content;
  readonly #source: PagedSource;
  readonly #facts: FactsBuilder;
  readonly #options: RangeSourceOptions;
  readonly #deadline: number;
  readonly #opened = new Map<ZipMember, Packed>();

  private constructor(
    { members, rebuilt, inside }: Members,
    content: Content,
    source: PagedSource,
    facts: FactsBuilder,
    options: RangeSourceOptions,
  ) {
    this.members = members;
    this.rebuilt = rebuilt;
    const found = { members: inside, rebuilt: undefined, inside: [] };
    if (inside.length > 0) this.inner = new ZipArchive(found, content, source, new FactsBuilder(), options);
    this.#content = content;
    this.#source = source;
    this.#facts = facts;
    this.#options = options;
    this.#deadline = performance.now() + (options.maxMilliseconds ?? MAX_READ_MS);
  }

  /** Reads the directory; its tricks become findings. Of an archive that is cut off, what stands in front is left. */
  static async open(content: Content, facts: FactsBuilder, options: RangeSourceOptions): Promise<ZipArchive> {
    const source = new PagedSource(content, options);
    const found = await readMembers(source, facts);
    return new ZipArchive(found, content, source, facts, options);
  }

  /** Whether time or bytes are used up: what is asked for now would only stop again. */
  get isSpent(): boolean {
    return performance.now() > this.#deadline || this.#source.isSpent;
  }

  /** What is left of the time, for what is read besides: an archive in the archive. */
  limits(): RangeSourceOptions {
    const left = Math.ceil(this.#deadline - performance.now());
    const { signal, memory } = this.#options;
    return { signal, memory, maxMilliseconds: Math.max(1, left) };
  }

  /** Members of exactly this name; more than one is a trick that was noted. */
  named(name: string): ZipMember[] {
    return this.members.filter((member) => member.name === name);
  }

  /** Reads the beginnings of members at once, where that is faster than one after the other. */
  async prefetch(members: readonly ZipMember[]): Promise<void> {
    await this.#source.prefetch(
      members.map(({ headerAt }) => ({ at: headerAt, length: 2 * BEGINNING_BYTES })),
    );
  }

  /** A stored member as content of its own, for readers that go back and forth; undefined for a compressed one. */
  async content(member: ZipMember): Promise<Content | undefined> {
    if (member.method !== 0) return undefined;
    const { at, length } = await this.#open(member);
    return this.#content.slice(at, at + length);
  }

  /** A whole member of at most `limit` bytes. Throws {@link ParseStop} where it is longer. */
  async bytes(member: ZipMember, limit: number): Promise<Uint8Array> {
    if (member.isCut) {
      throw new ParseStop('truncated', `the file ends inside ${memberName(member)}`, member.headerAt);
    }
    if (member.size > limit) {
      const what = `${memberName(member)} has ${member.size} bytes, ${limit} are looked into`;
      throw new ParseStop('too-large-to-show', what, member.headerAt);
    }
    const take = async (cursor: ByteCursor) => {
      await cursor.need(member.size);
      return new Uint8Array(cursor.bytes(member.size));
    };
    const bytes = await this.withCursor(member, take, limit);
    if (member.crc !== undefined && crc32(bytes) !== member.crc) {
      const message = `the checksum of ${memberName(member)} is wrong`;
      this.#facts.finding('medium', 'malformed', message, `offset ${member.headerAt}`);
    }
    return bytes;
  }

  /**
   * Runs `read` over a member from its first byte.
   * @param ahead bytes to ask for at once, for what is read to its end; a header needs no more than a page
   */
  async withCursor<T>(member: ZipMember, read: (cursor: ByteCursor) => Promise<T>, ahead = 0): Promise<T> {
    const packed = await this.#open(member);
    if (member.method === 0) {
      const source = new StoredMember(this.#source, packed, ahead);
      return await named(member, () => read(new ByteCursor(source, packed.at)));
    }
    if (member.method !== 8) throw malformed(`${memberName(member)} cannot be opened`, member.headerAt);
    const beginning = ahead === 0 ? await this.#beginning(packed, member.size) : new Uint8Array();
    const source = new BegunMember(
      beginning,
      async () => new InflatedMember(await this.#packedContent(packed), member.size, this.limits()),
    );
    try {
      return await named(member, () => read(new ByteCursor(source)));
    } finally {
      await source.close();
    }
  }

  /**
   * What the first bytes of a member unpack to: of an array no more than its header is wanted.
   * @param stated bytes of the whole; where there are more already, the whole is opened and tells
   */
  async #beginning({ at, length }: Packed, stated: number): Promise<Uint8Array> {
    const bytes = inflatedBeginning(await this.#source.read(at, Math.min(length, BEGINNING_BYTES)));
    return bytes.byteLength > stated ? new Uint8Array() : bytes;
  }

  /** Small members come from the pages that are here already. */
  async #packedContent({ at, length }: Packed): Promise<Content> {
    if (length > MAX_WINDOW_BYTES) return this.#content.slice(at, at + length);
    return bytesContent(await this.#source.read(at, length));
  }

  async #open(member: ZipMember): Promise<Packed> {
    const known = this.#opened.get(member);
    if (known !== undefined) return known;
    const header = viewOf(await this.#source.read(member.headerAt, LOCAL_BYTES));
    if (header.getUint32(0, true) !== LOCAL_SIGNATURE)
      throw malformed(`${memberName(member)} is not where the zip directory says`, member.headerAt);
    const nameBytes = header.getUint16(26, true);
    const at = member.headerAt + LOCAL_BYTES + nameBytes + header.getUint16(28, true);
    const name = await this.#source.read(member.headerAt + LOCAL_BYTES, nameBytes);
    if (this.rebuilt === undefined) this.#compare(member, header, name);
    if (at + member.packed > this.#source.size) {
      throw new ParseStop('truncated', `the file ends inside ${memberName(member)}`, at);
    }
    const packed = { at, length: member.packed };
    this.#opened.set(member, packed);
    return packed;
  }

  /** Scanners that walk local headers, and loaders that use the directory, must see the same. */
  #compare(member: ZipMember, header: DataView, name: Uint8Array): void {
    const flags = header.getUint16(6, true);
    const differs = [
      decodeText(name) !== member.name && 'name',
      isEncrypted({ flags }) !== isEncrypted(member) && 'encryption',
      header.getUint16(8, true) !== member.method && 'compression',
      (flags & SIZES_BEHIND) === 0 && differentSize(header, member) && 'size',
    ].filter((what) => what !== false);
    if (differs.length === 0) return;
    const message = `${memberName(member)} has another ${differs.join(' and ')} in its own header than in the zip directory`;
    this.#facts.finding('high', 'hidden-data', message, `offset ${member.headerAt}`);
  }
}

interface Members {
  readonly members: readonly ZipMember[];
  readonly rebuilt: ParseStop | undefined;
  /** Those of a directory that lies inside of a member. */
  readonly inside: readonly ZipMember[];
}

async function readMembers(source: PagedSource, facts: FactsBuilder): Promise<Members> {
  // What is noted of a directory that is another archive's says nothing of this one.
  const noted = new FactsBuilder();
  let directory: ZipDirectory | undefined;
  try {
    directory = await readZipDirectory(source, noted);
    checkZipDirectory(directory, noted);
    await checkCutInside(source, directory);
    for (const { severity, code, message, where } of noted.build('', '').findings)
      facts.finding(severity, code, message, where);
    return { members: directory.members, rebuilt: undefined, inside: [] };
  } catch (error) {
    if (!(error instanceof ParseStop) || error.code === 'too-large-to-show') throw error;
    facts.stopped(error);
    return { members: await recoverMembers(source), rebuilt: error, inside: directory?.members ?? [] };
  }
}

function differentSize(header: DataView, member: ZipMember): boolean {
  const packed = header.getUint32(18, true);
  return packed !== 0xffffffff && packed !== member.packed;
}

/** What stops the reading of one member says which. */
async function named<T>(member: ZipMember, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error;
    // What is wrong with a member that is cut off is that it is cut off.
    const code = member.isCut && error.code === 'malformed' ? 'truncated' : error.code;
    throw new ParseStop(code, `${memberName(member)}: ${error.message}`, member.headerAt);
  }
}

/** A stored member, through the pages of its archive. Positions are those in the file. */
class StoredMember implements ByteSource {
  /** Where it ends in the file. */
  readonly size: number;
  readonly #source: PagedSource;
  readonly #ahead: number;

  constructor(source: PagedSource, packed: Packed, ahead: number) {
    this.size = packed.at + packed.length;
    this.#source = source;
    this.#ahead = ahead;
  }

  async read(at: number, atLeast: number): Promise<Uint8Array> {
    if (at >= this.size) return new Uint8Array();
    const wanted = Math.max(atLeast, this.#ahead, PAGE_BYTES - (at % PAGE_BYTES));
    return await this.#source.read(at, Math.min(this.size - at, wanted));
  }
}
