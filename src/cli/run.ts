import { OmlmdError, quote } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { describeError } from './describe-error.ts';
import { ExitStatus } from './exit-status.ts';
import { OptionReader } from './option-reader.ts';
import { printError, printOutcome } from './output.ts';
import { buildProgram, type Invocation } from './program.ts';
import {
  eventProgress,
  liveProgress,
  type ProgressReporter,
  plainProgress,
  silentProgress,
} from './progress-reporter.ts';
import { encodeEvent } from './protocol.ts';
import { buildHost, explicitCredential } from './remote-options.ts';
import { colored, isLive, type Terminal, write } from './terminal.ts';
import { FORMATS, type Format, type Session } from './verb.ts';
import { VERBS } from './verbs.ts';

/** Runs one command line to its end and returns the exit status. Never throws. */
export async function run(argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  let invocation: Invocation | undefined;
  try {
    invocation = await parse(argv, terminal);
  } catch (error) {
    return printError(describeError(error), error, terminal, { jsonl: asksForEvents(argv), debug: false });
  }
  return invocation === undefined ? ExitStatus.done : runVerb(invocation, terminal, signal);
}

/** Whether events were asked for, told before the options are parsed, so that a usage error is an event too. */
function asksForEvents(argv: readonly string[]): boolean {
  return argv.some(
    (word, i) => word === '--progress=jsonl' || (word === '--progress' && argv[i + 1] === 'jsonl'),
  );
}

/** What to run; undefined when help or version was printed instead. */
async function parse(argv: readonly string[], terminal: Terminal): Promise<Invocation | undefined> {
  let invocation: Invocation | undefined;
  const [first] = argv;
  const only = first !== undefined && Object.hasOwn(VERBS, first) ? first : undefined;
  const program = await buildProgram(only, (found) => {
    invocation = found;
  });
  let complaint = '';
  const io = {
    writeOut: (text: string) => void terminal.stdout.write(text),
    writeErr: (text: string) => {
      complaint += text;
    },
  };
  for (const command of [program, ...program.commands]) command.configureOutput(io).exitOverride();
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
    return invocation;
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error && error.exitCode === 0) return undefined;
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')) {
      // "help NO-SUCH-VERB" writes the whole help as its complaint.
      if (error.code === 'commander.help')
        throw new OmlmdError('usage', `help ${quote(argv.at(-1) ?? '')}: there is no such verb`);
      throw new OmlmdError('usage', usageMessage(complaint || error.message, first), { cause: error });
    }
    throw error;
  }
}

function usageMessage(complaint: string, verb: string | undefined): string {
  const known = verb !== undefined && Object.hasOwn(VERBS, verb);
  const message = complaint
    .trim()
    .replace(/^error: /, '')
    .slice(0, 1000);
  return known ? `${verb}: ${message}` : message;
}

async function runVerb(
  { verb, args, options: values }: Invocation,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const options = new OptionReader(values);
  const debug = options.flag('debug');
  const mode = verb.ownsStdout ? 'none' : options.text('progress');
  const jsonl = mode === 'jsonl';
  const progress = chooseProgress(mode, terminal);
  const warn = (code: string, message: string) => {
    progress.clear();
    if (jsonl) terminal.stdout.write(encodeEvent({ event: 'warning', code, message }));
    else terminal.stderr.write(`${colored(terminal, 'yellow', 'warning:')} ${message}\n`);
  };
  if (jsonl) terminal.stdout.write(encodeEvent({ event: 'start', verb: verb.name }));
  try {
    const log = buildLog(terminal, { jsonl, debug, warn });
    const session = await openSession(options, terminal, signal, log, progress, warn);
    const outcome = await verb.run(session, args);
    progress.clear();
    await printOutcome(outcome, session.format, jsonl, terminal);
    return outcome.status ?? ExitStatus.done;
  } catch (error) {
    progress.clear();
    const description = describeError(
      signal.aborted ? new OmlmdError('canceled', `${verb.name}: interrupted`) : error,
    );
    return printError(description, error, terminal, { jsonl, debug });
  }
}

async function openSession(
  options: OptionReader,
  terminal: Terminal,
  signal: AbortSignal,
  log: Log,
  progress: ProgressReporter,
  warn: Session['warn'],
): Promise<Session> {
  const format = FORMATS.find((known) => known === options.text('format')) ?? ('text' satisfies Format);
  const { createContext } = await import('../core/index.ts');
  const credential = await explicitCredential(options, terminal, signal);
  const host = buildHost(options, terminal, log, credential);
  const context = createContext(host);
  return {
    terminal,
    format,
    options,
    signal,
    onProgress: progress.onProgress,
    context,
    host,
    credential,
    warn,
  };
}

function chooseProgress(mode: string | undefined, terminal: Terminal): ProgressReporter {
  if (mode === 'jsonl') return eventProgress(terminal);
  if (mode === 'plain') return plainProgress(terminal);
  return mode === 'auto' && isLive(terminal) ? liveProgress(terminal) : silentProgress;
}

function buildLog(
  terminal: Terminal,
  {
    jsonl,
    debug,
    warn,
  }: { readonly jsonl: boolean; readonly debug: boolean; readonly warn: Session['warn'] },
): Log {
  const say = (level: 'debug' | 'info') => (message: string) => {
    if (!debug) return;
    if (jsonl) void write(terminal.stdout, encodeEvent({ event: 'log', level, message }));
    else terminal.stderr.write(`${level}: ${message}\n`);
  };
  return { debug: say('debug'), info: say('info'), warn: (message) => warn('log', message) };
}
