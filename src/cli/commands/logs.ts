/**
 * `pawl logs`: what a worker has printed, and prints.
 *
 * Owns: which task is shown after which, in which form, and what is said of it on stderr. Does not own: reading (app/task-log, cli/present-reader), the
 * forms (cli/log-forms, cli/log-lines). Read-only: no lock.
 */
import { type CommonOptions, placesOf } from '../../app/options.ts';
import { OutputLines } from '../../app/output-lines.ts';
import type { RunReader } from '../../app/reading/run-reader.ts';
import type { StreamName } from '../../app/reading-output.ts';
import { kindOf, type LogEnd, readLog } from '../../app/task-log.ts';
import type { LoggedTask } from '../../app/tasks-of-run.ts';
import { visible } from '../../base/visible.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { UnreadableOutput } from '../../worker/output-file.ts';
import { documentForm, entryForm, type LogForm, lineForm } from '../log-forms.ts';
import type { Output } from '../output.ts';
import { PacedWriter } from '../paced-writer.ts';
import { presentReader } from '../present-reader.ts';
import { resolveRun } from '../run-argument.ts';
import { SafeLines } from '../safe-lines.ts';
import { latestTask, resolveTask, unknownTask } from '../task-argument.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl logs`. */
export interface LogsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly raw?: boolean;
  readonly tail?: number;
}

/** Shows what the worker of a task has printed; with --follow until it has ended, or until the run has when no task is named. */
export async function logs(output: Output, options: LogsOptions, [run = '', task]: readonly string[]): Promise<number> {
  if (options.raw === true && output.isJson) {
    throw usageError('logs', '--raw gives the bytes as they are; --json gives one document.', {
      hint: 'Use one or the other.',
    });
  }
  const places = placesOf(options);
  const runId = resolveRun(places, run);
  const { commandOptions } = places.paths;
  const reader = await presentReader(places);
  const view = new LogsView({ output, reader, options, runId, commandOptions });
  if (task === undefined) return view.run();
  const { tasks } = await reader.tasks(runId);
  return view.task(resolveTask(tasks, runId, task, commandOptions), false);
}

interface LogsParts {
  readonly output: Output;
  readonly reader: RunReader;
  readonly options: LogsOptions;
  readonly runId: string;
  /** Those that name the registry, for the commands that an error shows. */
  readonly commandOptions: readonly string[];
}

/** Shows one task, or one after another. */
class LogsView {
  readonly #output: Output;
  readonly #reader: RunReader;
  readonly #options: LogsOptions;
  readonly #runId: string;
  readonly #commandOptions: readonly string[];
  readonly #gone = new AbortController();
  readonly #stdout = new PacedWriter(process.stdout, this.#gone);
  readonly #stderr = new PacedWriter(process.stderr, this.#gone);

  constructor({ output, reader, options, runId, commandOptions }: LogsParts) {
    this.#output = output;
    this.#reader = reader;
    this.#options = options;
    this.#runId = runId;
    this.#commandOptions = commandOptions;
  }

