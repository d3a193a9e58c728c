import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Milliseconds from the last byte to the cut: what was passed on is to be read first, a reset throws the rest away. */
const CUT_DELAY_MS = 20;

export interface CuttingProxyOptions {
  /** Bytes of both directions after which a connection is cut. Default: never. */
  readonly cutAfter?: number | undefined;
  /** Most bytes a second of a connection, in each direction. Default: no limit. */
  readonly bytesPerSecond?: number | undefined;
}

/** A TCP proxy on loopback that counts, slows down, and cuts connections as bad ways do: by a reset. */
export interface CuttingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Bytes that went to the registry, and that came from it. */
  readonly there: () => number;
  readonly back: () => number;
  readonly cuts: () => number;
  /** Most connections that were open at once. */
  readonly peak: () => number;
  stop(): Promise<void>;
}

export async function startCuttingProxy(
  upstream: string,
  { cutAfter = Number.POSITIVE_INFINITY, bytesPerSecond }: CuttingProxyOptions = {},
): Promise<CuttingProxy> {
  const [address = '127.0.0.1', port] = upstream.split(':');
  const count = { there: 0, back: 0, cuts: 0, peak: 0 };
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const up = connect(Number(port), address);
    open.add(client);
    count.peak = Math.max(count.peak, open.size);
    let left = cutAfter;
    const end = () => {
      open.delete(client);
      client.destroy();
      up.destroy();
    };
    const pass = (from: Socket, to: Socket, direction: 'there' | 'back') =>
      from.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, left);
        left -= part.byteLength;
        count[direction] += part.byteLength;
        if (!to.destroyed) to.write(part);
        if (left === 0) {
          count.cuts += 1;
          setTimeout(() => [client, up].forEach((socket) => void socket.resetAndDestroy()), CUT_DELAY_MS);
          left = Number.NEGATIVE_INFINITY;
        } else if (left < 0) from.pause();
        else hold(from, to, part.byteLength, bytesPerSecond);
      });
    pass(client, up, 'there');
    pass(up, client, 'back');
    for (const socket of [client, up]) socket.on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo; // listening on TCP
  return {
    host: `127.0.0.1:${own}`,
    there: () => count.there,
    back: () => count.back,
    cuts: () => count.cuts,
    peak: () => count.peak,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Reads on when the other side has taken what it got, and when so many bytes may have passed. */
function hold(from: Socket, to: Socket, bytes: number, bytesPerSecond: number | undefined): void {
  const ms = bytesPerSecond === undefined ? 0 : (bytes * 1000) / bytesPerSecond;
  if (ms === 0 && !to.writableNeedDrain) return;
  from.pause();
  const resume = () => setTimeout(() => from.resume(), ms);
  if (to.writableNeedDrain) to.once('drain', resume);
  else resume();
}
