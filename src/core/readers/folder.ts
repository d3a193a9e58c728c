/** The readers of folders. Adding one is its file, a line in {@link FOLDER_READERS} and a fixture. */
import { mlpackageReader } from './coreml/mlpackage.ts';
import { diffusersReader } from './diffusers/diffusers.ts';
import { huggingFaceReader } from './huggingface/huggingface.ts';
import { mlflowReader } from './mlflow/mlflow.ts';
import { unstopped } from './read-file.ts';
import type { FolderReader, FolderReadOptions, ModelFacts, ModelFolder } from './reader.ts';
import { shardedReader } from './shards/sharded-model.ts';
import { savedModelReader } from './tensorflow/saved-model.ts';

/** In the order they are asked; the first that recognises names and content reads the folder. */
export const FOLDER_READERS: readonly FolderReader[] = [
  mlflowReader,
  mlpackageReader,
  diffusersReader,
  savedModelReader,
  huggingFaceReader,
  shardedReader,
];

/** What a folder says of itself as one model; undefined where it is only a folder with files. */
export async function readModelFolder(
  folder: ModelFolder,
  options: FolderReadOptions,
  readers: readonly FolderReader[] = FOLDER_READERS,
): Promise<ModelFacts | undefined> {
  options.signal?.throwIfAborted();
  for (const reader of readers) {
    if (!reader.recognizes(folder)) continue;
    const facts = await unstopped(reader.id, folder.path, options, () => reader.read(folder, options));
    if (facts !== undefined) return facts;
  }
  return undefined;
}
