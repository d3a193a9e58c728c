import { matchesGlob } from 'node:path/posix';
import { OmlmdError, quote } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { OnProgress } from '../oci/progress.ts';
import { readModelFile } from '../readers/index.ts';
import type { Finding } from '../readers/reader.ts';
import { type ExistingFiles, type PlacedFile, placeFiles } from '../store/output-folder.ts';
import { type Context, emit } from './context.ts';
import type { Location } from './location.ts';
import { type Artifact, readArtifact, titleOf } from './read-artifact.ts';

export interface PullOptions {
  /** Only layers of these media types; all when empty. */
  readonly mediaTypes?: readonly string[] | undefined;
  /** Only titles that match one of these globs; all when empty. */
  readonly include?: readonly string[] | undefined;
  /** What to do with files that are there with other bytes: `refuse` (default) fails before anything is written. */
  readonly onExisting?: ExistingFiles | undefined;
  readonly allowHidden?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Told of what is dangerous in a file before the file gets its name. */
  readonly onFinding?: ((finding: Finding & { readonly file: string }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PulledFile {
  readonly path: string;
  readonly title: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly state: PlacedFile['state'];
}

/** The document of `pull --format json` (docs/cli.md). */
export interface PullResult {
  readonly reference: string;
  readonly digest: Digest;
  /** In manifest order. */
  readonly files: readonly PulledFile[];
}

/**
 * Pulls an artifact's files into a folder. All titles are checked, and files in the way are found, before the first
 * byte; a file appears under its name only whole and verified (S1, S2, R24).
 */
export async function pull(
  context: Context,
  location: Location,
  folder: string,
  options: PullOptions = {},
): Promise<PullResult> {
  const artifact = await readArtifact(context, location, options);
  const layers = selectLayers(artifact, options);
  await warnOfFindings(artifact, layers, options);
  const placed = await placeFiles(
    folder,
    layers.map(({ title, descriptor }) => ({
      title,
      descriptor,
      open: (call) => artifact.source.fetch(descriptor, call),
    })),
    {
      onExisting: options.onExisting ?? 'refuse',
      allowHidden: options.allowHidden ?? [],
      concurrency: options.concurrency,
      onProgress: options.onProgress,
      signal: options.signal,
    },
  );
  const { reference, root, format, manifest, source } = artifact;
  if ((context.listeners ?? []).length > 0) {
    const metadata = await format.readMetadata(manifest, source, options);
    emit(context, { kind: 'pull', reference, digest: root.digest, metadata });
  }
  return { reference, digest: root.digest, files: placed.map(describeFile) };
}

interface TitledLayer {
  readonly title: string;
  readonly descriptor: Descriptor;
}

function selectLayers(artifact: Artifact, options: PullOptions): readonly TitledLayer[] {
  const { mediaTypes = [], include = [] } = options;
  const wanted = artifact.manifest.layers.filter(
    (layer) => mediaTypes.length === 0 || mediaTypes.includes(layer.mediaType),
  );
  const titled = wanted.flatMap((descriptor) => {
    const title = titleOf(descriptor);
    return title === undefined ? [] : [{ title, descriptor }];
  });
  if (titled.length === 0 && wanted.length > 0) {
    throw new OmlmdError(
      'unsupported',
      `pull ${quote(artifact.reference)}: none of its ${wanted.length} layers has a title to name a file by`,
    );
  }
  const foreign = titled.find(({ descriptor }) => (descriptor.urls?.length ?? 0) > 0);
  if (foreign !== undefined) {
    throw new OmlmdError(
      'unsupported',
      `pull ${quote(foreign.title)}: its content is at a foreign URL, which is never fetched`,
    );
  }
  if (include.length === 0) return titled;
  return titled.filter(({ title }) => include.some((glob) => matchesGlob(title, glob)));
}

/** Looks into the model layers by ranges, before anything is downloaded. A layer that cannot be read so is no reason to stop. */
async function warnOfFindings(
  artifact: Artifact,
  layers: readonly TitledLayer[],
  options: PullOptions,
): Promise<void> {
  const { onFinding, signal } = options;
  if (onFinding === undefined) return;
  const models = new Set(artifact.format.modelLayers(artifact.manifest).map((layer) => layer.digest));
  for (const { title, descriptor } of layers) {
    if (!models.has(descriptor.digest)) continue;
    const content = await artifact.source.fetch(descriptor, { signal });
    const { findings } = await readModelFile({ path: title, content }, { signal });
    for (const finding of findings) onFinding({ ...finding, file: title });
  }
}

function describeFile({ title, path, state, descriptor }: PlacedFile): PulledFile {
  const { mediaType, digest, size } = descriptor;
  return { path, title, mediaType, digest, size, state };
}
