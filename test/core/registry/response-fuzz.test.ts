import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { silentLog } from '../../../src/core/log.ts';
import { createContext } from '../../../src/core/operations/context.ts';
import { parseLocation } from '../../../src/core/operations/location.ts';
import { prepareModel } from '../../../src/core/operations/prepare-model.ts';
import { pull } from '../../../src/core/operations/pull.ts';
import { push } from '../../../src/core/operations/push.ts';
import { startTestRegistry, type TestRegistry } from '../../support/registry/test-registry.ts';

/** Pulls; few enough for every run of the tests. Seeds are fixed, so a failure can be looked at. */
const RUNS = 400;
/** Milliseconds that the client waits for a byte. */
const STALL_MS = 60;
/** Milliseconds after which a pull hangs. */
const HANG_MS = 10_000;

let folder: string;
let registry: TestRegistry;
let server: Server;
let digest: string;
let bytes: Buffer;
/** What becomes of an answer's bytes. */
let mutate: (answer: Buffer) => Buffer;
const sockets = new Set<Socket>();
const answers = new Map<string, Buffer>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omlmd-fuzz-'));
  bytes = Buffer.from(Uint8Array.from({ length: 3000 }, (_, i) => (i * 31) % 256));
  await writeFile(join(folder, 'model.bin'), bytes);
  registry = await startTestRegistry();
  const model = await prepareModel([{ path: join(folder, 'model.bin') }], { metadata: { kind: 'empty' } });
  digest = (await push(contextAt('setup'), parseLocation(`${registry.host}/m:v1`), model)).result.digest;
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (request) => void answer(socket, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await registry.stop();
  await rm(folder, { recursive: true });
});

function contextAt(home: string) {
  return createContext({
    home: join(folder, home),
    credentials: { get: async () => undefined },
    log: silentLog,
    registryOptions: () => ({ plainHttp: true, retries: 1, timeoutMs: STALL_MS, sleep: async () => {} }),
  });
}

/** The registry's own answer, byte by byte as it could come over the wire, with something done to it. */
async function answer(socket: Socket, request: Buffer): Promise<void> {
  const path = request.toString('latin1').split(' ')[1] ?? '/';
  let whole = answers.get(path);
  if (whole === undefined) {
    const response = await fetch(`${registry.origin}${path}`);
    const body = Buffer.from(await response.arrayBuffer());
    const headers = [...response.headers].filter(
      ([name]) => !['connection', 'keep-alive', 'date'].includes(name),
    );
    const head = [`HTTP/1.1 ${response.status} OK`, ...headers.map(([name, value]) => `${name}: ${value}`)];
    whole = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
    answers.set(path, whole);
  }
  const sent = mutate(whole);
  socket.write(sent);
  if (sent.byteLength % 3 === 0) socket.end();
}

/** Numbers from 0 to below `below`, the same for the same seed (a linear congruential generator). */
function numbers(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PARTS = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 206 Partial\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nabcde',
  'HTTP/1.1 307 Away\r\nLocation: //\u0001@:99999/..\r\n\r\n',
  'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="\\",,=x"\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 429 Slow\r\nRetry-After: -1e99\r\nContent-Length: 3\r\n\r\n{"e',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: 7\r\n',
  'Docker-Content-Digest: sha256:../../../etc/passwd\r\n',
  'Content-Type: application/vnd.oci.image.index.v1+json\r\n',
  `X-Long: ${'a'.repeat(40_000)}\r\n`,
  'Content-Encoding: gzip\r\n',
  '\0\r\n\r\n',
  'ffffffffffffffff\r\n',
];

/** One to four changes: bits, cuts, repeats, parts of other answers at the start, between two headers, or anywhere. */
function mutation(seed: number): (answer: Buffer) => Buffer {
  const next = numbers(seed);
  return (whole) => {
    let out = Buffer.from(whole);
    for (let changes = 1 + next(4); changes > 0; changes -= 1) {
      const at = next(out.byteLength + 1);
      const lineEnd = out.indexOf('\r\n', next(200)) + 2;
      const part = Buffer.from(PARTS[next(PARTS.length)] ?? '', 'latin1');
      const insert = (bytesIn: Buffer, position: number) =>
        Buffer.concat([out.subarray(0, position), bytesIn, out.subarray(position)]);
      switch (next(7)) {
        case 0:
          if (at < out.byteLength) out[at] = (out[at] ?? 0) ^ (1 << next(8));
          break;
        case 1:
          out = out.subarray(0, at);
          break;
        case 2:
          out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.byteLength, at + next(60)))]);
          break;
        case 3:
          out = insert(out.subarray(at, at + next(400)), at);
          break;
        case 4:
          out = insert(part, lineEnd);
          break;
        case 5:
          out = insert(part, 0);
          break;
        default:
          out = insert(Buffer.from(Array.from({ length: next(50) }, () => next(256))), at);
      }
    }
    return next(40) === 0 ? Buffer.alloc(0) : out;
  };
}

it(`gets the right file or an error from ${RUNS} registries that answer with nonsense`, async () => {
  const { port } = server.address() as { readonly port: number }; // listening on TCP
  const ended = new Map<string, number>();
  for (let seed = 0; seed < RUNS; seed += 1) {
    // Half of the pulls meet sound answers now and then, so that they get to what comes later.
    const change = mutation(seed);
    const sound = numbers(seed + RUNS);
    mutate = (whole) => (seed % 2 === 0 && sound(3) > 0 ? whole : change(whole));
    const context = contextAt('home');
    const out = join(folder, `out-${seed}`);
    const work = pull(context, parseLocation(`127.0.0.1:${port}/m@${digest}`), out).then(
      () => 'ok',
      (error: unknown) => (isOmlmdError(error) ? error.code : `${seed}: ${String(error)}`),
    );
    const result = await Promise.race([work, hang(seed)]);
    ended.set(result, (ended.get(result) ?? 0) + 1);
    context.registry(`127.0.0.1:${port}`).close();
    const names = (await readdir(out).catch(() => [])).filter((name) => !name.startsWith('.omlmd-'));
    if (result !== 'ok') expect({ seed, names }).toEqual({ seed, names: [] });
    else expect((await readFile(join(out, 'model.bin'))).equals(bytes), `seed ${seed}`).toBe(true);
  }
  expect([...ended.keys()].filter((key) => key.includes(':'))).toEqual([]);
  expect(ended.get('ok')).toBeGreaterThan(RUNS / 20);
  expect(ended.size).toBeGreaterThan(4);
}, 120_000);

function hang(seed: number): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(`${seed}: it hangs`), HANG_MS).unref();
  });
}
