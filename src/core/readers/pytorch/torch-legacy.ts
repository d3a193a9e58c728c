import type { Content } from '../../oci/content.ts';
import { JsonNumber } from '../../oci/json.ts';
import { tailLimits } from '../behind-the-end.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_DISTINCT_NAMES } from '../limits.ts';
import { stemOf } from '../model-name.ts';
import { ByteCursor } from '../parse/byte-cursor.ts';
import { RangeSource } from '../parse/byte-source.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import { PickleReading } from '../pickle/pickle-reading.ts';
import { isLegacyTorch } from '../pickle/pickle-recognition.ts';
import { isKind, type PickleValue } from '../pickle/pickle-values.ts';
import { collectFacts, type Reading } from '../read-file.ts';
import type { ModelReader, ReadOptions } from '../reader.ts';
import { torchFormat } from './torch-archive.ts';
import { reportTorchRoot } from './torch-report.ts';
import { everyStorage } from './torch-storages.ts';

/** Version that stands in the second pickle. */
const PROTOCOL_VERSION = '1001';
/** Each storage has its number of elements before its bytes. */
const COUNT_BYTES = 8;

/**
 * `torch.save` before 1.6, and since then on request: five pickles one after the other (magic number, version, the
 * machine's properties, the object, the keys of its storages), then the storages.
 */
export const legacyTorchReader: ModelReader = {
  id: torchFormat.id,
  extensions: torchFormat.extensions,
  recognizes: (_path, head) => isLegacyTorch(head),
  async read(file, options = {}) {
    const facts = await collectFacts(file, (reading) => readPickles(reading, options), options);
    return facts.build(torchFormat.id, stemOf(file.path, torchFormat.extensions));
  },
};

async function readPickles({ cursor, facts, file }: Reading, options: ReadOptions): Promise<void> {
  const pickles = new PickleReading(facts);
  facts.property('framework', 'pytorch');
  facts.details.archive = { version: 'legacy' };
  try {
    await pickles.readOne(cursor);
    const version = await pickles.readOne(cursor);
    if (!(version instanceof JsonNumber) || version.text !== PROTOCOL_VERSION)
      facts.finding('high', 'malformed', 'the version of the file is not known', `offset ${cursor.position}`);
    await pickles.readOne(cursor);
    const root = await pickles.readOne(cursor);
    const keys = await readKeys(cursor, pickles, facts);
    reportTorchRoot(root, facts);
    const end = keys === undefined ? undefined : storagesEnd(cursor, root, keys);
    if (end !== undefined) await readTail(file.content, end, pickles, options);
  } finally {
    facts.details.protocol = pickles.protocol;
    pickles.reportImports(true);
  }
}

async function readTail(
  content: Content,
  end: number,
  pickles: PickleReading,
  options: ReadOptions,
): Promise<void> {
  if (end >= content.size) return;
  const cursor = new ByteCursor(new RangeSource(content.slice(end), tailLimits(options)));
  await pickles.readBehind(cursor, 'the last storage', `offset ${end}`);
}

/** A file that is cut off before the keys still has its tensors to show. */
async function readKeys(
  cursor: ByteCursor,
  pickles: PickleReading,
  facts: FactsBuilder,
): Promise<PickleValue | undefined> {
  let keys: PickleValue | undefined;
  const read = async () => {
    keys = await pickles.readOne(cursor);
  };
  await facts.collect(read, (error) => !(error instanceof ParseStop));
  return keys;
}

/**
 * Gives where the storages end, which take the rest of the file: each its number of elements, then its bytes. Undefined
 * where the size of one is not known.
 */
function storagesEnd(cursor: ByteCursor, root: PickleValue, keys: PickleValue): number | undefined {
  if (!isKind(keys, 'list') || keys.items.length > MAX_DISTINCT_NAMES)
    throw malformed('the storages have no keys', cursor.position);
  const storages = everyStorage(root);
  let wanted = 0;
  let known = true;
  for (const key of keys.items) {
    const bytes = typeof key === 'string' ? storages.get(key)?.bytes : undefined;
    known &&= bytes !== undefined;
    wanted += COUNT_BYTES + (bytes ?? 0);
  }
  const { left, position } = cursor;
  if (left < wanted)
    throw new ParseStop('truncated', `the weights take ${wanted} bytes, ${left} are there`, position);
  return known ? position + wanted : undefined;
}
