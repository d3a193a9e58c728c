import type { Memento } from 'vscode';

/** A local file as it was when it was pushed: cheap to compare, unlike the digest of gigabytes. */
export interface FileStamp {
  /** Title in the artifact. */
  readonly title: string;
  readonly size: number;
  /** Milliseconds since 1970; undefined for a file of which only the artifact is known. */
  readonly modified?: number;
}

/** What a push makes of a model: compared before and after. */
export interface ModelStamp {
  /** The metadata document as JSON text. */
  readonly metadata: string;
  readonly files: readonly FileStamp[];
}

/** What is remembered of the last push of a metadata file's model. */
export interface PushRecord extends ModelStamp {
  readonly reference: string;
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
}

const KEY = 'omlmd.pushRecords';
/** Most records kept in a workspace's state, which VS Code holds in memory and writes whole. */
const MAX_RECORDS = 200;

/** The last push of each metadata file of this workspace. */
export class PushRecords {
  readonly #state: Memento;

  constructor(state: Memento) {
    this.#state = state;
  }

  get(metadataFile: string): PushRecord | undefined {
    return this.#all()[metadataFile];
  }

  async put(metadataFile: string, record: PushRecord): Promise<void> {
    const others = Object.entries(this.#all()).filter(([path]) => path !== metadataFile);
    const kept = others.toSorted(([, a], [, b]) => b.pushedAt - a.pushedAt).slice(0, MAX_RECORDS - 1);
    await this.#state.update(KEY, Object.fromEntries([[metadataFile, record], ...kept]));
  }

  #all(): Readonly<Record<string, PushRecord>> {
    return this.#state.get<Readonly<Record<string, PushRecord>>>(KEY, {});
  }
}
