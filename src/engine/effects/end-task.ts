/**
 * Ending a task from the runner's side, always in the same order: the host, then the tree, then the outcome (design, section 5.8).
 *
 * Owns: that order, settling the machine from a register, applying an operator's assertion. Does not own: signals and sweeps (worker/ending),
 * the outcome's content (worker/outcome).
 *
 * Invariants: 1. No outcome is linked while the host is not proven dead, unless an operator asserts what cannot be judged, or while
 * anything of the tree is left. 2. The first process to link the register has decided: what the register holds is journaled.
 */

import type { Life, ProcessIdentity } from '../../base/process-identity.ts';
import { blocker, type Obstacle } from '../../model/blocker.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import { type Blocker, PawlError, systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { EndReason, RecordedCause, TaskResult } from '../../model/request.ts';
import type { ForcedEnd } from '../../turn/conclusion.ts';
import { endTree, graceFor } from '../../worker/ending.ts';
import { type TaskObservation, treeHandle } from '../../worker/observe.ts';
import { revokeClaim, settleOutcome } from '../../worker/outcome.ts';
import { contradiction, type OpenedTask, observe, openTaskFolder } from '../../worker/task-folder.ts';
import type { LiveRun, Performer } from '../live-run.ts';
import { blockerFrom } from '../outcome-cause.ts';
import type { World } from '../world.ts';

/** Why a task is ended, as its outcome will say; null: its files decide. */
interface Verdict {
  readonly forced: ForcedEnd | null;
  readonly obstacle?: Obstacle;
}

/** The effects that can end a task. */
export type EndingEffect = KeyedEffectOf<'startHost' | 'awaitWorker' | 'watchWorker' | 'endTask'>;

/** Ends the task for the reason that the effect names, and settles it. */
export async function performEndTask(run: LiveRun, effect: KeyedEffectOf<'endTask'>): Promise<void> {
  const task = await openTaskFolder(run.world, run.runId, effect.taskId, effect.requestHash);
  await endTaskInOrder(run, effect, task, effect.reason);
}

/** Performs only the ending of tasks. */
export const endOnly: Performer = (run, effect) =>
  effect.kind === 'endTask' ? performEndTask(run, effect) : Promise.resolve();

/** The task is settled, or in doubt with a blocker: host, tree, outcome, each only after the one before. */
export async function endTaskInOrder(
  run: LiveRun,
  effect: EndingEffect,
  task: OpenedTask,
  reason: EndReason,
  verdict: Verdict = { forced: reason },
): Promise<void> {
  const { world } = run;
  let seen = await observe(world, task);
  if (seen.outcome === null && seen.claim === null) {
    await revokeClaim(world.files, task.folder, task.requestHash, reason);
    seen = await observe(world, task);
  }
  if (seen.outcome !== null) return endRemains(run, effect, task, seen);
  if (seen.claim?.value.kind === 'revoked') {
    await settleFrom(run, effect, seen);
    return;
  }
  const host = seen.claim?.value.host;
  const life = host === undefined ? 'dead' : await endHost(world, host);
  // An operator's assertion covers what cannot be judged from here, never what is seen alive.
  if (host !== undefined && (life === 'alive' || (life === 'unknown' && reason !== 'operator'))) {
    await run.settle(effect, { type: 'hostDoubted', key: effect.key, blocker: hostLives(task, host.pid) });
    return;
  }
  // What was read before the host's death was proven is read again.
  seen = await observe(world, task);
  if (seen.outcome !== null) return endRemains(run, effect, task, seen);
  const graceMs = graceFor(verdict.forced, task.request.limits.graceMs);
  if (!(await isTreeEnded(run, effect, task, seen, { isAsserted: reason === 'operator', graceMs }))) return;
  const by = reason === 'operator' ? 'operator' : 'runner';
  if (await linkOutcome(run, effect, task, seen, verdict, by))
    await settleFrom(run, effect, await observe(world, task));
}

/** Ends the host. Returns whether it is dead, or cannot be ended or judged. */
export async function endHost(world: World, host: ProcessIdentity): Promise<Life> {
  const endMs = world.clock.monotonicMs() + BOUNDS.killMs;
  let life = world.processes.life(host);
  while (life === 'alive' && world.clock.monotonicMs() < endMs) {
    world.processes.signal(host, 'SIGKILL');
    await new Promise<void>((resolve) => world.clock.timer(10, resolve));
    life = world.processes.life(host);
  }
  return life;
}

/** There is an outcome and something of the tree is left: it is ended first, then the task is settled. */
export async function endRemains(
  run: LiveRun,
  effect: EndingEffect,
  task: OpenedTask,
  seen: TaskObservation,
): Promise<void> {
  if (seen.tree === 'alive' && !(await isTreeEnded(run, effect, task, seen))) return;
  await settleFrom(run, effect, seen);
}

/** With `isAsserted` an operator's assertion covers what cannot be judged from here; what is seen alive, or holds the lock, must still be ended. */
async function isTreeEnded(
  run: LiveRun,
  effect: EndingEffect,
  task: OpenedTask,
  seen: TaskObservation,
  { isAsserted, graceMs } = { isAsserted: false, graceMs: task.request.limits.graceMs },
): Promise<boolean> {
  const { world } = run;
  const handle = treeHandle(task.folder, task.request, seen.agent?.value ?? null);
  const end = await endTree(world.processes, world.clock, handle, { graceMs, killMs: BOUNDS.killMs });
  if (end.isGone || (isAsserted && end.survivors.length === 0 && end.isLocked !== true)) return true;
  const pids = [...end.survivors.map((survivor) => survivor.pid), ...end.unknown];
  await run.settle(effect, { type: 'hostDoubted', key: effect.key, blocker: survivorsLeft(task, pids, end.isLocked) });
  return false;
}

