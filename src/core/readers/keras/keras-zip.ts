import { bytesContent, type Content } from '../../oci/content.ts';
import { Hdf5Contents } from '../hdf5/hdf5-contents.ts';
import { Hdf5File } from '../hdf5/hdf5-file.ts';
import { MAX_HDF5_BYTES, MAX_INFLATED_WEIGHTS_BYTES, MAX_KERAS_CONFIG_BYTES } from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { PagedSource } from '../parse/paged-source.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { memberName } from '../parse/zip-directory.ts';
import type { ZipMember } from '../parse/zip-records.ts';
import { isFatal } from '../read-file.ts';
import { TensorTally } from '../tensor-tally.ts';
import { readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat, ZipReading } from '../zip/zip-format.ts';
import { KerasCode, lookForCode } from './keras-code.ts';
import { reportConfig } from './keras-config.ts';
import { parseKerasJson, textMember } from './keras-json.ts';
import { isKerasWeight } from './keras-weights.ts';

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';
/** Weights in several files, which Keras writes for models that are too large for one. */
const SHARD = /^model(?:_\d+)?\.weights\.h5$/;
const WEIGHTS_INDEX = 'model.weights.json';

/** A model of Keras 3 (or 2.12 and later): configuration, metadata and weights in a zip file. */
export const kerasFormat: ZipFormat = {
  id: 'keras',
  extensions: ['.keras'],
  fits: (names) => names.has(CONFIG) && (names.has(METADATA) || names.has(WEIGHTS)),
  parse: readArchive,
};

async function readArchive(reading: ZipReading): Promise<void> {
  const { archive, facts, options } = reading;
  facts.property('framework', 'keras');
  const code = new KerasCode(facts);
  const collect = (parse: () => Promise<void>) => facts.collect(parse, isFatal(options));
  for (const member of archive.named(METADATA)) await collect(() => readMetadata(reading, member));
  // What is there of a configuration that is cut off nobody can read.
  for (const member of archive.named(CONFIG).filter(({ isCut }) => !isCut)) {
    await collect(() =>
      lookForCode(facts, async () => reportConfig(await textOf(reading, member), code, facts)),
    );
  }
  const weights = new TensorTally();
  for (const member of archive.members.filter(({ name }) => SHARD.test(name))) {
    await collect(() => readWeights(reading, member, weights));
  }
  await readOddMembers(reading, ({ name }) => isExpected(name));
}

function isExpected(name: string): boolean {
  return [CONFIG, METADATA, WEIGHTS_INDEX].includes(name) || SHARD.test(name) || name.startsWith('assets/');
}

async function textOf({ archive }: ZipReading, member: ZipMember): Promise<string> {
  return decodeText(await archive.bytes(member, MAX_KERAS_CONFIG_BYTES));
}

async function readMetadata(reading: ZipReading, member: ZipMember): Promise<void> {
  const metadata = parseKerasJson(await textOf(reading, member));
  const version = textMember(metadata, 'keras_version');
  reading.facts.formatVersion = version ?? null;
  reading.facts.property('framework_version', version);
  const saved = textMember(metadata, 'date_saved');
  if (saved !== undefined) reading.facts.details.date_saved = saved;
}

/** The weights say only names and shapes; what the root says of Keras is in the metadata already. */
async function readWeights(reading: ZipReading, member: ZipMember, weights: TensorTally): Promise<void> {
  const { facts, options } = reading;
  const content = await weightsContent(reading, member);
  const source = new PagedSource(content, { ...options, maxBytes: MAX_HDF5_BYTES });
  const contents = new Hdf5Contents(await Hdf5File.open(source), facts, weights);
  contents.isWeight = isKerasWeight;
  await contents.walk();
}

/** Keras stores the weights; an archive that was packed again has them compressed, and HDF5 is read here and there. */
async function weightsContent({ archive }: ZipReading, member: ZipMember): Promise<Content> {
  const stored = await archive.content(member);
  if (stored !== undefined) return stored;
  if (member.size > MAX_INFLATED_WEIGHTS_BYTES) {
    throw new ParseStop(
      'too-large-to-show',
      `${memberName(member)} is compressed; its weights are not listed`,
    );
  }
  return bytesContent(await archive.bytes(member, MAX_INFLATED_WEIGHTS_BYTES));
}
