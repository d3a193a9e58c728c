import type { Content } from '../../oci/content.ts';
import type { Finding, ReadOptions } from '../reader.ts';
import { readZipModel } from '../zip/zip-model.ts';
import { isKind, type PickleValue } from './pickle-values.ts';

/** The functions by which Keras 3 pickles a model: `getattr` of a class of its own. */
const UNPICKLES = /^keras\.src\.models\.\w+\.\w+\._unpickle_model$/;

/** The bytes of the `.keras` archive that a pickled model of Keras is; undefined for anything but what Keras writes. */
export function kerasArchive(root: PickleValue): PickleValue | undefined {
  if (!isKind(root, 'object') || !isKind(root.callable, 'global') || root.args.length !== 1) return undefined;
  const [buffer] = root.args;
  if (!UNPICKLES.test(`${root.callable.module}.${root.callable.name}`)) return undefined;
  if (!isKind(buffer, 'object') || !isKind(buffer.callable, 'global')) return undefined;
  const { module, name } = buffer.callable;
  const [state, ...more] = buffer.states;
  // A second state would replace the first; what Keras then reads must be what is read here.
  const isPlain = buffer.args.length === 0 && buffer.items.length === 0 && more.length === 0;
  if (!/^_?io$/.test(module) || name !== 'BytesIO' || !isPlain || !isKind(state, 'tuple')) return undefined;
  return state.items[0];
}

/** What is found in the archive; undefined where it is none of Keras. */
export async function readKerasArchive(
  content: Content,
  options: ReadOptions,
): Promise<readonly Finding[] | undefined> {
  // Without a name, that only the content can say what it is.
  const facts = await readZipModel({ path: '', content }, options);
  return facts.format.name === 'keras' ? facts.findings : undefined;
}
