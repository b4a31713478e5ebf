/**
 * A repository whose registry holds one run, its tasks' files written by the test as a worker and its host would.
 *
 * Owns: those files, calls of the built `pawl` in that repository. Does not own: the run's journal (inspector/registry-kit).
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../../../src/adapters/node-fs.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { ReadingPlace } from '../../../src/app/reading-output.ts';
import type { Purpose } from '../../../src/model/limits.ts';
import { type Outcome, TASK_FILES } from '../../../src/model/request.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import { Files } from '../../../src/store/files.ts';
import { RegistryPaths } from '../../../src/store/registry-paths.ts';
import { encode } from '../../../src/turn/task-files.ts';
import { plainRequest, plainTurn } from '../../host/plain-request.ts';
import { WrittenRun } from '../../inspector/registry-kit.ts';
import { type CliCall, startPawl } from '../../support/pawl-cli.ts';

/** The run of every bench. */
export const RUN = 'run_T-1_aaaaaaaaaaaa';
/** The tasks of the run. */
export const TASKS = {
  implementation: 'implementation-e0-a1',
  verification: 'verification-e1-a1',
  review: 'review-e1-a1',
} as const;

const LOOK_MS = 10;
/** More than any run of this kind has. */
const RECORDS_MAX = 1_000;

const OUTCOME: Outcome = {
  v: 2,
  requestHash: 'a'.repeat(64),
  nonce: 'n',
  by: 'host',
  result: 'completed',
  cause: null,
  summary: null,
  exitCode: 0,
  signal: null,
  completion: null,
  output: null,
  stderr: null,
  head: null,
  tree: null,
  survivors: 0,
  startedAtMs: 1,
  endedAtMs: 2,
};

/** One such repository. Remove it. */
export class LogBench {
  readonly root = mkdtempSync(join(tmpdir(), 'pawl-logs-'));
  readonly registry = join(this.root, '.pawl');
  readonly run: WrittenRun;
  readonly place: ReadingPlace;
  readonly #calls: CliCall[] = [];
  readonly #requested = new Set<string>();

  constructor() {
    execFileSync('git', ['init', '--quiet', this.root]);
    mkdirSync(join(this.registry, 'runs'), { recursive: true });
    this.run = new WrittenRun(this.registry, RUN);
    // What waits for a second looks again at once.
    const clock = { ...systemClock, timer: (_ms: number, fire: () => void) => systemClock.timer(LOOK_MS, fire) };
    this.place = { files: new Files(nodeFs, clock), paths: new RegistryPaths(this.registry) };
  }

  /** The journal has requested the task, which has its request: of a coding agent of that kind, or (null) of another program. */
  request(taskId: string, kind: AgentKind | null): void {
    while (!this.#requested.has(taskId)) {
      const [record] = this.run.append(1);
      if (record === undefined) throw new Error(`the run has ended without ${taskId}`);
      if (record.event.type === 'taskRequested') this.#requested.add(record.event.taskId);
    }
    const turn = kind === null ? {} : { turn: { ...plainTurn, kind } };
    const purpose = taskId.split('-')[0] as Purpose;
    const request = { ...plainRequest, runId: RUN, taskId, purpose, agent: kind ?? 'make', ...turn };
    this.#write(taskId, TASK_FILES.request, encode(request));
  }

  /** The worker prints. */
  prints(taskId: string, bytes: string | Uint8Array, stream: 'output' | 'stderr' = 'output'): void {
    appendFileSync(this.fileOf(taskId, TASK_FILES[stream]), bytes);
  }

  /** The task has its outcome. */
  ends(taskId: string, outcome: Partial<Outcome> = {}): void {
    this.#write(taskId, TASK_FILES.outcome, encode({ ...OUTCOME, ...outcome }));
  }

  fileOf(taskId: string, name: string): string {
    return join(this.place.paths.task(RUN, taskId), name);
  }

  /** A call of the built program that is under way in the repository. */
  start(...args: readonly string[]): CliCall {
    const call = startPawl(this.root, process.env, args);
    this.#calls.push(call);
    return call;
  }

  remove(): void {
    for (const { child } of this.#calls) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The run has ended, and is seen to have. */
  runEnds(): void {
    this.run.append(RECORDS_MAX);
    this.run.snapshot();
  }

  #write(taskId: string, name: string, bytes: Uint8Array): void {
    mkdirSync(this.place.paths.task(RUN, taskId), { recursive: true });
    writeFileSync(this.fileOf(taskId, name), bytes);
  }
}
