/**
 * The runs of a registry, as the daemon that drives it tells of them.
 *
 * Owns: which operation each answer comes from, holding answers against what they must be. Does not own: what operations give (daemon/api/operations, whose types are
 * used here), one request (app/daemon/asking). Free of zod and xstate: `status` starts with it.
 *
 * Invariants: 1. Whatever is not the whole answer in time is an Unanswered, and nothing of it was given. 2. Of what is followed every piece is asked for by its place:
 * none is given twice, and none is left out. 3. Nothing is waited for without a bound, so a daemon that is stuck is noticed.
 */
import { ask, type Heard, hear, type PlainAnswer, type Question } from '../app/daemon/asking.ts';
import { CLIENT_BOUNDS } from '../app/daemon/daemon-bounds.ts';
import { Unanswered } from '../app/reading/first-reader.ts';
import type { RunReader, ShownRegistry, ShownStory, ToldRecord } from '../app/reading/run-reader.ts';
import type { OutputPiece, StreamName, StreamReading, TaskName } from '../app/reading-output.ts';
import type { LoggedTask, LoggedTasks } from '../app/tasks-of-run.ts';
import type { OperationId } from '../daemon/api/paths.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { DriverFacts } from '../run/next-actions.ts';
import type { RunView } from '../run/run-view.ts';
import type { Answer, CallId, CallOptions } from './client.ts';
import { requestPath } from './request-path.ts';

/** Runs, or records, in one answer: the most that the daemon gives. */
const PAGE = 1_000;
const HTTP_OK = 200;

/** A daemon, the project whose registry is read, and who holds that: the daemon itself. */
export interface AskedDaemon {
  readonly socket: string;
  readonly project: string;
  readonly driver: DriverFacts;
  readonly clock: ClockPort;
}

type Asked = Pick<CallOptions<CallId>, 'params'> & { readonly query?: object; readonly signal?: AbortSignal };

/** Asks the operations of one daemon; throws Unanswered where it does not answer as it should. */
export class DaemonAsking {
  readonly #at: Pick<AskedDaemon, 'socket' | 'clock'>;

  constructor(at: Pick<AskedDaemon, 'socket' | 'clock'>) {
    this.#at = at;
  }

