import {
  classOf,
  isGlobal,
  isKind,
  isSequence,
  type PickleObject,
  type PickleValue,
} from './pickle-values.ts';

/**
 * What makes harmless names run code: a few classes of frameworks execute a text of their state. The class is allowed,
 * the text is looked at.
 */
export function gadgetOf(target: PickleObject, state: PickleValue): string | undefined {
  const module = classOf(target)?.module ?? '';
  if (module !== 'scipy.stats' && !module.startsWith('scipy.stats.')) return undefined;
  for (const [key, value] of pairsOf(state, 0)) {
    const isOther = typeof key === 'string' && key !== TEMPLATE;
    if (!isOther && !(typeof value === 'string' && isArgumentTemplate(value)))
      return 'loading the file runs a text in it as code, through a distribution of scipy';
  }
  return undefined;
}

/** `type` with three arguments makes a class, which no framework writes. */
export function makesClass(callable: PickleValue, args: readonly PickleValue[]): boolean {
  return isGlobal(callable, 'builtins.type') && args.length !== 1;
}

/** The functions that scipy makes for each distribution when it is unpickled. */
const TEMPLATE = '_parse_arg_template';
const NAMES = '[A-Za-z0-9_, =]*';
const TEMPLATE_LINE = new RegExp(
  `^(?:|def _parse_args(?:_rvs|_stats)?\\(self,${NAMES}(?:moments='mv')?\\):` +
    `|    return (?:\\(${NAMES}\\)|self\\._argcheck_rvs\\(${NAMES}\\))${NAMES})$`,
);

function isArgumentTemplate(text: string): boolean {
  return text.split('\n').every((line) => TEMPLATE_LINE.test(line));
}

/** Keys and values that `dict.update` would take out of a state; a state may also be (attributes, slots). */
function* pairsOf(state: PickleValue, depth: number): Generator<readonly [PickleValue, PickleValue]> {
  if (isKind(state, 'dict') || isKind(state, 'object')) yield* state.entries;
  const items = isSequence(state) || isKind(state, 'set') || isKind(state, 'object') ? state.items : [];
  const given = isKind(state, 'object') ? state.args : [];
  for (const item of [...items, ...given]) {
    if (isSequence(item) && item.items.length === 2) yield [item.items[0] ?? null, item.items[1] ?? null];
    if (depth < 2) yield* pairsOf(item, depth + 1);
  }
}
