/**
 * Seeing one task through to its settlement: applying the recovery table repeatedly, in a live runner and a restarted one alike.
 *
 * Owns: starting hosts (bounded), reattaching, adopting, settling, parking for a person. Does not own: the table (run/recovery), the
 * order of ending (engine/effects/end-task), the host.
 *
 * Invariants: 1. L3: nothing here starts a worker; a host may be started twice, its claim register cannot be won twice. 2. Every
 * wait has an end: hosts that do not claim, hang or outlive their limits are ended.
 */

import type { ProcessIdentity } from '../../base/process-identity.ts';
import { unreachable } from '../../base/unreachable.ts';
import { blocker } from '../../model/blocker.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import type { Blocker } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { type RecoveryAction, recoveryAction } from '../../run/recovery.ts';
import type { TaskObservation } from '../../worker/observe.ts';
import { factsOf, folderChange, type OpenedTask, observe, openTaskFolder } from '../../worker/task-folder.ts';
import type { LiveRun } from '../live-run.ts';
import { concludeOrphan, endRemains, endTaskInOrder, settleFrom } from './end-task.ts';
import { HostPulse } from './host-pulse.ts';
import { OrphanLimits } from './orphan-limits.ts';

/** The effects that wait for something from a worker. */
export type TaskEffect = KeyedEffectOf<'startHost' | 'awaitWorker' | 'watchWorker'>;

/** A wait for a worker that has lasted this long is worth a snapshot. */
const SNAPSHOT_AFTER_MS = 5_000;

/** Sees the task through until `effect` is settled or cancelled. */
export async function superviseTask(run: LiveRun, effect: TaskEffect, signal: AbortSignal): Promise<void> {
  const { world } = run;
  const task = await openTaskFolder(world, run.runId, effect.taskId, effect.requestHash);
  let pulse = new HostPulse(world.clock, task.request.limits);
  let orphan: OrphanLimits | null = null;
  let mayStart = run.takeFresh(effect.key);
  while (!signal.aborted && run.isOwed(effect.key)) {
    const seen = await observe(world, task);
    const action = recoveryAction(factsOf(seen));
    switch (action) {
      case 'startHost':
        if (!mayStart && !(await noteRepeatedStart(run, effect))) break;
        mayStart = false;
        if (run.isOwed(effect.key)) await startHost(run, task, signal);
        pulse = new HostPulse(world.clock, task.request.limits);
        break;
      case 'watchHost':
        await watchHost(run, effect, task, seen, pulse, signal);
        break;
      case 'adoptWorker':
        if (seen.agent !== null) orphan ??= new OrphanLimits(world, task, seen.agent.value);
        await adoptWorker(run, effect, task, seen, orphan, signal);
        break;
      default:
        await settleEnded(run, effect, task, seen, action);
    }
  }
}

/** Records that a host is started again; false if the start was cancelled meanwhile. */
async function noteRepeatedStart(run: LiveRun, { actor, key }: TaskEffect): Promise<boolean> {
  const refusal = await run.commit(actor, { type: 'hostStartRepeated', key });
  if (refusal !== null && run.isOwed(key))
    throw new Error(`bug: ${run.runId}: a host start was asked for and is not owed`);
  return refusal === null;
}

/**
 * Settles the task if it has ended or is in doubt; starts nothing, adopts nothing and waits for nothing. Returns the table's action for it.
 */
export async function settleIfEnded(run: LiveRun, effect: TaskEffect): Promise<RecoveryAction> {
  const task = await openTaskFolder(run.world, run.runId, effect.taskId, effect.requestHash);
  const seen = await observe(run.world, task);
  const action = recoveryAction(factsOf(seen));
  if (action !== 'startHost' && action !== 'watchHost' && action !== 'adoptWorker') {
    await settleEnded(run, effect, task, seen, action);
  }
  return action;
}

async function settleEnded(
  run: LiveRun,
  effect: TaskEffect,
  task: OpenedTask,
  seen: TaskObservation,
  action: Exclude<RecoveryAction, 'startHost' | 'watchHost' | 'adoptWorker'>,
): Promise<void> {
  switch (action) {
    case 'linkNeverRan':
    case 'concludeOrphan':
      return concludeOrphan(run, effect, task, seen);
    case 'endRemains':
      return endRemains(run, effect, task, seen);
    case 'settleRevoked':
    case 'settleOutcome':
      return settleFrom(run, effect, seen);
    case 'askAboutHost':
    case 'askAboutRemains':
      await run.settle(effect, { type: 'hostDoubted', key: effect.key, blocker: doubt(task, seen) });
      return;
    default:
      return unreachable(action);
  }
}

