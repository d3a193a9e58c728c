import { isOmlmdError, type OmlmdError, quote } from '../errors.ts';
import type { CallOptions, Content } from '../oci/content.ts';
import { REQUEST_CONCURRENCY, Slots, SMALL_BLOB_BYTES, settleAll } from '../oci/copy.ts';
import { type FileContent, isFileContent } from '../oci/file-content.ts';
import { readModelFolder } from '../readers/folder.ts';
import { isModelFileName, readModelFile } from '../readers/index.ts';
import { modelExtension } from '../readers/model-name.ts';
import { MemoryGuard } from '../readers/parse/memory-guard.ts';
import { ParseStop } from '../readers/parse/parse-stop.ts';
import type { Finding, ModelFacts } from '../readers/reader.ts';
import { FolderBudget, unreadFacts } from './folder-budget.ts';

/** One file of what may be a model: on this machine, or a layer of an artifact. */
export interface ModelPart {
  /** Relative path with `/`. Foreign text. */
  readonly title: string;
  /** Bytes. */
  readonly size: number;
  open(): Promise<Content>;
  /** A file that is no part but lies beside this one, by its relative path; undefined where there is none. */
  beside?(path: string): Promise<Content | undefined>;
}

/** What a reader found in one part. */
export interface PartReading {
  readonly title: string;
  readonly size: number;
  readonly facts: ModelFacts;
}

export interface ModelPartsOptions extends CallOptions {
  /** Large parts read at once: each may take a file's share of memory. */
  readonly concurrency: number;
  /** Milliseconds for all parts; default {@link MAX_FOLDER_READ_MS}. */
  readonly maxMilliseconds?: number;
  /** Takes a part whose content is not there, or cannot be had by ranges; without it, reading rejects. */
  readonly onUnreadable?: (part: ModelPart, error: OmlmdError) => void;
}

/** Parts that are all looked into, whatever their names; of more, those named as models. Stops a request a file. */
const MAX_LOOKED_INTO = 32;
/** Bytes of small files that are kept from being described to being pushed, so that each is opened once. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
/** Missing companions that are named; the rest are counted. */
const MAX_MISSING_NAMED = 20;

/**
 * The files of one push, folder or artifact, each read once, and all together as one model. The one way by which a
 * folder, a set of shards and an artifact of several layers are read.
 */
export class ModelParts {
  readonly #parts = new Map<string, ModelPart>();
  readonly #readings = new Map<string, Promise<ModelFacts | undefined>>();
  readonly #options: ModelPartsOptions;
  readonly #large: Slots;
  readonly #small = new Slots(REQUEST_CONCURRENCY);
  readonly #memory = new MemoryGuard();
  readonly #kept = new Map<string, FileContent>();
  #bytesKept = 0;
  readonly #budget: FolderBudget;
  readonly #unread = new Set<string>();

  constructor(parts: Iterable<ModelPart>, options: ModelPartsOptions) {
    for (const part of parts) this.add(part);
    this.#options = options;
    this.#budget = new FolderBudget(options.maxMilliseconds);
    this.#large = new Slots(options.concurrency);
  }

  add(part: ModelPart): void {
    this.#parts.set(part.title, part);
  }

  has(title: string): boolean {
    return this.#parts.has(title);
  }

  /** What the readers of files say of a part; undefined where there is none, or it cannot be read. */
  read(title: string): Promise<ModelFacts | undefined> {
    const part = this.#parts.get(title);
    if (part === undefined) return Promise.resolve(undefined);
    const slots = part.size <= SMALL_BLOB_BYTES ? this.#small : this.#large;
    const reading = this.#readings.get(title) ?? slots.run(() => this.#read(part));
    this.#readings.set(title, reading);
    return reading;
  }

  /** Files that were read whole, by title: as many of them as memory allows. */
  get kept(): ReadonlyMap<string, FileContent> {
    return this.#kept;
  }

