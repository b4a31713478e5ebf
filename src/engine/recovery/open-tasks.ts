/**
 * What a start finds of a run's open tasks, leases and late answers, in the words of the recovery table's classes.
 *
 * Owns: those findings, recording late completions. Does not own: acting on open tasks (engine/effects/supervise).
 */

import { join } from 'node:path';
import { sha256 } from '../../base/sha256.ts';
import type { KeyedEffect } from '../../model/effect.ts';
import type { JournalEvent } from '../../model/event.ts';
import { BOUNDS } from '../../model/limits.ts';
import { TASK_FILES } from '../../model/request.ts';
import { recoveryAction } from '../../run/recovery.ts';
import { type Finder, type RecoveryFinding, staleLeaseFinding, taskFinding } from '../../run/recovery-findings.ts';
import type { RunState } from '../../run/system.ts';
import { parseOutcome } from '../../turn/task-files.ts';
import { factsOf, observe, openTaskFolder, type TaskPlace } from '../../worker/task-folder.ts';
import { settleIfEnded } from '../effects/supervise.ts';
import type { LiveRun } from '../live-run.ts';

/** What is open in a run, without acting on it; a start settles what has ended afterwards. */
export async function lookAtTasks(
  place: TaskPlace,
  runId: string,
  state: RunState,
  nowMs: number,
  finder: Finder,
): Promise<readonly RecoveryFinding[]> {
  const found: RecoveryFinding[] = [];
  for (const effect of state.owed) {
    if (isTaskEffect(effect) || effect.kind === 'endTask') {
      const task = await openTaskFolder(place, runId, effect.taskId, effect.requestHash);
      found.push(taskFinding(effect.taskId, recoveryAction(factsOf(await observe(place, task))), finder));
    } else if (effect.kind === 'prepareTask' && (await place.registers.has(place.paths.task(runId, effect.taskId)))) {
      found.push({
        class: 'intentBeforeSpawn',
        detail: `${effect.taskId} was being prepared`,
        action: 'prepared again, once, by the next run',
      });
    }
  }
  const { lease } = state.root.context;
  if (lease !== null && lease.expiresAtMs <= nowMs) found.push(staleLeaseFinding());
  return found;
}

/** Settles every open task that has ended. Starts, adopts and waits for nothing. */
export async function settleOpenTasks(run: LiveRun): Promise<void> {
  for (const effect of run.state.owed.filter(isTaskEffect)) {
    if (run.isOwed(effect.key)) await settleIfEnded(run, effect);
  }
}

function isTaskEffect(
  effect: KeyedEffect,
): effect is Extract<KeyedEffect, { kind: 'startHost' | 'awaitWorker' | 'watchWorker' }> {
  return effect.kind === 'startHost' || effect.kind === 'awaitWorker' || effect.kind === 'watchWorker';
}

/** Records what the losers of a register reported, each entry once. */
export async function recordLateCompletions(run: LiveRun): Promise<readonly RecoveryFinding[]> {
  const { world } = run;
  const found: RecoveryFinding[] = [];
  for (const [taskId, task] of Object.entries(run.state.children)) {
    if (task.context.settlement === null) continue;
    const folder = join(world.paths.task(run.runId, taskId), TASK_FILES.late);
    for (const name of (await world.registers.names(folder)).slice(0, BOUNDS.completionReports)) {
      if (task.context.reports.some((report) => report.entryId === name)) continue;
      if ((await run.commit(taskId, await reportOf(run, folder, name))) !== null) continue;
      const decision = run.state.children[taskId]?.context.reports.at(-1)?.decision ?? 'late';
      found.push({
        class: 'lateOrConflicting',
        detail: `${taskId}: a later completion (${name})`,
        action: `recorded as ${decision}`,
      });
    }
  }
  return found;
}

async function reportOf(run: LiveRun, folder: string, name: string): Promise<JournalEvent> {
  // A host that was killed may not have made it durable.
  const bytes = (await run.world.registers.readSettled(join(folder, name))) ?? new Uint8Array();
  const parsed = parseOutcome(bytes);
  return {
    type: 'completionReported',
    entryId: name.slice(0, 200),
    requestHash: parsed.ok ? parsed.value.requestHash : '',
    outcomeHash: sha256(bytes),
    completionHash: parsed.ok ? (parsed.value.completion?.sha256 ?? null) : null,
    isValid: parsed.ok,
  };
}
