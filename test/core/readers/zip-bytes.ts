import { crc32, deflateRawSync } from 'node:zlib';

/** One member of a zip file made by hand; what is not given is what a writer would put there. */
export interface Entry {
  readonly name: string;
  readonly data?: Uint8Array | string;
  readonly deflate?: boolean;
  readonly flags?: number;
  readonly method?: number;
  /** Of the local header only. */
  readonly local?: {
    readonly name?: string;
    readonly flags?: number;
    readonly method?: number;
    readonly packed?: number;
  };
  /** What the directory states. */
  readonly size?: number;
  readonly crc?: number;
  readonly headerAt?: number;
  /** Extra field of the directory's entry. */
  readonly extra?: Uint8Array;
}

export interface ZipParts {
  /** Local headers and data. */
  readonly body: Buffer;
  readonly directory: Buffer;
  readonly count: number;
}

/** Members and their directory, as they lie at `base` in a file. */
export function zipParts(entries: readonly Entry[], base = 0): ZipParts {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = base;
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? '');
    const packed = entry.deflate ? deflateRawSync(data) : data;
    const method = entry.method ?? (entry.deflate ? 8 : 0);
    const flags = entry.flags ?? 0;
    const crc = entry.crc ?? crc32(data);
    const size = entry.size ?? data.byteLength;
    const name = Buffer.from(entry.name);
    const localName = Buffer.from(entry.local?.name ?? entry.name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(entry.local?.flags ?? flags, 6);
    local.writeUInt16LE(entry.local?.method ?? method, 8);
    local.writeUInt32LE(crc, 14);
    local.writeUInt32LE(entry.local?.packed ?? packed.byteLength, 18);
    local.writeUInt32LE(data.byteLength, 22);
    local.writeUInt16LE(localName.byteLength, 26);
    body.push(local, localName, packed);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(packed.byteLength, 20);
    central.writeUInt32LE(size, 24);
    central.writeUInt16LE(name.byteLength, 28);
    central.writeUInt16LE(entry.extra?.byteLength ?? 0, 30);
    central.writeUInt32LE(entry.headerAt ?? at, 42);
    directory.push(central, name, Buffer.from(entry.extra ?? []));
    at += 30 + localName.byteLength + packed.byteLength;
  }
  return { body: Buffer.concat(body), directory: Buffer.concat(directory), count: entries.length };
}

/** The end of a directory that stands where `directoryAt` says. */
export function zipEnd(parts: Omit<ZipParts, 'body'>, directoryAt: number, comment = 0): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.count, 8);
  end.writeUInt16LE(parts.count, 10);
  end.writeUInt32LE(parts.directory.byteLength, 12);
  end.writeUInt32LE(directoryAt, 16);
  end.writeUInt16LE(comment, 20);
  return end;
}

/** A whole archive. */
export function zip(...entries: readonly Entry[]): Buffer {
  const parts = zipParts(entries);
  return Buffer.concat([parts.body, parts.directory, zipEnd(parts, parts.body.byteLength)]);
}
