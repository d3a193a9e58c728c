import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Content } from '../../src/core/oci/content.ts';

const LARGE = new URL('../fixtures/large/', import.meta.url);
/** Bytes of zeros that are given at once. */
const ZEROS = new Uint8Array(256 * 1024);

interface Part {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What the library of a large model says of it. */
export function outlinedFacts(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(`${name}.expected.json`, LARGE), 'utf8'));
}

interface Outline {
  readonly size: number;
  readonly parts: readonly Part[];
}

function readOutline(name: string): Outline {
  const outline = gunzipSync(readFileSync(new URL(`${name}.outline.gz`, LARGE)));
  const line = outline.indexOf('\n');
  const head: { size: number; parts: [number, number][] } = JSON.parse(outline.toString('utf8', 0, line));
  let from = line + 1;
  const parts = head.parts.map(([at, length]): Part => {
    from += length;
    return { at, bytes: outline.subarray(from - length, from) };
  });
  return { size: head.size, parts };
}

/** A large model of which only the bytes beside the weights are kept; see test/fixtures/make/make_large.py. */
export function outlinedModel(name: string): Content {
  const { size, parts } = readOutline(name);
  return between(parts, 0, size);
}

/** The same as a file, in which the weights are holes: no disk is used for them. */
export function writeOutlinedModel(path: string, name: string): void {
  const { size, parts } = readOutline(name);
  const file = openSync(path, 'w');
  try {
    for (const { at, bytes } of parts) writeSync(file, bytes, 0, bytes.byteLength, at);
    ftruncateSync(file, size);
  } finally {
    closeSync(file);
  }
}

function between(parts: readonly Part[], from: number, to: number): Content {
  return {
    size: to - from,
    slice: (start = 0, end = to - from) => {
      const first = Math.min(from + Math.max(start, 0), to);
      return between(parts, first, Math.max(first, Math.min(from + end, to)));
    },
    async *stream() {
      let at = from;
      for (const part of parts) {
        if (part.at + part.bytes.byteLength <= at || part.at >= to) continue;
        yield* zeros(part.at - at);
        const bytes = part.bytes.subarray(Math.max(0, at - part.at), to - part.at);
        yield bytes;
        at = Math.max(at, part.at) + bytes.byteLength;
      }
      yield* zeros(to - at);
    },
  };
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.byteLength) yield ZEROS.subarray(0, left);
}

/** `content` with `bytes` in the place of those at `at`. */
export function changedContent(content: Content, at: number, bytes: Uint8Array): Content {
  return {
    size: content.size,
    slice: (start = 0, end = content.size) => {
      const first = Math.min(Math.max(start, 0), content.size);
      const last = Math.max(first, Math.min(end, content.size));
      if (at + bytes.byteLength <= first || at >= last) return content.slice(first, last);
      return changedContent(content.slice(first, last), at - first, bytes);
    },
    async *stream(options) {
      const [start, end] = [Math.max(0, at), Math.min(content.size, at + bytes.byteLength)];
      yield* content.slice(0, start).stream(options);
      yield bytes.subarray(start - at, end - at);
      yield* content.slice(end).stream(options);
    },
  };
}

/** Content as on a registry: each range is a request, and those that wait for each other are rounds. */
export function requestedContent(content: Content) {
  const requests: { readonly start: number; readonly end: number }[] = [];
  let waiting: (() => void)[] = [];
  const counts = { rounds: 0, most: 0 };
  const answer = () => {
    counts.rounds += 1;
    counts.most = Math.max(counts.most, waiting.length);
    for (const resolve of waiting.splice(0)) resolve();
    waiting = [];
  };
  const asked = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      // A timer runs once all that can be asked for without an answer has been asked for.
      if (waiting.length === 1) setTimeout(answer, 0);
    });
  const wrap = (inner: Content, from: number): Content => ({
    isRemote: true,
    size: inner.size,
    slice(start = 0, end = inner.size) {
      const first = Math.min(Math.max(start, 0), inner.size);
      return wrap(inner.slice(start, end), from + first);
    },
    async *stream(options) {
      requests.push({ start: from, end: from + inner.size });
      await asked();
      yield* inner.stream(options);
    },
  });
  return {
    content: wrap(content, 0),
    requests,
    counts,
    bytes: () => requests.reduce((sum, { start, end }) => sum + end - start, 0),
  };
}
