/**
 * The completion script for fish.
 *
 * Owns: its text. Does not own: what can stand where (cli/completion/completed-words).
 */
import type { CompletedCommand, CompletedOption, CompletedProgram, Source } from './completed-words.ts';

/** The script. */
export function fishScript({ commands, options }: CompletedProgram): string {
  const valued = [...options, ...commands.flatMap((command) => command.options)]
    .filter(({ value }) => value !== null)
    .flatMap(({ names }) => names);
  return `# fish completion of pawl. To use it: pawl completion fish | source
# The command before the cursor, and how many of its places are filled.
function __pawl_place
  set -l tokens (commandline -opc)
  set -l command
  set -l filled 0
  set -l is_value 0
  for token in $tokens[2..-1]
    if test $is_value = 1
      set is_value 0
    else if contains -- $token ${[...new Set(valued)].join(' ')}
      set is_value 1
    else if not string match -q -- '-*' $token
      if test -z "$command"
        set command $token
      else
        set filled (math $filled + 1)
      end
    end
  end
  echo $command
  echo $filled
end

# True in the command; with a number, where so many of its places are filled.
function __pawl_in
  set -l place (__pawl_place)
  test "$place[1]" = "$argv[1]"; and test -z "$argv[2]" -o "$place[2]" = "$argv[2]"
end

function __pawl_runs
  set -l tokens (commandline -opc)
  set -l registry
  if set -l at (contains -i -- --registry $tokens)
    set registry --registry $tokens[(math $at + 1)]
  end
  $tokens[1] completion --runs=(commandline -ct) $registry 2>/dev/null
end

complete -c pawl -e
complete -c pawl -f
${options.map((option) => optionLine('', option)).join('\n')}
${commands.map(({ name, description }) => `complete -c pawl -n '__pawl_in ""' -a ${name} -d ${quoted(description)}`).join('\n')}
${commands.flatMap(commandLines).join('\n')}
`;
}

function commandLines(command: CompletedCommand): readonly string[] {
  const { name, options, places, isVariadic } = command;
  return [
    ...options.map((option) => optionLine(` -n '__pawl_in ${name}'`, option)),
    ...places.flatMap((source, at) => {
      const isOpen = isVariadic && at === places.length - 1;
      const condition = isOpen ? `__pawl_in ${name}` : `__pawl_in ${name} ${at}`;
      return source.kind === 'none' ? [] : [`complete -c pawl -n '${condition}'${argument(source)}`];
    }),
  ];
}

function optionLine(condition: string, { names, description, value }: CompletedOption): string {
  const told = names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join('');
  const takes = value === null ? '' : value.kind === 'none' ? ' -x' : ` -r${argument(value)}`;
  return `complete -c pawl${condition}${told}${takes} -d ${quoted(description)}`;
}

function argument(source: Source): string {
  switch (source.kind) {
    case 'files':
      return ' -F';
    case 'folders':
      return " -f -a '(__fish_complete_directories)'";
    case 'runs':
      return " -f -a '(__pawl_runs)'";
    case 'words':
      return ` -f -a '${source.words.join(' ')}'`;
    case 'none':
      return ' -f';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
