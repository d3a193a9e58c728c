import { type Content, textContent } from '../../../src/core/oci/content.ts';
import { ModelParts } from '../../../src/core/operations/model-parts.ts';
import type { ModelFacts } from '../../../src/core/readers/reader.ts';

/** Reads texts and contents as the files of one folder. */
export async function readMemoryFolder(
  files: Readonly<Record<string, string | Content>>,
): Promise<ModelFacts | undefined> {
  const parts = Object.entries(files).map(([title, file]) => {
    const content = typeof file === 'string' ? textContent(file) : file;
    return { title, size: content.size, open: async () => content };
  });
  return await new ModelParts(parts, { concurrency: 1 }).readWhole('folder');
}

/** {@link readMemoryFolder} of a folder that some reader knows. */
export async function readKnownFolder(
  files: Readonly<Record<string, string | Content>>,
): Promise<ModelFacts> {
  const facts = await readMemoryFolder(files);
  if (facts === undefined) throw new Error('no reader knows the folder');
  return facts;
}