  /** Of every part that is, or is named like, a model: a danger in any of them is seen. In the order of titles. */
  async readAll(): Promise<readonly PartReading[]> {
    const titles = [...this.#parts.keys()].filter((title) => this.#isLookedInto(title)).sort();
    await settleAll(titles.map((title) => this.read(title)));
    const found: PartReading[] = [];
    for (const title of titles) {
      const facts = await this.read(title);
      const size = this.#parts.get(title)?.size ?? 0;
      if (facts !== undefined && this.#isShown(title, facts)) found.push({ title, size, facts });
    }
    return found;
  }

  /** All parts as one model; undefined where they are only files beside each other. */
  async readWhole(name: string): Promise<ModelFacts | undefined> {
    const files = [...this.#parts.values()]
      .map(({ title, size }) => ({ path: title, size }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const { signal } = this.#options;
    const folder = { path: name, files, open: (path: string) => this.#open(path) };
    return readModelFolder(folder, { signal, memory: this.#memory, readFile: (path) => this.read(path) });
  }

  #isLookedInto(title: string): boolean {
    return this.#parts.size <= MAX_LOOKED_INTO || isModelFileName(title) || modelExtension(title) === '';
  }

  #isShown(title: string, facts: ModelFacts): boolean {
    return (
      this.#parts.size === 1 ||
      this.#unread.has(title) ||
      facts.format.name !== 'unknown' ||
      isModelFileName(title)
    );
  }

  async #read(part: ModelPart): Promise<ModelFacts | undefined> {
    const { signal } = this.#options;
    const beside = (path: string) => this.#beside(part, path);
    const { spent } = this.#budget;
    if (spent !== undefined) {
      this.#unread.add(part.title);
      return unreadFacts(part.title, spent);
    }
    try {
      const content = await part.open();
      this.#keep(part.title, content);
      const facts = await readModelFile(
        { path: part.title, content, beside },
        { signal, memory: this.#memory },
      );
      const missing = await this.#missing(part, facts.companions);
      const found = { ...facts, findings: [...facts.findings, ...missing] };
      // What a file alone may take is bounded by its reader.
      return this.#parts.size === 1 ? found : this.#budget.keep(found);
    } catch (error) {
      return this.#unreadable(part, error);
    }
  }

  #keep(title: string, content: Content): void {
    if (!isFileContent(content) || content.head.byteLength < content.size) return;
    if (this.#bytesKept + content.size > MAX_KEPT_BYTES) return;
    this.#bytesKept += content.size;
    this.#kept.set(title, content);
  }

  async #open(title: string): Promise<Content | undefined> {
    const part = this.#parts.get(title);
    const { spent } = this.#budget;
    if (part !== undefined && spent !== undefined) return unreadContent(part.size, spent);
    try {
      return await part?.open();
    } catch (error) {
      return part === undefined ? undefined : this.#unreadable(part, error);
    }
  }

  #unreadable(part: ModelPart, error: unknown): undefined {
    const { onUnreadable } = this.#options;
    const gone = isOmlmdError(error, 'not-found') || isOmlmdError(error, 'unsupported');
    if (onUnreadable === undefined || !gone) throw error;
    onUnreadable(part, error);
    return undefined;
  }

  async #beside(part: ModelPart, path: string): Promise<Content | undefined> {
    const title = besideTitle(part.title, path);
    return this.#parts.has(title) ? this.#open(title) : part.beside?.(path);
  }

  /** The model cannot be loaded without the files it names; where one is not there, that is said. */
  async #missing(part: ModelPart, companions: readonly string[]): Promise<readonly Finding[]> {
    const missing: string[] = [];
    for (const path of companions) {
      if (this.#parts.has(besideTitle(part.title, path))) continue;
      if ((await part.beside?.(path)) === undefined) missing.push(path);
    }
    return missingFindings(missing);
  }
}

/** Content that stops its reader. */
function unreadContent(size: number, why: string): Content {
  return {
    size,
    slice: () => unreadContent(size, why),
    // biome-ignore lint/correctness/useYield: there is nothing to give
    async *stream() {
      throw new ParseStop('too-large-to-show', `partly read: this was not looked into, ${why}`);
    },
  };
}

/** The title of a file that the part `title` names by a path relative to itself. */
export function besideTitle(title: string, path: string): string {
  return title.slice(0, title.lastIndexOf('/') + 1) + path;
}

function missingFindings(missing: readonly string[]): readonly Finding[] {
  const finding = (message: string, where?: string): Finding => ({
    severity: 'high',
    code: 'truncated',
    message,
    ...(where === undefined ? {} : { where }),
  });
  const named = missing
    .slice(0, MAX_MISSING_NAMED)
    .map((path) => finding(`the model needs ${quote(path)}, which is not there`, path));
  const more = missing.length - named.length;
  return more > 0 ? [...named, finding(`the model needs ${more} more files that are not there`)] : named;
}
