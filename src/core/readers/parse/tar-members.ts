import { MAX_TAR_MEMBERS } from '../limits.ts';
import { decodeText } from './byte-cursor.ts';
import type { PagedSource } from './paged-source.ts';
import { malformed } from './parse-stop.ts';

/** One file of a tar archive. */
export interface TarMember {
  /** Foreign text. */
  readonly name: string;
  readonly at: number;
  readonly size: number;
}

const BLOCK_BYTES = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** Whether bytes begin as a tar file does: its header has a checksum, and the oldest have nothing else to tell them. */
export function looksLikeTar(head: Uint8Array): boolean {
  if (head.byteLength < BLOCK_BYTES || head[0] === 0) return false;
  let sum = 0;
  for (const [index, byte] of head.subarray(0, BLOCK_BYTES).entries()) {
    sum += index >= CHECKSUM_AT && index < CHECKSUM_AT + CHECKSUM_BYTES ? 0x20 : byte;
  }
  return octal(head, CHECKSUM_AT, CHECKSUM_BYTES) === sum;
}

/** The files of a tar archive in order, at most {@link MAX_TAR_MEMBERS}; ends where the headers do. */
export async function readTarMembers(source: PagedSource): Promise<TarMember[]> {
  const members: TarMember[] = [];
  for (let at = 0; at + BLOCK_BYTES <= source.size && members.length < MAX_TAR_MEMBERS; ) {
    const header = await source.read(at, BLOCK_BYTES);
    if (!looksLikeTar(header)) break;
    const size = octal(header, 124, 12);
    if (size === undefined) throw malformed('a tar member has no size', at);
    const end = header.indexOf(0);
    const name = decodeText(header.subarray(0, end < 0 ? 100 : Math.min(end, 100)));
    members.push({ name, at: at + BLOCK_BYTES, size: Math.min(size, source.size - at - BLOCK_BYTES) });
    at += BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return members;
}

/** A number in octal digits, with spaces and zeros around it. */
function octal(bytes: Uint8Array, at: number, length: number): number | undefined {
  const text = decodeText(bytes.subarray(at, at + length))
    .replace(/[\0 ]+/g, ' ')
    .trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
