import { quote } from '../errors.ts';
import type { ModelMetadata } from '../model/metadata.ts';
import { fromPlain, JsonNumber, type JsonValue } from '../oci/json.ts';
import { MAX_COMPANIONS, MAX_CUSTOM_PROPERTIES_BYTES, MAX_FINDINGS, MAX_STRING_BYTES } from './limits.ts';
import { plainDetail } from './parse/json-values.ts';
import { ParseStop } from './parse/parse-stop.ts';
import type { Finding, FindingCode, ModelFacts, Severity } from './reader.ts';

/** Fields of a model that a file may state for itself. */
type OwnField = 'name' | 'description' | 'author';

/** How bad it is that a file could not be read to its end. */
const STOP_SEVERITY = { truncated: 'high', malformed: 'high', 'too-large-to-show': 'low' } as const;

/**
 * What is being found out about one file. Readers fill it as they go, so that a file which cannot be read to its end
 * still gives what stood before.
 */
export class FactsBuilder {
  formatVersion: string | null = null;
  readonly details: Record<string, unknown> = {};
  readonly #own: Partial<Record<OwnField, string>> = {};
  readonly #properties = new Map<string, JsonValue>();
  readonly #findings: Finding[] = [];
  readonly #companions = new Set<string>();
  #unlisted = 0;

  /** A text the file states for itself; empty text is none. */
  own(field: OwnField, value: unknown): void {
    const text = typeof value === 'string' ? value.trim() : '';
    if (text !== '' && text.length <= MAX_STRING_BYTES) this.#own[field] = text;
  }

  /** A custom property; undefined, null and empty text are "not found". */
  property(key: string, value: unknown): void {
    if (value === undefined || value === null || value === '') return;
    this.#properties.set(key, fromPlain(value));
  }

  has(key: string): boolean {
    return this.#properties.has(key);
  }

  finding(severity: Severity, code: FindingCode, message: string, where?: string): void {
    if (this.#findings.length >= MAX_FINDINGS && severity !== 'critical') {
      this.#unlisted += 1;
      return;
    }
    if (this.#findings.length >= 2 * MAX_FINDINGS) return;
    this.#findings.push({ severity, code, message, ...(where === undefined ? {} : { where }) });
  }

  /** Counts findings that would not be listed, so that nobody makes a hundred thousand messages for that. */
  unlisted(count: number): void {
    this.#unlisted += count;
  }

  /**
   * Takes over what is known of a file that speaks for a model of several: its own fields, properties and details,
   * not its findings, which are told of the file itself.
   * @param stem the name it has where it says none of its own
   */
  inherit({ format, metadata, details }: ModelFacts, stem: string): void {
    this.formatVersion = format.version;
    if (metadata.name !== stem) this.own('name', metadata.name);
    this.own('description', metadata.description);
    this.own('author', metadata.author);
    for (const [key, value] of metadata.customProperties) this.#properties.set(key, value);
    Object.assign(this.details, details);
  }

  companion(path: string): void {
    if (this.#companions.size < MAX_COMPANIONS) this.#companions.add(path);
  }

  /**
   * Runs a parser over what was found so far. Whatever stops it becomes a finding, except what the reader's caller must
   * know: failed reads and its own abort, which are told apart by `isFatal`.
   */
  async collect(parse: () => Promise<void>, isFatal: (error: unknown) => boolean): Promise<void> {
    try {
      await parse();
    } catch (error) {
      if (isFatal(error)) throw error;
      this.stopped(error);
    }
  }

  stopped(error: unknown): void {
    if (error instanceof ParseStop) {
      const where = error.offset === undefined ? undefined : `offset ${error.offset}`;
      this.finding(STOP_SEVERITY[error.code], error.code, error.message, where);
    } else {
      const message = error instanceof Error ? error.message : String(error);
      this.finding('high', 'malformed', `the file could not be read on: ${quote(message)}`);
    }
  }

  build(format: string, stem: string): ModelFacts {
    if (this.#unlisted > 0) {
      this.#findings.push({
        severity: 'info',
        code: 'too-large-to-show',
        message: `${this.#unlisted} more findings are not listed`,
      });
      this.#unlisted = 0;
    }
    const customProperties = new Map(this.#properties);
    for (const key of overflowing(customProperties)) {
      this.details[key] = plainDetail(customProperties.get(key) ?? null);
      customProperties.delete(key);
    }
    const companions = [...this.#companions].sort();
    if (companions.length > 0) this.details.files = companions;
    const metadata: ModelMetadata = {
      name: this.#own.name ?? stem,
      description: this.#own.description ?? null,
      author: this.#own.author ?? null,
      customProperties,
      uri: null,
      model_format_name: format,
      model_format_version: this.formatVersion,
    };
    const version = this.formatVersion;
    return {
      format: { name: format, version },
      metadata,
      details: this.details,
      findings: this.#findings,
      companions,
    };
  }
}

/** The keys to leave out, longest values first, so that the rest fits the bound. */
function overflowing(properties: ReadonlyMap<string, JsonValue>): string[] {
  const sizes = [...properties].map(([key, value]) => ({ key, size: jsonBytes(value) + key.length + 8 }));
  let total = sizes.reduce((sum, { size }) => sum + size, 2);
  const left: string[] = [];
  for (const { key, size } of sizes.sort((a, b) => b.size - a.size)) {
    if (total <= MAX_CUSTOM_PROPERTIES_BYTES) break;
    left.push(key);
    total -= size;
  }
  return left;
}

/** Bytes of a value as JSON with ASCII escapes and indentation as upstream writes it, rounded up. */
function jsonBytes(value: JsonValue): number {
  if (typeof value === 'string') {
    return [...JSON.stringify(value)].reduce((sum, c) => sum + (c.length === 2 ? 12 : c > '~' ? 6 : 1), 0);
  }
  if (value instanceof JsonNumber) return value.text.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + jsonBytes(item) + 16, 16);
  if (value instanceof Map) {
    return [...value].reduce((sum, [key, item]) => sum + jsonBytes(key) + jsonBytes(item) + 20, 16);
  }
  return 5;
}
