import { JsonNumber } from '../../oci/json.ts';
import { MAX_NAME_BYTES, MAX_SKOPS_NODES } from '../limits.ts';
import { isRecord, type JsonRecord, type JsonTree } from '../parse/json-tree.ts';
import { newObject } from '../pickle/pickle-calls.ts';
import { BEYOND_LIMIT, type PickleGlobal, type PickleValue } from '../pickle/pickle-values.ts';

/** An array that stands in a member of its own, and the object in the tree that it belongs to. */
export interface SkopsArray {
  readonly file: string;
  readonly attribute: string;
  readonly target: ReturnType<typeof newObject>;
}

/**
 * The tree of a skops schema as the values a pickle would build, so that both are reported alike. Every type that loading
 * would import goes on record.
 */
export class SkopsNodes {
  readonly arrays: SkopsArray[] = [];
  /** Full names of all types, each once. */
  readonly types = new Set<string>();
  readonly #imported: (module: string, name: string) => void;
  #nodes = 0;

  /** @param imported is told every type */
  constructor(imported: (module: string, name: string) => void) {
    this.#imported = imported;
  }

  get isPartial(): boolean {
    return this.#nodes > MAX_SKOPS_NODES;
  }

  /** @param attribute under which the node stands in its object */
  value(node: JsonTree | undefined, attribute = ''): PickleValue {
    if (!isRecord(node) || typeof node.__loader__ !== 'string') return this.#bare(node);
    this.#nodes += 1;
    if (this.isPartial) return BEYOND_LIMIT;
    const type = this.#type(node);
    switch (node.__loader__) {
      case 'JsonNode':
        return scalar(node.content);
      case 'DictNode':
      case 'DefaultDictNode':
        return { kind: 'dict', entries: this.#entries(node.content) };
      case 'ListNode':
        return { kind: 'list', items: this.#items(node.content) };
      case 'TupleNode':
        return { kind: 'tuple', items: this.#items(node.content) };
      case 'SetNode':
        return { kind: 'set', items: this.#items(node.content) };
      case 'TypeNode':
      case 'FunctionNode':
        return type;
      case 'NdArrayNode':
        return this.#array(node, type, attribute);
    }
    const object = newObject(type, []);
    for (const [key, part] of Object.entries(node))
      if (!key.startsWith('__')) object.states.push(this.value(part, key));
    return object;
  }

  /** Parts of a node that are none themselves may hold some. */
  #bare(part: JsonTree | undefined): PickleValue {
    if (Array.isArray(part)) return { kind: 'list', items: this.#items(part) };
    if (isRecord(part)) return { kind: 'dict', entries: this.#entries(part) };
    return typeof part === 'number' ? new JsonNumber(String(part)) : (part ?? null);
  }

  #entries(content: JsonTree | undefined): [PickleValue, PickleValue][] {
    return isRecord(content)
      ? Object.entries(content).map(([key, item]) => [key, this.value(item, key)])
      : [];
  }

  #items(content: JsonTree | undefined): PickleValue[] {
    return Array.isArray(content) ? content.map((item) => this.value(item)) : [];
  }

  #array(node: JsonRecord, type: PickleGlobal, attribute: string): PickleValue {
    const object = newObject(type, []);
    if (typeof node.file === 'string') this.arrays.push({ file: node.file, attribute, target: object });
    else if (node.type === 'json') {
      const objects = this.#items(node.content);
      object.array = { kind: 'array', shape: [objects.length], dtype: '|O', bytes: undefined, objects };
    }
    return object;
  }

  #type(node: JsonRecord): PickleGlobal {
    const module = typeof node.__module__ === 'string' ? node.__module__.slice(0, MAX_NAME_BYTES) : '';
    const name = typeof node.__class__ === 'string' ? node.__class__.slice(0, MAX_NAME_BYTES) : '';
    const type = `${module}.${name}`;
    if (!this.types.has(type)) this.#imported(module, name);
    this.types.add(type);
    return { kind: 'global', module, name };
  }
}

/** The text of a scalar, as Python's json wrote it; a number keeps its form. */
function scalar(content: JsonTree | undefined): PickleValue {
  if (typeof content !== 'string') return null;
  if (content === 'null') return null;
  if (content === 'true' || content === 'false') return content === 'true';
  if (/^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(content)) return new JsonNumber(content);
  try {
    const text: unknown = JSON.parse(content);
    return typeof text === 'string' ? text : content;
  } catch {
    return content;
  }
}
