import type { Page } from 'playwright-core';
import type { Workbench } from './workbench.ts';

/** What a step has to work with. */
export interface Stage {
  readonly page: Page;
  readonly workbench: Workbench;
  /** The folder that is open in VS Code. */
  readonly workspace: string;
  /** `OMLMD_HOME` of the extension host. */
  readonly home: string;
  /** Writes a screenshot besides the one that follows every step. */
  snap(name: string): Promise<void>;
}

/** One thing a person does, with what they then see. A failed step does not stop those after it. */
export interface Step {
  readonly name: string;
  run(stage: Stage): Promise<void>;
}

/** Steps that build on one another in one VS Code window. A file `<name>.steps.ts` exports one as `suite`. */
export interface Suite {
  readonly name: string;
  /** VS Code settings of this window, the theme for one. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** False: the folder opens in restricted mode. */
  readonly trusted?: boolean;
  /** Starts what the steps talk to; what it returns stops it. */
  readonly before?: () => Promise<() => Promise<void>>;
  readonly steps: readonly Step[];
}
