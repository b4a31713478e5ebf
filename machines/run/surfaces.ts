/**
 * What a run leases beyond its packet's surfaces, because its work touches it.
 *
 * Owns: adding those surfaces to the lease, what is remembered of surfaces that may not be leased, what a person accepts of them.
 * Does not own: the states (parts), where a run resumes (context), finding out what the work touches (engine).
 *
 * Invariants: 1. What was added is leased again with the rest after a lease was lost. 2. What
 * another commit could not hold is forgotten with the next one.
 */
import type { RunContext, SurfaceConflict } from '../../src/model/run-context.ts';
import type { RunMachineEvent, RunMachineEventOf } from './context.ts';

/** Everything that the run leases: the packet's surfaces, and what its work was found to touch beyond them. */
export function surfacesToLease({ surfaces, surfacesAdded }: RunContext): readonly string[] {
  return [...surfaces, ...surfacesAdded];
}

/** The lease with what the event adds to it; nothing changes where it adds nothing. */
export function grownLease(context: RunContext, event: RunMachineEvent): Partial<RunContext> {
  const added = 'surfacesAdded' in event ? (event.surfacesAdded ?? []) : [];
  if (added.length === 0) return {};
  const { lease, surfacesAdded } = context;
  return {
    surfacesAdded: [...surfacesAdded, ...added],
    lease: lease === null ? null : { ...lease, surfaces: [...lease.surfaces, ...added] },
  };
}

/** What is remembered of work that reaches beyond its lease. */
export function surfaceConflictOf(event: RunMachineEventOf<'surfaceExceeded'>): SurfaceConflict {
  const { taskId, commit, surfaces, holder } = event;
  return { taskId, commit, surfaces, holder };
}

/** The surfaces that a person accepts. */
export function surfaceAcceptance(
  { surfaces }: SurfaceConflict,
  { by, reason }: RunMachineEventOf<'decisionMade'>,
): Partial<RunContext> {
  return { surfacesAccepted: { surfaces, by, reason } };
}

/** What the commit of the work could not hold; entries of an earlier commit are forgotten. */
export function leftOutBy(event: RunMachineEvent): Pick<RunContext, 'leftOut'> {
  return { leftOut: ('leftOut' in event ? event.leftOut : undefined) ?? null };
}
