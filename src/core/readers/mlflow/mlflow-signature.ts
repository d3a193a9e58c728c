import { type JsonObject, type JsonValue, parseJson } from '../../oci/json.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_SIGNATURE_ENTRIES } from '../limits.ts';
import { asList, asObject, asText, asWhole, plainDetail } from '../parse/json-values.ts';

const COLUMN_TYPES: ReadonlyMap<string, string> = new Map([
  ['boolean', 'BOOL'],
  ['integer', 'I32'],
  ['long', 'I64'],
  ['float', 'F32'],
  ['double', 'F64'],
]);
const NUMPY_KINDS: ReadonlyMap<string, string> = new Map([
  ['int', 'I'],
  ['uint', 'U'],
  ['float', 'F'],
  ['complex', 'C'],
]);

/** Inputs and outputs as an `MLmodel` states them: each as a text of JSON. */
export function reportSignature(signature: JsonObject, facts: FactsBuilder): void {
  for (const side of ['input', 'output'] as const) {
    const parts = asList(parseSide(asText(signature.get(`${side}s`)), `${side}s`, facts));
    if (parts.length === 0) continue;
    const entries = parts.map(entryOf);
    facts.details[`${side}s`] = entries;
    facts.property(`${side}_signature`, entries.slice(0, MAX_SIGNATURE_ENTRIES));
  }
  const params = parseSide(asText(signature.get('params')), 'params', facts);
  if (params !== undefined) facts.details.signature_params = plainDetail(params);
}

function parseSide(text: string | undefined, side: string, facts: FactsBuilder): JsonValue | undefined {
  if (text === undefined) return undefined;
  try {
    return parseJson(text, { duplicateKeys: 'last' });
  } catch {
    facts.finding(
      'medium',
      'malformed',
      `the signature's ${side} are not JSON`,
      `MLmodel: signature.${side}`,
    );
    return undefined;
  }
}

/** A column has one value a row, so its shape is that of any number of rows. */
function entryOf(part: JsonValue, index: number): unknown {
  const column = asObject(part);
  const name = asText(column?.get('name')) ?? String(index);
  const tensor = asObject(column?.get('tensor-spec'));
  if (tensor === undefined) return { name, dtype: columnType(asText(column?.get('type'))), shape: [null] };
  const shape = asList(tensor.get('shape')).map((size) => {
    const count = asWhole(size)?.toNumber() ?? -1;
    return count < 0 ? null : count;
  });
  return { name, dtype: numpyType(asText(tensor.get('dtype')) ?? ''), shape };
}

function columnType(type = ''): string {
  return COLUMN_TYPES.get(type) ?? type.toUpperCase();
}

function numpyType(type: string): string {
  if (type === 'bool') return 'BOOL';
  const [, kind = '', bits = ''] = /^([a-z]+)(\d+)$/.exec(type) ?? [];
  const letter = NUMPY_KINDS.get(kind);
  return letter === undefined ? type.toUpperCase() : letter + bits;
}
