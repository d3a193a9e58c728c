import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Terminal } from './terminal.ts';

/** Asks on stderr; the answer is a line of standard input. */
export async function ask(terminal: Terminal, question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: terminal.stdin, output: terminal.stderr });
  try {
    return await lines.question(question, { signal });
  } finally {
    lines.close();
  }
}

/** Yes or no; anything but a clear yes is no. */
export async function confirm(terminal: Terminal, question: string, signal: AbortSignal): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(terminal, `${question} [y/N] `, signal)).trim());
}

/** Asks for a secret without showing it. */
export async function askSecret(terminal: Terminal, question: string, signal: AbortSignal): Promise<string> {
  terminal.stderr.write(question);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: terminal.stdin, output: hidden, terminal: true });
  try {
    return await lines.question('', { signal });
  } finally {
    lines.close();
    terminal.stderr.write('\n');
  }
}
