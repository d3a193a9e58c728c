import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../src/core/log.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { type Context, createContext } from '../../../src/core/operations/context.ts';
import type { Credential } from '../../../src/core/registry/credentials.ts';
import { startTestRegistry, TEST_LOGIN, type TestRegistry } from '../../support/registry/test-registry.ts';
import { LOGIN } from './test-client.ts';

/** Two chunks to send, several answers to receive. Bytes. */
export const MODEL_BYTES = 4 * 1024 * 1024 + 65_536;
/** Enough to be worth several connections. Bytes. */
const LARGE_BYTES = 66 * 1024 * 1024;
/** Files, enough to ask once for all of them. */
const MANY = 8;
/** How long the client waits for a byte; short, as every stall costs it. Milliseconds. */
export const STALL_MS = 250;
/** Tries after the first. */
const RETRIES = 2;

/** Repositories: with the model, to be filled, and to be emptied. */
export const THERE = 'team/there';
export const NEW = 'team/new';
export const GONE = 'team/gone';
/** With the large model. */
export const LARGE = 'team/large';

/** What a token service takes instead of a password. */
export const IDENTITY: Credential = { kind: 'identity-token', token: 'long-lived' };

/** A registry with a model in it, the same registry under another origin, and a client's machine. */
export interface Bench {
  readonly registry: TestRegistry;
  readonly mirror: Mirror;
  readonly home: string;
  readonly model: string;
  /** Where the registry has the model's bytes. */
  readonly modelPath: string;
  readonly large: string;
  /** A folder of files, many and small. */
  readonly many: string;
  readonly largePath: string;
  stop(): Promise<void>;
}

interface Mirror {
  readonly origin: string;
  /** `Authorization` headers and identity tokens that strangers were shown. */
  readonly logins: string[];
  stop(): void;
}

export async function openBench(): Promise<Bench> {
  const authOptions = { identityToken: IDENTITY.kind === 'identity-token' ? IDENTITY.token : undefined };
  const registry = await startTestRegistry({ auth: 'bearer', authOptions });
  const mirror = await startMirror(registry);
  const home = await mkdtemp(join(tmpdir(), 'omlmd-faults-'));
  const [model, modelPath] = await makeModel(join(home, 'model.bin'), THERE, MODEL_BYTES);
  await mkdir(join(home, 'large'));
  const [large, largePath] = await makeModel(join(home, 'large', 'model.bin'), LARGE, LARGE_BYTES);
  return {
    registry,
    mirror,
    home,
    model,
    modelPath,
    large,
    many: await makeMany(join(home, 'many')),
    largePath,
    stop: async () => {
      mirror.stop();
      await registry.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Its path here, and on the registry. */
async function makeModel(path: string, repository: string, size: number): Promise<readonly [string, string]> {
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  return [path, `/v2/${repository}/blobs/${digestOf(bytes)}`];
}

async function makeMany(path: string): Promise<string> {
  await mkdir(path);
  for (let i = 0; i < MANY; i += 1) await writeFile(join(path, `${i}.bin`), randomBytes(100));
  return path;
}

/** A client that does not really wait between two tries; the waits are told to `waits`, in milliseconds. */
export function client(home: string, waits: number[] = [], login: Credential = LOGIN): Context {
  return createContext({
    home,
    credentials: { get: async () => login },
    log: silentLog,
    registryOptions: () => ({
      plainHttp: true,
      retries: RETRIES,
      timeoutMs: STALL_MS,
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        waits.push(ms);
      },
      knownRealm: () => true,
    }),
  });
}

/** The registry under another origin, where nobody may show it the login: it has its own. */
async function startMirror(registry: TestRegistry): Promise<Mirror> {
  const logins: string[] = [];
  const basic = `Basic ${btoa(`${TEST_LOGIN.username}:${TEST_LOGIN.password}`)}`;
  const server = http.createServer(async (incoming, outgoing) => {
    if (incoming.headers.authorization !== undefined) logins.push(incoming.headers.authorization);
    if (incoming.method === 'POST' && incoming.url?.startsWith('/token')) logins.push('a form with a token');
    const scopes = [THERE, NEW, GONE, LARGE].map((name) => `scope=repository:${name}:pull,push,delete`);
    const url = `${registry.origin}/token?${scopes.join('&')}&scope=registry:catalog:*`;
    const answered = await fetch(url, { headers: { authorization: basic, 'x-mirror': '1' } });
    const { token } = (await answered.json()) as { token: string };
    const { host: _, ...headers } = incoming.headers;
    const authorization = incoming.url?.startsWith('/token') ? basic : `Bearer ${token}`;
    const forward = http.request(
      `${registry.origin}${incoming.url}`,
      { method: incoming.method, headers: { ...headers, authorization, 'x-mirror': '1' } },
      (response) => {
        outgoing.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(outgoing);
      },
    );
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, logins, stop };
}
