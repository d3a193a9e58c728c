import { isOmlmdError } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { readModelFolder } from '../readers/folder.ts';
import { baseName } from '../readers/model-name.ts';
import type { FileFinding } from './local-model.ts';
import { formatPlace } from './location.ts';
import type { Artifact } from './read-artifact.ts';

interface WarnOptions extends CallOptions {
  readonly onFinding?: ((finding: FileFinding) => void) | undefined;
}

/**
 * What the documents of a folder say of it (code that it brings, paths that leave it), before any of its files is here.
 * Only these documents are asked for, by ranges; the files proper are looked into as they come.
 */
export async function warnOfFolder(
  { source, location }: Artifact,
  layers: readonly { readonly title: string; readonly descriptor: Descriptor }[],
  { onFinding, signal }: WarnOptions,
): Promise<void> {
  if (onFinding === undefined || layers.length < 2) return;
  const path = baseName(formatPlace(location));
  const byTitle = new Map(layers.map(({ title, descriptor }) => [title, descriptor]));
  const folder = {
    path,
    files: layers.map(({ title, descriptor: { size } }) => ({ path: title, size })),
    async open(title: string) {
      const descriptor = byTitle.get(title);
      if (descriptor === undefined) return undefined;
      return source.fetch(descriptor, { signal }).catch((error: unknown) => {
        if (isOmlmdError(error)) return undefined; // the pull itself will tell
        throw error;
      });
    },
  };
  const facts = await readModelFolder(folder, { signal, readFile: async () => undefined });
  for (const finding of facts?.findings ?? []) onFinding({ ...finding, file: finding.where ?? path });
}
