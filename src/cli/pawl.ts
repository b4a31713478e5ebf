/**
 * What the command line asks for, done and shown, with its exit code.
 *
 * Owns: the process around a command: its output, its exit code, closed pipes, a wait that is lost. Does not own: the commands
 * (cli/command-table), parsing (cli/program).
 */
import { namedOptions } from '../app/options.ts';
import { EXIT } from '../model/error-codes.ts';
import { COMMANDS } from './command-table.ts';
import { whileWaking } from './lost-wait.ts';
import { Output } from './output.ts';
import { runProgram } from './program.ts';

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

  async function done(): Promise<void> {
    try {
      await runProgram(
        COMMANDS,
        argv,
        async (entry, options, args) => {
          named = namedOptions(options);
          isForReader = 'watch' in options || 'follow' in options;
          const run = await entry.load();
          process.exitCode = await run(new Output(options.json === true, named), options, args);
        },
        (text) => process.stdout.write(text),
      );
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
