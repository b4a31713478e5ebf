/**
 * The recovery table: from what is on disk for one task, the one thing the runner does.
 *
 * Owns: the table (design, section 5), every cell decided. Does not own: reading the files (worker/observe), acting (engine).
 *
 * Invariants: 1. Ambiguous is never acted upon (L5). 2. The order of the rows is the order of proof: an outcome counts only
 * once nothing of the tree is left; without one, nothing is concluded while the host is not proven dead (L3).
 */
import { unreachable } from '../base/unreachable.ts';

/** What a task's files and processes say, read in the order of design section 5. */
export interface TaskFacts {
  readonly claim: 'none' | 'revoked' | 'host';
  readonly host: 'none' | 'alive' | 'dead' | 'unknown';
  readonly hasAgent: boolean;
  /** `unknown`: something that could belong to the tree cannot be read. */
  readonly tree: 'none' | 'alive' | 'gone' | 'unknown';
  readonly hasOutcome: boolean;
}

/** The one thing to do about what was found. */
export type RecoveryAction =
  /** Nothing started: the claim register makes a start safe. */
  | 'startHost'
  /** Given up before a start. */
  | 'settleRevoked'
  /** In progress: reattach. */
  | 'watchHost'
  /** The worker never ran: sweep, then link `interrupted`. */
  | 'linkNeverRan'
  /** Orphaned worker: watch it within its limits. */
  | 'adoptWorker'
  /** Ended without an outcome: link what the output says. */
  | 'concludeOrphan'
  /** Finished, remains left: end the tree first. */
  | 'endRemains'
  /** Finished: verify hashes, settle. */
  | 'settleOutcome'
  /** Ambiguous host: a person decides. */
  | 'askAboutHost'
  /** Ambiguous remains: a person decides. */
  | 'askAboutRemains';

/** The action for these facts. Total: every combination has exactly one. */
export function recoveryAction(facts: TaskFacts): RecoveryAction {
  if (facts.hasOutcome) return facts.tree === 'alive' ? 'endRemains' : 'settleOutcome';
  switch (facts.claim) {
    case 'none':
      return 'startHost';
    case 'revoked':
      return 'settleRevoked';
    case 'host':
      return unfinished(facts);
    default:
      return unreachable(facts.claim);
  }
}

function unfinished(facts: TaskFacts): RecoveryAction {
  switch (facts.host) {
    case 'alive':
      return 'watchHost';
    case 'none':
    case 'unknown':
      return 'askAboutHost';
    case 'dead':
      if (!facts.hasAgent) return facts.tree === 'unknown' ? 'askAboutRemains' : 'linkNeverRan';
      if (facts.tree === 'alive') return 'adoptWorker';
      return facts.tree === 'unknown' ? 'askAboutRemains' : 'concludeOrphan';
    default:
      return unreachable(facts.host);
  }
}
