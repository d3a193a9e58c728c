import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kindOf } from './path-kind.ts';
import { systemCode } from './storage-error.ts';

/** What was made on the way, to be taken back when something fails. */
export class MadeNames {
  readonly #files: string[] = [];
  readonly #folders: string[] = [];

  file(path: string): void {
    this.#files.push(path);
  }

  /** Makes a folder and those above it. */
  async folders(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    const below = path.slice(first.length).split(/[\\/]/).filter(Boolean);
    this.#folders.push(first, ...below.map((_, i) => join(first, ...below.slice(0, i + 1))));
  }

  /** Makes the folders of a relative path, one by one; false when something else than a folder is in their way. */
  async foldersBelow(root: string, relative: string): Promise<boolean> {
    if (relative === '.') return true;
    let path = root;
    for (const part of relative.split('/')) {
      path = join(path, part);
      try {
        await mkdir(path);
        this.#folders.push(path);
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
        if ((await kindOf(path)) !== 'folder') return false;
      }
    }
    return true;
  }

  /** Folders that something else was put into in the meantime stay. */
  async undo(): Promise<void> {
    for (const path of this.#files.reverse()) await rm(path, { force: true }).catch(() => {});
    for (const path of this.#folders.reverse()) await rmdir(path).catch(() => {});
  }
}
