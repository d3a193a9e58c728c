import { type Companion, findCompanions, type PreparedModel, prepareModel } from '../../core/index.ts';
import type { MetadataCapture } from '../settings.ts';

const METADATA_KINDS = { auto: 'auto', file: 'sidecar', none: 'empty' } as const;

/** Reads what a push would carry, while the person is asked where to; and anew when they choose other companions. */
export class ModelPreparation {
  readonly #paths: readonly string[];
  readonly #capture: MetadataCapture;
  readonly #sidecar: string | undefined;
  #model: Promise<PreparedModel>;
  #companions: Promise<readonly Companion[]> | undefined;

  /** @param capture how `omlmd.metadata.capture` asks for metadata */
  constructor(paths: readonly string[], capture: MetadataCapture, sidecar?: string) {
    this.#paths = paths;
    this.#capture = capture;
    this.#sidecar = sidecar;
    this.#model = this.#prepare();
  }

  get model(): Promise<PreparedModel> {
    return this.#model;
  }

  /** What lies beside a single model file and may go with it. */
  companions(): Promise<readonly Companion[]> {
    const [only, other] = this.#paths;
    this.#companions ??=
      only === undefined || other !== undefined ? Promise.resolve([]) : findCompanions(only);
    return this.#companions;
  }

  /** From now on, these go with the model, and no others. */
  choose(titles: readonly string[]): void {
    this.#model = this.#prepare(titles);
  }

  #prepare(companions?: readonly string[]): Promise<PreparedModel> {
    const preparing = prepareModel(
      this.#paths.map((path) => ({ path })),
      { metadata: { kind: METADATA_KINDS[this.#capture] }, sidecar: this.#sidecar, companions },
    );
    preparing.catch(() => undefined); // told of where it is awaited
    return preparing;
  }
}
