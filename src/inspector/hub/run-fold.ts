/**
 * One run followed by folding its journal, record by record.
 *
 * Owns: the folded state of a run that somebody looks at. Does not own: deciding (kernel/decide), what is made of the state.
 *
 * Invariants: 1. The state is one that the journal proves: every `post` is checked; at the first that differs the fold halts.
 * 2. A call takes a bounded piece, so that a long journal holds nobody else up.
 */

import { canonicalJson } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import type { Place } from '../../engine/run-look.ts';
import { snapshotOf, stateHash } from '../../kernel/image.ts';
import type { JournalRecord } from '../../model/record.ts';
import { type RunView, viewOf } from '../../run/run-view.ts';
import { decideRun, type RunDecision, type RunDelivery, type RunState, runSystem } from '../../run/system.ts';
import { JournalReader } from './journal-reader.ts';

/** Told of every record that was folded. */
export type OnFolded = (record: JournalRecord, state: RunState, deliveries: readonly RunDelivery[]) => void;

/** The fold of one run's journal, as far as it was read. */
export class RunFold {
  readonly runId: string;
  readonly #reader: JournalReader;
  readonly #onFolded: OnFolded | null;
  #state: RunState | null = null;
  #updatedAtMs: number | null = null;
  #fault: string | null = null;

  constructor(place: Place, runId: string, onFolded: OnFolded | null = null) {
    this.runId = runId;
    this.#reader = new JournalReader(place.files, place.paths.journal(runId));
    this.#onFolded = onFolded;
  }

  /** Why the run can be followed no further, null while it can. */
  get fault(): string | null {
    return this.#fault ?? this.#reader.fault;
  }

  /** Folds on by at most `linesMax` records; true when that was all there is. */
  advance(linesMax: number): { readonly isEnd: boolean; readonly isReset: boolean } {
    const { records, isEnd, isReset } = this.#reader.read(linesMax);
    if (isReset) this.#begin();
    for (const record of records) if (this.#fault === null) this.#take(record);
    return { isEnd, isReset };
  }

  /** The run as an operator sees it, null before its first record. */
  view(): RunView | null {
    const state = this.#state;
    if (state === null) return null;
    const { actors } = snapshotOf(runSystem, state, '', '');
    return viewOf(this.runId, actors, { seq: state.seq, updatedAtMs: this.#updatedAtMs });
  }

  #take(record: JournalRecord): void {
    const decision = this.#decide(record);
    if (decision.kind === 'refused') {
      this.#fault = `record ${record.seq}: ${decision.reason}`;
    } else if (canonicalJson(decision.effects) !== canonicalJson(record.effects)) {
      this.#fault = `record ${record.seq}: the recorded effects are not those that the machines ask for`;
    } else if (stateHash(runSystem, decision.state, sha256) !== record.post) {
      this.#fault = `record ${record.seq}: the recorded state hash is not that of the folded state`;
    } else {
      this.#state = decision.state;
      this.#updatedAtMs = record.atMs;
      this.#onFolded?.(record, decision.state, decision.deliveries);
    }
  }

  /** A record that is whole may still hold an event that no machine can be asked about. */
  #decide(record: JournalRecord): RunDecision {
    try {
      return decideRun(this.runId, this.#state, record);
    } catch (error) {
      return { kind: 'refused', code: 'PAWL_EVENT_REFUSED', reason: String(error) };
    }
  }

  #begin(): void {
    this.#state = null;
    this.#updatedAtMs = null;
    this.#fault = null;
  }
}