/** Starts a host and waits until it has claimed, has died, or has used up its time (then it is killed). */
async function startHost(run: LiveRun, task: OpenedTask, signal: AbortSignal): Promise<void> {
  const { world } = run;
  const host = world.processes.startHost({ taskFolder: task.folder, requestHash: task.requestHash });
  const endMs = world.clock.monotonicMs() + BOUNDS.hostStartMs;
  while (!signal.aborted && host !== null) {
    if ((await observe(world, task)).claim !== null) return;
    if (world.processes.life(host) !== 'alive') return;
    if (world.clock.monotonicMs() > endMs) return killHost(run, host, signal);
    await folderChange(world, task.folder, signal, 250);
  }
}

async function killHost(run: LiveRun, host: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const { world } = run;
  const endMs = world.clock.monotonicMs() + BOUNDS.killMs;
  while (!signal.aborted && world.clock.monotonicMs() < endMs && world.processes.signal(host, 'SIGKILL')) {
    await new Promise<void>((resolve) => world.clock.timer(20, resolve));
  }
}

/** The host lives: records its progress, or waits for more; ends it when it hangs. */
async function watchHost(
  run: LiveRun,
  effect: TaskEffect,
  task: OpenedTask,
  seen: TaskObservation,
  pulse: HostPulse,
  signal: AbortSignal,
): Promise<void> {
  const { world } = run;
  if (effect.kind !== 'watchWorker' && seen.agent !== null) return spawned(run, effect, task, seen);
  if (effect.kind === 'startHost' && pulse.sinceFirstLookMs() >= BOUNDS.agentAfterClaimMs && seen.claim !== null) {
    await world.registers.settle(task.folder);
    await run.settle(effect, { type: 'hostClaimed', key: effect.key, claimHash: seen.claim.hash });
    return;
  }
  if (pulse.isHung(seen.heartbeatMs)) {
    world.log(`${run.runId}: the host of ${effect.taskId} does not respond; it is ended`);
    return endTaskInOrder(run, effect, task, 'hung');
  }
  if (effect.kind === 'watchWorker' && pulse.sinceFirstLookMs() >= SNAPSHOT_AFTER_MS) await run.saveSnapshot();
  const pollMs = effect.kind === 'startHost' ? BOUNDS.agentAfterClaimMs / 2 : BOUNDS.watchPollMs;
  await folderChange(world, task.folder, signal, pollMs);
}

async function spawned(run: LiveRun, effect: TaskEffect, task: OpenedTask, seen: TaskObservation): Promise<void> {
  if (seen.agent === null) return;
  await run.world.registers.settle(task.folder);
  await run.settle(effect, {
    type: 'workerSpawned',
    key: effect.key,
    agentHash: seen.agent.hash,
    pid: seen.agent.value.worker.pid,
    startedAtMs: seen.agent.value.startedAtMs,
  });
}

/** The host is dead and the worker lives: watch it within the limits of its request, then look again. */
async function adoptWorker(
  run: LiveRun,
  effect: TaskEffect,
  task: OpenedTask,
  seen: TaskObservation,
  limits: OrphanLimits | null,
  signal: AbortSignal,
): Promise<void> {
  if (effect.kind !== 'watchWorker' || limits === null) return spawned(run, effect, task, seen);
  const { world } = run;
  if (run.state.children[effect.taskId]?.context.isAdopted === false) {
    await run.commit(effect.actor, { type: 'workerAdopted', key: effect.key });
    world.log(`${run.runId}: adopted the worker of ${effect.taskId}, whose host is dead`);
  }
  const reason = limits.overrun();
  if (reason !== null) return endTaskInOrder(run, effect, task, 'deadline', reason);
  await folderChange(world, task.folder, signal, BOUNDS.watchPollMs);
}

/** The blocker of a task whose host or remains cannot be judged from here. */
function doubt(task: OpenedTask, seen: TaskObservation): Blocker {
  const claim = seen.claim?.value;
  if (seen.host === 'dead') {
    return blocker('PAWL_WORKER_SURVIVORS', { reason: 'unreadable' }, [task.folder]);
  }
  const host = claim?.kind === 'host' ? claim.host : null;
  const params =
    host === null
      ? ({ reason: 'unclaimed' } as const)
      : ({ reason: 'elsewhere', pid: host.pid, hostname: host.hostname } as const);
  return blocker('PAWL_HOST_UNKNOWN', params, [task.folder]);
}
