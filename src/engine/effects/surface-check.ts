/**
 * A run's work against its lease, once it is a commit: what it touches beyond is leased as well, or parks the run.
 *
 * Owns: that comparison, and the settlement that reports it. Does not own: the rule (run/surface-verdict), the commit (engine/effects/work), the
 * table of leases (engine/leases).
 *
 * Invariant: what is free is reserved in the same check, and stays reserved until the record that leases it is durable or refused, so that of two
 * runs whose work is ready at once only one leases it.
 */
import type { KeyedEffectOf } from '../../model/effect.ts';
import type { RunEvent } from '../../model/event.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { Packet } from '../../model/packet.ts';
import { OutsidePaths } from '../../run/outside-paths.ts';
import { surfaceBlocker, surfaceVerdict } from '../../run/surface-verdict.ts';
import type { LeaseTable } from '../leases.ts';
import type { LiveRun } from '../live-run.ts';

/** The result of a run's work, without what it touches. */
export type Work = Extract<RunEvent, { type: 'workCommitted' | 'workEmpty' }>;

/** All that differs between the run's base and `commit` and is not leased to the run, as surfaces. */
export async function surfacesBeyond(run: LiveRun, packet: Packet, commit: string): Promise<readonly string[]> {
  const { lease, baseCommit, surfacesAdded } = run.state.root.context;
  const { repo } = packet.scm;
  if (repo === null || baseCommit === null) return [];
  const outside = new OutsidePaths(repo, lease?.surfaces ?? [], BOUNDS.surfacesAdded - surfacesAdded.length);
  await run.world.git.eachPathChanged(baseCommit, commit, (path) => outside.add(path));
  return outside.surfaces();
}

/** The work is recorded and what it touches beyond the lease is leased with it, or the run is parked over it. */
export async function settleWork(
  run: LiveRun,
  effect: KeyedEffectOf<'commitWork'>,
  work: Work,
  {
    beyond,
    packet,
    leases,
  }: { readonly beyond: readonly string[]; readonly packet: Packet; readonly leases: LeaseTable },
): Promise<void> {
  const question = {
    beyond,
    held: leases.conflicts(run.runId, beyond).map(({ holder, surfaces }) => ({ holder: holder.runId, surfaces })),
    isStrict: run.world.config.surface === 'strict',
    accepted: run.state.root.context.surfacesAccepted?.surfaces ?? [],
  };
  const verdict = surfaceVerdict(question);
  const { added, refused, holder } = verdict;
  const release = leases.reserve(run.runId, added);
  try {
    await run.settle(
      effect,
      refused.length === 0
        ? { ...work, ...(added.length === 0 ? {} : { surfacesAdded: added }) }
        : {
            type: 'surfaceExceeded',
            key: effect.key,
            taskId: effect.taskId,
            commit: work.commit,
            surfaces: refused,
            holder,
            surfacesAdded: added,
            blocker: surfaceBlocker(question, verdict, { repo: packet.scm.repo ?? '', commit: work.commit }),
          },
    );
  } finally {
    release();
  }
}
