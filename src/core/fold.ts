/**
 * A journal folded from its first record: the state it proves, or the record at which it contradicts itself.
 *
 * Owns: replay, checking every `post` and every effect. Does not own: the chain's bytes (store/journal), decisions (core/decide).
 *
 * Invariant: folding the same records gives the same state, byte for byte (L2).
 */
import { canonicalJson } from '../base/canonical-json.ts';
import type { Hash } from '../base/sha256.ts';
import type { JournalRecord } from '../model/record.ts';
import { type Delivery, decide, type RunState } from './decide.ts';
import { stateHash } from './state-image.ts';

/** The state that a journal folds to, or the record from which it says something else. */
export type Folding =
  | { readonly kind: 'whole'; readonly state: RunState | null }
  | { readonly kind: 'diverged'; readonly seq: number; readonly detail: string; readonly before: RunState | null };

/** What a fold is done with. */
export interface FoldOptions {
  readonly hash: Hash;
  /** Called after every record, for those who replay history. */
  readonly onRecord?: (record: JournalRecord, state: RunState, deliveries: readonly Delivery[]) => void;
}

/** Folds `records`, which a reader has already verified as a chain. */
export function fold(runId: string, records: readonly JournalRecord[], options: FoldOptions): Folding {
  let state: RunState | null = null;
  for (const record of records) {
    const decision = decide(runId, state, record);
    if (decision.kind === 'refused')
      return { kind: 'diverged', seq: record.seq, detail: decision.reason, before: state };
    if (canonicalJson(decision.effects) !== canonicalJson(record.effects)) {
      return {
        kind: 'diverged',
        seq: record.seq,
        detail: 'the recorded effects are not those that the machines ask for',
        before: state,
      };
    }
    if (stateHash(decision.state, options.hash) !== record.post) {
      return {
        kind: 'diverged',
        seq: record.seq,
        detail: 'the recorded state hash is not that of the folded state',
        before: state,
      };
    }
    state = decision.state;
    options.onRecord?.(record, state, decision.deliveries);
  }
  return { kind: 'whole', state };
}
