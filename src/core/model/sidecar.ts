import { type Document, isMap, isScalar, type ParsedNode, parseDocument } from 'yaml';
import { OmlmdError } from '../errors.ts';
import type { JsonObject, JsonValue } from '../oci/json.ts';
import { METADATA_FIELDS, type ModelMetadata } from './metadata.ts';
import { parseMetadataFile } from './metadata-file.ts';
import { formatPythonJson } from './python-json.ts';
import type { ArtifactBlock } from './schema.ts';
import { parseYaml, readYaml } from './yaml-document.ts';
import { formatDocument, formatMembers, formatTextValue, nodeOf } from './yaml-writing.ts';

/** How the file is called in messages; the caller knows its path and adds it. */
const NAME = '.omlmd.yaml';

const HEADER = `# What is known of this model; it is pushed with it. Edit it as you like: generating it again adds what is
# missing, and changes nothing that stands here.
`;
const ARTIFACT_COMMENT = '# Where the model is pushed to. This block is not part of the artifact.\n';
const ARTIFACT_EXAMPLE = '# artifact:\n#   reference: registry.example/team/model:v1\n';
/** Fields without a value are shown as comments, so that a person sees what there is to say. */
const PLACEHOLDERS: ReadonlyMap<string, string> = new Map([
  ['name', '# name:\n'],
  ['description', '# description: What the model is and does.\n'],
  ['author', '# author: Who made it.\n'],
]);

/**
 * The text of a metadata file. Without an existing text it is a new, commented file. With one, only fields, custom
 * properties and the `artifact` block that are missing are added; every byte a person wrote stays where YAML allows
 * it. Throws `metadata-invalid` when the existing text cannot be read.
 */
export function writeSidecar(
  existing: string | undefined,
  metadata: ModelMetadata,
  artifact?: ArtifactBlock,
): string {
  if (existing === undefined || existing.trim() === '') return newSidecar(metadata, artifact);
  parseMetadataFile(existing, NAME);
  const value = parseYaml(existing, NAME);
  const object: JsonObject = value instanceof Map ? value : new Map();
  const properties = object.get('customProperties');
  const missingProperties = new Map(
    [...metadata.customProperties].filter(
      ([key]) => !object.has(key) && !(properties instanceof Map && properties.has(key)),
    ),
  );
  const missing = new Map(
    METADATA_FIELDS.filter(
      (field) => field !== 'customProperties' && metadata[field] !== null && !object.has(field),
    ).map((field): [string, JsonValue] => [field, metadata[field]]),
  );
  if (missingProperties.size > 0 && !object.has('customProperties'))
    missing.set('customProperties', missingProperties);
  if (artifact !== undefined && !object.has('artifact')) missing.set('artifact', blockObject(artifact));
  const text = addMembers(existing, [], missing);
  return object.has('customProperties') ? addMembers(text, ['customProperties'], missingProperties) : text;
}

function newSidecar(metadata: ModelMetadata, artifact: ArtifactBlock | undefined): string {
  let text = HEADER;
  for (const field of METADATA_FIELDS) {
    if (field === 'customProperties') continue;
    const value = metadata[field];
    text += value === null ? (PLACEHOLDERS.get(field) ?? '') : formatMembers(new Map([[field, value]]));
  }
  text += formatMembers(new Map([['customProperties', metadata.customProperties]]));
  if (artifact === undefined) return `${text}\n${ARTIFACT_COMMENT}${ARTIFACT_EXAMPLE}`;
  return `${text}\n${ARTIFACT_COMMENT}${formatMembers(new Map([['artifact', blockObject(artifact)]]))}`;
}

function blockObject({ reference, files, format }: ArtifactBlock): JsonObject {
  const object: JsonObject = new Map();
  if (reference !== undefined) object.set('reference', reference);
  if (files !== undefined) object.set('files', [...files]);
  if (format !== undefined) object.set('format', format);
  return object;
}

