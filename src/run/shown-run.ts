/**
 * A run's view as shown to people: with its surroundings, and with every character of its names made visible.
 *
 * Owns: what is added and cleaned for terminal, page, reports and `--json`. Does not own: the view (run/run-view), finding the
 * surroundings (engine/liveness).
 *
 * Invariants: 1. Nothing shown holds a character that a terminal obeys or that cannot be seen. 2. What a command decides with is the
 * plain view, never this one: a name with escaped characters is no longer the name.
 */
import { sanitise } from '../base/sanitise.ts';
import { visible } from '../base/visible.ts';
import type { ShownBlocker } from '../model/error.ts';
import type { LeftOut, SomePaths } from '../model/event.ts';
import type { Liveness } from './liveness.ts';
import { firstOf, runActions, type Surroundings } from './next-actions.ts';
import type { RunView } from './run-view.ts';

const MESSAGE_CHARS_MAX = 4_000;

/** What is known about a run besides its journal. */
export interface Beside {
  /** The run's folder, absolute: paths of evidence below it are prefixed with it. Null leaves them relative. */
  readonly folder: string | null;
  readonly liveness: Liveness | null;
}

/** The view as it is shown. */
export function shownRun(view: RunView, around: Surroundings, { folder, liveness }: Beside): RunView {
  const actions = runActions(view, around);
  const { lease, contention, surfaceConflict, leftOut } = view;
  return {
    ...view,
    taskId: visible(view.taskId),
    branch: visible(view.branch),
    lease: lease === null ? null : { ...lease, surfaces: lease.surfaces.map(visible) },
    surfacesAdded: view.surfacesAdded.map(visible),
    surfaceConflict:
      surfaceConflict === null ? null : { ...surfaceConflict, surfaces: surfaceConflict.surfaces.map(visible) },
    leftOut: leftOut === null ? null : shownLeftOut(leftOut),
    contention: contention === null ? null : { ...contention, surfaces: contention.surfaces.map(visible) },
    blockers: view.blockers.map((blocker) => cleanBlocker(blocker, folder)),
    handoff: view.handoff === null ? null : { ...view.handoff, reference: visible(view.handoff.reference) },
    actions: actions.map((action) => ({ ...action, label: visible(action.label) })),
    nextSafeAction: firstOf(actions),
    liveness,
  };
}

function shownLeftOut({ emptySubmodules, filesBelowSubmodules }: LeftOut): LeftOut {
  const shown = ({ paths, count }: SomePaths): SomePaths => ({ paths: paths.map(visible), count });
  return { emptySubmodules: shown(emptySubmodules), filesBelowSubmodules: shown(filesBelowSubmodules) };
}

function cleanBlocker(blocker: ShownBlocker, folder: string | null): ShownBlocker {
  return {
    code: blocker.code,
    message: sanitise(blocker.message, MESSAGE_CHARS_MAX),
    hint: visible(blocker.hint),
    evidence: blocker.evidence.map((entry) => visible(absolute(entry, folder))),
  };
}

/** Evidence that is a path below the run's folder, as an absolute one. */
function absolute(entry: string, folder: string | null): string {
  const isBelow = /^(?:tasks|artifacts)\/[^/]/.test(entry);
  return folder !== null && isBelow ? `${folder}/${entry}` : entry;
}
