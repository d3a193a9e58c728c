import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';

export interface ThrottlingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Most connections that were open at once. */
  readonly peak: () => number;
  stop(): Promise<void>;
}

/** Milliseconds between two portions. */
const TICK_MS = 10;

/** Lets through at most so many bytes a second. */
class Throttle extends Transform {
  readonly #portion: number;
  #left: number;
  readonly #timer: NodeJS.Timeout;
  #waiting: (() => void) | undefined;

  constructor(bytesPerSecond: number) {
    super({ highWaterMark: 256 * 1024 });
    this.#portion = (bytesPerSecond * TICK_MS) / 1000;
    this.#left = this.#portion;
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#left = Math.min(this.#left, 0) + (this.#portion * (now - last)) / TICK_MS;
      last = now;
      const resume = this.#left > 0 ? this.#waiting : undefined;
      if (resume !== undefined) this.#waiting = undefined;
      resume?.();
    }, TICK_MS);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.byteLength;
    const pass = () => done(null, chunk);
    if (this.#left > 0) pass();
    else this.#waiting = pass;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.#timer);
    done(error);
  }
}

/** A TCP proxy in front of a registry that gives each connection its own share, as distant registries do. */
export async function startThrottlingProxy(
  upstream: string,
  bytesPerSecond: number,
): Promise<ThrottlingProxy> {
  const [address = '127.0.0.1', port] = upstream.split(':');
  const sockets = new Set<Socket>();
  let peak = 0;
  const server = createServer((client) => {
    const up = connect(Number(port), address);
    sockets.add(client).add(up);
    peak = Math.max(peak, sockets.size / 2);
    const there = new Throttle(bytesPerSecond);
    const back = new Throttle(bytesPerSecond);
    const end = () => {
      for (const stream of [client, up, there, back]) stream.destroy();
      sockets.delete(client);
      sockets.delete(up);
    };
    for (const stream of [client, up]) stream.once('close', end).on('error', end);
    client.pipe(there).pipe(up);
    up.pipe(back).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo; // listening on TCP
  return {
    host: `127.0.0.1:${own}`,
    peak: () => peak,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
