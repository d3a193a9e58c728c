import type { ModelMetadata } from '../model/metadata.ts';
import { JsonNumber } from '../oci/json.ts';
import { modelStem } from '../readers/index.ts';
import { baseName } from '../readers/model-name.ts';
import type { ModelFacts } from '../readers/reader.ts';
import type { ModelPath } from './collect-files.ts';
import { folderName, type LocalModel } from './local-model.ts';
import type { PartReading } from './model-parts.ts';

/** What speaks for a model of one or many files, and its metadata. */
interface DescribedModel {
  readonly facts: ModelFacts;
  readonly metadata: ModelMetadata;
}

/** The metadata of all files together; undefined where none is a model. */
export function describeModel(
  { files, parts, whole }: LocalModel,
  paths: readonly ModelPath[],
): DescribedModel | undefined {
  if (whole !== undefined) return { facts: whole, metadata: withCount(whole.metadata, files.length) };
  const main = mainPart(parts);
  if (main === undefined) return undefined;
  const { facts } = main;
  if (files.length <= 1) return { facts, metadata: facts.metadata };
  return { facts, metadata: withCount(named(main, paths, files.length), files.length) };
}

/** The part that speaks for the model: the largest that a reader knew, else the only file. */
function mainPart(parts: readonly PartReading[]): PartReading | undefined {
  const known = parts.filter(({ facts }) => facts.format.name !== 'unknown');
  const [largest] = (known.length > 0 ? known : parts).toSorted((a, b) => b.size - a.size);
  return largest;
}

function withCount(metadata: ModelMetadata, files: number): ModelMetadata {
  const customProperties = new Map(metadata.customProperties);
  customProperties.set('file_count', new JsonNumber(String(files)));
  return { ...metadata, customProperties };
}

/** A model that is a folder, and says no name of its own, is called after it; one with companions after its own file. */
function named(
  { title, facts: { metadata } }: PartReading,
  paths: readonly ModelPath[],
  files: number,
): ModelMetadata {
  const [only, other] = paths;
  const isFolder = files > 1 && only !== undefined && other === undefined && baseName(only.path) !== title;
  const own = metadata.name === modelStem(baseName(title));
  return own && isFolder ? { ...metadata, name: folderName(only.path) } : metadata;
}