/** The host is dead and there is no outcome: sweeps, links what the files say, and settles the task. */
export async function concludeOrphan(
  run: LiveRun,
  effect: EndingEffect,
  task: OpenedTask,
  seen: TaskObservation,
): Promise<void> {
  const { world } = run;
  if (!(await isTreeEnded(run, effect, task, seen))) return;
  const worker = seen.agent?.value.worker;
  const isSameBoot = worker !== undefined && worker.bootId === world.processes.self().bootId;
  const verdict = { forced: isSameBoot ? null : 'interrupted' } as const;
  if (await linkOutcome(run, effect, task, seen, verdict, 'runner'))
    await settleFrom(run, effect, await observe(world, task));
}

/** True when there is an outcome; false when something in the task's folder prevents writing it, which a person must resolve. */
async function linkOutcome(
  run: LiveRun,
  effect: EndingEffect,
  task: OpenedTask,
  seen: TaskObservation,
  verdict: Verdict,
  by: 'runner' | 'operator',
): Promise<boolean> {
  try {
    await writeOutcome(run, task, seen, verdict, by);
    return true;
  } catch (error) {
    const found = inTheWay(error);
    if (found === null) throw error;
    await run.settle(effect, { type: 'hostDoubted', key: effect.key, blocker: { ...found, evidence: [task.folder] } });
    return false;
  }
}

/** Errors from what a worker can put in the place of a file; a failing disk gives others. */
const IN_THE_WAY: readonly string[] = ['EISDIR', 'ENOTDIR', 'ELOOP', 'ENXIO'];

function inTheWay(error: unknown): Blocker | null {
  return error instanceof PawlError && IN_THE_WAY.includes(systemCode(error.cause) ?? '') ? error.blocker : null;
}

async function writeOutcome(
  run: LiveRun,
  task: OpenedTask,
  seen: TaskObservation,
  { forced, obstacle }: Verdict,
  by: 'runner' | 'operator',
): Promise<void> {
  const { world } = run;
  await settleOutcome({
    files: world.files,
    worktrees: world.worktrees,
    adapterOf: world.adapterOf,
    taskFolder: task.folder,
    request: task.request,
    requestHash: task.requestHash,
    by,
    nonce: world.clock.nonce(),
    exit: null,
    forced,
    orphanResult: run.state.children[task.request.taskId]?.context.isAdopted === true ? 'lost' : 'interrupted',
    startedAtMs: seen.agent?.value.startedAtMs ?? null,
    log: world.log,
    ...(obstacle === undefined ? {} : { obstacle }),
  });
}

const REVOKED: Readonly<Record<EndReason, TaskResult>> = {
  cancelled: 'cancelled',
  deadline: 'timedOut',
  hung: 'timedOut',
  operator: 'interrupted',
  exhausted: 'blocked',
  interrupted: 'interrupted',
};

/** Journals the end that the registers hold: the outcome, or the revocation of a task that never started. */
export async function settleFrom(run: LiveRun, effect: EndingEffect, seen: TaskObservation): Promise<void> {
  const { world } = run;
  await world.registers.settle(world.paths.task(run.runId, effect.taskId));
  if (seen.tree === 'gone') run.goneTasks.add(effect.taskId);
  const { key } = effect;
  if (seen.outcome !== null) {
    const { value, hash } = seen.outcome;
    await run.settle(effect, {
      type: 'workerEnded',
      key,
      result: value.result,
      by: value.by,
      outcomeHash: hash,
      completionHash: value.completion?.sha256 ?? null,
      exitCode: value.exitCode,
      signal: value.signal,
      blocker: value.cause === null ? null : endedBadly(run, effect.taskId, value.cause),
      ...(value.turn === undefined ? {} : { turn: value.turn }),
    });
    return;
  }
  const claim = seen.claim;
  if (claim?.value.kind !== 'revoked') throw new Error(`bug: ${run.runId}: ${effect.taskId} has no end to settle`);
  const result = REVOKED[claim.value.reason];
  await run.settle(effect, {
    type: 'workerEnded',
    key,
    result,
    by: 'runner',
    outcomeHash: claim.hash,
    completionHash: null,
    exitCode: null,
    signal: null,
    blocker:
      result === 'blocked'
        ? blocker('PAWL_HOST_STARTS_EXHAUSTED', { obstacle: null, answered: null }, [`tasks/${effect.taskId}`])
        : null,
  });
}

/** What the outcome says, with the task as evidence. Throws PAWL_REGISTER_CONTRADICTION for what no host of ours has written. */
function endedBadly(run: LiveRun, taskId: string, cause: RecordedCause): Blocker {
  const found = blockerFrom(cause, [`tasks/${taskId}`]);
  if (found === null) {
    throw contradiction(
      run.world.paths.task(run.runId, taskId),
      `the facts of ${cause.code} in the outcome are not valid`,
    );
  }
  return found;
}

function hostLives(task: OpenedTask, pid: number): Blocker {
  return blocker('PAWL_HOST_UNKNOWN', { reason: 'unended', pid }, [task.folder]);
}

const PIDS_SHOWN = 10;

function survivorsLeft(task: OpenedTask, pids: readonly number[], isLockHeld: boolean | null): Blocker {
  const params = { reason: 'pids', pids: pids.slice(0, PIDS_SHOWN), count: pids.length, isLockHeld } as const;
  return blocker('PAWL_WORKER_SURVIVORS', params, [task.folder]);
}
