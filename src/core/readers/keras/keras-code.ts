import { quote } from '../../errors.ts';
import { companionPath } from '../companion-path.ts';
import type { FactsBuilder } from '../facts.ts';
import { MAX_IMPORTS, MAX_NAME_BYTES } from '../limits.ts';
import { isRecord, type JsonRecord, type JsonTree } from '../parse/json-tree.ts';
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

function isOwn(module: string, name: string): boolean {
  const own = module.replace(/^(?:tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(?=\.|$)/, 'keras');
  return Object.hasOwn(KERAS_GLOBALS, own) && (KERAS_GLOBALS[own]?.split(' ').includes(name) ?? false);
}

/**
 * Everything in a configuration that Keras turns into an object: what runs code is a finding, and so is what Keras would
 * import from elsewhere. Walks with a list of its own, as deep as the document is.
 */
export function reportCode(config: JsonTree, facts: FactsBuilder): void {
  const report = new CodeReport(facts);
  const rest: { value: JsonTree; inCode: boolean }[] = [{ value: config, inCode: false }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value } = next;
    if (Array.isArray(value)) rest.push(...reversed(value, next.inCode));
    if (!isRecord(value)) continue;
    const runs = report.object(value, next.inCode);
    rest.push(...reversed(Object.values(value), next.inCode || runs));
  }
  report.finish();
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

class CodeReport {
  readonly #facts: FactsBuilder;
  readonly #imports = new Map<string, { module: string; name: string; verdict: string }>();
  #runs = false;

  constructor(facts: FactsBuilder) {
    this.#facts = facts;
  }

  /** Whether this object runs code; what is inside it then goes without saying. */
  object(value: JsonRecord, inCode: boolean): boolean {
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
    this.#runs = true;
    this.#facts.finding('high', 'code-in-model', message, `layer ${quote(where)}`);
  }

  /** What Keras would import: the module stands beside the class since version 2.12; before, it is Keras's own. */
  #judge(className: string, value: JsonTree): void {
    const module = textMember(value, 'module');
    const config = member(value, 'config');
    const isFunction = className === 'function' && typeof config === 'string';
    const name = (isFunction ? config : className).slice(0, MAX_NAME_BYTES);
    // Tensors, tuples, bytes: data of Keras's own kinds.
    if (/^__[a-z_]+__$/.test(className)) return;
    if (module === undefined ? isFunction || isOwnClass(name) : isOwn(module, name)) return;
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

  finish(): void {
    const { details } = this.#facts;
    const imports = [...this.#imports.values()];
    if (imports.length > 0)
      details.imports = [...(Array.isArray(details.imports) ? details.imports : []), ...imports];
    if (!this.#runs) return;
    this.#facts.finding('info', 'runs-code-when-loaded', 'loading it runs code that the file brings');
  }
}
