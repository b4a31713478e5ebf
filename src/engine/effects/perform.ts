/**
 * Which code performs which effect.
 *
 * Owns: that table, total over the effect union, and what a failure of git means for each. Does not own: the performing itself.
 */
import { unreachable } from '../../base/unreachable.ts';
import { type KeyedEffect, RUN_EFFECTS } from '../../model/effect.ts';
import { PawlError } from '../../model/error.ts';
import type { LiveRun, Performer } from '../live-run.ts';
import { acquireLease, awaitSurface, prepareWorkspace, type RunCoordinator } from './admission.ts';
import { admitRun, isAlreadyRecorded } from './admit-run.ts';
import { performEndTask } from './end-task.ts';
import { projectHandoff } from './project-handoff.ts';
import { prepareTask } from './request-task.ts';
import { superviseTask } from './supervise.ts';
import { awaitDeadline } from './timers.ts';
import { commitWork, performJudgeGate } from './work.ts';

/** The performer of a driving process. */
export function performer(coordinator: RunCoordinator): Performer {
  return async (run, effect, signal) => {
    const { isBeginning, occupiesSlot } = RUN_EFFECTS[effect.kind];
    if (!coordinator.isAccepting() && isBeginning) return;
    if (occupiesSlot && !(await coordinator.slots.take(run.runId, signal))) return;
    if (signal.aborted || !run.isOwed(effect.key)) return;
    try {
      await perform(run, effect, coordinator, signal);
    } catch (error) {
      if (!(error instanceof PawlError) || !isOfGit(error) || !(await refuseForGit(run, effect, error))) throw error;
    }
  };
}

function perform(run: LiveRun, effect: KeyedEffect, coordinator: RunCoordinator, signal: AbortSignal): Promise<void> {
  switch (effect.kind) {
    case 'admitRun':
      return admitRun(run, effect, coordinator, signal);
    case 'acquireLease':
      return acquireLease(run, effect, coordinator, signal);
    case 'awaitSurface':
      return awaitSurface(run, effect, coordinator, signal);
    case 'prepareWorkspace':
      return prepareWorkspace(run, effect, coordinator);
    case 'prepareTask':
      return prepareTask(run, effect, coordinator);
    case 'commitWork':
      return commitWork(run, effect, coordinator);
    case 'judgeGate':
      return performJudgeGate(run, effect, coordinator.runsAtWork);
    case 'projectHandoff':
      return projectHandoff(run, effect);
    case 'startHost':
    case 'awaitWorker':
    case 'watchWorker':
      return superviseTask(run, effect, signal);
    case 'endTask':
      return performEndTask(run, effect);
    case 'deadline':
      return awaitDeadline(run, effect, signal, coordinator.outages);
    default:
      return unreachable(effect);
  }
}

/** A git that was killed or could not be started has said nothing: then the run halts, and the next start resumes automatically. */
function isOfGit({ code, kind }: PawlError): boolean {
  return (code === 'PAWL_GIT_FAILED' && kind !== 'retryable') || code.startsWith('PAWL_WORKSPACE_');
}

/**
 * What git refused becomes the run's blocker, where the effect has a fact for it: the run waits for a person instead of failing again and again.
 * Returns whether it has.
 */
async function refuseForGit(run: LiveRun, effect: KeyedEffect, error: PawlError): Promise<boolean> {
  const { refusedAs } = RUN_EFFECTS[effect.kind];
  const { blocker } = error;
  if (refusedAs === null || blocker === null) return false;
  // A run that waits to be admitted is checked again and again: what is already recorded is not recorded again.
  if (!isAlreadyRecorded(run, [blocker])) await run.settle(effect, refusedAs(effect.key, blocker));
  return true;
}
