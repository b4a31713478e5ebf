/**
 * The limits of a worker whose host is dead: the same as the host's, counted from the worker's start, whoever has adopted it and when.
 *
 * Owns: which of them is exceeded, since when the worker has run and been silent. Does not own: the rules of silence (worker/silence), ending
 * (engine/effects/end-task).
 *
 * Invariants: 1. What counts as a sign of life for the host counts here: for a coding agent events, a tool under way, an announced retry; for any worker what its
 * processes and files show, from the adoption on. 2. Time is
 * counted on the machine's monotonic clock: a step of the wall clock neither ends a worker nor lets one live longer. Where the clock leaves open
 * when the last output was written, the worker is given the shorter silence.
 */
import { join } from 'node:path';
import { spanMs } from '../../base/elapsed.ts';
import { said } from '../../model/blocker.ts';
import type { AgentRecord } from '../../model/request.ts';
import { TASK_FILES } from '../../model/request.ts';
import type { ClockPort } from '../../ports/clock.ts';
import { activityOf } from '../../worker/activity.ts';
import { treeHandle } from '../../worker/observe.ts';
import { outputBytes, outputBytesMax } from '../../worker/output-limit.ts';
import { byBytes, byEvents, type Reason, type Silence } from '../../worker/silence.ts';
import type { OpenedTask } from '../../worker/task-folder.ts';
import { TurnFollower, UnreadableTurn } from '../../worker/turn-output.ts';
import type { World } from '../world.ts';

/** Where the limits of a worker are read from. */
export type OrphanPlace = Pick<World, 'files' | 'clock' | 'adapterOf' | 'processes'>;

/** Holds one adopted worker to the limits of its request. */
export class OrphanLimits {
  readonly #place: OrphanPlace;
  readonly #task: OpenedTask;
  readonly #agent: AgentRecord;
  /** On the monotonic clock, as every instant here. */
  readonly #startMs: number;
  #silence: Silence | null = null;

  constructor(place: OrphanPlace, task: OpenedTask, agent: AgentRecord) {
    this.#place = place;
    this.#task = task;
    this.#agent = agent;
    this.#startMs = startOf(agent, place.clock);
  }

  /** The limit that the worker has exceeded, or null. */
  overrun(): Reason | null {
    const { limits } = this.#task.request;
    const nowMs = this.#place.clock.monotonicMs();
    const bytes = outputBytes(this.#place.files.fs, this.#task.folder);
    if (bytes > outputBytesMax(this.#task.request)) return { forced: 'outputLimit' };
    if (spanMs(this.#startMs, nowMs) >= limits.deadlineMs) return { forced: 'deadline' };
    try {
      this.#silence ??= this.#silenceSoFar(bytes);
      return this.#silence(nowMs, bytes);
    } catch (error) {
      if (!(error instanceof UnreadableTurn)) throw error;
      return { forced: 'unreadable', obstacle: said(error.message) };
    }
  }

  /** Output that was already there at the first check was written before it. */
  #silenceSoFar(bytes: number): Silence {
    const { files, adapterOf, processes } = this.#place;
    const { folder, request } = this.#task;
    const { turn, limits } = request;
    const activity = activityOf(processes, files.fs, treeHandle(folder, request, this.#agent), request);
    if (turn === undefined) {
      return byBytes(limits, activity, this.#lastOutputMs([TASK_FILES.output, TASK_FILES.stderr]), bytes);
    }
    const follower = new TurnFollower(files, folder, adapterOf(turn.kind));
    const lastMs = this.#lastOutputMs([TASK_FILES.output]);
    return byEvents(follower, request, activity, this.#startMs, { events: follower.catchUp().events, lastMs });
  }

  /** The latest instant at which these files can have been written last: their times are of the wall clock, which may have been set since. */
  #lastOutputMs(names: readonly string[]): number {
    const { files, clock } = this.#place;
    const nowMs = clock.monotonicMs();
    const aheadMs = Math.min(clock.nowMs() - nowMs, this.#agent.startedAtMs - this.#startMs);
    const times = names.map((name) => files.fs.stat(join(this.#task.folder, name))?.mtimeMs ?? 0);
    return Math.min(nowMs, Math.max(this.#startMs, ...times.map((atMs) => atMs - aheadMs)));
  }
}

/** Records of older versions have only the wall clock's time; an instant in the future is not of this clock. */
function startOf({ startedAtMs, startedMonotonicMs }: AgentRecord, clock: ClockPort): number {
  const nowMs = clock.monotonicMs();
  const isOfThisClock = startedMonotonicMs !== undefined && startedMonotonicMs <= nowMs;
  return isOfThisClock ? startedMonotonicMs : nowMs - spanMs(startedAtMs, clock.nowMs());
}
