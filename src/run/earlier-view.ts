/**
 * What an operator sees of a run that this version of Pawl cannot continue, and how continuing it is refused.
 *
 * Owns: the view of such a run as long as it has not ended, the refusal in words. Does not own: the form of its snapshot (run/earlier-rules), reading it
 * (engine/run-look). Free of xstate and zod: `status` loads this file.
 *
 * Invariants: 1. An ended run looks like any other ended run. 2. A run that has not ended still holds what it held: no other run gets that.
 */
import { hintOf } from '../blockers/catalogue.ts';
import type { PawlError, ShownBlocker } from '../model/error.ts';
import { lookAtRun } from './error-actions.ts';
import { quarantinedView, type RunView, UNKNOWN_STATE, withActions } from './run-view.ts';

/** What the first records of such a run say, whatever its state. */
export interface EarlierFacts {
  readonly rules: number;
  readonly taskId: string;
  /** Everything that it may hold. */
  readonly surfaces: readonly string[];
  /** The branch that it is for; empty where that is not known. */
  readonly branch: string;
}

/** True while the run has not ended and this version cannot continue it. */
export function isHeldByEarlier({ earlierRules, kind }: Pick<RunView, 'earlierRules' | 'kind'>): boolean {
  return earlierRules !== undefined && kind !== 'terminal';
}

/** The recorded view, with the rules as the reason why the run cannot continue. */
export function unsupportedView(view: RunView, rules: number): RunView {
  const blocker: ShownBlocker = {
    code: 'PAWL_RULES_UNSUPPORTED',
    message: sentence('This run', rules),
    hint: hintOf('PAWL_RULES_UNSUPPORTED'),
    evidence: [],
  };
  return withActions({
    ...view,
    earlierRules: rules,
    kind: 'blocked',
    blockers: [blocker],
    blockedGate: null,
    waitUntilMs: null,
    pending: null,
  });
}

/** The view of such a run whose snapshot is older than its journal: what happened since is unknown, so it holds everything that it may hold. */
export function unsupportedBehind(view: RunView, shownSeq: number, { rules, surfaces }: EarlierFacts): RunView {
  const { blockers, ...shown } = unsupportedView(view, rules);
  const since = `It is shown as of record ${shownSeq} of ${view.seq}; its events tell what happened since.`;
  return {
    ...shown,
    blockers: blockers.map((blocker) => ({ ...blocker, message: `${blocker.message} ${since}` })),
    lease: forever(surfaces),
  };
}

/** The view of such a run without a snapshot: what its first record says. */
export function unsupportedUnseen(
  runId: string,
  { taskId, surfaces, rules, branch }: EarlierFacts,
  at: { readonly seq: number; readonly updatedAtMs: number | null },
): RunView {
  const blocker: ShownBlocker = { code: 'PAWL_RULES_UNSUPPORTED', message: '', hint: '', evidence: [] };
  const unseen = quarantinedView(runId, taskId, { atMs: 0, surfaces, isResolved: false, blocker });
  return unsupportedView({ ...unseen, ...at, branch, state: UNKNOWN_STATE, lease: forever(surfaces) }, rules);
}

function forever(surfaces: readonly string[]): RunView['lease'] {
  return { surfaces, expiresAtMs: Number.MAX_SAFE_INTEGER };
}

/** The refusal of anything that would continue the run. */
export function earlierRefusal(
  { runId, earlierRules = 0 }: Pick<RunView, 'runId' | 'earlierRules'>,
  options: readonly string[],
): Pick<PawlError, 'code' | 'message' | 'subject' | 'hint' | 'actions'> {
  return {
    code: 'PAWL_RULES_UNSUPPORTED',
    message: `${sentence(runId, earlierRules)} Nothing was changed.`,
    subject: runId,
    hint: hintOf('PAWL_RULES_UNSUPPORTED'),
    actions: [lookAtRun(runId, options)],
  };
}

function sentence(who: string, rules: number): string {
  return `${who} was begun by an earlier version of Pawl (rules ${rules}), and this version cannot continue it.`;
}
