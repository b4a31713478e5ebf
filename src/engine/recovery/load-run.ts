/**
 * Loads a run from its files: live, ended, or set aside because they contradict each other.
 *
 * Owns: how closely a run is checked at a start, what is settled before anything is driven. Does not own: the checks (engine/recovery/rehydrate),
 * keeping the runs (engine/driver).
 *
 * Invariants: 1. A run whose end is proven by its snapshot is not folded again at every start; `recover` folds it nevertheless. 2. What records have decided and the inbox
 * may not hold yet is remembered, and filed before the run is set aside: nobody reads its records after that.
 */
import type { RunView } from '../../run/run-view.ts';
import { readSettledQuarantine } from '../../store/quarantine.ts';
import { LiveRun, type LiveRunObserver } from '../live-run.ts';
import { earlierView, quickView } from '../run-look.ts';
import type { World } from '../world.ts';
import { lookAtTasks, recordLateCompletions, settleOpenTasks } from './open-tasks.ts';
import { type Finding, rehydrate } from './rehydrate.ts';
import { setAside } from './set-aside.ts';

/** What a start found about one run. */
export interface RunFindings {
  readonly runId: string;
  readonly findings: readonly Finding[];
}

/** A run loaded from its folder. */
export type LoadedRun =
  | { readonly kind: 'absent' }
  | { readonly kind: 'ended'; readonly view: RunView; readonly findings: readonly Finding[] }
  | { readonly kind: 'live'; readonly run: LiveRun; readonly findings: readonly Finding[] };

/** The run: ended if its snapshot says so, else folded and validated, else set aside. */
export async function loadRun(world: World, runId: string, observer: LiveRunObserver): Promise<LoadedRun> {
  const view = quickView(world, runId);
  if (view?.kind === 'quarantined') await readSettledQuarantine(world.files, world.paths, runId);
  if (view !== null && (view.kind === 'terminal' || view.state === 'quarantined'))
    return { kind: 'ended', view, findings: [] };
  return loadWholeRun(world, runId, observer);
}

/** The run, folded from its first record and validated, else set aside. */
export async function loadWholeRun(world: World, runId: string, observer: LiveRunObserver): Promise<LoadedRun> {
  const found = await rehydrate(world, runId);
  if (found.kind === 'absent') return found;
  if ('recorded' in found) for (const each of found.recorded) world.inbox.remember(each);
  if (found.kind === 'live') {
    return { kind: 'live', run: await LiveRun.open(world, { runId, ...found }, observer), findings: found.findings };
  }
  if (found.kind === 'unsupported')
    return { kind: 'ended', view: earlierView(world, runId, found.known), findings: [] };
  await world.inbox.file(runId);
  await setAside(world, runId, found.doubt, found.findings);
  const view = quickView(world, runId);
  if (view === null) throw new Error(`bug: ${runId} was set aside and cannot be read`);
  return { kind: 'ended', view, findings: found.findings };
}

/** Settles what has ended while nobody drove the run, and records what was found. Returns all findings. */
export async function settleLeftovers(run: LiveRun, before: readonly Finding[]): Promise<readonly Finding[]> {
  const { world } = run;
  const findings = [...before];
  try {
    await run.raiseRules();
    findings.push(...(await lookAtTasks(world, run.runId, run.state, world.clock.nowMs(), 'start')));
    await settleOpenTasks(run);
    findings.push(...(await recordLateCompletions(run)));
    if (findings.length > 0)
      await run.commit('driver', { type: 'runRehydrated', findings: findings.slice(0, 100).map(told) });
  } catch (error) {
    run.fail(error);
  }
  return findings;
}

function told({ class: name, detail, action }: Finding): { class: string; detail: string; action: string } {
  return { class: name, detail: detail.slice(0, 4_000), action: action.slice(0, 4_000) };
}
