/**
 * A client that sends commands under keys, and repeats each under its key until it is answered.
 *
 * Owns: which commands are sent when, what was answered. Does not own: the stories of the packets (daemon/packets), whether the commands took effect (daemon/verdict).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/error-text.ts';
import { type Address, exchange, textOf } from '../../client/transport.ts';
import type { Packet } from './packets.ts';
import { numberOf, storyOf } from './packets.ts';

/** A command that was answered. */
export interface SentCommand {
  readonly key: string;
  readonly what: 'project' | 'packets' | 'cancel' | 'retry';
  readonly status: number;
  /** How often it was sent. */
  readonly tries: number;
}

/** A run as the API shows it, as far as a commander looks. */
export interface SeenRun {
  readonly runId: string;
  readonly taskId: string;
  readonly kind: string;
  readonly state: string;
  readonly seq: number;
  readonly [member: string]: unknown;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly key?: string;
  readonly ifSeq?: number;
  readonly body?: object;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const AGAIN_MS = 60;
const ROUND_MS = 60;
const TIMEOUT_MS = 30_000;
const ACTIVE_MAX = 3;
const ACCEPTED = 202;
const CONFLICT = 409;
const SERVER_ERROR = 500;

/** What a commander has to do with. */
export interface CommanderParts {
  readonly address: () => Address;
  readonly projectPath: string;
  readonly packet: (number: number) => Packet;
  readonly packetsMax: number;
  /** Called when the head of an answer to a command is there and its body was not read; true: the answer is lost. */
  readonly onAnswer: () => boolean;
}

/** One commander; `finish` it. */
export class Commander {
  readonly sent: SentCommand[] = [];
  /** Each a sentence. */
  readonly faults: string[] = [];
  readonly #parts: CommanderParts;
  readonly #over = new AbortController();
  readonly #done = new Set<string>();
  readonly #cancelled = new Set<string>();
  #packets = 0;
  #takesMore = true;
  #count = 0;
  readonly #work: Promise<void>;

