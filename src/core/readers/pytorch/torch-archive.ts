import { quote } from '../../errors.ts';
import { MAX_WINDOW_BYTES } from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import type { ZipMember } from '../parse/zip-records.ts';
import type { PickleValue } from '../pickle/pickle-values.ts';
import { isFatal } from '../read-file.ts';
import { readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat, ZipReading } from '../zip/zip-format.ts';
import { reportTorchRoot } from './torch-report.ts';
import { reportScriptCode } from './torch-script.ts';
import type { TorchWeights } from './torch-weights.ts';

/** torch looks members up without regard to case. */
const DATA_PICKLE = /(?:^|\/)data\.pkl$/i;
const CONSTANTS_PICKLE = /(?:^|\/)constants\.pkl$/i;
/** Bytes of the small text members (`version`, `byteorder`). */
const MAX_NOTE_BYTES = 256;
const NOTES = ['version', 'byteorder', '.format_version', '.storage_alignment'];
/** Storages that are named in one finding. */
const NAMED_STORAGES = 3;
/** Members of `torch.save`, behind the archive's own folder. */
const TORCH_MEMBERS =
  /^(?:version|byteorder|data\.pkl|\.format_version|\.storage_alignment|\.data\/serialization_id|data\/[0-9]+)$/i;
/** Those of `torch.jit.save` besides. */
const SCRIPT_MEMBERS =
  /^(?:(?:constants|attributes|bytecode|mobile_debug_handles)\.pkl|(?:constants|tensors)\/[0-9]+|code\/.+\.py(?:\.debug_pkl)?)$/i;

/** `torch.save` since 1.6: a pickle that names its storages, which lie beside it. */
export const torchFormat: ZipFormat = {
  id: 'pytorch',
  extensions: ['.pt', '.pth', '.bin', '.ckpt'],
  runsCode: true,
  fits: (names) => [...names].some((name) => DATA_PICKLE.test(name)),
  parse: async (reading) => {
    await readTorchArchive(reading);
    await readOddMembers(reading, isTorchMember);
  },
};

/** `torch.jit.save`: the same with the model's code; torch tells it by its constants. */
export const torchscriptFormat: ZipFormat = {
  id: 'torchscript',
  extensions: ['.torchscript', '.pt', '.pth', '.ptl'],
  runsCode: true,
  fits: (names) => torchFormat.fits(names) && [...names].some((name) => CONSTANTS_PICKLE.test(name)),
  parse: async (reading) => {
    await readTorchArchive(reading);
    await reportScriptCode(reading);
    await readOddMembers(reading, (member) => isTorchMember(member) || SCRIPT_MEMBERS.test(inner(member)));
  },
};

function isTorchMember(member: ZipMember): boolean {
  return TORCH_MEMBERS.test(inner(member));
}

/** A member's name without the folder that all members are in. */
function inner({ name }: ZipMember): string {
  return name.slice(name.indexOf('/') + 1);
}

/** The pickles of an archive and the storages they name. Every `data.pkl` is read: programs disagree on which counts. */
async function readTorchArchive(reading: ZipReading): Promise<void> {
  const { archive, facts, pickles, options } = reading;
  const data = archive.members.filter(({ name }) => DATA_PICKLE.test(name));
  const constants = archive.members.filter(({ name }) => CONSTANTS_PICKLE.test(name));
  const roots = new Map<ZipMember, PickleValue>();
  for (const member of [...data, ...constants]) {
    const take = (root: PickleValue) => void roots.set(member, root);
    const read = () =>
      archive.withCursor(member, (cursor) => pickles.readWhole(cursor, take), MAX_WINDOW_BYTES);
    await facts.collect(read, isFatal(options));
  }
  const [first, second] = data;
  if (second !== undefined) {
    const message = `the file has ${data.length} pickles named data.pkl; which one is loaded depends on the program`;
    facts.finding('high', 'hidden-data', message, `offset ${second.headerAt}`);
  }
  facts.property('framework', 'pytorch');
  facts.details.protocol = pickles.protocol;
  await reportNotes(reading);
  const root = first === undefined ? undefined : roots.get(first);
  if (root === undefined) return;
  const frozen = constants[0] === undefined ? undefined : roots.get(constants[0]);
  const report = async () => {
    const weights = reportTorchRoot(root, facts);
    checkStorages(reading, weights, 'data');
    // A frozen model has its weights among the constants.
    if (weights.tally.count === 0 && frozen !== undefined)
      checkStorages(reading, reportTorchRoot(frozen, facts), 'constants');
  };
  // What stops the report must not keep the other members from being looked into.
  await facts.collect(report, isFatal(options));
}

/** What the archive says of itself beside the pickle. */
async function reportNotes({ archive, facts, options }: ZipReading): Promise<void> {
  const notes: Record<string, string> = {};
  for (const name of NOTES) {
    const member = archive.members.find((one) => inner(one) === name);
    if (member === undefined) continue;
    const read = async () => {
      notes[name.replace('.', '')] = decodeText(await archive.bytes(member, MAX_NOTE_BYTES)).trim();
    };
    await facts.collect(read, isFatal(options));
  }
  facts.details.archive = notes;
}

/** Each storage that the pickle names must be there, in full. */
function checkStorages(
  { archive, facts }: ZipReading,
  weights: TorchWeights,
  folder: 'data' | 'constants',
): void {
  const sizes = new Map<string, number>();
  for (const { name, size } of archive.members) {
    const [kind, key] = name.split('/').slice(-2);
    if (kind === folder && key !== undefined) sizes.set(key, size);
  }
  const storages = [...weights.storages.values()];
  const missing = storages.filter(({ key }) => !sizes.has(key));
  if (missing.length > 0) {
    const names = missing.slice(0, NAMED_STORAGES).map(({ key }) => quote(key));
    const message = `the weights of ${missing.length} storages are not there: ${names.join(', ')}`;
    facts.finding('high', 'truncated', message);
  }
  const short = storages.find(({ key, bytes }) => bytes !== undefined && bytes > (sizes.get(key) ?? bytes));
  if (short !== undefined) {
    const message = `the storage ${quote(short.key)} has ${sizes.get(short.key)} bytes, ${short.bytes} are stated`;
    facts.finding('high', 'truncated', message);
  }
}
