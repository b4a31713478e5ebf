/**
 * A run at any of its sequences: its journal, folded once and kept at checkpoints.
 *
 * Owns: the fold on the page, which transitions each record took and how often, the place after every record.
 * Does not own: what an event means (kernel/decide), where records come from (connection), showing it.
 *
 * Invariants: 1. What is shown of a sequence is the fold of the records up to it (L2). 2. A step costs at most CHECKPOINT_RECORDS records.
 * Those of rules that this version cannot fold are kept as they are. 3. Records that come again change nothing; other ones in their place begin the history anew.
 */

import { type AnyMachineSnapshot, initialTransition } from 'xstate';
import { runMachine } from '../../../machines/run/run.machine.ts';
import type { Json } from '../../base/canonical-json.ts';
import { inertScope } from '../../kernel/inert-scope.ts';
import { type JournalRecord, RUN_ACTOR } from '../../model/record.ts';
import { ALONE } from '../../run/next-actions.ts';
import { placeOf, type RunView, viewOf } from '../../run/run-view.ts';
import { shownRun } from '../../run/shown-run.ts';
import { foldRunRecord, machineOf, type RunDelivery, type RunFolding, type RunState } from '../../run/system.ts';
import { transitionsTaken } from '../../run/transitions-taken.ts';
import { edgeIdOf, stayIdOf } from './chart-graph.ts';

/** Records between two checkpoints. */
const CHECKPOINT_RECORDS = 16;

/** How often each arrow was taken, and each state stayed in, by id. */
export type Counts = ReadonlyMap<string, number>;

/** An arrow or a stay that a record took, and the event that took it. */
export interface Taken {
  readonly id: string;
  readonly event: string;
}

/** The run after one record. */
export interface Moment {
  readonly seq: number;
  readonly record: JournalRecord;
  readonly state: RunState;
  readonly view: RunView;
}

/** The record at which the fold and the journal part. */
export interface Divergence {
  readonly seq: number;
  readonly detail: string;
}

interface Step extends Taken {
  readonly seq: number;
}

/** The history of one run. */
export class History {
  readonly runId: string;
  #records: JournalRecord[] = [];
  #checkpoints: (RunState | null)[] = [null];
  #head: RunState | null = null;
  /** What every actor took, in order. */
  #steps = new Map<string, Step[]>();
  #places: string[] = [];
  #divergence: Divergence | null = null;
  #earlierRules: number | null = null;
  #last: Moment | null = null;

  constructor(runId: string) {
    this.runId = runId;
  }

  get records(): readonly JournalRecord[] {
    return this.#records;
  }
  /** The place after each folded record, as `fixLoop.working`. */
  get places(): readonly string[] {
    return this.#places;
  }
  /** The highest sequence of which the state is known. */
  get foldedSeq(): number {
    return this.#places.length;
  }
  get divergence(): Divergence | null {
    return this.#divergence;
  }
  /** The rules of a journal that this version cannot fold: its records are shown without the states between them. Null of any other. */
  get earlierRules(): number | null {
    return this.#earlierRules;
  }
  /** The highest sequence that can be chosen. */
  get shownSeq(): number {
    return this.#earlierRules === null ? this.foldedSeq : this.#records.length;
  }
  /** True when every record that can be folded is. */
  get isWhole(): boolean {
    return this.#divergence !== null || this.#earlierRules !== null || this.foldedSeq === this.#records.length;
  }

  /** Takes the records that follow; true when one of them is new. */
  append(records: readonly JournalRecord[]): boolean {
    let isNew = false;
    for (const record of records) {
      const known = this.#records[record.seq - 1];
      if (known?.sum === record.sum) continue;
      if (known !== undefined) this.#forget();
      if (record.seq !== this.#records.length + 1) continue;
      this.#records.push(record);
      isNew = true;
    }
    return isNew;
  }

  /** Folds on while `mayGoOn` says so. */
  fold(mayGoOn: () => boolean): void {
    while (!this.isWhole && mayGoOn()) {
      const record = this.#records[this.foldedSeq];
      if (record === undefined) return;
      const before = this.#head;
      const decision = this.#decide(before, record);
      if (decision === null) return;
      this.#note(record.seq, before, decision);
      this.#head = decision.state;
      this.#places.push(
        placeOf(decision.state.root.value)
          .filter((part) => part !== null)
          .join('.'),
      );
      if (record.seq % CHECKPOINT_RECORDS === 0) this.#checkpoints.push(decision.state);
    }
  }

