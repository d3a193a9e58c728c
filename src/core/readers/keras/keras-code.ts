import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_IMPORTS, MAX_NAME_BYTES } from '../limits.ts';
import { isRecord, type JsonRecord, type JsonTree } from '../parse/json-tree.ts';
import { ParseStop } from '../parse/parse-stop.ts';
import { judgeImport } from '../pickle/pickle-imports.ts';
import { KERAS_GLOBALS } from './keras-globals.ts';
import { member, textMember } from './keras-json.ts';

/** Layers that carry code or load some from elsewhere. */
const CODE_LAYERS: ReadonlyMap<string, string> = new Map([
  ['Lambda', 'runs a function of its own'],
  ['TorchModuleWrapper', 'holds a pickled module of PyTorch'],
  ['TFSMLayer', 'loads a SavedModel from a path'],
  ['JaxLayer', 'runs a function of its own'],
  ['FlaxLayer', 'runs a module of its own'],
]);
/** A function as marshalled code. */
const BY_VALUE = '__lambda__';
/** Settings of layers that may be the path of a file, which Keras reads. */
const FILE_SETTINGS = ['vocabulary', 'idf_weights'];
/** Functions of TensorFlow by name that reach files or Python (`TFOpLambda`). */
const REACHING_OPS = /(?:^|\.)(?:io|raw_ops|py_function|numpy_function|load_op_library|load_library)(?:\.|$)/;

/** Names of Keras's own classes, for configurations that leave the module out. */
function isOwnClass(name: string): boolean {
  return Object.values(KERAS_GLOBALS).some((names) => names.split(' ').includes(name));
}

/** Optimizers of Keras 2 register themselves as if they were somebody's. */
function isOwnOptimizer(name: string): boolean {
  return name.startsWith('Custom>') && isOwn('keras.optimizers', name.slice('Custom>'.length));
}

function isOwn(module: string, name: string): boolean {
  const own = module.replace(/^(?:tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(?=\.|$)/, 'keras');
  return Object.hasOwn(KERAS_GLOBALS, own) && (KERAS_GLOBALS[own]?.split(' ').includes(name) ?? false);
}

function reversed(
  values: readonly (JsonTree | undefined)[],
  inCode: boolean,
): { value: JsonTree; inCode: boolean }[] {
  return values
    .filter((value): value is JsonTree[] | JsonRecord => typeof value === 'object' && value !== null)
    .map((value) => ({ value, inCode }))
    .reverse();
}

/** Runs what looks at a configuration; one that cannot be read may hold what Keras, which reads it, then runs. */
export async function lookForCode(facts: FactsBuilder, look: () => Promise<void> | void): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error;
    facts.stopped(error);
    facts.finding(
      'medium',
      'hidden-data',
      'a configuration of Keras cannot be looked into, and may hold code',
    );
  }
}

/**
 * Everything in the configurations of one model that Keras turns into an object: what runs code is a finding, once, and
 * so is what Keras would import from elsewhere.
 */
export class KerasCode {
  readonly #facts: FactsBuilder;
  readonly #place: string;
  readonly #imports = new Map<string, { module: string; name: string; verdict: string }>();
  readonly #said = new Set<string>();

  /** @param place file of a folder that the configurations are in, for findings */
  constructor(facts: FactsBuilder, place = '') {
    this.#facts = facts;
    this.#place = place === '' ? '' : `${place}: `;
  }

  /** Walks with a list of its own, as deep as the document is. */
  look(config: JsonTree): void {
    const rest: { value: JsonTree; inCode: boolean }[] = [{ value: config, inCode: false }];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const { value } = next;
      if (Array.isArray(value)) for (const item of reversed(value, next.inCode)) rest.push(item);
      if (!isRecord(value)) continue;
      const runs = this.#object(value, next.inCode);
      for (const item of reversed(Object.values(value), next.inCode || runs)) rest.push(item);
    }
    const imports = [...this.#imports.values()];
    if (imports.length > 0) this.#facts.details.imports = imports;
  }

  /** Whether this object runs code; what is inside it then goes without saying. */
  #object(value: JsonRecord, inCode: boolean): boolean {
    const name = textMember(value, 'class_name');
    if (name === undefined || !Object.hasOwn(value, 'config')) return false;
    const runs = this.#code(name, value, inCode);
    if (!runs) this.#judge(name, value);
    this.#files(value);
    return runs;
  }

  #code(name: string, value: JsonTree, inCode: boolean): boolean {
    const config = member(value, 'config');
    const own = textMember(config, 'name') ?? name;
    const [, last = name] = /(?:^|>)([^>]*)$/.exec(name) ?? [];
    const layer = CODE_LAYERS.get(last);
    const called = `${textMember(config, 'function')}`;
    if (layer !== undefined) this.#add(`the ${last} layer ${quote(own)} ${layer}`, own);
    else if (name === BY_VALUE && !inCode) this.#add('a function stands in the configuration as code', own);
    else if (last === 'TFOpLambda' && REACHING_OPS.test(called)) {
      this.#add(`the layer ${quote(own)} calls ${quote(called)} of TensorFlow`, own);
    } else return name === BY_VALUE;
    return true;
  }

  #add(message: string, where: string): void {
    if (this.#said.has(message) || this.#said.size >= MAX_IMPORTS) return;
    if (this.#said.size === 0) {
      this.#facts.finding('info', 'runs-code-when-loaded', 'loading it runs code that the file brings');
    }
    this.#said.add(message);
    this.#facts.finding('high', 'code-in-model', message, `${this.#place}layer ${quote(where)}`);
  }

  /** What Keras would import: the module stands beside the class since version 2.12; before, it is Keras's own. */
  #judge(className: string, value: JsonTree): void {
    const module = textMember(value, 'module');
    const config = member(value, 'config');
    const isFunction = className === 'function' && typeof config === 'string';
    const name = (isFunction ? config : className).slice(0, MAX_NAME_BYTES);
    // Tensors, tuples, bytes: data of Keras's own kinds.
    if (/^__[a-z_]+__$/.test(className)) return;
    if (module === undefined ? isFunction || isOwnClass(name) || isOwnOptimizer(name) : isOwn(module, name))
      return;
    const from = (module ?? textMember(value, 'package') ?? '').slice(0, MAX_NAME_BYTES);
    const key = `${from} ${name}`;
    if (this.#imports.has(key) || this.#imports.size >= MAX_IMPORTS) return;
    const verdict = from === '' ? 'unknown' : judgeImport(from, name);
    this.#imports.set(key, { module: from, name, verdict });
    const what = from === '' ? quote(name) : quote(`${from}.${name}`);
    if (verdict === 'dangerous') {
      this.#facts.finding(
        'critical',
        'unsafe-import',
        `${what} is imported, which runs code or reaches the system`,
      );
    } else if (verdict === 'unknown') {
      this.#facts.finding('medium', 'unknown-import', `${what} is not a part of Keras`);
    }
  }

  /** Keras reads such files when the model is loaded; inside a `.keras` file they are assets. */
  #files(value: JsonTree): void {
    const config = member(value, 'config');
    for (const setting of FILE_SETTINGS) {
      const path = textMember(config, setting);
      if (path === undefined || path === '') continue;
      const beside = companionPath(path);
      if (beside !== undefined) this.#facts.companion(beside);
      else {
        const message = `the ${setting} of a layer is read from ${quote(path)}, which is not in the model's folder`;
        this.#facts.finding('critical', 'external-path', message);
      }
    }
  }
}
