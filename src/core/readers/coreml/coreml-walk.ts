import { MAX_DISTINCT_NAMES, MAX_HYPERPARAMETERS, MAX_LIST_ENTRIES, MAX_NAME_BYTES } from '../limits.ts';
import type { ByteCursor } from '../parse/byte-cursor.ts';
import { malformed, ParseStop } from '../parse/parse-stop.ts';
import {
  type ProtobufField,
  readIntegers,
  readPair,
  readText,
  walkMessage,
} from '../parse/protobuf-walker.ts';
import { type CoremlFeature, readFeature } from './coreml-types.ts';
import { MilWalk } from './mil-walk.ts';
import { NetworkWalk } from './network-walk.ts';

/** The types of a Model by their field. */
const MODEL_TYPES: ReadonlyMap<number, string> = new Map([
  [200, 'pipelineClassifier'],
  [201, 'pipelineRegressor'],
  [202, 'pipeline'],
  [300, 'glmRegressor'],
  [301, 'supportVectorRegressor'],
  [302, 'treeEnsembleRegressor'],
  [303, 'neuralNetworkRegressor'],
  [304, 'bayesianProbitRegressor'],
  [400, 'glmClassifier'],
  [401, 'supportVectorClassifier'],
  [402, 'treeEnsembleClassifier'],
  [403, 'neuralNetworkClassifier'],
  [404, 'kNearestNeighborsClassifier'],
  [500, 'neuralNetwork'],
  [501, 'itemSimilarityRecommender'],
  [502, 'mlProgram'],
  [555, 'customModel'],
  [556, 'linkedModel'],
  [560, 'classConfidenceThresholding'],
  [600, 'oneHotEncoder'],
  [601, 'imputer'],
  [602, 'featureVectorizer'],
  [603, 'dictVectorizer'],
  [604, 'scaler'],
  [606, 'categoricalMapping'],
  [607, 'normalizer'],
  [609, 'arrayFeatureExtractor'],
  [610, 'nonMaximumSuppression'],
  [900, 'identity'],
  [2000, 'textClassifier'],
  [2001, 'wordTagger'],
  [2002, 'visionFeaturePrint'],
  [2003, 'soundAnalysisPreprocessing'],
  [2004, 'gazetteer'],
  [2005, 'wordEmbedding'],
  [2006, 'audioFeaturePrint'],
  [3000, 'serializedModel'],
]);

/** Types that are layers with weights. */
const LAYERED = /^neuralNetwork/;
/** Types that keep vectors, trees or examples, or what another program reads: nothing that is counted as weights. */
const UNCOUNTED =
  /^(?:supportVector|treeEnsemble|bayesian|kNearest|itemSimilarity|custom|linked|text|word|vision|sound|gazetteer|audio|serialized|type )/;

/** What a function of a model takes and gives. */
interface Signature {
  readonly name: string;
  readonly inputs: CoremlFeature[];
  readonly outputs: CoremlFeature[];
}

