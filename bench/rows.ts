import { mkdirSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onPath } from '../test/interop/support/on-path.ts';
import { startThrottlingProxy } from '../test/support/throttling-proxy.ts';
import { type Measurement, median } from './measure.ts';
import { GIB, MIB, type Place } from './place.ts';

/** One promise, and what was measured of it. */
export interface Row {
  readonly what: string;
  readonly ours: Measurement;
  /** By program. */
  readonly peers: Readonly<Record<string, Measurement>>;
  /** The promise, in words. */
  readonly promise: string;
  /** Undefined where there is no peer to compare with. */
  readonly reached: boolean | undefined;
}

export interface Bench {
  readonly place: Place;
  /** `HOST:PORT` of a registry with plain HTTP. */
  readonly host: string;
  readonly runs: number;
}

const ORAS = onPath('oras');
const REGCTL = onPath('regctl');

/** Measures ours and the peers' in turn, so that a drift of the machine meets all alike. */
async function interleave(
  runs: number,
  ways: Readonly<Record<string, (run: number) => Promise<Measurement>>>,
): Promise<Record<string, Measurement>> {
  const times: Record<string, Measurement[]> = {};
  for (let run = 0; run < runs; run += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const list = times[name] ?? [];
      list.push(await way(run));
      times[name] = list;
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
}

function row(
  what: string,
  results: Record<string, Measurement>,
  promise: string,
  reached: (ours: Measurement, oras?: Measurement) => boolean | undefined,
): Row {
  const { ours = { milliseconds: Number.NaN, megabytes: 0 }, ...peers } = results;
  return { what, ours, peers, promise, reached: reached(ours, peers.oras) };
}

/** At most so many times as long as oras. */
const ratio = (most: number) => (ours: Measurement, oras?: Measurement) =>
  oras === undefined ? undefined : ours.milliseconds <= oras.milliseconds * most;

/** Memory that a run on 1 GiB touches: the registry's copy, or the file that is pulled, and what the programs take. */
const WARM_BYTES = 2.5 * GIB;

export async function startRows({ place, runs }: Bench): Promise<Row[]> {
  await place.omlmd('version');
  const version = await interleave(runs * 2, { ours: () => place.omlmd('version') });
  const header = Buffer.from(
    JSON.stringify({ weight: { dtype: 'F32', shape: [GIB / 2], data_offsets: [0, 2 * GIB] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.byteLength));
  const model = place.sparse('large.safetensors', 2 * GIB, Buffer.concat([length, header]));
  const inspect = await interleave(runs, { ours: () => place.omlmd('inspect', model) });
  return [
    row('start (omlmd version)', version, '≤ 90 ms', (ours) => ours.milliseconds <= 90),
    row('inspect of 2 GiB safetensors', inspect, '≤ 250 ms', (ours) => ours.milliseconds <= 250),
  ];
}

/** How each program pushes files of a folder to a repository and pulls it; regctl has no way to say "plain HTTP" but this. */
function peersOf(place: Place, host: string) {
  const regctl = (...args: string[]) => ['artifact', ...args, '--host', `reg=${host},tls=disabled`];
  return {
    push: (who: 'oras' | 'regctl', repository: string, names: readonly string[], folder: string) =>
      who === 'oras'
        ? place.peer('oras', ['push', '--plain-http', repository, ...names], folder)
        : place.peer(
            'regctl',
            [
              ...regctl('put', '--artifact-type', 'application/vnd.unknown.artifact.v1'),
              ...names.flatMap((name) => ['-f', name, '-m', 'application/octet-stream']),
              repository,
            ],
            folder,
          ),
    pull: (who: 'oras' | 'regctl', repository: string, out: string) =>
      who === 'oras'
        ? place.peer('oras', ['pull', '--plain-http', '-o', out, repository])
        : place.peer('regctl', [...regctl('get'), '-o', out, repository]),
  };
}

/** Ours and the peers that are installed, each by the same recipe. */
function contest(
  ours: (run: number) => Promise<Measurement>,
  theirs: (who: 'oras' | 'regctl', run: number) => Promise<Measurement>,
): Record<string, (run: number) => Promise<Measurement>> {
  return {
    ours,
    ...(ORAS ? { oras: (run: number) => theirs('oras', run) } : {}),
    ...(REGCTL ? { regctl: (run: number) => theirs('regctl', run) } : {}),
  };
}

export async function largeFileRows({ place, host, runs }: Bench): Promise<Row[]> {
  const file = place.random('model.bin', GIB);
  const peers = peersOf(place, host);
  const fresh = (run: number, who: string) => {
    place.change(file);
    place.warmMemory(WARM_BYTES);
    return `${host}/${who}${run}:v1`;
  };
  const out = () => {
    const folder = place.emptyFolder('out');
    place.warmMemory(WARM_BYTES);
    return folder;
  };
  const push = await interleave(
    runs,
    contest(
      (run) => place.omlmd('push', fresh(run, 'ours'), file, '--plain-http', '--empty-metadata'),
      (who, run) => peers.push(who, fresh(run, who), ['model.bin'], place.folder),
    ),
  );
  const pull = await interleave(
    runs,
    contest(
      () => place.omlmd('pull', `${host}/ours0:v1`, '-o', out(), '--plain-http'),
      (who) => peers.pull(who, `${host}/ours0:v1`, out()),
    ),
  );
  place.emptyFolder('out');
  await place.omlmd('push', `${host}/again:v1`, file, '--plain-http', '--empty-metadata');
  const again = await interleave(runs, {
    ours: () => place.omlmd('push', `${host}/again:v1`, file, '--plain-http', '--empty-metadata'),
  });
  const flat = (results: Record<string, Measurement>, what: string) =>
    row(what, results, '< 160 MB', (ours) => ours.megabytes < 160);
  return [
    row('push of a new 1 GiB file', push, '≤ 0.90 × oras', ratio(0.9)),
    row('pull of 1 GiB', pull, '≤ 1.0 × oras', ratio(1)),
    row('push again, nothing changed', again, '≤ 0.3 s', (ours) => ours.milliseconds <= 300),
    flat({ ours: push.ours ?? again.ours } as Record<string, Measurement>, 'memory of that push'),
    flat({ ours: pull.ours ?? again.ours } as Record<string, Measurement>, 'memory of that pull'),
  ];
}

export async function manyFilesRows({ place, host, runs }: Bench): Promise<Row[]> {
  const folder = place.emptyFolder('many');
  const peers = peersOf(place, host);
  const names = [...Array(200).keys()].map((i) => `part-${String(i).padStart(3, '0')}.bin`);
  const make = () => {
    for (const name of names) place.random(`many/${name}`, 64 * 1024);
    place.random('many/weights.bin', 64 * MIB);
    place.warmMemory(GIB / 4);
  };
  const out = () => {
    const path = place.emptyFolder('out');
    place.warmMemory(GIB / 4);
    return path;
  };
  const push = await interleave(
    runs,
    contest(
      (run) => {
        make();
        return place.omlmd('push', `${host}/many-ours${run}:v1`, folder, '--plain-http', '--empty-metadata');
      },
      (who, run) => {
        make();
        return peers.push(who, `${host}/many-${who}${run}:v1`, [...names, 'weights.bin'], folder);
      },
    ),
  );
  const pull = await interleave(
    runs,
    contest(
      () => place.omlmd('pull', `${host}/many-ours0:v1`, '-o', out(), '--plain-http'),
      (who) => peers.pull(who, `${host}/many-ours0:v1`, out()),
    ),
  );
  return [
    row('push of 200 × 64 KiB + 64 MiB', push, '≤ 1.0 × oras', ratio(1)),
    row('pull of 200 × 64 KiB + 64 MiB', pull, '≤ 1.0 × oras', ratio(1)),
  ];
}

/** Bytes a second that a distant registry gives each connection. */
const SLOW = 20_000_000;

export async function slowRegistryRow({ place, host, runs }: Bench): Promise<Row[]> {
  const file = place.random('slow.bin', 256 * MIB);
  await place.omlmd('push', `${host}/slow:v1`, file, '--plain-http', '--empty-metadata');
  const proxy = await startThrottlingProxy(host, SLOW);
  try {
    const peers = peersOf(place, proxy.host);
    const pull = await interleave(
      Math.min(runs, 3),
      contest(
        () => place.omlmd('pull', `${proxy.host}/slow:v1`, '-o', place.emptyFolder('out'), '--plain-http'),
        (who) => peers.pull(who, `${proxy.host}/slow:v1`, place.emptyFolder('out')),
      ),
    );
    return [row('pull of 256 MiB at 20 MB/s each', pull, '≥ 3 × faster', ratio(1 / 3))];
  } finally {
    await proxy.stop();
  }
}

/** Milliseconds that each request of the far registry takes. */
const LATENCY_MS = 50;
const TAGS = 200;

export async function manyTagsRow({ place, host, runs }: Bench): Promise<Row[]> {
  const file = place.random('tiny.bin', 1000);
  const tags = [...Array(TAGS).keys()].map((i) => `v${i}`);
  // Every tag has a manifest of its own, as versions do.
  for (const [i, tag] of tags.entries()) {
    await place.omlmd('push', `${host}/tags:${tag}`, file, '--plain-http', '--set', `round=${i}`);
  }
  const far = await startLatencyProxy(host);
  try {
    const ls = await interleave(runs, {
      ours: () => place.omlmd('ls', `${far.host}/tags`, '--long', '--plain-http'),
    });
    return [
      row(
        `ls --long of ${TAGS} tags at ${LATENCY_MS} ms`,
        ls,
        '≤ 1.5 s',
        (ours) => ours.milliseconds <= 1500,
      ),
    ];
  } finally {
    far.stop();
  }
}

/** An HTTP proxy in front of a registry that answers each request so much later. */
async function startLatencyProxy(host: string): Promise<{ host: string; stop(): void }> {
  const server = createServer((incoming, outgoing) => {
    setTimeout(() => {
      const [hostname, port] = host.split(':');
      const { method, url: path, headers } = incoming;
      const forward = request({ hostname, port, method, path, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      incoming.pipe(forward);
    }, LATENCY_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  return {
    host: `127.0.0.1:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** 10 GiB that take no space here: memory must not grow with the model. */
export async function hugeFileRows({ place, host }: Bench): Promise<Row[]> {
  const file = place.sparse('huge.bin', 10 * GIB);
  mkdirSync(place.path('out'), { recursive: true });
  const push = await place.omlmd('push', `${host}/huge:v1`, file, '--plain-http', '--empty-metadata');
  const pull = await place.omlmd('pull', `${host}/huge:v1`, '-o', place.emptyFolder('out'), '--plain-http');
  place.emptyFolder('out');
  const flat = (what: string, ours: Measurement) =>
    row(what, { ours }, '< 160 MB', ({ megabytes }) => megabytes < 160);
  return [flat('push of 10 GiB', push), flat('pull of 10 GiB', pull)];
}
