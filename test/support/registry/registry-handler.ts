/** One request to a registry, apart from any server. */
export interface RegistryCall {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface RegistryReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A registry is a function; logins and faults are functions around it. */
export type RegistryHandler = (call: RegistryCall) => Promise<RegistryReply>;

/** Thrown by a handler that wants the connection gone: `reset` with RST, `close` as if all had been said. */
export class ConnectionEnd extends Error {
  readonly how: 'reset' | 'close';

  constructor(how: 'reset' | 'close') {
    super(`connection ${how}`);
    this.how = how;
  }
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): RegistryReply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}

/** distribution-spec §Error Codes. */
export function failed(status: number, code: string, message = code.toLowerCase()): RegistryReply {
  return json(status, { errors: [{ code, message }] });
}

export async function readCall(call: RegistryCall): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of call.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
