import { formatPythonJson, formatPythonYaml, fromPlain, parseJson } from '../core/index.ts';
import type { ErrorDescription } from './describe-error.ts';
import { encodeEvent } from './protocol.ts';
import { colored, type Terminal, write } from './terminal.ts';
import type { Format, Outcome } from './verb.ts';

/** Largest raw result that becomes the `data` of a result event; more is not for a line of JSON. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** Writes a verb's result to stdout, in the one form that was asked for. */
export async function printOutcome(
  outcome: Outcome,
  format: Format,
  jsonl: boolean,
  terminal: Terminal,
): Promise<void> {
  if (jsonl) return write(terminal.stdout, encodeEvent({ event: 'result', data: await eventData(outcome) }));
  const { raw } = outcome;
  if (raw instanceof Uint8Array) return write(terminal.stdout, raw);
  if (raw !== undefined) {
    for await (const chunk of raw) await write(terminal.stdout, chunk);
    return;
  }
  const text = render(outcome, format);
  if (text !== '') await write(terminal.stdout, text.endsWith('\n') ? text : `${text}\n`);
}

function render({ data, text }: Outcome, format: Format): string {
  if (format === 'json') return formatPythonJson(fromPlain(data), 4);
  if (format === 'yaml') return formatPythonYaml(fromPlain(data));
  return text;
}

/** The document of a result event: `data`, or what the raw bytes say when they are JSON. */
async function eventData({ data, raw }: Outcome): Promise<unknown> {
  if (raw === undefined) return data;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of raw instanceof Uint8Array ? [raw] : raw) {
    size += chunk.byteLength;
    if (size > MAX_EVENT_BYTES) return null;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return parseJson(text, { duplicateKeys: 'last' });
  } catch {
    return text;
  }
}

/** Tells of an error, on stderr or as the last event, and returns the exit status. */
export async function printError(
  { code, message, hint, retryable, status }: ErrorDescription,
  error: unknown,
  terminal: Terminal,
  { jsonl, debug }: { readonly jsonl: boolean; readonly debug: boolean },
): Promise<number> {
  if (jsonl) await write(terminal.stdout, encodeEvent({ event: 'error', code, message, hint, retryable }));
  else
    await write(
      terminal.stderr,
      `${colored(terminal, 'red', 'error:')} ${message}\n${hint === null ? '' : `${colored(terminal, 'cyan', 'hint:')} ${hint}\n`}`,
    );
  if (debug) await write(terminal.stderr, `${causes(error)}\n`);
  return status;
}

/** Where an error came from, for `--debug` only. */
function causes(error: unknown): string {
  const lines: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    lines.push(at.stack ?? String(at));
  }
  return lines.join('\ncaused by: ');
}
