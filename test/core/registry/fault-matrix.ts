import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OmlmdError } from '../../../src/core/errors.ts';
import { CHUNK_BYTES } from '../../../src/core/registry/chunk-size.ts';
import type { Credential } from '../../../src/core/registry/credentials.ts';
import {
  answer,
  type Fault,
  on,
  paced,
  resetUpload,
  type When,
  withHeaders,
} from '../../support/registry/registry-faults.ts';
import type { RegistryCall } from '../../support/registry/registry-handler.ts';
import { type Bench, client, IDENTITY } from './fault-bench.ts';
import { isDone, type Job, setUp, warmUp, work } from './fault-jobs.ts';

/** One kind of request. */
export interface Kind {
  readonly name: string;
  readonly job: Job;
  readonly when: (call: RegistryCall, bench: Bench) => boolean;
  /** Met before the fault, once. */
  readonly first?: readonly [When, Fault];
  /** What this registry is like, whether it goes wrong or not. */
  readonly nature?: Fault;
  /** Whether it is made without an `Authorization`. */
  readonly asStranger?: boolean;
  /** Whether it is only made where this thread is not busy. */
  readonly mayBeLeftOut?: boolean;
  /** Whether nobody waits to make it again. */
  readonly asksOnce?: boolean;
  readonly login?: Credential;
}

const sizeOf = (call: RegistryCall) => Number(call.headers['content-length'] ?? 0);
const hasBody: When = (call) => sizeOf(call) > 0;
const MANIFEST = '/manifests/sha256:';
const FALLBACK_INDEX = '/manifests/sha256-';

const isHello: When = ({ url }) => url.pathname === '/v2/';

/** One connection brings 30 MB a second at most, so that more are opened. */
const PACE_MS = 8;

function natureOf(when: When, fault: Fault): Fault {
  return (call, next) => (when(call) ? fault(call, next) : next(call));
}

const noChunks = natureOf(on('PATCH'), answer(405, {}, 'UNSUPPORTED'));
const noReferrersApi: Fault = (call, next) =>
  on('GET', '/referrers/')(call)
    ? answer(404)(call, next)
    : withHeaders({ 'oci-subject': undefined })(call, next);

/** Every kind of request that a client makes. */
export const KINDS: readonly Kind[] = [
  { name: 'say hello', job: 'log in', when: isHello, asStranger: true },
  { name: 'show a login', job: 'log in', when: isHello },
  { name: 'sign in', job: 'push', when: on('GET', '/token') },
  {
    name: 'sign in by a token',
    job: 'push',
    when: on('POST', '/token'),
    asStranger: true,
    login: IDENTITY,
  },
  { name: 'look where the tag is', job: 'push', when: on('GET', '/manifests/v1') },
  {
    name: 'look whether a repository is new',
    job: 'push many',
    when: on('GET', '/tags/list'),
    asksOnce: true,
  },
  { name: 'look for a blob', job: 'push', when: on('HEAD', '/blobs/') },
  { name: 'look for a manifest', job: 'push', when: on('HEAD', MANIFEST) },
  { name: 'begin an upload', job: 'push', when: on('POST', '/blobs/uploads/') },
  { name: 'send a chunk', job: 'push', when: on('PATCH') },
  {
    name: 'ask how far an upload is',
    job: 'push',
    when: on('GET', '/blobs/uploads/'),
    first: [on('PATCH'), resetUpload(100_000)],
  },
  {
    name: 'end an upload',
    job: 'push',
    when: (call) => on('PUT', '/blobs/uploads/')(call) && !hasBody(call),
  },
  {
    name: 'send a small blob',
    job: 'push',
    when: (call) => on('PUT', '/blobs/uploads/')(call) && hasBody(call),
  },
  {
    name: 'send a blob in one stream',
    job: 'push',
    when: (call) => on('PUT', '/blobs/uploads/')(call) && sizeOf(call) > CHUNK_BYTES,
    nature: noChunks,
  },
  {
    name: 'forget an upload',
    job: 'push other bytes',
    when: on('DELETE', '/blobs/uploads/'),
    asksOnce: true,
  },
  { name: 'send a manifest', job: 'push', when: on('PUT', MANIFEST) },
  { name: 'set a tag', job: 'push', when: on('PUT', '/manifests/v1') },
  { name: 'get a manifest', job: 'pull', when: on('GET', '/manifests/v1') },
  {
    name: 'get a small blob',
    job: 'pull',
    when: (call, { modelPath }) => on('GET', '/blobs/sha256')(call) && call.url.pathname !== modelPath,
  },
  {
    name: 'get a large blob',
    job: 'pull',
    when: (call, { modelPath }) => on('GET')(call) && call.url.pathname === modelPath,
  },
  {
    name: 'get a part of a large blob',
    job: 'pull large',
    when: ({ url, headers }, { largePath }) => url.pathname === largePath && headers.range !== undefined,
    nature: natureOf(on('GET', '/blobs/sha256'), paced(PACE_MS)),
    mayBeLeftOut: true,
  },
  { name: 'mount a blob', job: 'copy', when: (call) => call.url.searchParams.has('mount') },
  { name: 'list tags', job: 'tags', when: on('GET', '/tags/list') },
  { name: 'list repositories', job: 'catalog', when: on('GET', '/_catalog') },
  { name: 'list referrers', job: 'referrers', when: on('GET', '/referrers/') },
  { name: 'get a list of referrers', job: 'refer', when: on('GET', FALLBACK_INDEX), nature: noReferrersApi },
  { name: 'send a list of referrers', job: 'refer', when: on('PUT', FALLBACK_INDEX), nature: noReferrersApi },
  { name: 'delete a manifest', job: 'delete', when: on('DELETE', MANIFEST) },
  { name: 'take a tag away', job: 'untag', when: on('DELETE', '/manifests/v1') },
];

