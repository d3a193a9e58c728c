import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalStore } from '../../../src/core/store/local-store.ts';

/** What a test registry holds of one repository, by digest. */
export interface StoredRepository {
  /** Blobs that are no listed manifests. */
  readonly blobs: ReadonlySet<string>;
  readonly manifests: ReadonlySet<string>;
  /** Uploads that have begun and are not over. */
  readonly uploads: { readonly size: number };
}

/** The repositories that a test registry was asked to write to, and what its folder has of them now. */
export class StoredRepositories {
  readonly #store: LocalStore;
  readonly #uploads: (name: string) => number;
  readonly #names = new Set<string>();

  constructor(store: LocalStore, uploads: (name: string) => number) {
    this.#store = store;
    this.#uploads = uploads;
  }

  /** A write to the repository was asked for. */
  note(name: string): void {
    this.#names.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Removes a repository, as if it had never been there. */
  delete(name: string): boolean {
    rmSync(this.#store.path(name), { recursive: true, force: true });
    return this.#names.delete(name);
  }

  values(): IterableIterator<StoredRepository> {
    return [...this.#names].map((name) => this.#look(name)).values();
  }

  #look(name: string): StoredRepository {
    const path = this.#store.path(name);
    const index = join(path, 'index.json');
    const entries: { digest: string }[] = existsSync(index)
      ? JSON.parse(readFileSync(index, 'utf8')).manifests
      : [];
    const manifests = new Set(entries.map(({ digest }) => digest));
    const blobs = ['sha256', 'sha512'].flatMap((algorithm) => {
      const folder = join(path, 'blobs', algorithm);
      return existsSync(folder) ? readdirSync(folder).map((hex) => `${algorithm}:${hex}`) : [];
    });
    return {
      blobs: new Set(blobs.filter((digest) => !manifests.has(digest))),
      manifests,
      uploads: { size: this.#uploads(name) },
    };
  }
}
