/**
 * The limits of a worker whose host is dead: the same as the host's, counted from the worker's start.
 *
 * Owns: which of them is overrun. Does not own: the rules of silence (host/silence), ending (runtime/end-task).
 *
 * Invariant: what the host took for a sign of life is one here: of a coding agent events, a tool under way, an announced retry.
 */
import { join } from 'node:path';
import { outputBytes } from '../host/output-limit.ts';
import { byBytes, byEvents, type Reason, type Silence } from '../host/silence.ts';
import { TurnFollower, UnreadableTurn } from '../host/turn-output.ts';

import type { AgentRecord } from '../model/request.ts';
import { TASK_FILES } from '../model/request.ts';
import type { OpenedTask } from './task-folder.ts';
import type { World } from './world.ts';

/** Holds one adopted worker to the limits of its request. */
export class OrphanLimits {
  readonly #world: World;
  readonly #task: OpenedTask;
  readonly #startedAtMs: number;
  readonly #silence: Silence;

  constructor(world: World, task: OpenedTask, agent: AgentRecord) {
    this.#world = world;
    this.#task = task;
    this.#startedAtMs = agent.startedAtMs;
    const { turn } = task.request;
    if (turn === undefined) this.#silence = byBytes(this.#lastOutputMs());
    else {
      const follower = new TurnFollower(world.files, task.folder, world.adapterOf(turn.kind));
      this.#silence = byEvents(follower, task.request, agent.startedAtMs);
    }
  }

  /** The limit that the worker has overrun, or null. */
  overrun(): Reason | null {
    const { limits } = this.#task.request;
    const nowMs = this.#world.clock.nowMs();
    const bytes = outputBytes(this.#world.files.fs, this.#task.folder);
    if (bytes > limits.outputBytesMax) return { forced: 'outputLimit' };
    if (nowMs - this.#startedAtMs > limits.deadlineMs) return { forced: 'deadline' };
    try {
      return this.#silence(nowMs, bytes, limits.stallMs);
    } catch (error) {
      if (!(error instanceof UnreadableTurn)) throw error;
      return { forced: 'unreadable', obstacle: error.message };
    }
  }

  #lastOutputMs(): number {
    const times = [TASK_FILES.output, TASK_FILES.stderr].map(
      (name) => this.#world.files.fs.stat(join(this.#task.folder, name))?.mtimeMs ?? 0,
    );
    return Math.max(this.#startedAtMs, ...times);
  }
}