  constructor(parts: CommanderParts) {
    this.#parts = parts;
    this.#work = this.#command().catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.faults.push(`commander: ended: ${messageOf(error)}`);
    });
  }

  /** Gives no more packets; resolves when every run has ended. */
  async finish(): Promise<void> {
    this.#takesMore = false;
    await this.#work;
  }

  /** Sends nothing more, whatever is open. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  /** Asks until it is answered. */
  async ask(path: string): Promise<Readonly<Record<string, unknown>>> {
    const { answer } = await this.#answered({ method: 'GET', path });
    return answer.body;
  }

  /** True of a run whose end was asked for: its worker is ended by whoever drives it, step by step. */
  hasCancelled(runId: string): boolean {
    return this.#cancelled.has(runId);
  }

  async runs(): Promise<readonly SeenRun[]> {
    const { runs } = await this.ask('/api/v1/runs?limit=1000');
    return runs as readonly SeenRun[];
  }

  async #command(): Promise<void> {
    const body = { path: this.#parts.projectPath, id: 'proof' };
    await this.#send('project', { method: 'POST', path: '/api/v1/projects', key: 'project', body });
    for (;;) {
      const runs = await this.runs();
      const open = runs.filter((run) => run.kind !== 'terminal' || this.#isToBeRetried(run));
      if (!this.#takesMore && open.length === 0) return;
      if (this.#takesMore && open.length < ACTIVE_MAX && this.#packets < this.#parts.packetsMax) await this.#addRun();
      for (const run of open) await this.#moveOn(run);
      const [some] = open.filter(({ taskId, kind }) => kind === 'active' && storyOf(taskId) !== 'isRetried');
      if (some !== undefined) await this.#beRefused(some);
      await pause(ROUND_MS, undefined, { signal: this.#over.signal });
    }
  }

  async #addRun(): Promise<void> {
    const number = this.#packets;
    this.#packets += 1;
    const body = { project: 'proof', packets: [this.#parts.packet(number)] };
    await this.#send('packets', { method: 'POST', path: '/api/v1/runs', key: `packets-${number}`, body });
  }

  /** What the story of a run needs of its operator. */
  async #moveOn(run: SeenRun): Promise<void> {
    const { runId, taskId, kind, seq } = run;
    const story = storyOf(taskId);
    if (this.#isToBeRetried(run) && this.#isFirst(`retry-${taskId}`))
      await this.#resolve('retry', runId, `retry-${taskId}`);
    // Its worker lives over some kills first.
    const isDue = !this.#takesMore || numberOf(taskId) <= this.#packets - LIVES_FOR;
    if (kind === 'active' && story === 'isCancelled' && seq > WORKS_FROM && isDue) this.#cancelled.add(runId);
    if (this.#cancelled.has(runId) && kind === 'active')
      // Only while nothing else has happened: else it is tried again, which is another command.
      await this.#cancel(runId, `cancel-${taskId}-${seq}`, seq);
  }

  #isToBeRetried({ taskId, state }: SeenRun): boolean {
    return state === 'failedExecution' && storyOf(taskId) === 'isRetried' && !this.#done.has(`retry-${taskId}`);
  }

  /** Commands that have no effect: one that is refused on record, and one whose condition is not met. */
  async #beRefused({ runId, seq }: SeenRun): Promise<void> {
    this.#count += 1;
    if (this.#count % 2 === 0) await this.#resolve('retry', runId, `refused-${this.#count}`);
    else if (seq > 1) await this.#cancel(runId, `stale-${this.#count}`, 1);
  }

  async #cancel(runId: string, key: string, ifSeq: number): Promise<void> {
    if (!this.#isFirst(key)) return;
    const body = { command: 'cancel', reason: 'The proof says so.' };
    await this.#send('cancel', { method: 'POST', path: commandsOf(runId), key, ifSeq, body });
  }

  async #resolve(decision: 'retry', runId: string, key: string): Promise<void> {
    const body = { command: 'resolve', decision, reason: 'The proof says so.' };
    await this.#send('retry', { method: 'POST', path: commandsOf(runId), key, body });
  }

  #isFirst(key: string): boolean {
    if (this.#done.has(key)) return false;
    this.#done.add(key);
    return true;
  }

  async #send(what: SentCommand['what'], request: Request & { readonly key: string }): Promise<void> {
    const { answer, tries } = await this.#answered(request);
    this.sent.push({ key: request.key, what, status: answer.status, tries });
  }

  async #answered(request: Request): Promise<{ readonly answer: Answer; readonly tries: number }> {
    for (let tries = 1; ; tries += 1) {
      this.#over.signal.throwIfAborted();
      const answer = await this.#once(request).catch(() => null); // Nobody answers now: that is what is being proven.
      if (answer !== null && isFinal(answer)) return { answer, tries };
      await pause(AGAIN_MS);
    }
  }

  async #once({ method, path, key, ifSeq, body }: Request): Promise<Answer | null> {
    const answer = await exchange(this.#parts.address(), {
      method,
      path,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
        ...(ifSeq === undefined ? {} : { 'If-Match': `"${ifSeq}"` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: TIMEOUT_MS,
    });
    if (key !== undefined && this.#parts.onAnswer()) return null;
    return { status: answer.status, body: JSON.parse(await textOf(answer)) as Answer['body'] };
  }
}

/** A run with so many records has a worker at work, or nearly so. */
const WORKS_FROM = 4;

/** A run that is to be cancelled works until so many packets were given after it. */
const LIVES_FOR = 3;

function commandsOf(runId: string): string {
  return `/api/v1/runs/${runId}/commands`;
}

/** Anything but "not now" and "not decided yet". */
function isFinal({ status, body }: Answer): boolean {
  return status < SERVER_ERROR && status !== ACCEPTED && !(status === CONFLICT && body.code === 'COMMAND_PENDING');
}
