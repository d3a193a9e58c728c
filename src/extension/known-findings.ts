import type { ArtifactFindings, Context, Digest, Location } from '../core/index.ts';

/** What reading takes: the core, when it is needed, and its context of then. */
interface Loading {
  core(): Promise<Pick<typeof import('../core/index.ts'), 'findInArtifact' | 'readArtifact'>>;
  context(): Promise<Context>;
}

/** Artifacts whose findings are kept; the oldest goes first. Stops a day of browsing from filling the memory. */
const MAX_KEPT = 100;

/**
 * What was found in artifacts, each looked into once for its digest, whoever asks: the badges of its layers, and a pull
 * before it begins.
 */
export class KnownFindings {
  readonly #loading: Loading;
  readonly #known = new Map<Digest, Promise<ArtifactFindings>>();

  constructor(loading: Loading) {
    this.#loading = loading;
  }

  /** @param signal ends the waiting; others may wait for the same reading, which goes on */
  async of(location: Location, signal?: AbortSignal): Promise<ArtifactFindings> {
    const { findInArtifact, readArtifact } = await this.#loading.core();
    const context = await this.#loading.context();
    const artifact = await readArtifact(context, location, { signal });
    const { digest } = artifact.root;
    const reading = this.#known.get(digest) ?? findInArtifact(context, artifact);
    this.#keep(digest, reading);
    return until(reading, signal);
  }

  #keep(digest: Digest, reading: Promise<ArtifactFindings>): void {
    if (this.#known.get(digest) === reading) return;
    this.#known.set(digest, reading);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KEPT && oldest !== undefined) this.#known.delete(oldest);
    const forget = () => {
      if (this.#known.get(digest) === reading) this.#known.delete(digest);
    };
    // What could not be read now may be readable at the next look.
    reading.then(({ complete }) => complete || forget(), forget);
  }
}

/** The promise's outcome, or the signal's reason where that comes first. */
function until<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
