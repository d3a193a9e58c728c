import type { Command } from 'commander';
import type { Context, Credential, Host, OnProgress } from '../core/index.ts';
import type { OptionReader } from './option-reader.ts';
import type { Terminal } from './terminal.ts';

export const FORMATS = ['text', 'json', 'yaml', 'table', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** What a verb may use while it runs. */
export interface Session {
  readonly terminal: Terminal;
  readonly format: Format;
  readonly options: OptionReader;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly context: Context;
  readonly host: Host;
  /** The login that options named; read from standard input once. */
  readonly credential: Credential | undefined;
  /** Shown on stderr, or as a `warning` event. */
  warn(code: string, message: string): void;
}

/** What a verb ends with; `main` prints it in the format that was asked for. */
export interface Outcome {
  /** The JSON document; may hold the core's exact numbers and maps. */
  readonly data: unknown;
  /** For people; ends without a newline. Foreign text in it is escaped. */
  readonly text: string;
  /** Bytes for stdout in place of both, as they are stored. */
  readonly raw?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Exit status; 0 unless said. */
  readonly status?: number;
}

/** One verb of the command line: one file under `commands/`, one line in `verbs.ts`. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Takes the remote options, as it talks to registries. */
  readonly remote?: boolean;
  /** Formats besides `text` and `json`. */
  readonly formats?: readonly Format[];
  /** Its stdout is no place for events: `--progress` is taken and changes nothing. */
  readonly ownsStdout?: boolean;
  /** Declares arguments and options. */
  configure(command: Command): void;
  run(session: Session, args: readonly (string | readonly string[] | undefined)[]): Promise<Outcome>;
}

/** Verbs by name, each loaded when it is asked for. */
export type VerbTable = Readonly<Record<string, () => Promise<Verb>>>;
