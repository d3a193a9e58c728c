import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { OmlmdError, quote } from '../errors.ts';
import { JsonNumber, type JsonObject, type JsonValue } from '../oci/json.ts';
import { formatPythonFloat, formatPythonNumber } from './python-number.ts';
import { composeYaml, MAX_YAML_DEPTH, type Span, type YamlIssue, type YamlTree } from './yaml-nodes.ts';
import { pyYamlKind, resolvePlainScalar } from './yaml-resolution.ts';

/** Largest metadata file that is read, bytes (S31). */
export const MAX_YAML_BYTES = 1024 * 1024;
/** Most aliases in one file (S31). */
export const MAX_YAML_ALIASES = 50;
/** Most values that aliases may add: fifty aliases to aliases still grow without bound ("a billion laughs"). */
const MAX_ALIASED_VALUES = 10_000;

/** A place in a text as people count: lines and columns from 1. */
export interface TextRange {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A plain scalar as it stands in the text. */
export interface PlainScalar {
  readonly text: string;
  readonly span: Span;
}

/** Where a member stands: its key (if it has one) and its value. */
export interface MemberSpans {
  readonly key?: Span;
  readonly value: Span;
}

/** What a YAML text says, and where it says it. */
export interface YamlReading {
  readonly value: JsonValue;
  readonly issues: readonly YamlIssue[];
  /** By {@link pathKey}; what stands behind an alias is not listed. */
  readonly spans: ReadonlyMap<string, MemberSpans>;
  readonly plainScalars: readonly PlainScalar[];
  /** Keys that stand a second time in one mapping; the last one counts. */
  readonly repeatedKeys: readonly PlainScalar[];
  rangeOf(span: Span): TextRange;
}

/** A path into a document as a map key. */
export function pathKey(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}

/**
 * Reads a YAML text a person wrote. Plain scalars resolve as PyYAML does, dates stay text, and tags beyond those of
 * JSON are refused. Never throws for what is in the text: `issues` says what was wrong, and `value` is what could be
 * made of the rest.
 */
export function readYaml(text: string): YamlReading {
  const lines = new LineCounter();
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_YAML_BYTES) {
    const message = `${bytes} bytes, the limit is ${MAX_YAML_BYTES}`;
    return reading(lines, null, [{ code: 'yaml-limit', message, span: [0, 0] }]);
  }
  const { tree, issues } = composeYaml(text, lines);
  if (tree === undefined || tree.contents === null) return reading(lines, null, issues);
  const converter = new Converter(tree);
  const value = converter.convert(tree.contents, []);
  return reading(lines, value, [...issues, ...converter.issues], converter);
}

function reading(
  lines: LineCounter,
  value: JsonValue,
  issues: readonly YamlIssue[],
  found: Pick<YamlReading, 'spans' | 'plainScalars' | 'repeatedKeys'> = {
    spans: new Map(),
    plainScalars: [],
    repeatedKeys: [],
  },
): YamlReading {
  const { spans, plainScalars, repeatedKeys } = found;
  return { value, issues, spans, plainScalars, repeatedKeys, rangeOf: (span) => rangeOf(lines, span) };
}

function rangeOf(lines: LineCounter, [start, end]: Span): TextRange {
  const from = lines.linePos(start);
  const to = lines.linePos(Math.max(start, end));
  return { line: from.line || 1, column: from.col || 1, endLine: to.line || 1, endColumn: to.col || 1 };
}

/** The value of a YAML text; what is wrong with it is `metadata-invalid` or `limit-exceeded` with its place. */
export function parseYaml(text: string, path: string): JsonValue {
  const result = readYaml(text);
  const [issue] = result.issues;
  if (issue === undefined) return result.value;
  const { line, column } = result.rangeOf(issue.span);
  const code = issue.code === 'yaml-limit' ? 'limit-exceeded' : 'metadata-invalid';
  throw new OmlmdError(code, `read ${path}:${line}:${column}: ${issue.message}`);
}

const CORE_TAG = 'tag:yaml.org,2002:';

class Converter {
  readonly issues: YamlIssue[] = [];
  readonly spans = new Map<string, MemberSpans>();
  readonly plainScalars: PlainScalar[] = [];
  readonly repeatedKeys: PlainScalar[] = [];
  readonly #tree: YamlTree;
  /** Aliases that are being followed, to see a loop. */
  readonly #following = new Set<unknown>();
  #aliases = 0;
  #aliasedValues = 0;

  constructor(tree: YamlTree) {
    this.#tree = tree;
  }

