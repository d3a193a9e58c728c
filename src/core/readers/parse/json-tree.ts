import { malformed, ParseStop } from './parse-stop.ts';

/** JSON as JavaScript has it. */
export type JsonTree = null | boolean | number | string | JsonTree[] | JsonRecord;
export interface JsonRecord {
  readonly [key: string]: JsonTree | undefined;
}

/** Bounds of {@link parseJsonTree}. */
export interface JsonBounds {
  readonly maxDepth: number;
  /** Values and keys in all: each takes a hundred times its text in memory. */
  readonly maxValues: number;
}

/** A whole JSON document of bounded depth and number of values, which are counted before anything is built. */
export function parseJsonTree(text: string, { maxDepth, maxValues }: JsonBounds): JsonTree {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = stringEnd(text, at);
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
    else if (code === 0x2c || code === 0x3a) values += 1;
    if (depth > maxDepth) throw malformed(`JSON nests deeper than ${maxDepth} levels`);
    if (values > maxValues)
      throw new ParseStop('too-large-to-show', `JSON of more than ${maxValues} values is not looked into`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('this is no JSON');
  }
}

/** The place of the closing quotation mark of the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) !== 0x22) end += text.charCodeAt(end) === 0x5c ? 2 : 1;
  return end;
}

export function isRecord(value: JsonTree | undefined): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
