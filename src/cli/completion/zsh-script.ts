/**
 * The completion script for zsh.
 *
 * Owns: its text. Does not own: what can stand where (cli/completion/completed-words).
 *
 * Invariant: the same text works as a file named `_pawl` in `fpath` and when it is sourced.
 */
import type { CompletedCommand, CompletedOption, CompletedProgram, Source } from './completed-words.ts';

/** The script. */
export function zshScript({ commands, options }: CompletedProgram): string {
  const described = commands.map(({ name, description }) => quoted(`${name}:${description}`));
  return `#compdef pawl
# zsh completion of pawl. To use it: eval "$(pawl completion zsh)", after compinit
_pawl_runs() {
  local -a runs place
  if [[ -n $opt_args[--registry] ]]; then place=(--registry \${~opt_args[--registry]}); fi
  runs=(\${(f)"$($_pawl_program completion --runs=$PREFIX $place 2>/dev/null)"})
  compadd -a runs
}

_pawl() {
  local _pawl_program=$words[1] curcontext=$curcontext state line
  local -A opt_args
  local -a common commands
  common=(
${options.flatMap(optionSpecs).map(indented).join('\n')}
  )
  commands=(
${described.map(indented).join('\n')}
  )
  _arguments -C $common '1: :->command' '*:: :->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _pawl ]]; then _pawl "$@"; else compdef _pawl pawl; fi
`;
}

function commandCase({ name, options, places, isVariadic }: CompletedCommand): string {
  const specs = [
    ...options.flatMap(optionSpecs),
    ...places.map((source, at) => {
      const place = isVariadic && at === places.length - 1 ? '*' : String(at + 1);
      return quoted(`${place}: :${action(source)}`);
    }),
  ];
  return `        ${name}) _arguments $common ${specs.join(' ')} ;;`;
}

/** One for each name: zsh takes no two of them once one is there. */
function optionSpecs({ names, description, value, isRepeatable }: CompletedOption): readonly string[] {
  const others = isRepeatable || names.length < 2 ? '' : `(${names.join(' ')})`;
  const told = `[${description.replace(/[[\]\\]/g, '\\$&')}]`;
  const takes = value === null ? '' : `: :${action(value)}`;
  return names.map((name) => {
    const isLong = name.startsWith('--');
    return quoted(`${isRepeatable ? '*' : others}${name}${value !== null && isLong ? '=' : ''}${told}${takes}`);
  });
}

function action(source: Source): string {
  switch (source.kind) {
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'runs':
      return '_pawl_runs';
    case 'words':
      return `(${source.words.join(' ')})`;
    case 'none':
      return ' ';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function indented(line: string): string {
  return `    ${line}`;
}
