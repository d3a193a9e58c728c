import { quote } from '../../errors.ts';
import type { FactsBuilder } from '../facts.ts';
import {
  MAX_EXPORT_DEPTH,
  MAX_EXPORT_GRAPH_BYTES,
  MAX_EXPORT_VALUES,
  MAX_NAME_BYTES,
  MAX_ODD_MEMBERS,
  MAX_SIGNATURE_ENTRIES,
  MAX_WINDOW_BYTES,
} from '../limits.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { isRecord, type JsonRecord, parseJsonTree } from '../parse/json-tree.ts';
import { malformed } from '../parse/parse-stop.ts';
import { ZipArchive } from '../parse/zip-archive.ts';
import type { ZipMember } from '../parse/zip-records.ts';
import { isFatal } from '../read-file.ts';
import { reportParameters, reportTensors } from '../tensor-tally.ts';
import { readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat, ZipReading } from '../zip/zip-format.ts';
import { ExportedGraph } from './export-graph.ts';

/** The program: of torch 2.1 to 2.7, and of the archives since 2.8. */
const PROGRAM = /(?:^|\/)(?:serialized_exported_program|models\/[^/]+)\.json$/;
const MARKER = /(?:^|\/)(?:serialized_exported_program\.json|archive_format)$/;
/** Weights, constants and inputs that are files of `torch.save`. */
const TORCH_FILE = /\.pt$/;
const MEMBERS =
  /(?:^|\/)(?:version|byteorder|archive_format|archive_version|\.data\/(?:version|serialization_id)|serialized_(?:state_dict|constants)\.json|data\/(?:weights|constants)\/[\w.]+|models\/[^/]+\.json|serialized_\w+\.json)$/;

/** `torch.export.save`: the graph as JSON, weights beside it. */
export const torchExportFormat: ZipFormat = {
  id: 'torch-export',
  extensions: ['.pt2', '.pt'],
  fits: (names) => [...names].some((name) => MARKER.test(name)),
  parse: async (reading) => {
    const { archive, facts, options } = reading;
    facts.property('framework', 'pytorch');
    const programs = archive.members.filter(({ name }) => PROGRAM.test(name));
    for (const [index, member] of programs.slice(0, MAX_ODD_MEMBERS).entries()) {
      await facts.collect(() => readProgram(reading, member, index === 0), isFatal(options));
    }
    reportLibraries(reading);
    await readTorchFiles(reading);
    await readOddMembers(reading, ({ name }) => TORCH_FILE.test(name) || MEMBERS.test(name));
  },
};

/** @param reported whether it is the one that is shown; of others only operators are looked at */
async function readProgram(
  { archive, facts }: ZipReading,
  member: ZipMember,
  reported: boolean,
): Promise<void> {
  const text = decodeText(await archive.bytes(member, MAX_EXPORT_GRAPH_BYTES));
  const program = parseJsonTree(text, { maxDepth: MAX_EXPORT_DEPTH, maxValues: MAX_EXPORT_VALUES });
  if (!isRecord(program)) throw malformed('the exported program is no object', member.headerAt);
  const graph = new ExportedGraph(program);
  if (reported) reportProgram(program, graph, facts);
  const [custom] = graph.custom;
  if (custom === undefined) return;
  const message = `the model calls operators that torch does not have, such as ${quote(custom)}`;
  facts.finding('medium', 'code-in-model', message);
}

function reportProgram(program: JsonRecord, graph: ExportedGraph, facts: FactsBuilder): void {
  const { torch_version: version, schema_version: schema, opset_version: opsets } = program;
  if (typeof version === 'string' && /^[0-9]/.test(version))
    facts.property('framework_version', version.slice(0, MAX_NAME_BYTES));
  if (isRecord(schema)) facts.details.schema_version = `${schema.major}.${schema.minor}`;
  if (isRecord(opsets)) facts.details.opsets = opsets;
  reportParameters(graph.weights, facts);
  facts.property('input_signature', graph.inputs.slice(0, MAX_SIGNATURE_ENTRIES));
  facts.property('output_signature', graph.outputs.slice(0, MAX_SIGNATURE_ENTRIES));
  facts.details.inputs = graph.inputs;
  facts.details.outputs = graph.outputs;
  facts.details.operators = Object.fromEntries(graph.operators);
  reportTensors(graph.weights, facts);
}

/** Programs that were compiled are libraries of the machine's own code. */
function reportLibraries({ archive, facts }: ZipReading): void {
  const library = archive.members.find(({ name }) => /\.(?:so|dll|dylib|cubin)$/i.test(name));
  if (library === undefined) return;
  const message = `the file brings machine code (${quote(library.name)}), which runs when it is loaded`;
  facts.finding('high', 'code-in-model', message, `offset ${library.headerAt}`);
}

/** The pickles in the files of `torch.save` inside: loading the program loads them. */
async function readTorchFiles({ archive, facts, pickles, options }: ZipReading): Promise<void> {
  const files = archive.members.filter(({ name }) => TORCH_FILE.test(name)).slice(0, MAX_ODD_MEMBERS);
  for (const file of files) {
    const read = async () => {
      const content = await archive.content(file);
      if (content === undefined || content.size === 0) return;
      const inside = await ZipArchive.open(content, facts, archive.limits());
      for (const member of inside.members.filter(({ name }) => /(?:^|\/)data\.pkl$/i.test(name))) {
        await inside.withCursor(member, (cursor) => pickles.readWhole(cursor, () => {}), MAX_WINDOW_BYTES);
      }
    };
    await facts.collect(read, isFatal(options));
  }
}
