import type { FactsBuilder } from './facts.ts';
import {
  MAX_LIST_ENTRIES,
  MAX_NAME_BYTES,
  MAX_PMML_FIELDS,
  MAX_PMML_WALKED_BYTES,
  MAX_SIGNATURE_ENTRIES,
} from './limits.ts';
import { stemOf } from './model-name.ts';
import type { ByteCursor } from './parse/byte-cursor.ts';
import { ParseStop } from './parse/parse-stop.ts';
import { walkXml, type XmlElement, xmlRoot } from './parse/xml.ts';
import { collectFacts, type Reading } from './read-file.ts';
import type { ModelReader } from './reader.ts';
import { reportTabular } from './tabular.ts';

/** Children of the root that are no models. */
const NO_MODELS: ReadonlySet<string> = new Set([
  'Header',
  'MiningBuildTask',
  'DataDictionary',
  'TransformationDictionary',
  'Extension',
]);
/** Bytes at the end of a file in which the root is closed. */
const END_BYTES = 4096;
const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'STRING'],
  ['integer', 'I64'],
  ['float', 'F32'],
  ['double', 'F64'],
  ['boolean', 'BOOL'],
]);
const TASKS: ReadonlySet<string> = new Set(['classification', 'regression', 'clustering', 'timeSeries']);
/** How a field is used where it is neither of these: as what the model predicts. */
const TARGETS: ReadonlySet<string> = new Set(['target', 'predicted']);

/** PMML: who wrote it, its fields and the kind of its model; of a large one what stands before the model's parts. */
export const pmmlReader: ModelReader = {
  id: 'pmml',
  extensions: ['.pmml'],
  sharedExtensions: ['.xml'],
  recognizes: (_path, head) => xmlRoot(head)?.name === 'PMML',
  async read(file, options) {
    const facts = await collectFacts(file, readPmml, options);
    return facts.build('pmml', stemOf(file.path, ['.pmml', '.xml']));
  },
};

interface DataField {
  readonly name: string;
  readonly dtype: string;
  readonly optype: string | null;
  /** The first of them. */
  readonly values: string[];
  valueCount: number;
}

async function readPmml({ file, cursor, facts }: Reading): Promise<void> {
  const walk = new PmmlWalk(file.content.size > MAX_PMML_WALKED_BYTES);
  try {
    if (!(await walkXml(cursor, walk))) await checkEnd(cursor);
  } finally {
    walk.report(facts);
  }
}

/** Of a large document the end is looked at too, so that one which was cut off is told. */
async function checkEnd(cursor: ByteCursor): Promise<void> {
  await cursor.skip(Math.max(0, cursor.left - END_BYTES));
  await cursor.need(cursor.left);
  if (!/<\/(?:[\w.-]+:)?PMML\s*>/.test(cursor.text(cursor.left))) {
    throw new ParseStop('truncated', 'the file does not end as PMML does', cursor.position);
  }
}

/** Filled while walking, so that a broken file shows what stood before. */
class PmmlWalk {
  readonly #stopsInModel: boolean;
  readonly #path: string[] = [];
  readonly #fields = new Map<string, DataField>();
  readonly #active: string[] = [];
  #activeCount = 0;
  readonly #targets: string[] = [];
  readonly #outputs: { name: string; dtype: string; shape: number[] }[] = [];
  #version: string | undefined;
  #header: XmlElement | undefined;
  #application: XmlElement | undefined;
  #model: XmlElement | undefined;
  #field: DataField | undefined;
  #trees = 0;
  #models = 0;
  #sawSchema = false;

  constructor(stopsInModel: boolean) {
    this.#stopsInModel = stopsInModel;
  }

