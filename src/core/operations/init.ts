import { readFile } from 'node:fs/promises';
import { OmlmdError, quote } from '../errors.ts';
import type { ModelMetadata } from '../model/metadata.ts';
import { writeSidecar } from '../model/sidecar.ts';
import type { CallOptions } from '../oci/content.ts';
import { replaceFile } from '../store/durable-file.ts';
import { findSidecar, prepareModel, sidecarCandidates } from './prepare-model.ts';

/** The document of `init` (docs/cli.md). */
export interface InitResult {
  /** The metadata file. */
  readonly path: string;
  readonly metadata: ModelMetadata;
  /** False when the file said all of it already. */
  readonly changed: boolean;
}

/** Writes a model's `.omlmd.yaml` from what the reader finds. What a person wrote in it, comments included, stays. */
export async function initMetadataFile(path: string, options: CallOptions = {}): Promise<InitResult> {
  const model = await prepareModel([{ path }], { ...options, metadata: { kind: 'auto' }, doing: 'init' });
  const [fresh] = sidecarCandidates(path).toReversed();
  const file = (await findSidecar([{ path }])) ?? fresh;
  if (file === undefined)
    throw new OmlmdError('internal', `init ${quote(path)}: no name for its metadata file`);
  const before = await readIfThere(file);
  const text = writeSidecar(before, model.metadata);
  if (text !== before) await replaceFile(file, text);
  return { path: file, metadata: model.metadata, changed: text !== before };
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
}
