/**
 * What surrounds a run besides its own files: who drives the registry, who holds what it waits for.
 *
 * Owns: finding that out, read-only. Does not own: what follows from it (run/next-actions), the signs of life of one task (engine/liveness).
 * Free of zod and xstate: `status` starts with it.
 */
import type { DriverFacts, Surroundings } from '../run/next-actions.ts';
import type { RecoveryFinding } from '../run/recovery-findings.ts';
import type { RunView } from '../run/run-view.ts';
import { shownRun } from '../run/shown-run.ts';
import type { Holder } from '../store/generation-lock.ts';
import { readHolder } from '../store/registry-lock.ts';
import { SignsReader, type WidePlace } from './liveness.ts';
import { type Place, quickView } from './run-look.ts';

/** Who drives the registry, seen from this process. */
export function driverFacts(place: WidePlace): DriverFacts {
  return driverOf(readHolder(place));
}

/** Who drives the registry that is held so. */
export function driverOf(holder: Holder): DriverFacts {
  if (holder.kind === 'free') return { kind: 'none' };
  const { content } = holder;
  if (content === null) return { kind: 'unknown', pid: null, hostname: '', sinceMs: null };
  return { kind: holder.kind, pid: content.holder.pid, hostname: content.holder.hostname, sinceMs: content.atMs };
}

/** What may already be known about a registry that is checked repeatedly. */
export interface KnownAround {
  readonly signs?: SignsReader;
  /** What a start would find in a run's journal and snapshot. */
  readonly findings?: ReadonlyMap<string, readonly RecoveryFinding[]>;
  /** The runs that may hold what others wait for. */
  readonly others?: ReadonlyMap<string, RunView>;
  /** As in Surroundings. */
  readonly beginOptions?: readonly string[];
}

/** The views as shown, each with its surroundings. */
export function shownRuns(
  place: WidePlace,
  views: readonly RunView[],
  driver: DriverFacts = driverFacts(place),
  known: KnownAround = {},
): readonly RunView[] {
  const { signs = new SignsReader(place), findings, beginOptions = [] } = known;
  const { others = new Map(views.map((view) => [view.runId, view])) } = known;
  const nowMs = place.files.clock.nowMs();
  const { commandOptions: options } = place.paths;
  return views.map((view) => {
    const around: Surroundings = { driver, holder: holderOf(place, view, others), options, beginOptions, nowMs };
    return shownRun(view, around, {
      folder: place.paths.run(view.runId),
      liveness: signs.of(view, driver, findings?.get(view.runId)),
    });
  });
}

/** The run that holds what this one waits for, or has touched; null where there is none, or it cannot be read cheaply. */
function holderOf(place: Place, view: RunView, others: ReadonlyMap<string, RunView>): RunView | null {
  const holder = view.contention?.holder ?? view.surfaceConflict?.holder ?? null;
  if (holder === null || view.kind === 'terminal') return null;
  const known = others.get(holder);
  if (known !== undefined) return known;
  return place.files.exists(place.paths.run(holder)) ? quickView(place, holder) : null;
}