  open(element: XmlElement): 'stop' | undefined {
    const { name, depth } = element;
    const [, parent, grandchild] = this.#path;
    this.#path[depth - 1] = name;
    this.#path.length = depth;
    if (name === 'TreeModel') this.#trees += 1;
    if (depth === 1) this.#version = element.attribute('version');
    else if (depth === 2) this.#child(element);
    else if (depth === 3 && parent === 'Header' && name === 'Application') this.#application = element;
    else if (parent === 'DataDictionary') this.#dictionary(element);
    else if (depth === 3 && this.#models === 1) return this.#part(name);
    else if (depth === 4 && this.#models === 1) this.#modelField(element, grandchild);
    return undefined;
  }

  #child(element: XmlElement): void {
    if (element.name === 'Header') this.#header = element;
    if (NO_MODELS.has(element.name)) return;
    this.#models += 1;
    this.#model ??= element;
  }

  #dictionary(element: XmlElement): void {
    const { name, depth } = element;
    if (depth === 3 && name === 'DataField') {
      this.#field = this.#fields.size < MAX_PMML_FIELDS ? dataField(element) : undefined;
      if (this.#field !== undefined) this.#fields.set(this.#field.name, this.#field);
    } else if (depth === 4 && name === 'Value' && this.#field !== undefined) {
      const value = element.attribute('value') ?? '';
      const usual = (element.attribute('property') ?? 'valid') === 'valid';
      if (!usual) return;
      this.#field.valueCount += 1;
      if (this.#field.values.length < MAX_LIST_ENTRIES)
        this.#field.values.push(value.slice(0, MAX_NAME_BYTES));
    }
  }

  /** Fields stand before the parts that make a model large. */
  #part(name: string): 'stop' | undefined {
    if (name === 'MiningSchema') this.#sawSchema = true;
    const fields = ['MiningSchema', 'Output', 'Targets', 'ModelStats', 'ModelExplanation', 'Extension'];
    return this.#stopsInModel && this.#sawSchema && !fields.includes(name) ? 'stop' : undefined;
  }

  #modelField(element: XmlElement, parent: string | undefined): void {
    const name = (element.attribute('name') ?? '').slice(0, MAX_NAME_BYTES);
    if (parent === 'MiningSchema' && element.name === 'MiningField') {
      const use = element.attribute('usageType') ?? 'active';
      if (use === 'active') {
        this.#activeCount += 1;
        this.#keep(this.#active, name);
      } else if (TARGETS.has(use)) this.#keep(this.#targets, name);
    } else if (
      parent === 'Output' &&
      element.name === 'OutputField' &&
      this.#outputs.length < MAX_PMML_FIELDS
    ) {
      this.#outputs.push({ name, dtype: typeOf(element), shape: [] });
    }
  }

  #keep(list: string[], name: string): void {
    if (list.length < MAX_PMML_FIELDS) list.push(name);
  }

  report(facts: FactsBuilder): void {
    facts.formatVersion = this.#version ?? null;
    facts.own('name', this.#model?.attribute('modelName'));
    facts.own('description', this.#header?.attribute('description'));
    const producer = this.#application?.attribute('name');
    facts.property('producer_name', producer);
    facts.property('producer_version', this.#application?.attribute('version'));
    if (producer !== undefined && /sklearn|scikit/i.test(producer))
      facts.property('framework', 'scikit-learn');
    const algorithm = this.#model?.attribute('algorithmName')?.slice(0, MAX_NAME_BYTES);
    facts.property('model_class', algorithm?.startsWith('sklearn.') ? algorithm : this.#model?.name);
    this.#reportFields(facts);
    const task = this.#model?.attribute('functionName');
    if (task !== undefined && TASKS.has(task)) facts.property('task', task);
    facts.details.model_element = this.#model?.name ?? null;
    facts.details.algorithm = algorithm ?? null;
    facts.details.copyright = this.#header?.attribute('copyright') ?? null;
    facts.details.targets = this.#targets;
    facts.details.model_count = this.#models;
  }

  #reportFields(facts: FactsBuilder): void {
    const target = this.#targets.map((name) => this.#fields.get(name)).find((field) => field !== undefined);
    reportTabular(
      {
        features: this.#activeCount,
        featureNames: this.#active,
        classes: target?.valueCount || undefined,
        classNames: target?.values ?? [],
        ...(this.#trees > 0 && !this.#stopsInModel ? { trees: this.#trees } : {}),
      },
      facts,
    );
    const inputs = this.#active.map((name) => ({
      name,
      dtype: this.#fields.get(name)?.dtype ?? 'UNDEFINED',
      shape: [],
    }));
    facts.details.inputs = inputs;
    facts.details.outputs = this.#outputs;
    facts.details.fields = [...this.#fields.values()].map(({ values, valueCount: _, ...field }) =>
      values.length > 0 ? { ...field, values } : field,
    );
    if (inputs.length > 0) facts.property('input_signature', inputs.slice(0, MAX_SIGNATURE_ENTRIES));
    if (this.#outputs.length > 0)
      facts.property('output_signature', this.#outputs.slice(0, MAX_SIGNATURE_ENTRIES));
  }
}

function dataField(element: XmlElement): DataField {
  const name = (element.attribute('name') ?? '').slice(0, MAX_NAME_BYTES);
  return {
    name,
    dtype: typeOf(element),
    optype: element.attribute('optype') ?? null,
    values: [],
    valueCount: 0,
  };
}

function typeOf(element: XmlElement): string {
  const type = element.attribute('dataType') ?? 'UNDEFINED';
  return TYPES.get(type) ?? type.slice(0, MAX_NAME_BYTES);
}
