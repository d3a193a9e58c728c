import { MAX_HYPERPARAMETERS, MAX_LIST_ENTRIES } from '../limits.ts';
import { listOrSkip, objectOrSkip, textOrSkip, type ValueStream } from '../parse/value-stream.ts';

/** Ends a walk before the trees of a large model: what stands behind them is read from the end of the file. */
export class TreesReached extends Error {}

/** What an XGBoost model says, trees left out. Filled while walking, so that a broken file shows what stood before. */
export class XgboostWalk {
  version: readonly number[] = [];
  readonly attributes = new Map<string, string>();
  features: Names = { count: 0, first: [] };
  featureTypes: Names = { count: 0, first: [] };
  booster: string | undefined;
  objective: string | undefined;
  /** `learner_model_param` and the parameters of the objective: numbers written as text. */
  readonly parameters = new Map<string, string>();
  trees: number | undefined;
  /** Coefficients of a linear booster. */
  weights: number | undefined;
  #values: ValueStream;
  readonly #stopAtTrees: boolean;

  constructor(values: ValueStream, stopAtTrees: boolean) {
    this.#values = values;
    this.#stopAtTrees = stopAtTrees;
  }

  async document(): Promise<void> {
    await this.#values.object((key) => this.#root(key));
  }

  async #root(key: string): Promise<void> {
    if (key === 'learner') await objectOrSkip(this.#values, (member) => this.#learner(member));
    else if (key === 'version') this.version = numbersOf(await listOrSkip(this.#values, 3));
    else await this.#values.skip();
  }

  /** What stands behind the trees: the other members of `learner`, then those of the document. */
  async tail(values: ValueStream): Promise<void> {
    this.#values = values;
    await values.members((key) => this.#learner(key));
    await values.members((key) => this.#root(key));
  }

  /** One member of `learner`. */
  async #learner(key: string): Promise<void> {
    switch (key) {
      case 'attributes':
        return await this.#texts(this.attributes);
      case 'feature_names':
        this.features = await this.#names();
        return;
      case 'feature_types':
        this.featureTypes = await this.#names();
        return;
      case 'gradient_booster':
        return await objectOrSkip(this.#values, (member) => this.#booster(member));
      case 'learner_model_param':
        return await this.#texts(this.parameters);
      case 'objective':
        return await objectOrSkip(this.#values, (member) => this.#objective(member));
      default:
        return await this.#values.skip();
    }
  }

  /** `dart` holds a booster of trees in `gbtree`. */
  async #booster(key: string, outer = true): Promise<void> {
    if (key === 'name' && outer) this.booster = (await textOrSkip(this.#values)) ?? this.booster;
    else if (key === 'gbtree' && outer) {
      this.booster ??= 'dart';
      await objectOrSkip(this.#values, (member) => this.#booster(member, false));
    } else if (key === 'model') await objectOrSkip(this.#values, (member) => this.#model(member));
    else await this.#values.skip();
  }

  async #model(key: string): Promise<void> {
    if (key === 'gbtree_model_param') {
      this.booster ??= 'gbtree';
      const parameters = new Map<string, string>();
      await this.#texts(parameters);
      this.trees = countOf(parameters.get('num_trees'));
    } else if (key === 'weights') {
      this.booster ??= 'gblinear';
      this.weights = (await listOrSkip(this.#values, 0)).count;
    } else if (key === 'trees' && this.#stopAtTrees) throw new TreesReached();
    else await this.#values.skip();
  }

  /** Beside the name stand the parameters of some objectives, each group under its own key. */
  async #objective(key: string): Promise<void> {
    if (key === 'name') this.objective = await textOrSkip(this.#values);
    else await this.#values.skip();
  }

  async #texts(into: Map<string, string>): Promise<void> {
    await objectOrSkip(this.#values, async (key) => {
      const value = await this.#values.scalar();
      if (value !== undefined && into.size < MAX_HYPERPARAMETERS) into.set(key, String(value));
    });
  }

  async #names(): Promise<Names> {
    const { count, first } = await listOrSkip(this.#values, MAX_LIST_ENTRIES);
    return { count, first: first.map(String) };
  }
}

interface Names {
  readonly count: number;
  readonly first: readonly string[];
}

function numbersOf(list: { first: readonly (string | number)[] }): number[] {
  return list.first.filter((value) => typeof value === 'number');
}

/** A count written as text, as XGBoost writes all its parameters. */
export function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
