import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

/** Everything of the process that the command line touches, so that a test can run it in its own. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Whether a person sits there: only then may anything be asked. */
export function canPrompt(terminal: Terminal): boolean {
  return terminal.stdin.isTTY === true && terminal.stderr.isTTY === true && !terminal.env.CI;
}

/** Whether stderr may be redrawn in place. */
export function isLive(terminal: Terminal): boolean {
  return terminal.stderr.isTTY === true && !terminal.env.CI && terminal.env.TERM !== 'dumb';
}

/** A word in colour for a person's terminal, and plain for everything else. */
export function colored(terminal: Terminal, color: 'red' | 'yellow' | 'cyan', word: string): string {
  const plain =
    terminal.env.NO_COLOR || terminal.env.CI || terminal.env.TERM === 'dumb' || !terminal.stderr.isTTY;
  return plain ? word : styleText(color, word, { validateStream: false });
}

/** Writes and waits until the chunk is taken, so that a slow pipe does not fill memory. */
export function write(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}
