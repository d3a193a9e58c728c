import { Command } from 'commander';
import { VERSION } from '../core/version.ts';
import { declareVerb } from './declare-verb.ts';
import type { Verb } from './verb.ts';
import { VERBS } from './verbs.ts';

/** What was asked for on the command line. */
export interface Invocation {
  readonly verb: Verb;
  readonly args: readonly (string | readonly string[] | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
}

function addVerb(program: Command, verb: Verb, onInvoke: (invocation: Invocation) => void): void {
  const command = declareVerb(verb);
  program.addCommand(command);
  command.action((...values: unknown[]) => {
    const args = values
      .slice(0, -2)
      .map((value) =>
        Array.isArray(value) ? value.map(String) : value === undefined ? undefined : String(value),
      );
    onInvoke({ verb, args, options: command.opts() });
  });
}

/** The whole command line, or only the verb that is about to run. Throws commander's errors instead of leaving. */
export async function buildProgram(
  only?: string,
  onInvoke: (invocation: Invocation) => void = () => {},
): Promise<Command> {
  const program = new Command('omlmd')
    .description(
      'ML models and their metadata as OCI artifacts: push, pull, inspect and compare them in any registry.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .exitOverride()
    .helpCommand('help [verb]', 'show what a verb does and takes')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', HELP_END);
  for (const [name, load] of Object.entries(VERBS)) {
    if (only === undefined || only === name) addVerb(program, await load(), onInvoke);
  }
  return program;
}

const HELP_END = `
A reference is HOST[:PORT]/REPOSITORY[:TAG][@DIGEST], local/NAME[:TAG] for the store on this machine,
or oci-layout:FOLDER[:TAG] for any OCI image layout.

  omlmd push local/iris:v1 iris.onnx        without a registry or a login
  omlmd inspect local/iris:v1
  omlmd cp local/iris:v1 ghcr.io/you/iris   when it is ready for others`;