/** What came of it. */
export interface Outcome {
  /** `ok`, or the code of the error. */
  readonly ended: string;
  readonly error: unknown;
  /** Bytes sent, of bodies. */
  readonly sent: number;
  readonly waits: readonly number[];
  /** Requests that met the fault. */
  readonly met: number;
  /** What was asked for of the large blob. */
  readonly ranges: readonly (string | undefined)[];
  /** What is in the folder of a pull. */
  readonly left: readonly string[];
  /** Whether what was asked for is so now, seen by a client that meets no fault. */
  readonly done: boolean;
}

/**
 * Does a job on a registry that goes wrong as often as `times` says, and looks at what came of it.
 *
 * @param patienceMs after which the person stops it
 */
export async function meet(
  bench: Bench,
  kind: Kind,
  fault: Fault,
  times: number,
  patienceMs?: number,
): Promise<Outcome> {
  const { registry, home } = bench;
  const folder = await mkdtemp(join(home, 'case-'));
  const { nature = (call, next) => next(call), asStranger = false } = kind;
  registry.faults.clear();
  registry.faults.add(() => true, nature);
  await setUp(bench, kind.job);
  registry.faults.clear();
  const waits: number[] = [];
  const context = client(join(folder, 'home'), waits, kind.login);
  await warmUp(kind.job, context, bench);
  let met = 0;
  if (kind.first) registry.faults.add(kind.first[0], kind.first[1], 1);
  registry.faults.add(
    (call) => {
      // Not what a stranger is asked first: his 401 says nothing else.
      const { authorization, 'x-mirror': mirrored } = call.headers;
      const asMeant = (authorization === undefined) === asStranger;
      return asMeant && mirrored === undefined && kind.when(call, bench);
    },
    (call, next) => {
      met += 1;
      return fault(call, (passed) => nature(passed, next));
    },
    times,
  );
  registry.faults.add(() => true, nature);
  registry.requests.length = 0;
  const signal = patienceMs === undefined ? undefined : stopAfter(patienceMs);
  const error = await work(kind.job, context, bench, join(folder, 'out'), signal).then(
    () => undefined,
    (reason: unknown) => reason ?? 'nothing',
  );
  context.registry(registry.host).close();
  registry.faults.clear();
  const sent = registry.requests.reduce((sum, { bytes }) => sum + bytes, 0);
  const outcome = {
    ended: error === undefined ? 'ok' : error instanceof OmlmdError ? error.code : (error as Error).message,
    error,
    sent,
    waits,
    met,
    ranges: registry.requests
      .filter(({ path }) => path === bench.modelPath)
      .map(({ headers }) => headers.range),
    left: await readdir(join(folder, 'out')).catch(() => []),
    done: await isDone(kind.job, bench, folder),
  };
  await rm(folder, { recursive: true });
  return outcome;
}

function stopAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('stopped')), ms).unref();
  return controller.signal;
}