  convert(node: ParsedNode | null, path: readonly string[]): JsonValue {
    if (node === null) return null;
    if (this.#following.size > 0) this.#aliasedValues += 1;
    else if (!this.spans.has(pathKey(path))) this.spans.set(pathKey(path), { value: spanOf(node) });
    if (path.length > MAX_YAML_DEPTH) {
      return this.#refuse('yaml-limit', `nested deeper than ${MAX_YAML_DEPTH} levels`, node);
    }
    if (isAlias(node)) return this.#alias(node, path);
    if (isScalar(node)) return this.#scalar(node);
    const tag = node.tag?.replace(CORE_TAG, '');
    if (tag !== undefined && tag !== (isMap(node) ? 'map' : 'seq')) return this.#refuseTag(node);
    if (isMap(node)) return this.#map(node, path);
    return node.items.map((item, index) => this.convert(item, [...path, String(index)]));
  }

  #refuse(code: YamlIssue['code'], message: string, node: ParsedNode): null {
    this.issues.push({ code, message, span: spanOf(node) });
    return null;
  }

  #refuseTag(node: ParsedNode): null {
    return this.#refuse('yaml-tag', `the tag ${quote(node.tag ?? '')} is not allowed here`, node);
  }

  #alias(node: Alias.Parsed, path: readonly string[]): JsonValue {
    if (this.#following.size === 0) this.#aliases += 1;
    if (this.#aliases > MAX_YAML_ALIASES) {
      return this.#refuse('yaml-limit', `more than ${MAX_YAML_ALIASES} aliases`, node);
    }
    const target = node.resolve(this.#tree);
    if (target === undefined) return this.#refuse('yaml-syntax', `no anchor ${quote(node.source)}`, node);
    if (this.#following.has(target)) {
      return this.#refuse('yaml-syntax', `the alias ${quote(node.source)} contains itself`, node);
    }
    if (this.#aliasedValues > MAX_ALIASED_VALUES) {
      return this.#refuse('yaml-limit', `aliases add more than ${MAX_ALIASED_VALUES} values`, node);
    }
    this.#following.add(target);
    const value = this.convert(target as ParsedNode, path);
    this.#following.delete(target);
    return value;
  }

  #scalar(node: Scalar.Parsed): JsonValue {
    const text = String(node.value);
    if (node.tag !== undefined) return this.#tagged(node, text);
    if (node.type !== 'PLAIN') return text;
    if (this.#following.size === 0) this.plainScalars.push({ text, span: spanOf(node) });
    const value = resolvePlainScalar(text);
    if (value !== undefined) return value;
    return this.#refuse('number-not-finite', `${quote(text)} is a number that JSON cannot hold`, node);
  }

  #tagged(node: Scalar.Parsed, text: string): JsonValue {
    const tag = node.tag?.replace(CORE_TAG, '');
    const kind = pyYamlKind(text);
    const value = resolvePlainScalar(text);
    if (tag === 'str' || tag === '!') return text;
    if (value !== undefined && tag === kind && ['null', 'bool', 'int', 'float'].includes(kind)) return value;
    if (tag === 'float' && value instanceof JsonNumber && Number.isFinite(value.toNumber())) {
      return new JsonNumber(formatPythonFloat(value.toNumber()));
    }
    return this.#refuseTag(node);
  }

  #map(node: YAMLMap.Parsed, path: readonly string[]): JsonObject {
    const own: JsonObject = new Map();
    const merged: JsonObject = new Map();
    for (const { key, value } of node.items) {
      if (isMergeKey(key)) {
        this.#merge(merged, value, path);
        continue;
      }
      const name = this.#key(key);
      if (name === undefined) continue;
      if (own.has(name)) this.repeatedKeys.push({ text: name, span: spanOf(key) });
      const member = [...path, name];
      if (this.#following.size === 0) {
        this.spans.set(pathKey(member), {
          key: spanOf(key),
          value: value === null ? spanOf(key) : spanOf(value),
        });
      }
      own.set(name, this.convert(value, member));
    }
    return merged.size === 0 ? own : new Map([...merged, ...own]);
  }

  /** The key as JSON has it: other scalars than text become the text that Python's `json.dumps` gives them. */
  #key(node: ParsedNode | null): string | undefined {
    const target = isAlias(node) ? node.resolve(this.#tree) : node;
    if (!isScalar(target)) {
      if (node !== null) this.#refuse('key-not-scalar', 'a key must be text, not a list or a mapping', node);
      return node === null ? 'null' : undefined;
    }
    const value = this.#scalar(target as Scalar.Parsed);
    return value instanceof JsonNumber ? formatPythonNumber(value) : String(value);
  }

  /** YAML 1.1's `<<`: what it brings stands before the mapping's own keys; of several, the first one wins. */
  #merge(into: JsonObject, node: ParsedNode | null, path: readonly string[]): void {
    const value = this.convert(node, path);
    const sources = Array.isArray(value) ? value.toReversed() : [value];
    for (const source of sources) {
      if (source instanceof Map) for (const [key, member] of source) into.set(key, member);
      else if (node !== null)
        this.#refuse('yaml-syntax', 'expected a mapping, or a list of them, after "<<"', node);
    }
  }
}

function isMergeKey(key: ParsedNode | null): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

function spanOf(node: ParsedNode): Span {
  return [node.range[0], node.range[1]];
}
