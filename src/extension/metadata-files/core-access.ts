import type { Context } from '../../core/index.ts';

/** The core, loaded on first use, with the extension's open stores and registries. */
export interface LoadedCore {
  readonly core: typeof import('../../core/index.ts');
  readonly context: Context;
}

/** Loads the core: activation stays quick because nothing calls this before a person needs it. */
export type CoreAccess = () => Promise<LoadedCore>;
