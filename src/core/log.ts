/** The one logger. Hosts show it: the CLI on stderr with `--debug`, the extension in its output channel. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {} };
