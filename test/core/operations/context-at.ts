import { silentLog } from '../../../src/core/log.ts';
import { type Context, createContext } from '../../../src/core/operations/context.ts';

/** What a process of its own would have: its data folder, and no login. */
export function contextAt(home: string): Context {
  return createContext({
    home,
    credentials: { get: async () => undefined },
    log: silentLog,
    registryOptions: () => ({}),
  });
}
