import { isOmlmdError, quote } from '../errors.ts';
import { MAX_YAML_BYTES, readYaml } from '../model/yaml-document.ts';
import { type JsonObject, type JsonValue, parseJson } from '../oci/json.ts';
import type { FactsBuilder } from './facts.ts';
import { MAX_FOLDER_DOCUMENT_BYTES } from './limits.ts';
import { TimeLimit } from './parse/byte-source.ts';
import { ParseStop } from './parse/parse-stop.ts';
import type { ModelFolder, ReadOptions } from './reader.ts';

/** The documents of a folder that say what its model is. What is wrong with one is a finding, and it then says nothing. */
export class FolderDocuments {
  readonly #folder: ModelFolder;
  readonly #facts: FactsBuilder;
  readonly #options: ReadOptions;

  constructor(folder: ModelFolder, facts: FactsBuilder, options: ReadOptions) {
    this.#folder = folder;
    this.#facts = facts;
    this.#options = options;
  }

  /** A JSON object; undefined where there is no such file. */
  async json(path: string): Promise<JsonObject | undefined> {
    const text = await this.text(path, MAX_FOLDER_DOCUMENT_BYTES);
    if (text === undefined) return undefined;
    try {
      const value = parsePythonJson(text);
      if (value instanceof Map) return value;
      this.#malformed(path, 'it is not a JSON object');
    } catch (error) {
      if (!(error instanceof SyntaxError) && !isOmlmdError(error)) throw error;
      this.#malformed(path, error.message);
    }
    return undefined;
  }

  /** A YAML mapping; undefined where there is no such file. */
  async yaml(path: string): Promise<JsonObject | undefined> {
    const text = await this.text(path, MAX_YAML_BYTES);
    return text === undefined ? undefined : this.#yaml(path, text);
  }

  /** The YAML between the lines of dashes that a Markdown file begins with; undefined where it does not. */
  async frontMatter(path: string): Promise<JsonObject | undefined> {
    const text = await this.text(path, MAX_YAML_BYTES, 'begin');
    if (text === undefined) return undefined;
    const start = /^\ufeff?\s*---[ \t]*\r?\n/.exec(text)?.[0].length;
    if (start === undefined) return undefined;
    const end = /^---[ \t]*$/m.exec(text.slice(start).replaceAll('\r\n', '\n'));
    if (end === null) {
      this.#malformed(path, 'its metadata does not end');
      return undefined;
    }
    return this.#yaml(path, text.slice(start).replaceAll('\r\n', '\n').slice(0, end.index));
  }

  /**
   * The text of a file; undefined where there is none, or it is larger than `most` bytes.
   * @param part `begin`: of a larger file its beginning
   */
  async text(path: string, most: number, part: 'all' | 'begin' = 'all'): Promise<string | undefined> {
    const content = await this.#folder.open(path);
    if (content === undefined) return undefined;
    if (content.size > most && part === 'all') {
      const message = `${quote(path)} has ${content.size} bytes; only ${most} are read`;
      this.#facts.finding('low', 'too-large-to-show', message, path);
      return undefined;
    }
    const limit = new TimeLimit(this.#options);
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of limit.stream(content.slice(0, most), 0)) chunks.push(chunk);
    } catch (error) {
      if (!(error instanceof ParseStop)) throw error;
      this.#facts.finding('low', error.code, error.message, path);
      return undefined;
    }
    return new TextDecoder().decode(Buffer.concat(chunks));
  }

  #yaml(path: string, text: string): JsonObject | undefined {
    const { value, issues } = readYaml(text);
    const [issue] = issues;
    if (issue !== undefined) this.#malformed(path, issue.message);
    else if (!(value instanceof Map) && value !== null) this.#malformed(path, 'it is not a mapping');
    return value instanceof Map ? value : undefined;
  }

  #malformed(path: string, what: string): void {
    this.#facts.finding('medium', 'malformed', `${quote(path)} cannot be read: ${what}`, path);
  }
}

/** JSON as Python's `json` writes it: what is not a number there (`NaN`, `Infinity`) is null here. */
function parsePythonJson(text: string): JsonValue {
  try {
    return parseJson(text, { duplicateKeys: 'last' });
  } catch (error) {
    const finite = text.replace(/([:,[]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, '$1null');
    if (finite === text) throw error;
    return parseJson(finite, { duplicateKeys: 'last' });
  }
}
