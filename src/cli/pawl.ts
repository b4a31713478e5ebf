/**
 * What the command line asks for, done and shown, with its exit code.
 *
 * Owns: the process around a command: its output, its exit code, closed pipes, a wait that is lost. Does not own: the commands
 * (cli/command-table), parsing (cli/program): what they need is loaded where there is something to parse.
 */
import { type CommonOptions, namedOptions } from '../app/options.ts';
import { EXIT } from '../model/error-codes.ts';
import { whileWaking } from './lost-wait.ts';
import { Output } from './output.ts';
import type { CommandEntry } from './program.ts';

/** Where every run stands is asked most often, and by programs: these words are understood without the parser. Null for all others. */
function plainStatus([word, ...more]: readonly string[]): CommonOptions | null {
  if (word !== 'status' || more.length > 1) return null;
  if (more.length === 0) return {};
  return more[0] === '--json' ? { json: true } : null;
}

const STATUS: Pick<CommandEntry, 'load'> = { load: async () => (await import('./commands/status.ts')).status };

/** Does the command that this process was started for, and sets the exit code. */
export function pawl(): void {
  const argv = process.argv.slice(2);
  /** Of the command that was understood: those that a command shown with an error needs, too. */
  let named: readonly string[] = [];
  let isForReader = false;

  /** An error is shown as a document when that was asked for, even where the options themselves could not be understood. */
  function fail(error: unknown): void {
    process.exitCode = new Output(argv.includes('--json'), named).fail(error);
  }

  async function invoke(
    entry: Pick<CommandEntry, 'load'>,
    options: CommonOptions,
    args: readonly string[],
  ): Promise<void> {
    named = namedOptions(options);
    isForReader = 'watch' in options || 'follow' in options;
    const run = await entry.load();
    process.exitCode = await run(new Output(options.json === true, named), options, args);
  }

  async function parsed(): Promise<void> {
    const [{ COMMANDS }, { runProgram }] = await Promise.all([import('./command-table.ts'), import('./program.ts')]);
    await runProgram(COMMANDS, argv, invoke, (text) => process.stdout.write(text));
  }

  async function done(): Promise<void> {
    const plain = plainStatus(argv);
    try {
      await (plain === null ? parsed() : invoke(STATUS, plain, []));
    } catch (error) {
      fail(error);
    }
  }

  /** Whoever read our output has gone: the rest has no reader. What changes something continues without one; what only shows has nothing left to do. */
  function onClosedPipe(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EPIPE') process.exitCode = EXIT.refused;
    else if (isForReader) process.exit(EXIT.done);
  }

  for (const stream of [process.stdout, process.stderr]) stream.on('error', onClosedPipe);
  // Not awaited: Node would end a program whose wait is lost by itself, with exit code 13 and without a word.
  void whileWaking(process, fail, done);
}
