import { SaxesParser } from 'saxes';
import { quote } from '../../errors.ts';
import {
  MAX_NAME_BYTES,
  MAX_STRING_BYTES,
  MAX_XML_ATTRIBUTES,
  MAX_XML_BYTES,
  MAX_XML_DEPTH,
  MAX_XML_TOKEN_BYTES,
} from '../limits.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { malformed, ParseStop } from './parse-stop.ts';
import { textStartsWith } from './text-start.ts';

/** Bytes that the parser is given at once; it makes text of them, and more text of that. */
const CHUNK_BYTES = 64 * 1024;

/** The start of an element; its name without a namespace's prefix. */
export interface XmlElement {
  readonly name: string;
  /** 1 for the root. */
  readonly depth: number;
  /** Undefined where it is not there; cut where it is longer than texts are kept. */
  attribute(name: string): string | undefined;
}

/** What is told of a document, in its order. */
export interface XmlHandler {
  /** Gives `stop` where the rest of the document is of no interest. */
  open(element: XmlElement): 'stop' | undefined;
  /** `text` is the start of what stands before the end of the element. */
  close?(name: string, depth: number, text: string): void;
}

/**
 * Walks an XML document in UTF-8 as it comes; gives whether it was walked to its end. A document type is passed over:
 * nothing in it is fetched or expanded, and entities that only it could explain are malformed.
 */
export async function walkXml(cursor: ByteCursor, handler: XmlHandler): Promise<boolean> {
  const walk = new XmlWalk(handler);
  while (await cursor.fill(1)) {
    if (cursor.position + cursor.buffered > MAX_XML_BYTES) {
      throw new ParseStop('too-large-to-show', `more than ${MAX_XML_BYTES} bytes of XML`, cursor.position);
    }
    walk.write(cursor.bytes(Math.min(cursor.buffered, CHUNK_BYTES)), cursor.position);
    if (walk.stopped) return false;
  }
  walk.end(cursor.position);
  return true;
}

class XmlWalk {
  stopped = false;
  readonly #handler: XmlHandler;
  readonly #parser = new SaxesParser();
  readonly #decoder = new TextDecoder();
  #depth = 0;
  #attributes = 0;
  #text = '';
  /** Where the chunk at hand ends, and the one with the last tag did. */
  #position = 0;
  #lastTag = 0;

  constructor(handler: XmlHandler) {
    this.#handler = handler;
    this.#parser.on('error', (error) => {
      throw malformed(`XML: ${quote(error.message)}`, this.#position);
    });
    this.#parser.on('opentagstart', () => this.#enter());
    this.#parser.on('attribute', () => this.#attribute());
    this.#parser.on('opentag', ({ name, attributes }) => this.#open(name, attributes));
    this.#parser.on('text', (text) => {
      this.#text = text.slice(0, MAX_NAME_BYTES);
    });
    this.#parser.on('closetag', ({ name }) => this.#close(name));
  }

  write(bytes: Uint8Array, position: number): void {
    this.#position = position;
    this.#parser.write(this.#decoder.decode(bytes, { stream: true }));
    // The parser gathers a comment, an attribute or a text until it ends.
    if (position - this.#lastTag > MAX_XML_TOKEN_BYTES) {
      throw new ParseStop(
        'too-large-to-show',
        `no tag in ${MAX_XML_TOKEN_BYTES} bytes of XML`,
        this.#lastTag,
      );
    }
  }

  end(position: number): void {
    if (this.#depth > 0) throw new ParseStop('truncated', 'the file ends inside its XML', position);
    this.#parser.close();
  }

  #enter(): void {
    this.#depth += 1;
    this.#attributes = 0;
    this.#text = '';
    this.#lastTag = this.#position;
    if (this.#depth > MAX_XML_DEPTH) {
      throw malformed(`XML is nested deeper than ${MAX_XML_DEPTH} elements`, this.#position);
    }
  }

  #attribute(): void {
    this.#attributes += 1;
    if (this.#attributes > MAX_XML_ATTRIBUTES) {
      throw malformed(`an element has more than ${MAX_XML_ATTRIBUTES} attributes`, this.#position);
    }
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.stopped) return;
    const attribute = (key: string) =>
      Object.hasOwn(attributes, key) ? detached(attributes[key] ?? '') : undefined;
    const element = { name: localName(name), depth: this.#depth, attribute };
    if (this.#handler.open(element) === 'stop') this.stopped = true;
  }

  #close(name: string): void {
    if (!this.stopped) this.#handler.close?.(localName(name), this.#depth, this.#text);
    this.#depth -= 1;
    this.#text = '';
    this.#lastTag = this.#position;
  }
}

/** A part of a chunk keeps the chunk in memory; what may be kept is copied out of it. */
function detached(text: string): string {
  return Buffer.from(text.slice(0, MAX_STRING_BYTES)).toString();
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** The root element of the document that a file's head begins: its name, and the text from there on. */
export function xmlRoot(head: Uint8Array): { readonly name: string; readonly rest: string } | undefined {
  if (!textStartsWith(head, '<')) return undefined;
  const text = new TextDecoder().decode(head);
  let at = 0;
  for (;;) {
    while (/\s/.test(text.charAt(at))) at += 1;
    const end = prologEnd(text, at);
    if (end === undefined) break;
    if (end < at) return undefined;
    at = end;
  }
  const [whole, name] = /^<([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)/.exec(text.slice(at)) ?? [];
  return whole === undefined || name === undefined
    ? undefined
    : { name: localName(name), rest: text.slice(at + whole.length) };
}

/** The end of what may stand before the root, -1 where the text ends in it; undefined where something else stands. */
function prologEnd(text: string, at: number): number | undefined {
  const after = (mark: string, from: number) => {
    const end = text.indexOf(mark, from);
    return end < 0 ? -1 : end + mark.length;
  };
  if (text.startsWith('<?', at)) return after('?>', at);
  if (text.startsWith('<!--', at)) return after('-->', at + 4);
  if (!text.startsWith('<!DOCTYPE', at)) return undefined;
  const [end, subset] = [after('>', at), text.indexOf('[', at)];
  return subset >= 0 && subset < end ? after('>', text.indexOf(']', subset)) : end;
}