  /** The run after record `seq`; null when that is not folded. */
  at(seq: number): Moment | null {
    const record = this.#records[seq - 1];
    if (record === undefined || seq > this.foldedSeq) return null;
    if (this.#last?.seq === seq) return this.#last;
    const state = this.#stateAt(seq);
    if (state === null) return null;
    const found = viewOf(this.runId, actorsOf(state), { seq, updatedAtMs: record.atMs });
    const view = shownRun(found, ALONE, { folder: null, liveness: null });
    this.#last = { seq, record, state, view };
    return this.#last;
  }

  /** How often the actor took each arrow, and stayed in each state, up to record `seq`. */
  pathOf(actor: string, seq: number): Counts {
    const counts = new Map<string, number>();
    for (const step of this.#steps.get(actor) ?? []) {
      if (step.seq > seq) break;
      counts.set(step.id, (counts.get(step.id) ?? 0) + 1);
    }
    return counts;
  }

  /** What the actor took by record `seq` itself. */
  takenBy(actor: string, seq: number): readonly Taken[] {
    return (this.#steps.get(actor) ?? []).filter((step) => step.seq === seq);
  }

  #stateAt(seq: number): RunState | null {
    if (seq === this.foldedSeq) return this.#head;
    const checkpoint = Math.floor(seq / CHECKPOINT_RECORDS);
    const last = this.#last;
    const isNear = last !== null && last.seq < seq && last.seq >= checkpoint * CHECKPOINT_RECORDS;
    let state = isNear ? last.state : (this.#checkpoints[checkpoint] ?? null);
    for (let n = isNear ? last.seq : checkpoint * CHECKPOINT_RECORDS; n < seq; n += 1) {
      const record = this.#records[n];
      const decision = record === undefined ? null : this.#decide(state, record);
      if (decision === null) return null;
      state = decision.state;
    }
    return state;
  }

  /** A journal may hold what no machine of this version knows: that is told, and nothing after it shown. */
  #decide(state: RunState | null, record: JournalRecord): TakenRecord | null {
    const step = foldRunRecord(this.runId, state, record, { hash: null });
    switch (step.kind) {
      case 'taken':
        return step;
      case 'diverged':
        this.#divergence = { seq: step.seq, detail: step.detail };
        return null;
      case 'unsupported':
        this.#earlierRules = step.rules;
        return null;
    }
  }

  #note(seq: number, before: RunState | null, decision: TakenRecord): void {
    for (const { actor, id, event } of stepsOf(before, decision)) {
      const steps = this.#steps.get(actor) ?? [];
      if (steps.length === 0) this.#steps.set(actor, steps);
      steps.push({ seq, id, event });
    }
  }

  #forget(): void {
    this.#records = [];
    this.#checkpoints = [null];
    this.#head = null;
    this.#steps = new Map();
    this.#places = [];
    this.#divergence = null;
    this.#earlierRules = null;
    this.#last = null;
  }
}

type TakenRecord = Extract<RunFolding, { kind: 'taken' }>;

/** Arrows and stays that the record's deliveries took. */
function stepsOf(before: RunState | null, { deliveries }: TakenRecord): (Taken & { readonly actor: string })[] {
  const now = new Map<string, AnyMachineSnapshot>();
  return deliveries.flatMap((delivery, index) => {
    const { actor, event } = delivery;
    const snapshot = now.get(actor) ?? snapshotBefore(before, delivery);
    if (snapshot === undefined) return [];
    const machine = machineOf(actor);
    const comesAgain = deliveries.slice(index + 1).some((later) => later.actor === actor);
    if (comesAgain) now.set(actor, machine.transition(snapshot, event, inertScope([])));
    return transitionsTaken(machine, snapshot, event).map((each) => ({
      actor,
      id: edgeIdOf(each) ?? stayIdOf(each),
      event: event.type,
    }));
  });
}

function snapshotBefore(before: RunState | null, { actor, input }: RunDelivery): AnyMachineSnapshot | undefined {
  if (actor !== RUN_ACTOR) return before?.children[actor];
  if (before !== null) return before.root;
  return input !== undefined && 'runId' in input ? initialTransition(runMachine, input)[0] : undefined;
}

/** What a view is made of: the machines keep plain JSON alone in their contexts. */
function actorsOf(state: RunState): Readonly<Record<string, Json>> {
  const image = ({ value, context }: AnyMachineSnapshot): Json => ({ value: value as Json, context: context as Json });
  const tasks = Object.entries(state.children).map(([name, snapshot]) => [name, image(snapshot)] as const);
  return { [RUN_ACTOR]: image(state.root), ...Object.fromEntries(tasks) };
}
