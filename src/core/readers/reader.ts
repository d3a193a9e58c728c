import type { ModelMetadata } from '../model/metadata.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import type { MemoryGuard } from './parse/memory-guard.ts';

/** A file (or remote layer) that may be a model. */
export interface ModelFile {
  /** Its path or title; only names, never opened by a reader. Foreign text. */
  readonly path: string;
  readonly content: Content;
  /**
   * A file beside this one by its relative path, for formats that spread over several (shards, external data).
   * Undefined when it is not there; a path that leaves the folder is refused by the reader before it asks.
   */
  readonly beside?: (path: string) => Promise<Content | undefined>;
}

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** The closed list of finding codes; docs/formats/models.md says when each is given. */
export const FINDING_CODES = [
  'unsafe-import',
  'unknown-import',
  'code-in-model',
  'object-array',
  'external-path',
  'truncated',
  'malformed',
  'name-mismatch',
  'too-large-to-show',
  'hidden-data',
  'encrypted',
  'runs-code-when-loaded',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** For people; foreign text in it is quoted and escaped. */
  readonly message: string;
  /** Where in the file: a byte offset, a key, a member name. */
  readonly where?: string;
}

/** What a reader found. `metadata` goes into the artifact, `details` (plain JSON data) is only shown. */
export interface ModelFacts {
  readonly format: { readonly name: string; readonly version: string | null };
  readonly metadata: ModelMetadata;
  readonly details: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
  /** Relative paths of the files that belong to this model (external data, shards), in sorted order. */
  readonly companions: readonly string[];
}

/** Options of a reading. */
export interface ReadOptions extends CallOptions {
  /** Of what the file belongs to; without it, memory is not looked at. */
  readonly memory?: MemoryGuard | undefined;
}

/** One model-file format. Reads headers by ranges, never loads weights, never runs code from the file. */
export interface ModelReader {
  /** Equal to `model_format_name`. */
  readonly id: string;
  /** File name endings, lower case with the dot: they choose among what the content allows. */
  readonly extensions: readonly string[];
  /**
   * Endings that mostly stand for something else, such as `.json`: the model is named without them, and that is all. No
   * menu offers such files as models, and a file of another kind does not lie by them.
   */
  readonly sharedExtensions?: readonly string[];
  /** Tells from the name and at most the first {@link HEAD_BYTES}. Never throws. */
  recognizes(path: string, head: Uint8Array): boolean;
  /** A hostile file gives findings, not an exception; only I/O failures and the caller's signal reject. */
  read(file: ModelFile, options?: ReadOptions): Promise<ModelFacts>;
}

/** A folder on this machine, or an artifact of several layers, that may be one model. */
export interface ModelFolder {
  /** Its name. Foreign text. */
  readonly path: string;
  /** What a push of it would carry, by relative path with `/`, sorted. Foreign text. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** One of `files`; undefined for any other path. */
  open(path: string): Promise<Content | undefined>;
}

/** What the reader of a folder is given besides the folder. */
export interface FolderReadOptions extends ReadOptions {
  /** What the readers of files say of one of the folder's files, asked once; undefined where it is not there. */
  readFile(path: string): Promise<ModelFacts | undefined>;
}

/** One way to lay out a model as a folder. Its findings are its own; those of the files are added by the caller. */
export interface FolderReader {
  /** Equal to `model_format_name`. */
  readonly id: string;
  /** Tells from the names of the files. Never throws. */
  recognizes(folder: ModelFolder): boolean;
  /** As {@link ModelReader.read}; undefined where the content is not what the names promised. */
  read(folder: ModelFolder, options: FolderReadOptions): Promise<ModelFacts | undefined>;
}

/** Bytes of a file's start that recognition sees. */
export const HEAD_BYTES = 4096;
