import { FactsBuilder } from '../facts.ts';
import { kerasFormat } from '../keras/keras-zip.ts';
import { modelExtension, stemOf } from '../model-name.ts';
import { npzFormat } from '../numpy/npz.ts';
import { PagedSource } from '../parse/paged-source.ts';
import { ZipArchive } from '../parse/zip-archive.ts';
import { hasZipEnd } from '../parse/zip-directory.ts';
import { PickleReading } from '../pickle/pickle-reading.ts';
import { torchFormat, torchscriptFormat } from '../pytorch/torch-archive.ts';
import { torchExportFormat } from '../pytorch/torch-export.ts';
import { torchPackageFormat } from '../pytorch/torch-package.ts';
import { isFatal } from '../read-file.ts';
import type { ModelFacts, ModelFile, ModelReader, ReadOptions } from '../reader.ts';
import { skopsFormat } from '../skops/skops.ts';
import { unknownFacts } from '../unknown.ts';
import { isPickleName, readOddMembers } from './odd-members.ts';
import { looksLikeZip, type ZipFormat } from './zip-format.ts';

/** Formats that are zip files, in the order they are asked; adding one is its file and a line here. */
const ZIP_FORMATS: readonly ZipFormat[] = [
  torchPackageFormat,
  torchExportFormat,
  torchscriptFormat,
  torchFormat,
  skopsFormat,
  kerasFormat,
  npzFormat,
];

const EXTENSIONS = ZIP_FORMATS.flatMap(({ extensions }) => extensions);
/** A `.bin` claims nothing. */
const ZIP_NAMES = new Set(EXTENSIONS.filter((extension) => extension !== '.bin'));

/** All of them recognise any zip file: which format it is stands in the directory, at the end of the file. */
export const zipReaders: readonly ModelReader[] = ZIP_FORMATS.map(({ id, extensions }) => ({
  id,
  extensions,
  recognizes: (_path, head) => looksLikeZip(head),
  read: readZipModel,
}));

/**
 * Archives with something before them, where the name claims one: Python's zipfile, and so skops and Keras, open them by
 * their end. Asked last; its extensions are those of the others.
 */
export const appendedZipReader: ModelReader = {
  id: 'unknown',
  extensions: [],
  recognizes: (path, head) => ZIP_NAMES.has(modelExtension(path)) && !looksLikeZip(head),
  async read(file, options = {}) {
    const source = new PagedSource(file.content, options);
    return (await hasZipEnd(source))
      ? await readZipModel(file, options)
      : unknownFacts(file, stemOf(file.path, EXTENSIONS));
  },
};

/** Formats whose libraries look at the end of a file alone: what it begins with may be another format. */
const OPENED_BY_END = new Set(['.keras', '.skops']);

/** Whether the library that a file is named for opens it as an archive, although it begins as something else. */
export async function isOpenedByEnd(
  file: ModelFile,
  head: Uint8Array,
  options: ReadOptions,
): Promise<boolean> {
  if (!OPENED_BY_END.has(modelExtension(file.path)) || looksLikeZip(head)) return false;
  return await hasZipEnd(new PagedSource(file.content, options));
}

export async function readZipModel(file: ModelFile, options: ReadOptions = {}): Promise<ModelFacts> {
  const facts = new FactsBuilder();
  const pickles = new PickleReading(facts);
  let format: ZipFormat | undefined;
  const read = async () => {
    const archive = await ZipArchive.open(file.content, facts, options);
    const names = new Set(archive.members.map(({ name }) => name));
    format = ZIP_FORMATS.find((candidate) => candidate.fits(names));
    const reading = { file, archive, facts, pickles, options };
    if (format !== undefined) await format.parse(reading);
    else await readOddMembers(reading, (member) => !isPickleName(member));
  };
  await facts.collect(read, isFatal(options));
  const runsCode = pickles.isUsed || format?.runsCode === true;
  if (runsCode || pickles.hasImports) pickles.reportImports(runsCode);
  if (format !== undefined) return facts.build(format.id, stemOf(file.path, format.extensions));
  facts.details.size = file.content.size;
  facts.details.media_type = 'application/zip';
  return facts.build('unknown', stemOf(file.path, EXTENSIONS));
}
