import { Document, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { JsonNumber, type JsonObject, type JsonValue } from '../oci/json.ts';
import { formatPythonYamlNumber } from './python-number.ts';
import { canBePlain } from './python-yaml-scalar.ts';
import { ambiguityOf } from './yaml-resolution.ts';

/** Never folds, and keeps the layout of what it does not change as far as it can. */
const TO_STRING = { lineWidth: 0, flowCollectionPadding: false, nullStr: '' } as const;

/** Members as block YAML for people to edit, a line break at the end: every YAML reader takes them for the same. */
export function formatMembers(members: JsonObject): string {
  return new Document(nodeOf(members), { schema: 'failsafe' }).toString(TO_STRING);
}

/** One text value as it would stand behind a key. */
export function formatTextValue(text: string): string {
  return formatMembers(new Map([['k', text]])).slice('k: '.length, -1);
}

/** The text of a document after its nodes were changed. */
export function formatDocument(document: Document.Parsed): string {
  return document.toString(TO_STRING);
}

/** A node that is written as the value it stands for; numbers keep their text. */
export function nodeOf(value: JsonValue): Node {
  if (value instanceof Map) {
    const map = new YAMLMap();
    for (const [key, member] of value) map.items.push(new Pair(nodeOf(key), nodeOf(member)));
    map.flow = value.size === 0;
    return map;
  }
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.items.push(...value.map(nodeOf));
    list.flow = value.every((item) => item instanceof JsonNumber || typeof item === 'string');
    return list;
  }
  if (typeof value === 'string') return scalar(value, styleOf(value));
  return scalar(value instanceof JsonNumber ? formatPythonYamlNumber(value) : String(value), 'PLAIN');
}

function scalar(text: string, type: Scalar.Type): Scalar {
  const node = new Scalar(text);
  node.type = type;
  return node;
}

/** Characters that readers disagree on, or that cannot be seen, are written as escapes. */
const NEEDS_ESCAPE = /[\p{C}\p{Zl}\p{Zp}\t\r\u0085]/u;

function styleOf(text: string): Scalar.Type {
  const isParagraph = text.includes('\n') && !NEEDS_ESCAPE.test(text.replaceAll('\n', ''));
  if (isParagraph && !/^\s|[ \n]\n| \n|\s$/.test(text)) return 'BLOCK_LITERAL';
  const isPlain = !NEEDS_ESCAPE.test(text) && canBePlain(text) && ambiguityOf(text) === undefined;
  // In a flow list `,` and brackets mean something, so the library may still quote.
  return isPlain ? 'PLAIN' : 'QUOTE_DOUBLE';
}
