import { access, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OmlmdError, quote } from '../errors.ts';
import { type MetadataLayer, mergeMetadata } from '../model/merge.ts';
import { emptyMetadata, type ModelMetadata, type Origin } from '../model/metadata.ts';
import { parseMetadataFile } from '../model/metadata-file.ts';
import type { SetValue } from '../model/set-value.ts';
import type { FileContent } from '../oci/file-content.ts';
import type { OnProgress } from '../oci/progress.ts';
import { systemCode, systemWords } from '../oci/system-failure.ts';
import { modelStem } from '../readers/index.ts';
import type { ModelFacts } from '../readers/reader.ts';
import type { CollectedFile, ModelPath } from './collect-files.ts';
import { describeModel } from './describe-model.ts';
import { type FileFinding, type LocalModelOptions, readLocalModel } from './local-model.ts';

/** Where the metadata of a push comes from (docs/cli.md, "Metadata"). */
export type MetadataSource =
  /** The model file, merged over by its `.omlmd.yaml`. */
  | { readonly kind: 'auto' }
  /** Its `.omlmd.yaml` only. */
  | { readonly kind: 'sidecar' }
  /** This document only; nothing is read from the model or from beside it. */
  | { readonly kind: 'document'; readonly text: string; readonly path: string }
  /** Nothing from anywhere. */
  | { readonly kind: 'empty' };

export interface PrepareOptions extends LocalModelOptions {
  readonly metadata?: MetadataSource;
  /** The model's metadata file, where it is not the one beside it. */
  readonly sidecar?: string | undefined;
  /** Typed by a person; merged over everything else. */
  readonly set?: readonly SetValue[];
  readonly onProgress?: OnProgress | undefined;
}

/** A model ready to be packed: its files listed, its metadata known, its dangers named. Nothing was sent. */
export interface PreparedModel {
  readonly files: readonly CollectedFile[];
  /** Files that were passed over. */
  readonly leftOut: number;
  readonly metadata: ModelMetadata;
  /** Where each value came from, by path (`name`, `customProperties.accuracy`). */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What the readers found in the whole, or in its main model file; absent when nothing was read. */
  readonly facts?: ModelFacts;
  /** Small files whose bytes were read on the way, by title: those that have not changed are not read again. */
  readonly kept?: ReadonlyMap<string, FileContent>;
  /** Of every model file. */
  readonly findings: readonly FileFinding[];
  /** The metadata file that was merged, if there was one. */
  readonly sidecar?: string;
}

/** Lists the files of a push and reads their metadata and findings. */
export async function prepareModel(
  paths: readonly ModelPath[],
  options: PrepareOptions = {},
): Promise<PreparedModel> {
  const source = options.metadata ?? { kind: 'auto' };
  const model = await readLocalModel(paths, options);
  const layers: MetadataLayer[] = [];
  const described = source.kind === 'auto' ? describeModel(model, paths) : undefined;
  if (described !== undefined) layers.push({ origin: 'auto', metadata: described.metadata });
  const sidecar =
    source.kind === 'auto' || source.kind === 'sidecar'
      ? (options.sidecar ?? (await findSidecar(paths)))
      : undefined;
  if (sidecar !== undefined) {
    layers.push({ origin: 'file', metadata: parseMetadataFile(await readText(sidecar), sidecar).metadata });
  }
  if (source.kind === 'document') {
    layers.push({ origin: 'file', metadata: parseMetadataFile(source.text, source.path).metadata });
  }
  const merged = mergeMetadata([{ origin: 'auto', metadata: emptyMetadata() }, ...layers], options.set ?? []);
  return {
    files: model.files,
    leftOut: model.leftOut,
    ...merged,
    ...(described === undefined ? {} : { facts: described.facts }),
    kept: model.kept,
    findings: model.findings,
    ...(sidecar === undefined ? {} : { sidecar }),
  };
}

/** The `.omlmd.yaml` of the first path that has one: `m.onnx.omlmd.yaml` before `m.omlmd.yaml`. */
export async function findSidecar(paths: readonly ModelPath[]): Promise<string | undefined> {
  for (const { path } of paths) {
    for (const candidate of sidecarCandidates(path)) if (await isThere(candidate)) return candidate;
  }
  return undefined;
}

/** Where the metadata file of a model may lie, the first to be preferred. */
export function sidecarCandidates(path: string): readonly string[] {
  const absolute = resolve(path);
  const name = basename(absolute);
  const dot = name.lastIndexOf('.');
  const stems = [name, modelStem(name), ...(dot > 0 ? [name.slice(0, dot)] : [])];
  return [...new Set(stems)].map((stem) => join(dirname(absolute), `${stem}.omlmd.yaml`));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Largest metadata document that is read, bytes (S31). */
export const MAX_METADATA_BYTES = 1024 * 1024;

/** Reads a person's metadata file as text. */
export async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const missing = systemCode(error) === 'ENOENT';
    const what = missing ? 'no such file' : systemWords(error);
    throw new OmlmdError(missing ? 'not-found' : 'file-unreadable', `read ${quote(path)}: ${what}`, {
      cause: error,
    });
  }
  return decodeText(bytes, path);
}

/** The text of a metadata document that was read from `name`. */
export function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.byteLength > MAX_METADATA_BYTES) {
    throw new OmlmdError('limit-exceeded', `read ${quote(name)}: larger than ${MAX_METADATA_BYTES} bytes`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new OmlmdError('metadata-invalid', `read ${quote(name)}: not UTF-8 text`, { cause: error });
  }
}
