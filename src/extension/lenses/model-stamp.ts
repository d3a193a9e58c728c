import { stat } from 'node:fs/promises';
import type { ModelMetadata, PreparedModel, PushResult } from '../../core/index.ts';
import type { Core } from '../services.ts';
import type { FileStamp, FoundArtifact, ModelStamp, PushRecord } from './push-record.ts';

/** What a push of a prepared model would make. Reads no weights: files count by size and time. */
export async function stampModel(core: Core, model: PreparedModel): Promise<ModelStamp> {
  const files = await Promise.all(model.files.map(({ title, path }) => stampFile(title, path)));
  return { metadata: metadataText(core, model.metadata), files };
}

/** What to remember of a push that has just ended. */
export async function stampPush(core: Core, result: PushResult, now: number): Promise<PushRecord> {
  const pushed = result.files.flatMap(({ title, path }) =>
    title === undefined || path === undefined ? [] : [stampFile(title, path)],
  );
  return {
    reference: result.reference,
    digest: result.digest,
    pushedAt: now,
    metadata: metadataText(core, result.metadata),
    files: await Promise.all(pushed),
  };
}

/** What lies at a reference; undefined where there is nothing. */
export async function findArtifact(
  core: Core,
  context: Parameters<Core['readArtifact']>[0],
  reference: string,
  signal?: AbortSignal,
): Promise<FoundArtifact | undefined> {
  try {
    const artifact = await core.readArtifact(context, core.parseLocation(reference), { signal });
    const { format, manifest, source, root } = artifact;
    const layers = format.modelLayers(manifest);
    return {
      digest: root.digest,
      metadata: metadataText(core, await format.readMetadata(manifest, source, { signal })),
      files: layers.map((layer) => ({ title: core.titleOf(layer) ?? layer.digest, size: layer.size })),
    };
  } catch (error) {
    if (core.isOmlmdError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function stampFile(title: string, path: string): Promise<FileStamp> {
  const { size, mtimeMs } = await stat(path);
  return { title, size, modified: mtimeMs };
}

function metadataText(core: Core, metadata: ModelMetadata): string {
  return core.formatPythonJson(new Map(core.METADATA_FIELDS.map((field) => [field, metadata[field]])));
}
