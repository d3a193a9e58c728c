import type { Memento } from 'vscode';

/** A local file as it was when it was pushed: cheap to compare, unlike the digest of gigabytes. */
export interface FileStamp {
  /** Title in the artifact. */
  readonly title: string;
  readonly size: number;
  /** Milliseconds since 1970; absent for a file of which only the artifact is known. */
  readonly modified?: number;
}

/** What a push makes of a model: compared before and after. */
export interface ModelStamp {
  /** The metadata document as JSON text. */
  readonly metadata: string;
  readonly files: readonly FileStamp[];
}

/** An artifact as it is in its registry or store. */
export interface FoundArtifact extends ModelStamp {
  readonly digest: string;
}

/** What is remembered of the last push of a metadata file's model. */
export interface PushRecord extends ModelStamp {
  readonly reference: string;
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
}

/** Most entries a memory keeps: VS Code holds a workspace's state in memory and writes it whole. */
const MAX_REMEMBERED = 200;

/** Values by name in the workspace's state; the longest unused ones are forgotten. */
export class WorkspaceMemory<T> {
  readonly #state: Memento;
  readonly #key: string;

  constructor(state: Memento, key: string) {
    this.#state = state;
    this.#key = key;
  }

  get(name: string): T | undefined {
    return this.#all().find(([other]) => other === name)?.[1];
  }

  /** Undefined forgets. */
  async put(name: string, value: T | undefined): Promise<void> {
    const others = this.#all().filter(([other]) => other !== name);
    const entries = value === undefined ? others : [[name, value] as const, ...others];
    await this.#state.update(this.#key, entries.slice(0, MAX_REMEMBERED));
  }

  #all(): readonly (readonly [string, T])[] {
    return this.#state.get<readonly (readonly [string, T])[]>(this.#key, []);
  }
}

/** Last pushes by the path of the metadata file. */
export function pushRecords(state: Memento): WorkspaceMemory<PushRecord> {
  return new WorkspaceMemory(state, 'omlmd.pushRecords');
}

/** What registries answered when they were last asked, by reference. */
export function registryAnswers(state: Memento): WorkspaceMemory<FoundArtifact | 'absent'> {
  return new WorkspaceMemory(state, 'omlmd.registryAnswers');
}
