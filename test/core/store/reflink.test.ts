import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts');
const MIB = 1024 * 1024;
/** Enough to stand out beside what the store writes besides, bytes. */
const MODEL_BYTES = 64 * MIB;
/** Index, manifest, metadata and the file system's own, bytes. */
const LITTLE_BYTES = 8 * MIB;
/** XFS takes no smaller disk, bytes; the file of it is sparse. */
const DISK_BYTES = 400 * MIB;

/** Makes a disk whose files may share blocks, for this process alone. `$1` is the file of it, `$2` where it goes. */
const MOUNT = `truncate -s ${DISK_BYTES} "$1" &&
{ mkfs.xfs -q -f -m reflink=1 "$1" || mkfs.btrfs -q -f "$1"; } 2>/dev/null >&2 &&
mount -o loop "$1" "$2" && cd "$2"`;

/** Prints the bytes that are used after each step. `$3` is Node, `$4` the program. */
const STEPS = `used() { sync -f . && df --output=used -B1 . | tail -n 1; }
export OMLMD_HOME="$2/home"
head -c ${MODEL_BYTES} /dev/urandom > model.bin && used &&
"$3" "$4" push local/m:v1 model.bin --empty-metadata >&2 && used &&
"$3" "$4" pull local/m:v1 -o out >&2 && used &&
cmp model.bin out/model.bin && "$3" "$4" store verify >&2 &&
cp --reflink=never model.bin copied.bin && used`;

async function onDisk(script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'omlmd-reflink-'));
  try {
    const [disk, place] = [join(folder, 'disk'), await mkdtemp(join(folder, 'mounted-'))];
    const args = ['-m', 'sh', '-c', script, 'sh', disk, place, process.execPath, MAIN];
    return spawnSync('unshare', args, { encoding: 'utf8' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether there is root, a program that makes such a disk, and a kernel that mounts it; a line says where not. */
async function canShareBlocks(): Promise<boolean> {
  const can = process.platform === 'linux' && (await onDisk(MOUNT)).status === 0;
  if (!can)
    console.warn('not tested, as no disk that shares blocks can be mounted here: clones in the store');
  return can;
}

it.runIf(await canShareBlocks())(
  'a push to the local store, and a pull from it, share the blocks of the file where the disk can',
  { timeout: 60_000 },
  async () => {
    const { status, stdout, stderr } = await onDisk(`${MOUNT} && ${STEPS}`);
    expect(status, stderr).toBe(0);
    const [empty = 0, pushed = 0, pulled = 0, copied = 0] = stdout.trim().split('\n').map(Number);
    expect(pushed - empty).toBeLessThan(LITTLE_BYTES);
    expect(pulled - pushed).toBeLessThan(LITTLE_BYTES);
    // The figures do tell: a copy takes the space of the file.
    expect(copied - pulled).toBeGreaterThan(MODEL_BYTES - LITTLE_BYTES);
  },
);
