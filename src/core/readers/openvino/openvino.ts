import { quote } from '../../errors.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_SIGNATURE_ENTRIES } from '../limits.ts';
import { baseName, stemOf } from '../model-name.ts';
import { walkXml, xmlRoot } from '../parse/xml.ts';
import { collectFacts, type Reading } from '../read-file.ts';
import type { ModelReader } from '../reader.ts';
import { reportParameters, reportTensors } from '../tensor-tally.ts';
import { OpenvinoWalk } from './openvino-walk.ts';

/** OpenVINO's intermediate representation: layers in XML, weights in the `.bin` of the same name. */
export const openvinoReader: ModelReader = {
  id: 'openvino',
  extensions: [],
  sharedExtensions: ['.xml'],
  recognizes(_path, head) {
    const root = xmlRoot(head);
    return root?.name === 'net' && /^[^<>]*\sversion\s*=\s*["']\d+["'][^<>]*>\s*<layers\b/.test(root.rest);
  },
  async read(file, options) {
    const facts = await collectFacts(file, readOpenvino, options);
    return facts.build('openvino', stemOf(file.path, ['.xml']));
  },
};

async function readOpenvino({ file, cursor, facts }: Reading): Promise<void> {
  const walk = new OpenvinoWalk();
  const weights = `${stemOf(baseName(file.path), ['.xml'])}.bin`;
  try {
    await walkXml(cursor, walk);
  } finally {
    reportNet(walk, facts);
    if (walk.weightBytes > 0) facts.companion(weights);
  }
  const beside = walk.weightBytes > 0 ? await file.beside?.(weights) : undefined;
  if (beside !== undefined && beside.size < walk.weightBytes) {
    const what = `the weights take ${walk.weightBytes} bytes, ${quote(weights)} has ${beside.size}`;
    facts.finding('high', 'truncated', what, weights);
  }
}

function reportNet(walk: OpenvinoWalk, facts: FactsBuilder): void {
  const { tally, inputs } = walk;
  const outputs = walk.outputs();
  facts.formatVersion = walk.root?.attribute('version') ?? null;
  facts.property('framework', 'openvino');
  facts.property('framework_version', /^\d+(?:\.\d+)+/.exec(walk.runtime ?? '')?.[0]);
  reportParameters(tally, facts);
  if (walk.layers.has('FakeQuantize')) facts.property('quantization', 'int8');
  if (inputs.length > 0) facts.property('input_signature', inputs.slice(0, MAX_SIGNATURE_ENTRIES));
  if (outputs.length > 0) facts.property('output_signature', outputs.slice(0, MAX_SIGNATURE_ENTRIES));
  facts.details.net = walk.root?.attribute('name') ?? null;
  facts.details.inputs = inputs;
  facts.details.outputs = outputs;
  facts.details.layers = Object.fromEntries([...walk.layers].sort(([, a], [, b]) => b - a));
  reportTensors(tally, facts);
  facts.details.conversion = Object.fromEntries(walk.conversion);
  for (const name of walk.odd) {
    const what = `the weights of ${quote(name)} are not its shape times its type`;
    facts.finding('medium', 'malformed', what, `layer ${quote(name)}`);
  }
}
