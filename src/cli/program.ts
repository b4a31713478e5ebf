/**
 * The command line as a program: commands with their options and help, made from a table.
 *
 * Owns: parsing, help, the version, usage errors. Does not own: which commands there are (cli/command-table), what they do (cli/commands).
 *
 * Invariants: 1. A usage error names the help of its own command, once. 2. Options that all commands have are taken before and after
 * the command's name. 3. With --json, help and version are one JSON document too.
 */
import { Command, CommanderError, type Option } from 'commander';
import type { CommonOptions } from '../app/options.ts';
import { quote } from '../base/sanitise.ts';
import { PawlError } from '../model/error.ts';
import { helpOf } from '../run/error-actions.ts';
import type { Output } from './output.ts';
import { packageVersion } from './package-version.ts';

/** What a command does with its options and its arguments; resolves with the exit code. */
export type Run<Options> = (output: Output, options: Options, args: readonly string[]) => Promise<number>;

/** One command of the table. */
export interface CommandEntry {
  /** Its name and its arguments, as in `events <run>`. */
  readonly usage: string;
  readonly description: string;
  readonly example: string;
  readonly options: readonly Option[];
  /** Flags that say nothing without another: `[flag, the one that it needs]`. */
  readonly needs?: readonly (readonly [string, string])[];
  /** What its one document holds with --json; null for a command that is not for people. */
  readonly json: string | null;
  /** Loads what it does: only the command that is asked for is loaded. */
  load(): Promise<Run<CommonOptions>>;
}

/** What the command line asks for. */
export type Invocation = (entry: CommandEntry, options: CommonOptions, args: readonly string[]) => Promise<void>;

/** Where help and version are printed. */
export type Print = (text: string) => void;

const DESCRIPTION =
  'Carries approved work packets through coding agents to a review-ready handoff. Kill it anywhere; start it again.';

const EXIT_CODES = `
Exit codes:
  0 done · 1 a bug in Pawl · 2 usage or invalid input · 3 blocked: a person is needed · 4 a run failed
  5 quarantined · 6 another process holds the registry · 7 the system refused
  130, 143 interrupted while runs could still continue`;

/**
 * Parses `argv` (without node and script) and does what it asks for. Resolves when that is done; throws PAWL_USAGE for what cannot be
 * understood, and whatever the command throws.
 */
export async function runProgram(
  table: readonly CommandEntry[],
  argv: readonly string[],
  invoke: Invocation,
  print: Print,
): Promise<void> {
  let written = '';
  // A command that stands first is the one that is meant: the others need not be made.
  const named = table.filter((entry) => nameOf(entry) === argv[0]);
  const program = createProgram(named.length > 0 ? named : table, invoke, (text) => {
    written += text;
  });
  let isVersion = false;
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0)
      throw usage(table, argv, error.code === 'commander.help' ? 'No command is named' : error.message);
    isVersion = error.code === 'commander.version';
  }
  if (written !== '') print(argv.includes('--json') ? documentOf(written.trim(), isVersion) : written);
}

function documentOf(text: string, isVersion: boolean): string {
  return `${JSON.stringify(isVersion ? { version: text } : { help: text }, null, 2)}\n`;
}

function createProgram(table: readonly CommandEntry[], invoke: Invocation, print: Print): Command {
  const quiet = { writeOut: print, writeErr: () => undefined, outputError: () => undefined };
  const program = new Command('pawl')
    .description(DESCRIPTION)
    .usage('COMMAND [options]')
    .version(packageVersion(), '-V, --version', 'prints the version')
    .option('--json', 'one JSON document on stdout and nothing else there')
    .option('--registry <dir>', 'where runs are kept (default: .pawl at the top of the repository)')
    .option('--config <file>', 'the config (default: pawl.config.json at the top of the repository)')
    .helpOption('-h, --help', 'prints this help')
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput(quiet);
  for (const entry of table) addCommand(program, entry, invoke);
  program
    .command('help')
    .argument('[command]')
    .description('prints the help of a command')
    .action((name?: string) => {
      const meant = name === undefined ? program : program.commands.find((each) => each.name() === name);
      if (meant === undefined) throw unknownCommand(table, name ?? '');
      meant.outputHelp();
    });
  return program;
}

function addCommand(program: Command, entry: CommandEntry, invoke: Invocation): void {
  const [name = '', ...args] = entry.usage.split(' ');
  const sub = program.command(name).description(entry.description);
  for (const argument of args) sub.argument(argument);
  for (const option of entry.options) sub.addOption(option);
  const json = entry.json === null ? '' : `\n\nWith --json:\n  ${entry.json}`;
  sub.addHelpText('after', `\nExample:\n  ${entry.example}${json}`).action(async (...given: unknown[]) => {
    const values = given.slice(0, args.length).flat();
    const named = values.filter((value) => value !== undefined).map(String);
    assertComplete(sub, entry);
    await invoke(entry, sub.optsWithGlobals<CommonOptions>(), named);
  });
}

/** Throws a usage error for a flag that would be ignored, because the one is missing that it belongs to. */
function assertComplete(sub: Command, { needs = [] }: CommandEntry): void {
  const isGiven = (flag: string): boolean => {
    const option = sub.options.find(({ long }) => long === flag);
    if (option === undefined) throw new Error(`bug: ${sub.name()} has no ${flag}`);
    return sub.getOptionValue(option.attributeName()) !== undefined;
  };
  const alone = needs.find(([flag, needed]) => isGiven(flag) && !isGiven(needed));
  if (alone !== undefined) sub.error(`${alone[0]} needs ${alone[1]}`);
}

function usage(table: readonly CommandEntry[], argv: readonly string[], message: string): PawlError {
  const name = argv.find((word) => table.some((entry) => nameOf(entry) === word));
  const told = message.replace(/^error: /, '').replace(/\n\((Did you mean .*)\)$/, '. $1');
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `${told.charAt(0).toUpperCase()}${told.slice(1)}`,
    subject: argv.join(' '),
    hint: '',
    actions: [helpOf(name ?? null)],
  });
}

function unknownCommand(table: readonly CommandEntry[], name: string): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `Unknown command ${quote(name)}. Commands: ${table.map(nameOf).join(', ')}.`,
    subject: 'help',
    hint: '',
    actions: [helpOf(null)],
  });
}

function nameOf({ usage: words }: CommandEntry): string {
  return words.split(' ')[0] ?? '';
}