/** What a model says, weights left out. Filled while walking, so that a broken file shows what stood before. */
export class CoremlWalk {
  version: bigint | undefined;
  type: string | undefined;
  updatable = false;
  readonly main: Signature = { name: '', inputs: [], outputs: [] };
  /** Of models with several functions, which then have the inputs and outputs. */
  readonly functions: Signature[] = [];
  defaultFunction = '';
  readonly states: CoremlFeature[] = [];
  predicted = '';
  /** shortDescription, versionString, author, license. */
  readonly texts = new Map<number, string>();
  readonly userDefined = new Map<string, string>();
  readonly classes: (string | bigint)[] = [];
  classCount = 0;
  /** Names of the classes of code that a model outside Core ML's own needs. */
  readonly customClasses: string[] = [];
  /** The models of a pipeline, in order. */
  readonly steps: { name: string; type: string }[] = [];
  readonly program: MilWalk;
  /** Whether a part keeps what it learned in another way than as weights that are counted here. */
  hasUncounted = false;
  readonly #network: NetworkWalk;
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = cursor;
    this.program = new MilWalk(cursor);
    this.#network = new NetworkWalk(cursor, this.program.weights);
  }

  /**
   * Model: 1 version, 2 description, 10 updatable, from 200 on its type. Gives where it ends: protobuf states no end, so
   * that is where something stands which is no field of a model that has its type already.
   */
  async model(end: number): Promise<number> {
    let last = this.#cursor.position;
    let inside = false;
    try {
      await walkMessage(this.#cursor, end, async (field) => {
        if (!this.#isExpected(field)) throw malformed('a field is none of a model', last);
        inside = true;
        await this.#modelPart(field);
        inside = false;
        last = field.end;
      });
    } catch (error) {
      const isBehind = error instanceof ParseStop && error.code === 'malformed' && !inside;
      if (!isBehind || this.type === undefined) throw error;
    }
    return last;
  }

  #isExpected({ number, wire }: ProtobufField): boolean {
    if (this.type === undefined) return true;
    return wire === 'varint' ? number === 1 || number === 10 : wire === 'bytes' && number === 2;
  }

  async #modelPart(field: ProtobufField): Promise<void> {
    if (field.number === 1) this.version = BigInt.asIntN(64, field.value);
    else if (field.number === 2) await this.#description(field);
    else if (field.number === 10) this.updatable = field.value !== 0n;
    else if (field.number >= 200 && field.wire === 'bytes') {
      this.type = MODEL_TYPES.get(field.number) ?? `type ${field.number}`;
      await this.#content(this.type, field, 1);
    }
  }

  /** ModelDescription: features, names of functions and metadata. */
  async #description(field: ProtobufField): Promise<void> {
    const cursor = this.#cursor;
    await walkMessage(
      cursor,
      field.end,
      async (part) => {
        if (part.number === 1) await this.#feature(part, this.main.inputs, 2);
        else if (part.number === 10) await this.#feature(part, this.main.outputs, 2);
        else if (part.number === 13) await this.#feature(part, this.states, 2);
        else if (part.number === 11) this.predicted = await readText(cursor, part, MAX_NAME_BYTES);
        else if (part.number === 20) await this.#function(part);
        else if (part.number === 21) this.defaultFunction = await readText(cursor, part, MAX_NAME_BYTES);
        else if (part.number === 100) await this.#metadata(part);
      },
      1,
    );
  }

  async #feature(field: ProtobufField, into: CoremlFeature[], depth: number): Promise<void> {
    if (into.length < MAX_DISTINCT_NAMES) into.push(await readFeature(this.#cursor, field, depth));
  }

  /** FunctionDescription: 1 name, 2 input, 3 output, 6 state. */
  async #function(field: ProtobufField): Promise<void> {
    let name = '';
    const [inputs, outputs]: [CoremlFeature[], CoremlFeature[]] = [[], []];
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number === 1) name = await readText(this.#cursor, part, MAX_NAME_BYTES);
        else if (part.number === 2) await this.#feature(part, inputs, 3);
        else if (part.number === 3) await this.#feature(part, outputs, 3);
        else if (part.number === 6) await this.#feature(part, this.states, 3);
      },
      2,
    );
    if (this.functions.length < MAX_LIST_ENTRIES) this.functions.push({ name, inputs, outputs });
  }

  /** Metadata: four texts, 100 pairs that a person or tool added. */
  async #metadata(field: ProtobufField): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number <= 4) this.texts.set(part.number, await readText(this.#cursor, part));
        else if (part.number === 100 && this.userDefined.size < MAX_HYPERPARAMETERS) {
          this.userDefined.set(...(await readPair(this.#cursor, part, 3)));
        }
      },
      2,
    );
  }

  async #content(type: string, field: ProtobufField, depth: number): Promise<void> {
    if (UNCOUNTED.test(type)) this.hasUncounted = true;
    if (type === 'mlProgram') await this.program.program(field, depth);
    else if (type === 'pipeline') await this.#pipeline(field, depth);
    else if (type.startsWith('pipeline'))
      await this.#part(field, depth, 1, (part) => this.#pipeline(part, depth + 1));
    else if (type === 'customModel') await this.#part(field, depth, 10, (part) => this.#customClass(part));
    else if (type.endsWith('Classifier')) await this.#labels(type, field, depth);
    else if (LAYERED.test(type) || type === 'glmRegressor')
      await walkMessage(this.#cursor, field.end, (part) => this.#weights(type, part, depth + 1), depth);
  }

  /** A neural network: 1 layers. A linear model: 1 weights (lists of numbers), 2 offsets; of 64 bits each. */
  async #weights(type: string, part: ProtobufField, depth: number): Promise<void> {
    if (part.wire !== 'bytes') return;
    if (LAYERED.test(type)) {
      if (part.number === 1) await this.#network.layer(part, depth);
    } else if (part.number === 1) await this.#part(part, depth, 1, async (list) => this.#doubles(list));
    else if (part.number === 2) this.#doubles(part);
  }

  #doubles(field: ProtobufField): void {
    const bytes = field.end - this.#cursor.position;
    const elements = Math.floor(bytes / 8);
    const tensor = { name: '', dtype: 'F64', shape: [elements], bytes };
    if (elements > 0) this.program.weights.add(tensor, BigInt(elements), BigInt(bytes));
  }

  async #customClass(field: ProtobufField): Promise<void> {
    const name = await readText(this.#cursor, field, MAX_NAME_BYTES);
    if (this.customClasses.length < MAX_LIST_ENTRIES) this.customClasses.push(name);
  }

  /** A classifier: 100 labels that are texts, 101 integers; both lists of 1. Of a pipeline the last one counts. */
  async #labels(type: string, field: ProtobufField, depth: number): Promise<void> {
    this.classes.length = 0;
    this.classCount = 0;
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number !== 100 && part.number !== 101) {
          if (LAYERED.test(type) || type === 'glmClassifier') await this.#weights(type, part, depth + 1);
          return;
        }
        await this.#part(part, depth + 1, 1, async (label) => {
          if (part.number === 100) this.#label(await readText(this.#cursor, label, MAX_NAME_BYTES));
          else {
            const numbers: bigint[] = [];
            await readIntegers(this.#cursor, label, numbers, MAX_DISTINCT_NAMES);
            for (const number of numbers) this.#label(number);
          }
        });
      },
      depth,
    );
  }

  #label(label: string | bigint): void {
    this.classCount += 1;
    if (this.classes.length < MAX_LIST_ENTRIES) this.classes.push(label);
  }

  /** Pipeline: 1 models, 2 their names. */
  async #pipeline(field: ProtobufField, depth: number): Promise<void> {
    const first = this.steps.length;
    let names = 0;
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number === 1) await this.#step(part, depth + 1);
        else if (part.number === 2) {
          const step = this.steps[first + names];
          if (step !== undefined) step.name = await readText(this.#cursor, part, MAX_NAME_BYTES);
          names += 1;
        }
      },
      depth,
    );
  }

  /** A model inside: only its type and what stands in its type. */
  async #step(field: ProtobufField, depth: number): Promise<void> {
    const step = { name: '', type: '' };
    if (this.steps.length < MAX_LIST_ENTRIES) this.steps.push(step);
    await walkMessage(
      this.#cursor,
      field.end,
      async (part) => {
        if (part.number < 200 || part.wire !== 'bytes') return;
        step.type = MODEL_TYPES.get(part.number) ?? `type ${part.number}`;
        await this.#content(step.type, part, depth + 1);
      },
      depth,
    );
  }

  async #part(
    field: ProtobufField,
    depth: number,
    number: number,
    onPart: (part: ProtobufField) => Promise<void>,
  ): Promise<void> {
    await walkMessage(
      this.#cursor,
      field.end,
      (part) => (part.number === number ? onPart(part) : undefined),
      depth,
    );
  }
}