/** Sets `artifact.reference`, and changes nothing else. Throws `metadata-invalid` when the text cannot be read. */
export function setArtifactReference(text: string, reference: string): string {
  const value = parseYaml(text, NAME);
  const artifact = value instanceof Map ? value.get('artifact') : undefined;
  if (!(artifact instanceof Map)) {
    if (value instanceof Map && artifact !== undefined && artifact !== null) throw notAMapping('artifact');
    const block: JsonObject = new Map([['reference', reference]]);
    const wanted = withMembers(value, [], new Map([['artifact', block]]));
    // The example that the first writing left there has served.
    const replaced = text.replace(
      ARTIFACT_EXAMPLE,
      () => `artifact:\n  reference: ${formatTextValue(reference)}\n`,
    );
    if (replaced !== text && saysInAnyOrder(replaced, wanted)) return replaced;
    return value instanceof Map && value.has('artifact')
      ? addMembers(text, ['artifact'], block)
      : addMembers(text, [], new Map([['artifact', block]]));
  }
  if (!artifact.has('reference')) return addMembers(text, ['artifact'], new Map([['reference', reference]]));
  const document = parse(text);
  const node = document.getIn(['artifact', 'reference'], true);
  const wanted = withMembers(value, ['artifact'], new Map([['reference', reference]]));
  if (isScalar(node) && node.range) {
    const [start, end] = node.range;
    const gap = start === end && text[start - 1] === ':' ? ' ' : '';
    const edited = text.slice(0, start) + gap + formatTextValue(reference) + text.slice(end);
    if (says(edited, wanted)) return edited;
  }
  document.setIn(['artifact', 'reference'], nodeOf(reference));
  return formatDocument(document);
}

function notAMapping(key: string): OmlmdError {
  return new OmlmdError('metadata-invalid', `edit ${NAME}: ${key} is not a mapping`);
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { schema: 'failsafe', resolveKnownTags: false, uniqueKeys: false });
}

type Path = readonly [] | readonly ['customProperties' | 'artifact'];

/** Adds members to the document or to one of its blocks, by inserting lines; if that cannot be, by writing it anew. */
function addMembers(text: string, path: Path, members: JsonObject): string {
  if (members.size === 0) return text;
  const wanted = withMembers(parseYaml(text, NAME), path, members);
  const document = parse(text);
  const place = insertionPlace(text, document, path);
  if (place !== undefined) {
    const lines = formatMembers(members).replace(/^(?=.)/gm, ' '.repeat(place.indent));
    const before = text.slice(0, place.offset);
    const gap = before === '' || before.endsWith('\n') ? '' : '\n';
    const edited = before + gap + lines + text.slice(place.offset);
    if (says(edited, wanted)) return edited;
  }
  for (const [key, value] of members) document.setIn([...path, key], nodeOf(value));
  return formatDocument(document);
}

/** Where new lines go: behind the last line of a block mapping, or under a key that has no value yet. */
function insertionPlace(
  text: string,
  document: Document.Parsed,
  path: Path,
): { readonly offset: number; readonly indent: number } | undefined {
  const root = document.contents;
  const [key] = path;
  if (key === undefined) return isMap(root) && root.flow ? undefined : { offset: text.length, indent: 0 };
  const node = document.get(key, true) as ParsedNode | undefined;
  if (isScalar(node) && node.value === '' && node.type === 'PLAIN') {
    return { offset: lineEnd(text, node.range[0]), indent: 2 };
  }
  if (!isMap(node) || node.flow || node.items.length === 0) return undefined;
  const first = node.items[0]?.key?.range[0] ?? 0;
  const indent = first - (text.lastIndexOf('\n', first - 1) + 1);
  return { offset: lineEnd(text, endOf(node)), indent };
}

/** The offset behind the line break of the line that `offset` is in; `offset` itself at the start of a line. */
function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** Where the last value of a collection ends, without the comments and empty lines that follow it. */
function endOf(node: ParsedNode): number {
  if (isScalar(node) || !('items' in node) || node.flow) return node.range[1];
  const last = node.items.at(-1);
  if (last === undefined) return node.range[1];
  const inner = 'key' in last ? (last.value ?? last.key) : last;
  return inner === null ? node.range[1] : endOf(inner as ParsedNode);
}

function withMembers(value: JsonValue, path: Path, members: JsonObject): JsonObject {
  const object: JsonObject = new Map(value instanceof Map ? value : []);
  const [key] = path;
  if (key === undefined) return new Map([...object, ...members]);
  const inner = object.get(key);
  return object.set(key, new Map([...(inner instanceof Map ? inner : []), ...members]));
}

/** Whether a text says exactly that; an edit that does not is given up. */
function says(text: string, wanted: JsonObject): boolean {
  const { value, issues } = readYaml(text);
  return issues.length === 0 && formatPythonJson(value) === formatPythonJson(wanted);
}

/** For an edit that may stand before members that are there. */
function saysInAnyOrder(text: string, wanted: JsonObject): boolean {
  const { value } = readYaml(text);
  return value instanceof Map && says(text, inOrderOf(wanted, [...value.keys()]));
}

function inOrderOf(object: JsonObject, keys: readonly string[]): JsonObject {
  return new Map([...object].toSorted(([a], [b]) => keys.indexOf(a) - keys.indexOf(b)));
}
