import type { FileStamp, FoundArtifact, ModelStamp, PushRecord } from './push-record.ts';

/** How the model beside a metadata file stands to its artifact. */
export type ArtifactState =
  /** There is nothing to push: the model is not beside the file. */
  | { readonly kind: 'no-model' }
  | { readonly kind: 'not-pushed' }
  /** A registry holds the answer and was not asked. */
  | { readonly kind: 'not-compared'; readonly reference: string }
  | Known<'pushed'>
  | Known<'changed'>;

interface Known<K extends string> {
  readonly kind: K;
  readonly reference: string;
  readonly digest: string;
  /** Milliseconds since 1970; absent when it was pushed from elsewhere. */
  readonly pushedAt?: number;
}

export interface StateQuestion {
  /** What a push would make now. */
  readonly local: ModelStamp;
  /** Where the metadata file says the artifact is. */
  readonly reference: string | undefined;
  readonly record: PushRecord | undefined;
  /** `absent` where it was looked for and is not; undefined where nobody looked. */
  readonly found: FoundArtifact | 'absent' | undefined;
}

/** Compares; what was found there counts more than what is remembered. */
export function artifactState({ local, reference, record, found }: StateQuestion): ArtifactState {
  const place = reference ?? record?.reference;
  if (place === undefined || found === 'absent') return { kind: 'not-pushed' };
  const remembered = record?.reference === place ? record : undefined;
  if (found === undefined) {
    if (remembered === undefined) return { kind: 'not-compared', reference: place };
    return { ...known(isSame(local, remembered), place, remembered.digest), pushedAt: remembered.pushedAt };
  }
  if (remembered?.digest === found.digest) {
    return { ...known(isSame(local, remembered), place, found.digest), pushedAt: remembered.pushedAt };
  }
  return known(isSame(local, found), place, found.digest);
}

function known(same: boolean, reference: string, digest: string): Known<'pushed'> | Known<'changed'> {
  return same ? { kind: 'pushed', reference, digest } : { kind: 'changed', reference, digest };
}

function isSame(local: ModelStamp, other: ModelStamp): boolean {
  if (local.metadata !== other.metadata || local.files.length !== other.files.length) return false;
  const stamps = new Map(other.files.map((file) => [file.title, file]));
  return local.files.every((file) => isSameFile(file, stamps.get(file.title)));
}

/** Of a file in an artifact only the size is known without reading all of both. */
function isSameFile(file: FileStamp, other: FileStamp | undefined): boolean {
  if (other === undefined || file.size !== other.size) return false;
  return other.modified === undefined || file.modified === other.modified;
}
