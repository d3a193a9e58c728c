import { matchesGlob } from 'node:path/posix';
import { OmlmdError, quote } from '../errors.ts';
import { type Content, readAll } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import type { OnProgress } from '../oci/progress.ts';
import { readModelFile } from '../readers/index.ts';
import type { Finding } from '../readers/reader.ts';
import { ARCHIVE_HEAD_BYTES, archiveKindOf } from '../store/archive.ts';
import type { ExistingFiles } from '../store/output-folder.ts';
import { isArchive, type LayerToPlace, type PlacedLayer, placeLayers } from '../store/place-layers.ts';
import { type Context, emit } from './context.ts';
import type { Location } from './location.ts';
import { type Artifact, readArtifact, titleOf } from './read-artifact.ts';
import { warnOfFolder } from './warn-of-folder.ts';

/**
 * Which archives are unpacked: those whose layer asks for it, as oras writes a folder (default); all tar archives; none.
 */
export type Unpacking = 'asked' | 'all' | 'none';

export interface PullOptions {
  /** Only layers of these media types; all when empty. */
  readonly mediaTypes?: readonly string[] | undefined;
  /** Only titles that match one of these globs; all when empty. */
  readonly include?: readonly string[] | undefined;
  /** What to do with files that are there with other bytes: `refuse` (default) fails before anything is written. */
  readonly onExisting?: ExistingFiles | undefined;
  readonly unpack?: Unpacking | undefined;
  readonly allowHidden?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Told of what is dangerous in a file before the file gets its name. */
  readonly onFinding?: ((finding: Finding & { readonly file: string }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PulledFile {
  /** For an archive that was unpacked, the folder that its files are in. */
  readonly path: string;
  readonly title: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly state: PlacedLayer['state'];
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
 * byte; a file appears under its name only whole and verified (S1, S2, R24). So it is with what is in archives.
 */
export async function pull(
  context: Context,
  location: Location,
  folder: string,
  options: PullOptions = {},
): Promise<PullResult> {
  const artifact = await readArtifact(context, location, options);
  const layers = selectLayers(artifact, options);
  const toPlace: LayerToPlace[] = [];
  for (const layer of layers) toPlace.push(await toLayer(artifact, layer, options));
  const passedOver = titlesOfOthers(artifact, toPlace);
  await warnOfFolder(artifact, layers, options);
  const placed = await placeLayers(folder, toPlace, {
    onExisting: options.onExisting ?? 'refuse',
    allowHidden: options.allowHidden ?? [],
    concurrency: options.concurrency,
    onProgress: options.onProgress,
    onReady: async (title, content) => {
      if (!passedOver.has(title)) await warnOfFile(title, content, options);
    },
    signal: options.signal,
  });
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

/** Annotations of a layer that oras made of a folder. */
const UNPACK = 'io.deis.oras.content.unpack';
const TAR_DIGEST = 'io.deis.oras.content.digest';

/** Media types that say tar archive, whoever defined them: `….tar`, `….tar+gzip`, Docker's `….tar.gzip`. */
const TAR_TYPE = /[./-]tar(?:[.+](?:gzip|zstd))?$/;

async function toLayer(
  { source }: Artifact,
  { title, descriptor }: TitledLayer,
  options: PullOptions,
): Promise<LayerToPlace> {
  const file: LayerToPlace = { title, descriptor, open: (call) => source.fetch(descriptor, call) };
  const { unpack = 'asked', signal } = options;
  if (unpack === 'none') return file;
  const { [UNPACK]: asks, [TAR_DIGEST]: digest } = descriptor.annotations ?? {};
  if (asks === 'true') {
    if (digest !== undefined && !isDigest(digest))
      throw new OmlmdError('manifest-invalid', `unpack ${quote(title)}: its ${TAR_DIGEST} is not a digest`);
    return { ...file, unpack: 'inside', tarDigest: digest };
  }
  if (unpack === 'asked' || !TAR_TYPE.test(descriptor.mediaType)) return file;
  // oras says tar of every file that it was told nothing about, so the bytes decide.
  const head = (await file.open({ signal })).slice(0, ARCHIVE_HEAD_BYTES);
  const kind = archiveKindOf(await readAll(head, ARCHIVE_HEAD_BYTES, { signal }));
  return kind === undefined ? file : { ...file, unpack: 'beside' };
}

/** Titles of the files that are no model by their artifact's own word. What is in an archive may always be one. */
function titlesOfOthers(
  { format, manifest }: Artifact,
  layers: readonly LayerToPlace[],
): ReadonlySet<string> {
  const models = new Set(format.modelLayers(manifest).map(({ digest }) => digest));
  const others = layers.filter((layer) => !isArchive(layer) && !models.has(layer.descriptor.digest));
  return new Set(others.map(({ title }) => title));
}

/** Looks into a file that came, so that what is dangerous in it is told before it gets its name. */
async function warnOfFile(file: string, content: Content, options: PullOptions): Promise<void> {
  const { onFinding, signal } = options;
  if (onFinding === undefined) return;
  const { findings } = await readModelFile({ path: file, content }, { signal });
  for (const finding of findings) onFinding({ ...finding, file });
}

function describeFile({ title, path, state, descriptor }: PlacedLayer): PulledFile {
  const { mediaType, digest, size } = descriptor;
  return { path, title, mediaType, digest, size, state };
}
