/** The words of requests and answers, as the registry itself has them, and how a fault ends a connection. */
import {
  errorReply,
  type RegistryErrorCode,
  type RegistryReply,
} from '../../../src/core/server/registry-call.ts';

export {
  jsonReply as json,
  type RegistryCall,
  type RegistryHandler,
  type RegistryReply,
  readCall,
} from '../../../src/core/server/registry-call.ts';

/** Thrown by a handler that wants the connection gone: `reset` with RST, `close` as if all had been said. */
export class ConnectionEnd extends Error {
  readonly how: 'reset' | 'close';

  constructor(how: 'reset' | 'close') {
    super(`connection ${how}`);
    this.how = how;
  }
}

/** An answer with any code: tests make up registries that have their own. */
export function failed(status: number, code: string, message = code.toLowerCase()): RegistryReply {
  return errorReply(status, code as RegistryErrorCode, message);
}