  /** The JSON of an operation. `waitMs`: how long it was asked to wait. */
  async json<Id extends CallId>(id: Id, asked: Asked, waitMs = 0): Promise<Answer<Id>> {
    const { body } = answered(await ask(this.#question(id, asked, waitMs), this.#at.clock));
    return body as Answer<Id>;
  }

  /** The bytes of an operation. */
  async bytes(id: OperationId, asked: Asked, waitMs: number): Promise<PlainAnswer> {
    return answered(await hear(this.#question(id, asked, waitMs), this.#at.clock));
  }

  /** Every project. */
  async projects(): Promise<Answer<'listProjects'>['projects']> {
    const { projects } = await this.json('listProjects', {});
    if (!Array.isArray(projects)) throw new Unanswered('no projects');
    return projects;
  }

  /** Every run of the project, or of all. */
  async runs(project?: string): Promise<Answer<'listRuns'>['runs']> {
    const found: Answer<'listRuns'>['runs'] = [];
    for (let page: string | null | undefined; page !== null; ) {
      const { runs, next } = await this.json('listRuns', { query: { project, page, limit: PAGE } });
      if (!Array.isArray(runs)) throw new Unanswered('no runs');
      found.push(...runs);
      page = next;
    }
    return found;
  }

  #question(id: OperationId, { params = {}, query = {}, signal }: Asked, waitMs: number): Question {
    const { socket } = this.#at;
    const answerMs = waitMs + CLIENT_BOUNDS.answerMs;
    const path = requestPath(id, params, query);
    const until = signal === undefined ? {} : { signal };
    return { socket, method: 'GET', path, answerMs, answerBytes: CLIENT_BOUNDS.lookBytes, ...until };
  }
}

/** Reads through a daemon. */
export class DaemonRunReader implements RunReader {
  readonly #daemon: AskedDaemon;
  readonly #asking: DaemonAsking;

  constructor(daemon: AskedDaemon) {
    this.#daemon = daemon;
    this.#asking = new DaemonAsking(daemon);
  }

  async registry(): Promise<ShownRegistry> {
    const runs = await this.#asking.runs(this.#daemon.project);
    return { driver: this.#daemon.driver, runs: runs.map(plainRun) };
  }

  async story(runId: string): Promise<ShownStory> {
    const { decisions, rescueRefs, ...run } = await this.#run(runId);
    return { driver: this.#daemon.driver, run: plainRun(run), decisions, rescueRefs };
  }

  async standing(runId: string): Promise<RunView | null> {
    const { decisions: _decisions, rescueRefs: _refs, ...run } = await this.#run(runId);
    return plainRun(run);
  }

  async records(runId: string): Promise<readonly ToldRecord[]> {
    const records: ToldRecord[] = [];
    for (let more = true; more; ) {
      const { events, next } = await this.#events(runId, records.length, 0);
      records.push(...events);
      more = next;
    }
    return records;
  }

  async *follow(runId: string, after: number): AsyncGenerator<ToldRecord, void, void> {
    let last = after;
    for (;;) {
      const { events, next, kind } = await this.#events(runId, last, CLIENT_BOUNDS.waitMs);
      yield* events;
      last += events.length;
      // Only the files of a run that is set aside say what is wrong with them.
      if (!next && kind === 'quarantined') throw new Unanswered('the run is set aside');
      if (!next && kind === 'terminal') return;
    }
  }

  async tasks(runId: string): Promise<LoggedTasks> {
    return (await this.#tasks(runId)).found;
  }

  async *followTasks(runId: string, signal: AbortSignal): AsyncGenerator<LoggedTasks, void, void> {
    while (!signal.aborted) {
      const { found, seq } = await this.#tasks(runId);
      yield found;
      if (found.isOver) return;
      await this.#untilMoved(runId, seq, signal);
    }
  }

  async task({ runId, taskId }: TaskName): Promise<LoggedTask> {
    const { found } = await this.#tasks(runId);
    const task = found.tasks.find((each) => each.taskId === taskId);
    if (task === undefined) throw new Unanswered('no such task');
    return task;
  }

  async *output(
    { runId, taskId }: TaskName,
    stream: StreamName,
    { from = 0, lastLines, follow = false, signal }: StreamReading,
  ): AsyncGenerator<OutputPiece, void, void> {
    const { project } = this.#daemon;
    const params = { id: runId, task: taskId };
    const waitMs = follow ? CLIENT_BOUNDS.waitMs : 0;
    const until = signal === undefined ? {} : { signal };
    let where: object = lastLines === undefined ? { from } : { last: lastLines };
    for (let at = lastLines === undefined ? from : null; ; ) {
      const query = { project, stream, wait: waitMs, ...where };
      if (signal?.aborted === true) return;
      const answer = await this.#bytes({ params, query, ...until }, waitMs);
      if (answer === null) return;
      const piece = pieceIn(answer, at);
      // The first one also where it is empty: it says where the last lines begin.
      if (piece.bytes.length > 0 || at === null) yield piece;
      if (piece.bytes.length === 0 && (!follow || answer.headers['pawl-ended'] === 'true')) return;
      at = piece.next;
      where = { from: at };
    }
  }

  /** The bytes; null where nobody waits for them any more. */
  async #bytes(asked: Asked, waitMs: number): Promise<PlainAnswer | null> {
    try {
      return await this.#asking.bytes('getOutput', asked, waitMs);
    } catch (error) {
      if (asked.signal?.aborted === true) return null;
      throw error;
    }
  }

  async #run(runId: string): Promise<Answer<'getRun'>> {
    const query = { project: this.#daemon.project };
    const run = await this.#asking.json('getRun', { params: { id: runId }, query });
    if (run.runId !== runId) throw new Unanswered('another run');
    return run;
  }

  async #events(runId: string, after: number, waitMs: number) {
    const query = { project: this.#daemon.project, after, limit: PAGE, wait: waitMs };
    const answer = await this.#asking.json('listRunEvents', { params: { id: runId }, query }, waitMs);
    // The daemon has checked the records; their events are of many shapes, which its document does not repeat.
    const events: unknown = answer.events;
    if (!isRecords(events) || events.some(({ seq }, n) => seq !== after + n + 1))
      throw new Unanswered('records that do not follow');
    return { events, next: answer.next !== null, kind: answer.kind };
  }

  async #tasks(runId: string): Promise<{ readonly found: LoggedTasks; readonly seq: number }> {
    const query = { project: this.#daemon.project };
    const { tasks, kind, seq } = await this.#asking.json('listTasks', { params: { id: runId }, query });
    if (!Array.isArray(tasks)) throw new Unanswered('no tasks');
    const hasEnded = kind === 'terminal';
    return { found: { hasEnded, isOver: hasEnded || kind === 'quarantined', tasks }, seq };
  }

  /** Resolves when the run has a record after `seq`, or may have. */
  async #untilMoved(runId: string, seq: number, signal: AbortSignal): Promise<void> {
    const waitMs = CLIENT_BOUNDS.waitMs;
    const query = { project: this.#daemon.project, after: seq, limit: 1, wait: waitMs };
    try {
      await this.#asking.json('listRunEvents', { params: { id: runId }, query, signal }, waitMs);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** The answer. Throws Unanswered where there is none, or another one than that of success. */
function answered<T>(heard: Heard<T>): T {
  if (heard.kind === 'nobodyListens') throw new Unanswered('nobody listens');
  if (heard.kind === 'silent') throw new Unanswered(heard.why);
  if (heard.status !== HTTP_OK) throw new Unanswered(`the status ${heard.status}`);
  return heard;
}

function isRecords(value: unknown): value is readonly ToldRecord[] {
  return Array.isArray(value);
}

/** The run as its registry has it. */
function plainRun({ project: _project, ...run }: Answer<'listRuns'>['runs'][number]): RunView {
  return run;
}

/** The piece of a stream that was asked for from `at` on (null: from its last lines on). Throws Unanswered where it is another one. */
function pieceIn({ headers, bytes }: PlainAnswer, at: number | null): OutputPiece {
  const [from, next] = [headers['pawl-from'], headers['pawl-next']].map(Number);
  if (from === undefined || next === undefined || next !== from + bytes.length || (at !== null && from !== at))
    throw new Unanswered('bytes that do not follow');
  return { from, next, bytes };
}
