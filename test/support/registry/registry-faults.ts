import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConnectionEnd,
  failed,
  type RegistryCall,
  type RegistryHandler,
  type RegistryReply,
} from './registry-handler.ts';

/** One way to go wrong: sees the call, may let the registry answer, may change either. */
export type Fault = (call: RegistryCall, next: RegistryHandler) => Promise<RegistryReply>;
export type When = (call: RegistryCall) => boolean;

interface Rule {
  readonly when: When;
  readonly fault: Fault;
  left: number;
}

/** Faults around a registry, switched on and off while it runs. */
export class RegistryFaults {
  #rules: Rule[] = [];

  /** The next `times` calls that `when` names meet the fault; the first rule that fits is the one. */
  add(when: When, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ when, fault, left: times });
  }

  clear(): void {
    this.#rules = [];
  }

  around(next: RegistryHandler): RegistryHandler {
    return async (call) => {
      const rule = this.#rules.find(({ when, left }) => left > 0 && when(call));
      if (rule === undefined) return next(call);
      rule.left -= 1;
      return rule.fault(call, next);
    };
  }
}

/** Calls by method and a part of the path, each optional: `on('PATCH')`, `on('GET', '/blobs/')`. */
export function on(method?: string, path = ''): When {
  return (call) => (method === undefined || call.method === method) && call.url.pathname.includes(path);
}

/** Any answer of its own, without asking the registry. */
export function answer(
  status: number,
  headers: Record<string, string> = {},
  code = 'TEST',
  message = 'fault',
): Fault {
  return async () => {
    const reply = failed(status, code, message);
    return { ...reply, headers: { ...reply.headers, ...headers } };
  };
}

/** Takes `bytes` of the request's body, gives them to the registry, and resets the connection. */
export function resetUpload(bytes: number): Fault {
  return (call, next) => next({ ...call, body: cut(call.body, bytes, 'reset') });
}

/** Sends `bytes` of the answer's body, then ends the connection. */
export function breakDownload(bytes: number, how: 'reset' | 'close' = 'reset'): Fault {
  return changeBody((body) => cut(body, bytes, how));
}

/** Lets the registry do its work and loses the answer. */
export function loseAnswer(): Fault {
  return async (call, next) => {
    await next(call);
    throw new ConnectionEnd('reset');
  };
}

/** Flips a bit of the byte at `at` of the answer's body. */
export function corrupt(at: number): Fault {
  return changeBody(async function* (body) {
    let position = 0;
    for await (const chunk of body) {
      const copy = Uint8Array.from(chunk);
      const here = at - position;
      const byte = copy[here];
      if (byte !== undefined) copy[here] = byte ^ 1;
      position += chunk.byteLength;
      yield copy;
    }
  });
}

/** A body without end; `headers` may claim a length. */
export function endless(headers: Record<string, string> = {}): Fault {
  return async () => ({
    status: 200,
    headers,
    body: (async function* () {
      for (;;) yield new Uint8Array(64 * 1024);
    })(),
  });
}

/** Sends `bytes` of the body and then nothing more, on an open connection. */
export function stallDownload(bytes: number): Fault {
  return changeBody(async function* (body) {
    yield* cut(body, bytes, undefined);
    await new Promise(() => {});
  });
}

/** Sets headers of the answer; undefined takes one away. */
export function withHeaders(headers: Readonly<Record<string, string | undefined>>): Fault {
  return async (call, next) => {
    const reply = await next(call);
    const changed = Object.entries({ ...reply.headers, ...headers }).filter(
      ([, value]) => value !== undefined,
    );
    return { ...reply, headers: Object.fromEntries(changed) as Record<string, string> };
  };
}

export function ignoreRange(): Fault {
  return (call, next) => next({ ...call, headers: { ...call.headers, range: undefined } });
}

/** Sends the client to another origin with the same path. */
export function redirect(origin: string, status = 307): Fault {
  return async ({ url }) => ({ status, headers: { location: `${origin}${url.pathname}${url.search}` } });
}

/** Lets the registry see nothing of the call. */
export function resetAtOnce(): Fault {
  return async () => {
    throw new ConnectionEnd('reset');
  };
}

/** Never answers, on an open connection. */
export function neverAnswer(): Fault {
  return () => new Promise(() => {});
}

/** Sends `bytes` of the body, then ends the answer as if that had been all of it. */
export function endEarly(bytes: number): Fault {
  return changeBody((body) => cut(body, bytes, undefined), withoutLength);
}

/** Says that the body is `more` bytes longer than it is; less than nothing says that it is shorter. */
export function claimLength(more: number): Fault {
  return changeBody(
    (body) => body,
    (headers) => ({
      ...headers,
      'content-length': String(Math.max(0, Number(headers['content-length']) + more)),
    }),
  );
}

/** Goes on after the body: `bytes` more, or without end. */
export function goOn(bytes = Number.POSITIVE_INFINITY): Fault {
  return changeBody(async function* (body) {
    yield* body;
    for (let left = bytes; left > 0; left -= 64 * 1024) yield new Uint8Array(Math.min(left, 64 * 1024));
  }, withoutLength);
}

/** Pauses before each of `count` pieces of the body, milliseconds. */
export function slowly(ms: number, count: number): Fault {
  return changeBody(async function* (body) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    const length = Math.max(1, Math.ceil(whole.byteLength / count));
    for (let at = 0; at < whole.byteLength; at += length) {
      await sleep(ms);
      yield whole.subarray(at, at + length);
    }
  });
}

/** Pauses after every 256 KiB of the body, milliseconds: what one connection of some registries brings. */
export function paced(ms: number): Fault {
  return changeBody(async function* (body) {
    let bytes = 0;
    for await (const chunk of body) {
      yield chunk;
      bytes += chunk.byteLength;
      for (; bytes >= 256 * 1024; bytes -= 256 * 1024) await sleep(ms);
    }
  });
}

function changeBody(
  change: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  changeHeaders = (headers: Record<string, string>) => headers,
): Fault {
  return async (call, next) => {
    const { status, headers, body = new Uint8Array() } = await next(call);
    if (status === 204) return { status, ...(headers === undefined ? {} : { headers }) }; // it can have no body
    const length = body instanceof Uint8Array ? { 'content-length': String(body.byteLength) } : {};
    const whole = body instanceof Uint8Array ? pieces(body) : body;
    return { status, headers: changeHeaders({ ...length, ...headers }), body: change(whole) };
  };
}

function withoutLength({ 'content-length': _, ...headers }: Record<string, string>): Record<string, string> {
  return headers;
}

async function* pieces(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += 64 * 1024) yield body.subarray(at, at + 64 * 1024);
}

async function* cut(
  body: AsyncIterable<Uint8Array>,
  bytes: number,
  how: 'reset' | 'close' | undefined,
): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    if (part.byteLength > 0) yield part;
    if (left > 0) continue;
    if (how === undefined) return;
    throw new ConnectionEnd(how);
  }
}
