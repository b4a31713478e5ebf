/**
 * Starting a run: its lease, its workspace.
 *
 * Owns: those effects, and what they need to know of other runs. Does not own: whether a run is admitted (engine/effects/admit-run), the table of leases (engine/leases), git (adapters).
 *
 * Invariants: 1. No two runs hold overlapping surfaces. 2. A lease past its time is taken over only from a run without an open task.
 */
import { blocker, firstOf } from '../../model/blocker.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import type { Blocker } from '../../model/error.ts';
import { readKeptPacket } from '../kept-packet.ts';
import type { Conflict, LeaseTable } from '../leases.ts';
import type { LiveRun } from '../live-run.ts';
import type { Slots } from '../slots.ts';
import type { Turns } from '../turns.ts';
import type { RunsAtWork } from './git-settings.ts';
import type { Outages } from './outages.ts';
import type { ReportsOfOthers, SpentByOthers } from './request-task.ts';

/** Coordinates a run with the others of its process: what admission needs to know about them. */
export interface RunCoordinator {
  readonly leases: LeaseTable;
  readonly slots: Slots;
  readonly outages: Outages;
  /** The order in which runs are admitted. */
  readonly turns: Turns;
  /** `--agent`: it outranks packet and config. */
  readonly agentOverride: string | null;
  /** True when the run is driven here and can still move by itself. */
  isMoving(runId: string): boolean;
  /** The live run of that id, if it is in this process. */
  find(runId: string): LiveRun | undefined;
  /** Worktrees of runs that have ended. */
  endedWorktrees(): readonly string[];
  /** What the other runs of the registry have used. */
  readonly spentByOthers: SpentByOthers;
  /** What their turns have reported. */
  readonly reportsOfOthers: ReportsOfOthers;
  readonly runsAtWork: RunsAtWork;
  /** New work may begin. */
  isAccepting(): boolean;
}

/** The run's surfaces are leased to it, or it is refused with the holder's name. */
export async function acquireLease(
  run: LiveRun,
  effect: KeyedEffectOf<'acquireLease'>,
  coordinator: RunCoordinator,
  signal: AbortSignal,
): Promise<void> {
  const { leases, slots } = coordinator;
  while (!signal.aborted && run.isOwed(effect.key)) {
    const conflict = leases.conflict(run.runId, effect.surfaces);
    if (conflict === null) {
      if (!(await slots.take(run.runId, signal))) return;
      // Waiting for a slot takes time: another run may hold the surfaces by now.
      if (leases.conflict(run.runId, effect.surfaces) !== null) continue;
      const release = leases.reserve(run.runId, effect.surfaces);
      try {
        await run.settle(effect, { type: 'leaseAcquired', key: effect.key, surfaces: [...effect.surfaces] });
      } finally {
        release();
      }
      return;
    }
    if (await reclaim(run, conflict, coordinator)) continue;
    if (!coordinator.isMoving(conflict.holder.runId)) {
      slots.release(run.runId);
      await run.settle(effect, {
        type: 'leaseRefused',
        key: effect.key,
        holder: conflict.holder.runId,
        surfaces: [...conflict.surfaces],
        blocker: leaseConflict(conflict),
      });
      return;
    }
    await noteContention(run, effect, conflict);
    slots.release(run.runId);
    await leases.changed(signal);
  }
}

/** Records the awaited holder, once for each holder. */
async function noteContention(
  run: LiveRun,
  effect: KeyedEffectOf<'acquireLease'>,
  { holder, surfaces }: Conflict,
): Promise<void> {
  if (run.state.root.context.contention?.holder === holder.runId) return;
  await run.commit(effect.actor, {
    type: 'leaseContended',
    key: effect.key,
    holder: holder.runId,
    surfaces: [...surfaces],
  });
}

/** A lease past its time is taken from a holder that does not move and has no open task. Returns whether the holder no longer has it. */
async function reclaim(run: LiveRun, { holder }: Conflict, coordinator: RunCoordinator): Promise<boolean> {
  if (holder.expiresAtMs > run.world.clock.nowMs() || coordinator.isMoving(holder.runId)) return false;
  const owner = coordinator.find(holder.runId);
  if (owner === undefined || owner.fault !== null) return false;
  const refusal = await owner.commit('run', { type: 'leaseReclaimed', by: run.runId });
  // Another run may have reclaimed it at the same time.
  if (refusal !== null) return owner.state.root.context.lease === null;
  run.world.log(`${run.runId}: reclaimed the lease of ${holder.runId}, which had expired`);
  return true;
}

const SURFACES_SHOWN = 5;

function leaseConflict({ holder, surfaces, held }: Conflict): Blocker {
  const params = {
    reason: 'held',
    holder: holder.runId,
    needed: firstOf(surfaces, SURFACES_SHOWN),
    held: firstOf(held, SURFACES_SHOWN),
  } as const;
  return blocker('PAWL_LEASE_CONFLICT', params, [holder.runId, ...surfaces.slice(0, 20)]);
}

/** The surfaces that the run waits for are free. */
export async function awaitSurface(
  run: LiveRun,
  effect: KeyedEffectOf<'awaitSurface'>,
  coordinator: RunCoordinator,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && run.isOwed(effect.key)) {
    const conflict = coordinator.leases.conflict(run.runId, effect.surfaces);
    if (conflict === null) {
      await run.settle(effect, { type: 'surfaceFreed', key: effect.key });
      return;
    }
    await coordinator.leases.changed(signal);
  }
}

/** The run's worktree is on its branch, or the blocker says why it cannot be. */
export async function prepareWorkspace(
  run: LiveRun,
  effect: KeyedEffectOf<'prepareWorkspace'>,
  coordinator: RunCoordinator,
): Promise<void> {
  const { world, runId } = run;
  const { key } = effect;
  const kept = await readKeptPacket(world, run);
  const result = await world.git.prepareWorkspace({
    runId,
    worktree: world.paths.worktree(runId),
    branch: run.state.root.context.branch,
    baseBranch: kept.packet.scm.baseBranch,
    endedWorktrees: coordinator.endedWorktrees(),
  });
  if (result.kind === 'refused') {
    await run.settle(effect, { type: 'workspaceRefused', key, blocker: result.blocker });
    return;
  }
  const { baseBranch, baseCommit, headCommit } = result;
  await run.settle(effect, { type: 'workspacePrepared', key, baseBranch, baseCommit, headCommit });
}
