import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Measurement, measure } from './measure.ts';

const CLI = fileURLToPath(new URL('../dist/cli.mjs', import.meta.url));
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
/** What tmpfs must have free to be used: a registry's copy, a model and what is pulled, with room to spare. */
const ROOM_BYTES = 6 * GIB;

/** A folder for one run of the benchmark, and the programs that are measured in it. */
export class Place {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;

  constructor(root = roomyFolder()) {
    this.folder = mkdtempSync(join(root, 'omlmd-bench-'));
    this.env = { ...process.env, OMLMD_HOME: this.path('home'), DOCKER_CONFIG: this.path('docker') };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  omlmd(...args: string[]): Promise<Measurement> {
    return measure(process.execPath, [CLI, ...args], this.env);
  }

  peer(program: string, args: readonly string[], cwd = this.folder): Promise<Measurement> {
    return measure(program, args, this.env, cwd);
  }

  /** A file of random bytes, since a registry might compress or share others. */
  random(name: string, size: number): string {
    const path = this.path(name);
    const block = Buffer.allocUnsafe(Math.min(size, 16 * MIB));
    const file = openSync(path, 'w');
    for (let left = size; left > 0; left -= block.byteLength) {
      randomFillSync(block);
      writeSync(file, block, 0, Math.min(left, block.byteLength));
    }
    closeSync(file);
    return path;
  }

  /** A file that takes no space, but for a header. */
  sparse(name: string, size: number, header: Uint8Array = new Uint8Array()): string {
    const path = this.path(name);
    writeFileSync(path, header);
    truncateSync(path, header.byteLength + size);
    return path;
  }

  /** Changes a file's first bytes: another digest for a cent. */
  change(path: string): void {
    const file = openSync(path, 'r+');
    writeSync(file, randomFillSync(Buffer.alloc(16)), 0, 16, 0);
    closeSync(file);
  }

  /**
   * Touches as much memory as a run will need, and gives it back. A virtual machine's host takes free memory away and
   * gives it anew at the first touch, which takes as long as the transfer itself: whoever comes first would pay for all.
   */
  warmMemory(bytes: number): void {
    const path = this.path('warm');
    const block = Buffer.alloc(16 * MIB, 1);
    const file = openSync(path, 'w');
    for (let left = bytes; left > 0; left -= block.byteLength) writeSync(file, block);
    closeSync(file);
    rmSync(path);
  }

  emptyFolder(name: string): string {
    const path = this.path(name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** tmpfs where it is large enough, so that the disk is not what is measured. */
function roomyFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > ROOM_BYTES) return '/dev/shm';
  } catch {
    // not Linux
  }
  return tmpdir();
}
