/**
 * The program of a verification task (and of setup): runs the commands of its task file one after another, without a shell.
 *
 * Owns: wiring the real parts, running each command, what counts as passed, the answer and its size. Does not own: which commands are admitted (engine),
 * deadlines and ending (worker host).
 *
 * Invariants: 1. Every command runs, even after one that failed. 2. PASS means that there were commands and that each one exited with 0; FAIL
 * that a change in the worktree could fix what failed, else it is BLOCKED. 3. Commands do not learn
 * where the answer is left. 4. The answer never exceeds BOUNDS.answerBytes.
 */
import { writeAnswerFile } from '../adapters/agents/answer-file.ts';
import { readTaskFile, type WorkerTask, WorkerTaskError, workerTaskOf } from '../adapters/agents/worker-task.ts';
import { echoedCommands } from '../adapters/processes/echoed-commands.ts';
import { sanitise, sanitiseTail } from '../base/sanitise.ts';
import { shellCommand } from '../base/shell-words.ts';
import { BOUNDS } from '../model/limits.ts';
import type { CommandRun, Finding, Verdict } from '../model/request.ts';
import { type EndedCommand, runCommand } from './verification-command.ts';

const REFUSED_EXIT = 64;
const SIGTERM_EXIT = 143;
const FIRST_PROCESS_PID = 1;
const COMMAND_CHARS_MAX = 300;

interface VerificationAnswer {
  readonly v: 1;
  readonly status: 'completed' | 'failed' | 'blocked';
  readonly summary: string;
  readonly verdict: Verdict;
  readonly problem?: { readonly code: string; readonly message: string };
  readonly commands: readonly CommandRun[];
}

async function main(): Promise<void> {
  // The first process of a PID namespace gets no signal that it does not handle.
  if (process.pid === FIRST_PROCESS_PID) process.on('SIGTERM', () => process.exit(SIGTERM_EXIT));
  const task = workerTaskOf(process.env);
  const commands = commandsIn(readTaskFile(task.taskFile));
  const ended: EndedCommand[] = [];
  const place = { commands: echoedCommands(process.stdout), env: process.env, worktree: process.cwd() };
  for (const argv of commands) ended.push(await runCommand(argv, place));
  writeAnswerFile(task.completionFile, boundedAnswer(task, ended));
}

function commandsIn(taskFile: Record<string, unknown>): readonly (readonly [string, ...string[]])[] {
  const { commands } = taskFile;
  if (!Array.isArray(commands)) throw new WorkerTaskError('the task file has no list of commands');
  return commands.map((argv: unknown) => {
    if (!Array.isArray(argv) || !argv.every((word): word is string => typeof word === 'string')) {
      throw new WorkerTaskError('a command in the task file is not a list of words');
    }
    const [program, ...rest] = argv;
    if (program === undefined) throw new WorkerTaskError('a command in the task file is empty');
    return [program, ...rest];
  });
}

/** The answer as text; with very many or very long commands its tails are shortened until it fits. */
function boundedAnswer(task: WorkerTask, ended: readonly EndedCommand[]): string {
  for (let tailChars: number = BOUNDS.outputTailChars; tailChars >= 1; tailChars = Math.floor(tailChars / 2)) {
    const text = JSON.stringify(answerOf(task, ended, tailChars, ended.length));
    if (Buffer.byteLength(text) <= BOUNDS.answerBytes) return text;
  }
  return JSON.stringify(answerOf(task, ended, 0, 0));
}

function answerOf(
  task: WorkerTask,
  ended: readonly EndedCommand[],
  tailChars: number,
  runsMax: number,
): VerificationAnswer {
  const failed = ended.filter((command) => command.problem !== null);
  const verdict = verdictOf(ended, failed, tailChars);
  const didSetupFail = task.purpose === 'setup' && verdict.status !== 'PASS';
  const isSetupBlocked = didSetupFail && verdict.status === 'BLOCKED';
  return {
    v: 1,
    status: isSetupBlocked ? 'blocked' : didSetupFail ? 'failed' : 'completed',
    summary: verdict.summary,
    verdict,
    ...(didSetupFail
      ? { problem: { code: isSetupBlocked ? 'setupBlocked' : 'setupFailed', message: verdict.summary } }
      : {}),
    commands: ended.slice(0, runsMax).map(({ argv, exitCode, signal, durationMs, output }) => ({
      argv,
      exitCode,
      signal,
      durationMs,
      outputTail: sanitiseTail(output, tailChars),
    })),
  };
}

function verdictOf(ended: readonly EndedCommand[], failed: readonly EndedCommand[], tailChars: number): Verdict {
  if (ended.length === 0) {
    const message = 'There was no command to run, so nothing is verified.';
    return { status: 'BLOCKED', findings: [{ severity: 'error', message }], summary: message };
  }
  if (failed.length === 0)
    return { status: 'PASS', findings: [], summary: `${ended.length} of ${ended.length} passed.` };
  const findings = failed.slice(0, BOUNDS.findings).map((command) => findingOf(command, tailChars));
  const outOfReach = failed.find((command) => command.isOutOfReach);
  if (outOfReach !== undefined) {
    const summary = `${named(outOfReach)} ${outOfReach.problem}. No change to the work could fix that.`;
    return { status: 'BLOCKED', findings, summary };
  }
  return {
    status: 'FAIL',
    findings,
    summary: `${failed.length} of ${ended.length} failed, the first: ${named(failed[0])}.`,
  };
}

function findingOf(command: EndedCommand, tailChars: number): Finding {
  const tail = sanitiseTail(command.output, Math.min(tailChars, BOUNDS.findingChars / 2));
  const message = `${named(command)} ${command.problem ?? ''}${tail === '' ? '' : `\n${tail}`}`;
  return { severity: 'error', message: sanitise(message, BOUNDS.findingChars) };
}

function named(command: EndedCommand | undefined): string {
  return `\`${sanitise(shellCommand(command?.argv ?? []), COMMAND_CHARS_MAX)}\``;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof WorkerTaskError)) throw error;
  process.stderr.write(`pawl verification worker: ${error.message}\n`);
  process.exitCode = REFUSED_EXIT;
}
