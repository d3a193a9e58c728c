import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { dataFolder } from '../core/data-folder.ts';
import { isOwnPrivate, PRIVATE_MODE } from '../core/private-file.ts';

/** The program as the build hands it over. */
export interface ProgramText {
  /** A function expression: `(function (require, module, exports) { … })`. */
  readonly text: string;
  /** Differs where the text does. */
  readonly id: string;
}

/** Where the program runs. */
export interface ProgramHost {
  /** Of the cache; undefined: none is read or written. */
  readonly folder: string | undefined;
  /** What is run: each verb compiles functions of its own. Foreign text. */
  readonly verb: string;
  readonly require: NodeJS.Require;
  /** Called with what to do when the process ends. */
  readonly onExit: (work: () => void) => void;
}

/** Largest cache that is read, bytes; ours has one to three million. */
const MAX_CACHE_BYTES = 32 * 1024 * 1024;
/** Verbs that are noted in a cache; there are not so many. */
const MAX_VERBS = 64;
/** Age of a cache of another version that is removed, ms. */
const STALE_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * V8 refuses code that was kept under other flags, so those that are set later on are set before: the first keeps what
 * only runs at the start until the code is written, the second belongs to `reclaim-buffers.ts`.
 */
const FLAGS = ['--no-flush-bytecode', '--expose-gc'];

/** In the file: a line with the checksum of the code and the verbs, then the code. */
interface CompiledCode {
  readonly verbs: readonly string[];
  readonly data: Buffer;
}

/** This process; Node.js's own variable turns the cache off. */
function ownHost(): ProgramHost {
  const { env, argv } = process;
  return {
    folder: env.NODE_DISABLE_COMPILE_CACHE ? undefined : join(dataFolder(env), 'code-cache'),
    verb: argv[2] ?? '',
    require: createRequire(import.meta.url),
    onExit: (work) => process.once('exit', work),
  };
}

/**
 * Runs the program's text and gives what it exports. Compiling it takes a third of the time of a short command, so what
 * V8 made of it is kept from the first run of each verb on. The cache is code: only a file that this user wrote, and
 * nobody else can write, is used. V8 refuses what another V8 made, but believes what is damaged, so that is checked here.
 */
export function loadProgram({ text, id }: ProgramText, host = ownHost()): unknown {
  const { folder, require, onExit } = host;
  const verb = /^[a-z-]{1,20}$/.test(host.verb) ? host.verb : '';
  const path = folder && join(folder, `${id}-${process.version}-${process.arch}.code`);
  const cached = path ? readCode(path) : undefined;
  for (const flag of FLAGS) setFlagsFromString(flag);
  const script = new Script(text, { filename: 'omlmd', cachedData: cached?.data });
  const verbs = script.cachedDataRejected === false ? (cached?.verbs ?? []) : [];
  if (path && !verbs.includes(verb))
    onExit(() => writeCode(path, { verbs: [...verbs, verb], data: script.createCachedData() }));
  const module = { exports: {} };
  script.runInThisContext()(require, module, module.exports);
  return module.exports;
}

function readCode(path: string): CompiledCode | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const stat = fstatSync(file);
      if (!stat.isFile() || !isOwnPrivate(stat) || stat.size > MAX_CACHE_BYTES) return undefined;
      const bytes = readFileSync(file);
      const end = bytes.indexOf(10);
      const [checksum, ...verbs] = bytes.toString('latin1', 0, end).split(' ', MAX_VERBS);
      const data = bytes.subarray(end + 1);
      return checksum === checksumOf(data) ? { verbs, data } : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // the first run, or nothing to read it with: it is compiled
  }
}

function checksumOf(data: Uint8Array): string {
  return crc32(data).toString(16);
}

/** Replaces the cache whole. That it may fail to (a full disk, no home folder) only costs time. */
function writeCode(path: string, { verbs, data }: CompiledCode): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const bytes = Buffer.concat([Buffer.from(`${[checksumOf(data), ...verbs].join(' ')}\n`, 'latin1'), data]);
    writeFileSync(temporary, bytes, { flag: 'wx', mode: PRIVATE_MODE });
    renameSync(temporary, path);
    removeStale(dirname(path));
  } catch {
    removeQuietly(temporary);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it is not there, or not ours
  }
}

/** Removes what other versions of Node.js and of the program, and killed processes, have left. */
function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) rmSync(path, { force: true });
  }
}
