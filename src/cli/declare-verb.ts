import { Command, Option } from 'commander';
import { PROGRESS_MODES } from './progress-reporter.ts';
import { addRemoteOptions } from './remote-options.ts';
import type { Verb } from './verb.ts';

/** A verb's arguments and options: its own, those of every verb, and those of the verbs that talk to registries. */
export function declareVerb(verb: Verb): Command {
  const command = new Command(verb.name).description(verb.summary).allowExcessArguments(false);
  verb.configure(command);
  const formats = ['text', 'json', ...(verb.formats ?? [])];
  command
    .addOption(new Option('--format <format>', 'format of the result').choices(formats).default('text'))
    .addOption(
      new Option('--progress <mode>', 'how progress is shown').choices(PROGRESS_MODES).default('auto'),
    )
    .option('-d, --debug', 'say what is done, and show where an error came from');
  if (verb.remote) addRemoteOptions(command);
  return command;
}
