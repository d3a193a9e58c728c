import { modelExtension } from '../model-name.ts';
import { type Compression, compressionOf, inflateHead } from '../parse/compression.ts';
import { HEAD_BYTES } from '../reader.ts';

const PROTO = 0x80;
const STOP = 0x2e;
/** Bytes that follow an opcode, by its character; lines (L, LL) and counted payloads (1, 4, 8 bytes of length). */
type Argument = number | 'line' | 'lines' | 'n1' | 'n4' | 'n8';
const ARGUMENTS: ReadonlyMap<string, Argument> = new Map<string, Argument>([
  ...[...'N(012]})ltdaesuoRbQ.'].map((code) => [code, 0] as const),
  ...[
    '\x88',
    '\x89',
    '\x8f',
    '\x91',
    '\x85',
    '\x86',
    '\x87',
    '\x90',
    '\x94',
    '\x93',
    '\x81',
    '\x92',
    '\x97',
    '\x98',
  ].map((code) => [code, 0] as const),
  ...[...'ILFSVPpg'].map((code) => [code, 'line'] as const),
  ...[...'ci'].map((code) => [code, 'lines'] as const),
  ...[...'KqhUC'].map((code) => [code, code === 'U' || code === 'C' ? 'n1' : 1] as const),
  ['M', 2],
  ['J', 4],
  ['r', 4],
  ['j', 4],
  ['G', 8],
  ['T', 'n4'],
  ['X', 'n4'],
  ['B', 'n4'],
  ['\x80', 1],
  ['\x82', 1],
  ['\x83', 2],
  ['\x84', 4],
  ['\x8a', 'n1'],
  ['\x8b', 'n4'],
  ['\x8c', 'n1'],
  ['\x8d', 'n8'],
  ['\x8e', 'n8'],
  ['\x96', 'n8'],
  ['\x95', 8],
]);
/** What the line of an opcode may hold. */
const PRINTABLE = /^[\x20-\x7e\x80-\xff]*$/;
const NUMERIC = /^[-+0-9a-fxoL_ ]*$/i;
const LINES: ReadonlyMap<string, RegExp> = new Map([
  ['I', NUMERIC],
  ['L', NUMERIC],
  ['p', NUMERIC],
  ['g', NUMERIC],
  ['F', /^[-+0-9.einfa]*$/i],
  ['S', /^['"]/],
]);
/** Opcodes that a file without a protocol number must have before it is believed to be a pickle. */
const TELLING = new Set(['c', 'i', '\x93', ']', '}', '(', 'R']);
/** Opcodes that can come first. */
const PUSHES = new Set([
  ...'(NILFKMJGSVTUXCBP])}c',
  '\x88',
  '\x89',
  '\x8a',
  '\x8b',
  '\x8c',
  '\x8d',
  '\x8e',
  '\x8f',
  '\x95',
  '\x96',
  '\x82',
  '\x83',
  '\x84',
]);
/** Opcodes that call what was imported. */
const CALLING = new Set(['R', 'o', '\x81', '\x92']);
/** Opcodes that are enough to believe it, where the file goes on behind the head. */
const ENOUGH_OPCODES = 6;

/**
 * Whether bytes are those of a pickle's beginning. Protocols 2 and up say so; older ones must make sense. What breaks off
 * or turns to nonsense later is still a pickle: loading it runs everything before that.
 */
export function looksLikePickle(head: Uint8Array): boolean {
  const [first, second = 255] = head;
  if (first === PROTO) return second <= 5 && head.byteLength > 2 && walkOpcodes(head, 2).opcodes > 0;
  // On the empty stack only a push makes sense: words begin with opcodes that take.
  if (!PUSHES.has(String.fromCharCode(first ?? 0))) return false;
  const { valid, opcodes, telling, stopped, called } = walkOpcodes(head, 0);
  return called || (valid && telling && (stopped || opcodes >= ENOUGH_OPCODES));
}

interface OpcodeWalk {
  /** False where an opcode does not exist, or its argument makes no sense. */
  readonly valid: boolean;
  readonly opcodes: number;
  readonly telling: boolean;
  /** Whether STOP came. */
  readonly stopped: boolean;
  /** Whether something imported was called. */
  readonly called: boolean;
  /** Where the next opcode stands, also behind the head. */
  readonly end: number;
}

/** Walks opcodes by their lengths alone, as far as the head goes, at most twice {@link ENOUGH_OPCODES} of them. */
function walkOpcodes(head: Uint8Array, start: number): OpcodeWalk {
  const walk = { valid: true, opcodes: 0, telling: false, stopped: false, called: false, end: start };
  let imported = false;
  for (let at = start; at < head.byteLength && walk.opcodes < ENOUGH_OPCODES * 2; walk.opcodes += 1) {
    const code = String.fromCharCode(head[at] ?? 0);
    const argument = ARGUMENTS.get(code);
    const next = argument === undefined ? undefined : behind(head, at + 1, argument, code);
    if (next === undefined) return { ...walk, valid: false };
    if (head[at] === STOP) return { ...walk, valid: walk.opcodes > 0, stopped: true };
    walk.telling ||= TELLING.has(code);
    walk.called ||= code === 'i' || (imported && CALLING.has(code));
    imported ||= code === 'c' || code === '\x93';
    at = next;
    walk.end = next;
  }
  return walk;
}

function behind(head: Uint8Array, at: number, argument: Argument, code: string): number | undefined {
  if (typeof argument === 'number') return at + argument;
  if (argument === 'line') return behindLine(head, at, LINES.get(code) ?? PRINTABLE);
  if (argument === 'lines') {
    const middle = behindName(head, at);
    return middle === undefined ? undefined : behindName(head, middle);
  }
  const width = Number(argument.slice(1));
  if (at + width > head.byteLength) return head.byteLength;
  let length = 0;
  for (let index = width - 1; index >= 0; index -= 1) length = length * 256 + (head[at + index] ?? 0);
  return at + width + length;
}

function behindLine(head: Uint8Array, at: number, pattern: RegExp): number | undefined {
  const end = head.indexOf(0x0a, at);
  const line = Buffer.from(head.subarray(at, end < 0 ? head.byteLength : end)).toString('latin1');
  if (!pattern.test(line)) return undefined;
  return end < 0 ? head.byteLength : end + 1;
}

/** A line that can be the name of a module or of something in one. */
function behindName(head: Uint8Array, at: number): number | undefined {
  const end = head.indexOf(0x0a, at);
  const line = Buffer.from(head.subarray(at, end < 0 ? head.byteLength : end)).toString('latin1');
  if (!/^[\w.<>\x80-\xff]*$/.test(line) || (end >= 0 && line === '')) return undefined;
  return end < 0 ? head.byteLength : end + 1;
}

const PICKLE_NAMES = new Set(['.pkl', '.pickle', '.joblib', '.dill']);

/** torch's first layout begins with a pickle of this number alone: PROTO, from protocol 4 a FRAME, LONG1, STOP. */
const LEGACY_TORCH = /^\x80[\x02-\x05](?:\x95[\s\S]{8})?\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\./;

/** Whether a file is what `torch.save` wrote before it wrote zip files; several pickles and raw data. */
export function isLegacyTorch(head: Uint8Array): boolean {
  return LEGACY_TORCH.test(Buffer.from(head.subarray(0, 32)).toString('latin1'));
}

/** Endings that say nothing of what a file is. */
const MUTE_NAMES = new Set(['', '.bin', '.pt', '.pth', '.ckpt']);
/** Bytes of a first text or byte string that is believed to be one: words of plain text make far larger numbers. */
const MAX_BELIEVED_BYTES = 2 ** 29;

/** Whether a file is a pickle, or a compressed one. */
export function looksLikePickleFile(path: string, head: Uint8Array): boolean {
  if (isLegacyTorch(head)) return false;
  if (looksLikePickle(head) || couldBePickle(path, head)) return true;
  const compression = compressionOf(head);
  if (compression === undefined) return false;
  const inflated = inflateHead(head);
  if (inflated.byteLength > 0 && looksLikePickle(inflated)) return true;
  // A block of bzip2 is larger than a head: what is in it is only known when the file is read.
  return isNamedPickle(path) || (inflated.byteLength === 0 && ['bz2', 'zstd', 'xz'].includes(compression));
}

export function isNamedPickle(path: string): boolean {
  return PICKLE_NAMES.has(modelExtension(path));
}

/** The compression of a file that {@link looksLikePickleFile}; the few bytes that could be both are a pickle. */
export function compressionOfPickle(head: Uint8Array): Compression | undefined {
  return looksLikePickle(head) ? undefined : compressionOf(head);
}

/**
 * A beginning that makes sense but tells nothing yet: opcodes without effect in a row, or one text that is longer than
 * the head. Believed where the name says that it is a pickle, or says nothing.
 */
function couldBePickle(path: string, head: Uint8Array): boolean {
  const first = head[0] ?? 0;
  if (!PUSHES.has(String.fromCharCode(first)) && first !== PROTO) return false;
  if (compressionOf(head) !== undefined) return false;
  const { valid, opcodes, end } = walkOpcodes(head, 0);
  if (!valid || opcodes === 0) return false;
  if (isNamedPickle(path)) return true;
  const isLong = end >= head.byteLength && head.byteLength >= HEAD_BYTES && end < MAX_BELIEVED_BYTES;
  return MUTE_NAMES.has(modelExtension(path)) && (isLong || opcodes >= ENOUGH_OPCODES * 2);
}
