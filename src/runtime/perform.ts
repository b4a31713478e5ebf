/**
 * Which code performs which effect.
 *
 * Owns: that table, total over the effect union, and what a failure of git means for each. Does not own: the performing itself.
 */
import { unreachable } from '../base/unreachable.ts';
import type { KeyedEffect } from '../model/effect.ts';
import { PawlError } from '../model/error.ts';
import { acquireLease, awaitSurface, type Neighbours, prepareWorkspace } from './admission.ts';
import { admitRun, noteRefusal } from './admit-run.ts';
import { performEndTask } from './end-task.ts';
import type { LiveRun, Performer } from './live-run.ts';
import { projectHandoff } from './project-handoff.ts';
import { prepareTask } from './request-task.ts';
import { superviseTask } from './supervise.ts';
import { awaitDeadline } from './timers.ts';
import { commitWork, performJudgeGate } from './work.ts';

/** Effects that start something new: held back once the operator has asked Pawl to stop. */
const BEGINNINGS: readonly KeyedEffect['kind'][] = [
  'admitRun',
  'acquireLease',
  'awaitSurface',
  'prepareWorkspace',
  'prepareTask',
  'startHost',
];

/** The performer of a driving process. */
export function performer(neighbours: Neighbours): Performer {
  return async (run, effect, signal) => {
    if (!neighbours.isAccepting() && BEGINNINGS.includes(effect.kind)) return;
    if (NEEDS_SLOT.includes(effect.kind) && !(await neighbours.slots.take(run.runId, signal))) return;
    if (signal.aborted || !run.isOwed(effect.key)) return;
    try {
      await perform(run, effect, neighbours, signal);
    } catch (error) {
      if (!(error instanceof PawlError) || !isOfGit(error) || !refuseForGit(run, effect, error)) throw error;
    }
  };
}

/** Work of our own that counts against the number of runs driven at once. */
const NEEDS_SLOT: readonly KeyedEffect['kind'][] = [
  'prepareWorkspace',
  'prepareTask',
  'startHost',
  'commitWork',
  'judgeGate',
  'projectHandoff',
];

function perform(run: LiveRun, effect: KeyedEffect, neighbours: Neighbours, signal: AbortSignal): Promise<void> {
  switch (effect.kind) {
    case 'admitRun':
      return admitRun(run, effect, neighbours, signal);
    case 'acquireLease':
      return acquireLease(run, effect, neighbours, signal);
    case 'awaitSurface':
      return awaitSurface(run, effect, neighbours, signal);
    case 'prepareWorkspace':
      return prepareWorkspace(run, effect, neighbours);
    case 'prepareTask':
      return prepareTask(run, effect, neighbours);
    case 'commitWork':
      return commitWork(run, effect, neighbours);
    case 'judgeGate':
      return performJudgeGate(run, effect, neighbours.runsAtWork);
    case 'projectHandoff':
      return projectHandoff(run, effect);
    case 'startHost':
    case 'awaitWorker':
    case 'watchWorker':
      return superviseTask(run, effect, signal);
    case 'endTask':
      return performEndTask(run, effect);
    case 'deadline':
      return awaitDeadline(run, effect, signal, neighbours.outages);
    default:
      return unreachable(effect);
  }
}

/** A git that was killed or could not be started has said nothing: then the run stands still, and the next start goes on by itself. */
function isOfGit({ code, kind }: PawlError): boolean {
  return (code === 'PAWL_GIT_FAILED' && kind !== 'retryable') || code.startsWith('PAWL_WORKSPACE_');
}

/**
 * What git refused becomes the run's blocker, where the effect has one to give: the run waits for a person instead of failing again and again.
 * Returns whether it has.
 */
function refuseForGit(run: LiveRun, effect: KeyedEffect, error: PawlError): boolean {
  const { key } = effect;
  const { blocker } = error;
  if (blocker === null) return false;
  switch (effect.kind) {
    case 'admitRun':
      noteRefusal(run, effect, [blocker]);
      return true;
    case 'prepareWorkspace':
      return run.settle(effect, { type: 'workspaceRefused', key, blocker });
    case 'prepareTask':
      return run.settle(effect, { type: 'taskRefused', key, blocker });
    case 'commitWork':
      return run.settle(effect, { type: 'workRefused', key, blocker });
    case 'projectHandoff':
      return run.settle(effect, { type: 'handoffRefused', key, blocker });
    default:
      return false;
  }
}
