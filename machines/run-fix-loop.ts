/**
 * Whether the fix loop gets anywhere: rounds of findings compared with each other.
 *
 * Owns: the rules for a loop that does not converge, and its blocker. Does not own: the keys of findings (core/finding-keys), the limit of rounds (run-context).
 *
 * Invariant: only rounds whose findings can be compared count; a gate that says nothing comparable goes on to its limit.
 */
import type { Blocker } from '../src/model/error.ts';
import type { Judgement, RunContext, RunMachineEvent, RunMachineEventOf } from './run-context.ts';

/** Why the loop ends before its limit. */
export type StuckReason =
  /** Two fixes in a row have changed nothing of what is found. */
  | 'same'
  /** Everything that is found now had been found before, and was gone in between. */
  | 'returned'
  /** For two rounds, nothing but new faults in what the fixes themselves have added. */
  | 'newInFix';

/** A failed judgement as the run remembers it. */
export function judgementOf(event: RunMachineEventOf<'gateJudged'>): Judgement {
  return {
    gate: event.gate,
    commit: event.commit,
    keys: event.findingKeys ?? [],
    isAllInFix: event.isAllInFix ?? false,
  };
}

/** Why another round of fixing would get nowhere, null when it may. */
export function stuckReason(context: RunContext, event: RunMachineEventOf<'gateJudged'>): StuckReason | null {
  const now = judgementOf(event);
  const before = context.judgements.filter(({ gate }) => gate === now.gate);
  const [earlier, last] = before.slice(-2);
  if (earlier === undefined || last === undefined) return null;
  if ([now, last, earlier].some(({ keys }) => keys.length === 0)) return null;
  if (isSame(now, last) && isSame(last, earlier)) return 'same';
  const known = new Set(before.slice(0, -1).flatMap(({ keys }) => keys));
  if (now.keys.every((key) => known.has(key) && !last.keys.includes(key))) return 'returned';
  const isNew = now.isAllInFix && last.isAllInFix && !overlaps(now, last) && !overlaps(last, earlier);
  return isNew ? 'newInFix' : null;
}

const WORDS: Readonly<Record<StuckReason, string>> = {
  same: 'two fixes in a row have changed nothing of it',
  returned: 'all of it had been found before and was gone in between',
  newInFix: 'for two rounds there were only new faults, in what the fixes themselves had added',
};

/** The blocker of a loop that gets nowhere, with its trend. */
export function stuckBlockers(context: RunContext, event: RunMachineEvent): readonly Blocker[] {
  if (event.type !== 'gateJudged') return [];
  const rounds = [...context.judgements.filter(({ gate }) => gate === event.gate), judgementOf(event)];
  const trend = rounds.map(({ keys }) => keys.length).join(', ');
  const blocker: Blocker = {
    code: 'PAWL_FIX_STUCK',
    message: `The fix loop gets nowhere: ${WORDS[stuckReason(context, event) ?? 'same']}. Findings of the ${event.gate}, round by round: ${trend}.`,
    hint: 'Read the evidence, then decide: pawl resolve RUN_ID retry (one more round), accept (override the gate) or abandon.',
    evidence: [event.evidence.path],
  };
  return event.blocker === null ? [blocker] : [blocker, event.blocker];
}

function isSame(one: Judgement, other: Judgement): boolean {
  return one.keys.length === other.keys.length && one.keys.every((key) => other.keys.includes(key));
}

function overlaps(one: Judgement, other: Judgement): boolean {
  return one.keys.some((key) => other.keys.includes(key));
}
