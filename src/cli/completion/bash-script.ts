/**
 * The completion script for bash.
 *
 * Owns: its text. Does not own: what can stand where (cli/completion/completed-words).
 *
 * Invariants: 1. It runs under bash 3.2, which macOS has, and needs no other package. 2. Nothing that was typed is evaluated.
 */
import { shellWord } from '../../base/shell-words.ts';
import type { CompletedCommand, CompletedProgram, Source } from './completed-words.ts';

/** What is the same whatever can be completed. */
const REST = `_pawl_runs() {
  if [ -n "$registry" ]; then "$1" completion "--runs=$current" --registry "$registry" 2>/dev/null
  else "$1" completion "--runs=$current" 2>/dev/null; fi
}

_pawl_reply() {
  local line
  case "$source" in
    files) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current") ;;
    folders) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
    runs) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(_pawl_runs "$1") ;;
    words) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$words" -- "$current") ;;
  esac
}

_pawl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command= option= registry= source= words= word place=0 i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    # bash cuts --option=value into three words.
    if [ "$word" = = ]; then continue; fi
    if [ -n "$option" ]; then
      if [ "$option" = --registry ]; then registry="\${word/#\\~\\//$HOME/}"; fi
      option=
    elif [ "\${word:0:1}" = - ]; then
      _pawl_value "$command" "$word"
      if [ -n "$source" ]; then option="$word"; fi
    elif [ -z "$command" ]; then command="$word"
    else place=$((place + 1)); fi
  done
  if [ "$current" = = ]; then current=; fi
  if [ -n "$option" ]; then _pawl_value "$command" "$option"
  elif [ "\${current:0:1}" = - ]; then source=words; _pawl_options "$command"
  elif [ -z "$command" ]; then source=words words=$_pawl_commands
  else _pawl_place "$command" "$place"; fi
  _pawl_reply "$1"
}

complete -F _pawl pawl
`;

/** The script. */
export function bashScript(program: CompletedProgram): string {
  const { commands, options } = program;
  const values = [
    ...options.flatMap(({ names, value }) =>
      value === null ? [] : names.map((name) => valueCase(`*' ${name}'`, value)),
    ),
    ...commands.flatMap((command) =>
      command.options.flatMap(({ names, value }) =>
        value === null ? [] : names.map((name) => valueCase(`'${command.name} ${name}'`, value)),
      ),
    ),
  ];
  const common = options.flatMap(({ names }) => names);
  return `# bash completion of pawl. To use it: eval "$(pawl completion bash)"
# What a place takes, in \`source\`: files, folders, runs, none or words; empty for an option without a value.
_pawl_value() {
  source= words=
  case "$1 $2" in
${values.join('\n')}
  esac
}

_pawl_place() {
  source=none words=
  case "$1 $2" in
${commands.flatMap(placeCases).join('\n')}
  esac
}

_pawl_options() {
  words=${shellWord(common.join(' '))}
  case "$1" in
${commands
  .map(optionsCase)
  .filter((line) => line !== '')
  .join('\n')}
  esac
}

_pawl_commands=${shellWord(commands.map(({ name }) => name).join(' '))}

${REST}`;
}

function valueCase(pattern: string, source: Source): string {
  return `    ${pattern}) ${assignments(source)} ;;`;
}

function placeCases({ name, places, isVariadic }: CompletedCommand): readonly string[] {
  return places.flatMap((source, at) => {
    const isOpen = isVariadic && at === places.length - 1;
    return source.kind === 'none' ? [] : [valueCase(isOpen ? `'${name} '*` : `'${name} ${at}'`, source)];
  });
}

function optionsCase({ name, options }: CompletedCommand): string {
  const names = options.flatMap((option) => option.names);
  return names.length === 0 ? '' : `    ${name}) words="$words ${names.join(' ')}" ;;`;
}

function assignments(source: Source): string {
  return source.kind === 'words' ? `source=words words=${shellWord(source.words.join(' '))}` : `source=${source.kind}`;
}
