import {
  MAX_KEPT_ARRAY_BYTES,
  MAX_NAME_BYTES,
  MAX_SKOPS_ARRAYS,
  MAX_SKOPS_DEPTH,
  MAX_SKOPS_SCHEMA_BYTES,
  MAX_SKOPS_TREE_OBJECTS,
  MAX_SKOPS_VALUES,
} from '../limits.ts';
import { readNpyHeader } from '../numpy/npy-header.ts';
import { decodeText } from '../parse/byte-cursor.ts';
import { isRecord, parseJsonTree } from '../parse/json-tree.ts';
import { malformed } from '../parse/parse-stop.ts';
import { judgeImport } from '../pickle/pickle-imports.ts';
import { className, reportRoot } from '../pickle/pickle-report.ts';
import { attributesOf, isKind, isSequence, type PickleValue } from '../pickle/pickle-values.ts';
import { isFatal } from '../read-file.ts';
import { readOddMembers } from '../zip/odd-members.ts';
import type { ZipFormat, ZipReading } from '../zip/zip-format.ts';
import { type SkopsArray, SkopsNodes } from './skops-nodes.ts';

const SCHEMA = 'schema.json';
/** Attributes that are arrays and are reported by their values. */
const REPORTED_ARRAYS = new Set(['classes_', 'feature_names_in_']);

/** skops: a tree of JSON that names types and attributes, with arrays beside it. */
export const skopsFormat: ZipFormat = {
  id: 'skops',
  extensions: ['.skops'],
  fits: (names) => names.has(SCHEMA),
  parse: readSchema,
};

async function readSchema(reading: ZipReading): Promise<void> {
  const { archive, facts, pickles, options } = reading;
  const schemas = archive.named(SCHEMA);
  const nodes = new SkopsNodes((module, name) => pickles.imported(module, name, SCHEMA));
  // Python takes the last of two; both are looked into for what they import.
  for (const member of schemas) {
    const read = async () => {
      const text = decodeText(await archive.bytes(member, MAX_SKOPS_SCHEMA_BYTES));
      const schema = parseJsonTree(text, { maxDepth: MAX_SKOPS_DEPTH, maxValues: MAX_SKOPS_VALUES });
      if (!isRecord(schema)) throw malformed('the schema is no object', member.headerAt);
      if (typeof schema.protocol === 'number') facts.formatVersion = String(schema.protocol);
      if (typeof schema._skops_version === 'string')
        facts.details.skops_version = schema._skops_version.slice(0, MAX_NAME_BYTES);
      const root = nodes.value(schema);
      await readArrays(reading, nodes.arrays);
      reportRoot(root, facts);
      facts.details.class_tree = classTree(root, { left: MAX_SKOPS_TREE_OBJECTS });
    };
    await facts.collect(read, isFatal(options));
  }
  if (nodes.isPartial) {
    const message = 'the schema has more nodes than are looked at; types behind them are not listed';
    facts.finding('medium', 'too-large-to-show', message);
  }
  facts.details.untrusted_types = [...nodes.types].filter(isUntrusted);
  const files = new Set(nodes.arrays.map(({ file }) => file));
  await readOddMembers(reading, ({ name }) => name === SCHEMA || files.has(name));
}

/** Types that skops does not trust although they are scikit-learn's own: their indices are used unchecked. */
const UNCHECKED_TYPES = new Set([
  'sklearn.tree._tree.Tree',
  'sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor',
]);

function isUntrusted(type: string): boolean {
  if (UNCHECKED_TYPES.has(type)) return true;
  const dot = type.lastIndexOf('.');
  return judgeImport(type.slice(0, dot), type.slice(dot + 1)) !== 'allowed';
}

/** The small arrays that are reported by their values. */
async function readArrays(
  { archive, facts, options }: ZipReading,
  arrays: readonly SkopsArray[],
): Promise<void> {
  const wanted = arrays.filter(({ attribute }) => REPORTED_ARRAYS.has(attribute)).slice(0, MAX_SKOPS_ARRAYS);
  for (const { file, target } of wanted) {
    const member = archive.named(file).at(-1);
    if (member === undefined) {
      facts.finding('high', 'truncated', 'an array of the model is not there', SCHEMA);
      continue;
    }
    const read = async () => {
      await archive.withCursor(member, async (cursor) => {
        const { type, shape, elements } = await readNpyHeader(cursor);
        const length = Number(elements) * type.itemBytes;
        if (type.descr === undefined || type.hasObjects || length > MAX_KEPT_ARRAY_BYTES) return;
        await cursor.need(length);
        const bytes = new Uint8Array(cursor.bytes(length));
        target.array = { kind: 'array', shape, dtype: type.descr, bytes, objects: undefined };
      });
    };
    await facts.collect(read, isFatal(options));
  }
}

interface ClassNode {
  readonly class: string;
  readonly name?: string;
  readonly parts?: readonly ClassNode[];
}

/** Objects and what they are made of, by attribute; lists and dicts are passed through. */
function classTree(value: PickleValue, budget: { left: number }, name = ''): ClassNode[] {
  if (budget.left <= 0) return [];
  if (isSequence(value)) return value.items.flatMap((item) => classTree(item, budget, name));
  if (isKind(value, 'dict'))
    return value.entries.flatMap(([key, item]) =>
      classTree(item, budget, typeof key === 'string' ? key : name),
    );
  const type = isKind(value, 'object') && value.array === undefined ? className(value) : undefined;
  if (type === undefined || type === 'numpy.ndarray') return [];
  budget.left -= 1;
  const parts = [...attributesOf(value)].flatMap(([key, item]) => classTree(item, budget, key));
  return [{ class: type, ...(name === '' ? {} : { name }), ...(parts.length === 0 ? {} : { parts }) }];
}
