import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OmlmdError, quote } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { isRepository, MAX_NAME_LENGTH } from '../oci/reference.ts';
import { LayoutTarget } from './layout.ts';
import { storageError, systemCode } from './storage-error.ts';

/**
 * Parts of a repository's name that are something else inside an image layout (`index.json` and `ingest` are allowed
 * names), and device names of Windows.
 */
const RESERVED_PART =
  /^(?:blobs|index\.json|oci-layout|ingest|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?)$/;
/** Put before a reserved part. No part of a name may begin so, hence nothing collides. */
const ESCAPE = '_';
/** Most parts that a name of the longest length has; ends the walk through a store with a loop in it. */
const MAX_DEPTH = MAX_NAME_LENGTH / 2;

/**
 * The embedded store: one OCI image layout a repository, at `ROOT/NAME`, so that other programs read it as it is. A
 * repository may be below another's folder (`a` and `a/b`): names that would meet the layout's own files are escaped
 * (`a/blobs` is at `a/_blobs`). Equal blobs of several repositories are one file with several names where the file
 * system can.
 */
export class LocalStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The folder of a repository, whether it is there or not. Throws `reference-invalid` for what is no name. */
  path(name: string): string {
    if (!isRepository(name))
      throw new OmlmdError(
        'reference-invalid',
        `repository ${quote(name)} of the local store: not a valid name`,
      );
    return join(
      this.root,
      ...name.split('/').map((part) => (RESERVED_PART.test(part) ? ESCAPE + part : part)),
    );
  }

  /** A repository; its folder is made by the first push. */
  repository(name: string): LayoutTarget {
    const path = this.path(name);
    return new LayoutTarget(path, { elsewhere: (digest) => this.#copiesOf(digest, path) });
  }

  /** Names of the repositories with anything in them, sorted. */
  async *repositories(): AsyncGenerator<string> {
    for await (const name of this.#layouts([])) {
      // One that cannot be read is listed: opening it says what is wrong.
      if (
        !(await this.repository(name)
          .isEmpty()
          .catch(() => false))
      )
        yield name;
    }
  }

  async *#layouts(parts: readonly string[]): AsyncGenerator<string> {
    const entries = await this.#entries(parts);
    const name = parts.map(unescapePart).join('/');
    if (
      parts.length > 0 &&
      isRepository(name) &&
      entries.some((e) => e.isFile() && e.name === 'oci-layout')
    ) {
      yield name;
    }
    if (parts.length >= MAX_DEPTH) return;
    const folders = entries.filter((entry) => entry.isDirectory() && isFolderOfNames(entry.name));
    for (const folder of folders.sort((a, b) => (a.name < b.name ? -1 : 1)))
      yield* this.#layouts([...parts, folder.name]);
  }

  async #entries(parts: readonly string[]) {
    const folder = join(this.root, ...parts);
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw storageError(`read ${folder}`, error);
    }
  }

  /** Where other repositories have a blob; not looked whether they really do. */
  async *#copiesOf(digest: Digest, exceptIn: string): AsyncGenerator<string> {
    for await (const name of this.#layouts([])) {
      const layout = new LayoutTarget(this.path(name));
      if (layout.path !== exceptIn) yield layout.blobPath(digest);
    }
  }
}

function unescapePart(part: string): string {
  return part.startsWith(ESCAPE) ? part.slice(ESCAPE.length) : part;
}

/** Whether a folder is a part of a name, rather than a layout's own. */
function isFolderOfNames(name: string): boolean {
  const part = unescapePart(name);
  return isRepository(part) && RESERVED_PART.test(part) === name.startsWith(ESCAPE);
}
