/**
 * Runs of this process that wait for their agents, and those that try one again: many runs try no more often than one would.
 *
 * Owns: finding them in the runs' states, and whether an agent that was started again has had an answer. Does not own: whose turn it is (run/outage), when a wait
 * is over (engine/effects/timers).
 *
 * Invariants: 1. Everything but the time of an answer is read from the runs' states: a restarted process gets the same result. 2. A run that cannot move here holds
 * nobody up.
 */
import { join } from 'node:path';
import { type AskingRun, mayAskAgain, type WaitingRun } from '../../run/outage.ts';
import { readsAnswer } from '../../turn/turn.ts';
import { openTaskFolder } from '../../worker/task-folder.ts';
import { TurnFollower, UnreadableTurn } from '../../worker/turn-output.ts';
import type { LiveRun } from '../live-run.ts';
import { agentFor } from './task-work.ts';

/** What is known about the agents that runs wait for. */
export class Outages {
  readonly #runs: () => readonly LiveRun[];
  readonly #isMoving: (runId: string) => boolean;
  readonly #answeredAtMs = new Map<string, number>();
  readonly #followers = new Map<string, TurnFollower>();

  constructor(runs: () => readonly LiveRun[], isMoving: (runId: string) => boolean) {
    this.#runs = runs;
    this.#isMoving = isMoving;
  }

  /** True when the run, whose wait is over, may ask its agent again. */
  async mayAsk(run: LiveRun): Promise<boolean> {
    const own = waitingOf(run);
    if (own === null) return true;
    const moving = this.#runs().filter(({ runId, fault }) => fault === null && this.#isMoving(runId));
    const waiting = moving.flatMap((one) => waitingOf(one) ?? []);
    const asking: AskingRun[] = [];
    for (const one of moving) {
      const found = await this.#askingOf(one, own.agent);
      if (found !== null) asking.push(found);
    }
    return mayAskAgain(own, waiting, asking, this.#answeredAtMs.get(own.agent) ?? null);
  }

  /** The run, if it is one that tries that agent again; else null. */
  async #askingOf(run: LiveRun, agent: string): Promise<AskingRun | null> {
    const { context } = run.state.root;
    if (context.limitWaits === 0 || context.waitUntilMs !== null || agentFor(context) !== agent) return null;
    const hasAnswer = context.openTask !== null && (await this.#hasAnswer(run, context.openTask));
    if (hasAnswer) this.#answeredAtMs.set(agent, run.world.clock.nowMs());
    return { runId: run.runId, agent, hasAnswer };
  }

  async #hasAnswer(run: LiveRun, taskId: string): Promise<boolean> {
    const task = run.state.children[taskId];
    if (task === undefined) return false;
    const key = join(run.runId, taskId);
    try {
      const follower = this.#followers.get(key) ?? (await followerOf(run, taskId, task.context.requestHash));
      if (follower === null) return false;
      this.#followers.set(key, follower);
      return readsAnswer(follower.catchUp());
    } catch (error) {
      // Its host says so, and ends it.
      if (error instanceof UnreadableTurn) return false;
      throw error;
    }
  }
}

async function followerOf(run: LiveRun, taskId: string, requestHash: string): Promise<TurnFollower | null> {
  const { folder, request } = await openTaskFolder(run.world, run.runId, taskId, requestHash);
  return request.turn === undefined
    ? null
    : new TurnFollower(run.world.files, folder, run.world.adapterOf(request.turn.kind));
}

function waitingOf(run: LiveRun): WaitingRun | null {
  const { context } = run.state.root;
  const agent = agentFor(context);
  if (context.waitUntilMs === null || agent === null) return null;
  const ends = Object.values(run.state.children).map((task) => task.context.endedAtMs ?? 0);
  return { runId: run.runId, agent, code: context.blockers[0]?.code ?? '', failedAtMs: Math.max(0, ...ends) };
}
