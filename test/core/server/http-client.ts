import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** The first error code of a registry's error body. */
  readonly code: string | undefined;
}

export interface Question {
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

/** One request exactly as it is given, on a connection of its own; no redirects. A body has a length unless it is chunked. */
export function ask(
  host: string,
  method: string,
  path: string,
  { headers = {}, body }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const [, hostname = '', port = ''] = /^\[?(.+?)\]?:([0-9]+)$/.exec(host) ?? [];
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const hasLength = bytes !== undefined && headers['transfer-encoding'] === undefined;
    const length = hasLength ? { 'content-length': bytes.byteLength } : {};
    // Kept alive until the answer is here: a server that refuses early closes the others while they still send.
    const agent = new http.Agent({ keepAlive: true });
    const request = http.request({
      hostname,
      port,
      method,
      path,
      headers: { ...length, ...headers },
      agent,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        agent.destroy();
        const whole = Buffer.concat(chunks);
        const code = errorCode(whole);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, code });
      });
    });
    request.end(bytes);
  });
}

export function jsonOf({ body }: Answer) {
  return JSON.parse(body.toString('utf8'));
}

function errorCode(body: Buffer): string | undefined {
  try {
    return JSON.parse(body.toString('utf8')).errors?.[0]?.code;
  } catch {
    return undefined; // a blob, or nothing
  }
}
