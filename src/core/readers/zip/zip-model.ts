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
import type { Finding, ModelFacts, ModelFile, ModelReader, ReadOptions } from '../reader.ts';
import { skopsFormat } from '../skops/skops.ts';
import { unknownFacts } from '../unknown.ts';
import { isPickleName, readOddMembers } from './odd-members.ts';
import { looksLikeZip, type ZipFormat, type ZipReading } from './zip-format.ts';

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
  let isCutOff = false;
  const read = async () => {
    const archive = await ZipArchive.open(file.content, facts, options);
    isCutOff = archive.rebuilt?.code === 'truncated';
    format = formatOf(file.path, archive);
    await parseAs(format, { file, archive, facts, pickles, options });
    if (archive.inner !== undefined) await readInner(file, archive.inner, facts, options);
  };
  await facts.collect(read, isFatal(options));
  const runsCode = pickles.isUsed || format?.runsCode === true;
  if (runsCode || pickles.hasImports) pickles.reportImports(runsCode);
  if (format === undefined) {
    facts.details.size = file.content.size;
    facts.details.media_type = 'application/zip';
  }
  const known = format ?? { id: 'unknown', extensions: EXTENSIONS };
  const found = facts.build(known.id, stemOf(file.path, known.extensions));
  return isCutOff ? { ...found, findings: cutOffOnce(found.findings) } : found;
}

async function parseAs(format: ZipFormat | undefined, reading: ZipReading): Promise<void> {
  if (format !== undefined) await format.parse(reading);
  else await readOddMembers(reading, (member) => !isPickleName(member));
}

/** What is in an archive that some programs take for the whole is judged too; that it is not whole was told. */
async function readInner(
  file: ModelFile,
  archive: ZipArchive,
  facts: FactsBuilder,
  options: ReadOptions,
): Promise<void> {
  const inner = new FactsBuilder();
  const pickles = new PickleReading(inner);
  const format = formatOf(file.path, archive);
  const read = () => parseAs(format, { file, archive, facts: inner, pickles, options });
  await inner.collect(read, isFatal(options));
  if (pickles.hasImports) pickles.reportImports(false);
  for (const { severity, code, message, where } of cutOffOnce(inner.build('', '').findings))
    if (code !== 'truncated') facts.finding(severity, code, message, where);
}

/** By the names of the members; where members may be gone, by the name of the file, which the members cannot contradict. */
function formatOf(path: string, { members, rebuilt }: ZipArchive): ZipFormat | undefined {
  const names = new Set(members.map(({ name }) => name));
  const byMembers = ZIP_FORMATS.find((candidate) => candidate.fits(names));
  const extension = modelExtension(path);
  if (rebuilt === undefined || byMembers?.extensions.includes(extension)) return byMembers;
  const named = ZIP_FORMATS.filter(({ extensions }) => extensions.includes(extension));
  return (
    named.find((candidate) => candidate === torchFormat) ??
    named.find(({ extensions }) => extensions[0] === extension) ??
    named[0] ??
    byMembers
  );
}

/**
 * What is missing of an archive that is cut off was told when its end was not found; half of a member looks broken, and
 * is not.
 */
function cutOffOnce(findings: readonly Finding[]): Finding[] {
  const first = findings.findIndex(({ code }) => code === 'truncated');
  return findings.filter(({ code }, index) => index === first || !/^(?:truncated|malformed)$/.test(code));
}
