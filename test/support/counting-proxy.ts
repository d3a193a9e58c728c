import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that went through, and how many bytes of a body came back. */
export interface CountedRequest {
  readonly method: string;
  readonly path: string;
  bytes: number;
}

/** An HTTP proxy on loopback in front of a registry that notes what is read through it. */
export interface CountingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Since the last {@link clear}, in order. */
  readonly requests: readonly CountedRequest[];
  clear(): void;
  stop(): Promise<void>;
}

export async function startCountingProxy(upstream: string): Promise<CountingProxy> {
  const requests: CountedRequest[] = [];
  const pass = (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const counted = { method, path: url, bytes: 0 };
    requests.push(counted);
    const onward = request(`http://${upstream}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('data', (chunk: Buffer) => {
        counted.bytes += chunk.byteLength;
      });
      answer.pipe(response);
    });
    onward.once('error', () => response.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(pass);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // listening on TCP
  return {
    host: `127.0.0.1:${port}`,
    requests,
    clear: () => {
      requests.length = 0;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
