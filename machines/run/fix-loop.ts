/**
 * Whether the fix loop converges: compares rounds of findings with each other.
 *
 * Owns: the rules for a loop that does not converge. Does not own: the keys of findings (run/finding-keys), its blocker (blockers).
 *
 * Invariant: only rounds whose findings can be compared count; a gate that says nothing comparable continues to its limit.
 */
import type { Blocker } from '../../src/model/error.ts';
import type { Judgement, RunContext } from '../../src/model/run-context.ts';
import { fixStuck, type StuckReason } from './blockers.ts';
import type { RunMachineEvent, RunMachineEventOf } from './context.ts';

/** A failed judgement as the run remembers it. */
export function judgementOf(event: RunMachineEventOf<'gateJudged'>): Judgement {
  return {
    gate: event.gate,
    commit: event.commit,
    keys: event.findingKeys ?? [],
    isAllInFix: event.isAllInFix ?? false,
  };
}

/** Why another round of fixing would not converge, null when it may. */
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

/** The blocker of a loop that does not converge, with its trend. */
export function stuckBlockers(context: RunContext, event: RunMachineEvent): readonly Blocker[] {
  if (event.type !== 'gateJudged') return [];
  const rounds = [...context.judgements.filter(({ gate }) => gate === event.gate), judgementOf(event)];
  const trend = rounds.map(({ keys }) => keys.length);
  return fixStuck(stuckReason(context, event) ?? 'same', event.gate, trend, event.blocker, event.evidence);
}

function isSame(one: Judgement, other: Judgement): boolean {
  return one.keys.length === other.keys.length && one.keys.every((key) => other.keys.includes(key));
}

function overlaps(one: Judgement, other: Judgement): boolean {
  return one.keys.some((key) => other.keys.includes(key));
}
