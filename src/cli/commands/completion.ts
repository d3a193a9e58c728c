import { Argument } from 'commander';
import { declareVerb } from '../declare-verb.ts';
import type { Verb, VerbTable } from '../verb.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface VerbWords {
  readonly name: string;
  readonly summary: string;
  /** Long options with their dashes. */
  readonly options: readonly string[];
}

/** Every verb with its options, read from the same declarations that parse them. */
async function readWords(table: VerbTable): Promise<readonly VerbWords[]> {
  const verbs = await Promise.all(Object.values(table).map((load) => load()));
  return verbs.map((verb) => ({
    name: verb.name,
    summary: verb.summary,
    options: declareVerb(verb).options.flatMap(({ long, hidden }) =>
      long === undefined || hidden ? [] : [long],
    ),
  }));
}

function bash(verbs: readonly VerbWords[]): string {
  const cases = verbs.map(({ name, options }) => `    ${name}) words="${options.join(' ')}" ;;`).join('\n');
  return `_omlmd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${verbs.map((verb) => verb.name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _omlmd omlmd`;
}

function zsh(verbs: readonly VerbWords[]): string {
  const quote = (text: string) => text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
  const names = verbs.map(({ name, summary }) => `    '${name}:${quote(summary)}'`).join('\n');
  const cases = verbs
    .map(({ name, options }) => `    ${name}) compadd -- ${options.join(' ')} ;;`)
    .join('\n');
  return `#compdef omlmd
_omlmd() {
  local -a verbs
  verbs=(
${names}
  )
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    return
  fi
  if [[ "\${words[CURRENT]}" != -* ]]; then
    _files
    return
  fi
  case "\${words[2]}" in
${cases}
  esac
}
compdef _omlmd omlmd`;
}

function fish(verbs: readonly VerbWords[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = verbs.flatMap(({ name, summary, options }) => [
    `complete -c omlmd -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...options.map(
      (option) => `complete -c omlmd -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`,
    ),
  ]);
  return lines.join('\n');
}

/** @param table the verbs to complete, this one included */
export function makeCompletionVerb(table: VerbTable): Verb {
  return {
    name: 'completion',
    summary: 'print a completion script for a shell',
    configure(command) {
      command.addArgument(new Argument('<shell>', 'which shell').choices(SHELLS));
    },
    async run(_session, [shell]) {
      const verbs = await readWords(table);
      const text = shell === 'bash' ? bash(verbs) : shell === 'zsh' ? zsh(verbs) : fish(verbs);
      return { data: { shell, script: text }, text };
    },
  };
}
