import { JsonNumber } from '../../oci/json.ts';
import type { FactsBuilder } from '../facts.ts';
import type { FolderDocuments } from '../folder-document.ts';
import { MAX_HYPERPARAMETERS, MAX_STRING_BYTES } from '../limits.ts';
import type { ModelFolder } from '../reader.ts';

/** Metrics and parameters of the run, where the folder is a logged model with the files of MLflow's file store. */
export async function reportRecords(
  folder: ModelFolder,
  documents: FolderDocuments,
  facts: FactsBuilder,
): Promise<void> {
  const metrics = new Map<string, JsonNumber>();
  for (const [name, text] of await recordsIn(folder, documents, 'metrics/')) {
    // A line a value: time stamp, value, step.
    const value = text.trimEnd().split('\n').at(-1)?.split(/\s+/)[1] ?? '';
    if (value !== '' && Number.isFinite(Number(value)))
      metrics.set(name, new JsonNumber(String(Number(value))));
  }
  if (metrics.size > 0) facts.property('metrics', metrics);
  const params = new Map(await recordsIn(folder, documents, 'params/'));
  if (params.size === 0) return;
  facts.details.params = Object.fromEntries(params);
  if (!facts.has('hyperparameters')) facts.property('hyperparameters', params);
}

async function recordsIn(
  { files }: ModelFolder,
  documents: FolderDocuments,
  inside: string,
): Promise<readonly (readonly [name: string, text: string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const { path } of files.filter((file) => file.path.startsWith(inside)).slice(0, MAX_HYPERPARAMETERS)) {
    const text = await documents.text(path, MAX_STRING_BYTES);
    if (text !== undefined) found.push([path.slice(inside.length), text]);
  }
  return found;
}
