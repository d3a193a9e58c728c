import type { CallOptions } from '../../oci/content.ts';
import { FactsBuilder } from '../facts.ts';
import { stemOf } from '../model-name.ts';
import { npzFormat } from '../numpy/npz.ts';
import { ZipArchive } from '../parse/zip-archive.ts';
import { torchFormat, torchscriptFormat } from '../pytorch/torch-archive.ts';
import { isFatal } from '../read-file.ts';
import type { ModelFacts, ModelFile, ModelReader } from '../reader.ts';
import { skopsFormat } from '../skops/skops.ts';
import type { ZipFormat } from './zip-format.ts';

/** Formats that are zip files, in the order they are asked; adding one is its file and a line here. */
const ZIP_FORMATS: readonly ZipFormat[] = [torchscriptFormat, torchFormat, skopsFormat, npzFormat];

const EXTENSIONS = ZIP_FORMATS.flatMap(({ extensions }) => extensions);

/** Local header, or the end of an empty archive. */
function looksLikeZip(head: Uint8Array): boolean {
  const [p, k, third = 0, fourth = 0] = head;
  return p === 0x50 && k === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6));
}

/** All of them recognise any zip file: which format it is stands in the directory, at the end of the file. */
export const zipReaders: readonly ModelReader[] = ZIP_FORMATS.map(({ id, extensions }) => ({
  id,
  extensions,
  recognizes: (_path, head) => looksLikeZip(head),
  read: readZipModel,
}));

async function readZipModel(file: ModelFile, options: CallOptions = {}): Promise<ModelFacts> {
  const facts = new FactsBuilder();
  let format: ZipFormat | undefined;
  const read = async () => {
    const archive = await ZipArchive.open(file.content, facts, options);
    const names = new Set(archive.members.map(({ name }) => name));
    format = ZIP_FORMATS.find((candidate) => candidate.fits(names));
    await format?.parse({ file, archive, facts, options });
  };
  await facts.collect(read, isFatal(options));
  if (format !== undefined) return facts.build(format.id, stemOf(file.path, format.extensions));
  facts.details.size = file.content.size;
  facts.details.media_type = 'application/zip';
  return facts.build('unknown', stemOf(file.path, EXTENSIONS));
}