  /** The latest task, and with --follow those after it. Resolves with the exit code. */
  async run(): Promise<number> {
    const isFollowing = this.#options.follow === true;
    let task = isFollowing ? await this.#next(null) : latestTask(await this.#reader.tasks(this.#runId));
    if (task === null) throw unknownTask(this.#runId, null, [], this.#commandOptions);
    let code: number = EXIT.done;
    while (task !== null) {
      code = Math.max(code, await this.task(task, true));
      task = isFollowing ? await this.#next(task.taskId) : null;
    }
    return code;
  }

  /** One task. `isChosen`: it was not named, so that it must be said which it is. Resolves with the exit code. */
  async task(task: LoggedTask, isChosen: boolean): Promise<number> {
    if (isChosen) this.#say(whichWords(task));
    if (this.#options.raw === true) return this.#raw(task);
    const { follow = false, tail = null } = this.#options;
    const skip = tail === null || kindOf(task) === null ? 0 : Math.max(0, (await this.#count(task)) - tail);
    const form = this.#form(task, skip);
    await this.#stdout.text(form.begin());
    const { signal } = this.#gone;
    const end = await readLog(this.#reader, task, { follow, signal, lastLines: tail }, (entry) =>
      this.#stdout.text(form.entry(entry)),
    );
    await this.#stdout.text(form.end(end));
    await this.#stdout.flush();
    if (!this.#output.isJson && !signal.aborted) this.#say(endWords(task, end, follow));
    return end.isUnreadable ? EXIT.refused : EXIT.done;
  }

  /** The number of lines, or events of JSON, that an agent's output comes to now. */
  async #count(task: LoggedTask): Promise<number> {
    const form = this.#form(task, Number.POSITIVE_INFINITY);
    const { signal } = this.#gone;
    const end = await readLog(this.#reader, task, { signal, lastLines: 1 }, async (entry) => void form.entry(entry));
    form.end(end);
    return form.passed;
  }

  #form(task: LoggedTask, skip: number): LogForm {
    const { isJson, colour } = this.#output;
    const isInterleaved = this.#options.follow === true;
    if (isJson) return isInterleaved ? entryForm(task, skip) : documentForm(task, skip);
    return lineForm({ colour, worktree: task.request?.cwd ?? null, isInterleaved }, skip);
  }

  async #raw(task: LoggedTask): Promise<number> {
    const stdout = (): Promise<void> => this.#rawStream(task, 'stdout', this.#stdout, process.stdout.isTTY);
    const stderr = (): Promise<void> => this.#rawStream(task, 'stderr', this.#stderr, process.stderr.isTTY);
    if (this.#options.follow === true) {
      await Promise.all([stdout(), stderr()]);
    } else {
      await stdout();
      await stderr();
    }
    return EXIT.done;
  }

  /** The bytes of a stream as they are; on a terminal, which would obey some of them, as safe lines. */
  async #rawStream(task: LoggedTask, stream: StreamName, writer: PacedWriter, isTerminal: boolean): Promise<void> {
    const { follow = false, tail } = this.#options;
    const lines = new OutputLines();
    const safe = new SafeLines();
    const shown = (texts: readonly string[]): string =>
      texts
        .flatMap((text) => safe.take(text))
        .map((line) => `${line}\n`)
        .join('');
    try {
      const where = tail === undefined ? {} : { lastLines: tail };
      const { signal } = this.#gone;
      for await (const { bytes } of this.#reader.output(task, stream, { ...where, follow, signal })) {
        if (isTerminal) await writer.text(shown(lines.take(bytes)));
        else await writer.bytes(bytes);
      }
      await writer.text(shown(lines.rest()));
      await writer.flush();
    } catch (error) {
      throw error instanceof UnreadableOutput ? unreadable(error) : error;
    }
  }

  /** The task after `taskId` (null: the one to begin with), as soon as there is one; null when the run is over without. */
  async #next(taskId: string | null): Promise<LoggedTask | null> {
    for await (const found of this.#reader.followTasks(this.#runId, this.#gone.signal)) {
      const next = taskId === null ? latestTask(found) : taskAfter(taskId, found.tasks);
      if (next !== null) return next;
    }
    return null;
  }

  #say(text: string): void {
    this.#output.log(this.#output.logColour.dim(text));
  }
}

function taskAfter(taskId: string, tasks: readonly LoggedTask[]): LoggedTask | null {
  const at = tasks.findIndex((task) => task.taskId === taskId);
  return at === -1 ? null : (tasks[at + 1] ?? null);
}

function whichWords({ runId, taskId, request }: LoggedTask): string {
  return `${taskId} of ${runId}${request === null ? '' : `, by ${visible(request.agent)}`}`;
}

function endWords({ taskId }: LoggedTask, { outcome, isRevoked }: LogEnd, isFollowing: boolean): string {
  if (isRevoked) return `${taskId} was given up before it was started.`;
  if (outcome === null)
    return `${taskId} has ${isFollowing ? 'left no outcome' : 'not ended; --follow shows the rest'}.`;
  const { result, exitCode, signal } = outcome;
  const how = [exitCode === null ? '' : `exit code ${exitCode}`, signal === null ? '' : visible(signal)].filter(
    (part) => part !== '',
  );
  return `${taskId} has ended: ${result}${how.length === 0 ? '' : ` (${how.join(', ')})`}.`;
}

function unreadable(cause: UnreadableOutput): PawlError {
  return new PawlError({
    code: 'PAWL_STORE_FAILED',
    message: cause.message,
    subject: 'output',
    hint: 'Look at what stands in its place: the worker, or somebody else, has put it there.',
    cause,
  });
}
