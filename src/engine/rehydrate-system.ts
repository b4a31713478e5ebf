/**
 * From journal and snapshot of a system to its validated state, or the reason why it is not resumed.
 *
 * Owns: the order of the checks and what each failure means. Does not own: the chain (ports/journal), the fold (kernel/fold), the system's other files.
 *
 * Invariants: 1. Nothing is resumed that any check has not passed (L5). 2. Nothing is written: the owner repairs, with what is found.
 */
import { sha256 } from '../base/sha256.ts';
import { foldRecord, type Step } from '../kernel/fold.ts';
import { persistedHash, stateProblem } from '../kernel/image.ts';
import { type AnyState, actorDefinition, type StateOf, type System, underRules } from '../kernel/system.ts';
import { PawlError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import {
  DRIVER_ACTOR,
  RULES_RAISED,
  rulesOf,
  type StoredSnapshot,
  type SystemRecord,
  systemIdOf,
} from '../model/system-record.ts';
import type { JournalReading, SystemStore } from '../ports/journal.ts';

/** The result of reading the files of a system. */
export type SystemRehydration<State> =
  /** There is no record; `snapshot` is null unless history was lost. */
  | { readonly kind: 'absent'; readonly reading: JournalReading; readonly snapshot: StoredSnapshot | null }
  | {
      readonly kind: 'doubtful';
      readonly code: ErrorCode;
      readonly detail: string;
      readonly records: readonly SystemRecord[];
    }
  /** This version cannot fold its rules. Nothing else is wrong with it. */
  | {
      readonly kind: 'unsupported';
      readonly rules: number;
      readonly reading: JournalReading;
      readonly records: readonly SystemRecord[];
      readonly snapshot: StoredSnapshot | null;
    }
  | {
      readonly kind: 'live';
      readonly state: State;
      readonly records: readonly SystemRecord[];
      readonly last: SystemRecord;
      readonly reading: JournalReading;
      readonly snapshot: StoredSnapshot | null;
    };

/** The validated state of a system, folded from its first record. */
export async function rehydrateSystem<S extends System>(
  system: S,
  systemId: string,
  store: Pick<SystemStore, 'readJournal' | 'snapshots'>,
): Promise<SystemRehydration<StateOf<S>>> {
  const reading = await store.readJournal();
  const records: readonly SystemRecord[] = reading.kind === 'absent' ? [] : reading.records;
  const doubtful = (code: ErrorCode, detail: string): SystemRehydration<StateOf<S>> => ({
    kind: 'doubtful',
    code,
    detail,
    records,
  });
  let snapshot: StoredSnapshot | null;
  try {
    snapshot = await store.snapshots.read();
  } catch (error) {
    if (!(error instanceof PawlError) || error.code !== 'PAWL_SNAPSHOT_DAMAGED') throw error;
    return doubtful('PAWL_SNAPSHOT_DAMAGED', error.message);
  }
  if (reading.kind === 'damaged')
    return doubtful('PAWL_JOURNAL_DAMAGED', `line ${reading.line} of the journal: ${reading.detail}`);
  const last = records.at(-1);
  if (last === undefined) return { kind: 'absent', reading, snapshot };
  const rules = unsupportedRules(system, records);
  if (rules !== null) return { kind: 'unsupported', rules, reading, records, snapshot };
  let state: StateOf<S> | null = null;
  for (const record of records) {
    const bad = recordProblem(underRules(system, rulesOf(record)) ?? system, record, state);
    if (bad !== null) {
      return doubtful('PAWL_JOURNAL_DAMAGED', `record ${record.seq}: unknown or malformed event: ${bad}`);
    }
    const step: Step<StateOf<S>> = foldRecord(system, systemId, state, record, { hash: sha256 });
    if (step.kind === 'unsupported') throw new Error(`bug: ${systemId}: rules ${step.rules} were thought foldable`);
    if (step.kind === 'diverged') return doubtful('PAWL_JOURNAL_DIVERGED', `record ${step.seq}: ${step.detail}`);
    state = step.state;
  }
  if (state === null) throw new Error(`bug: ${systemId} has records and no state`);
  const found = snapshotProblem(system, systemId, snapshot, records);
  if (found !== null) return doubtful(found.code, found.detail);
  const under = underRules(system, (state as AnyState).rules) ?? system;
  const problem = stateProblem(under, state as AnyState);
  if (problem !== null) return doubtful('PAWL_JOURNAL_DIVERGED', problem);
  return { kind: 'live', state, records, last, reading, snapshot };
}

/** Bytes of the journal once an interrupted append is mended. */
export function sizeAfterRepair(reading: JournalReading): number {
  switch (reading.kind) {
    case 'torn':
      return reading.keptSize;
    case 'unterminated':
      return reading.size + 1;
    case 'whole':
      return reading.size;
    default:
      return 0;
  }
}

/** The rules of a journal that this definition cannot fold; null when it can fold all of them. */
function unsupportedRules(system: System, records: readonly SystemRecord[]): number | null {
  const unknown = records.find((record) => underRules(system, rulesOf(record)) === null);
  return unknown === undefined ? null : rulesOf(unknown);
}

/** Why a journal of the system cannot hold a record's event, or an effect of it, after `before`; null when it can. */
export function recordProblem(
  system: System,
  { actor, event, effects }: Pick<SystemRecord, 'actor' | 'event' | 'effects'>,
  before: Pick<AnyState, 'children' | 'kinds'> | null,
): string | null {
  if (actor === DRIVER_ACTOR && event.type === RULES_RAISED) return null;
  for (const { kind, key: _key, actor: _actor, ...params } of effects) {
    const problem = issueOf(system.effects[kind]?.params.safeParse(params));
    if (problem !== null) return `${kind}: ${problem}`;
  }
  return issueOf(schemaOf(system, actor, before)?.safeParse(event));
}

function schemaOf(system: System, actor: string, before: Pick<AnyState, 'children' | 'kinds'> | null) {
  if (actor === DRIVER_ACTOR) return system.notes;
  if (actor === system.rootName) return system.root.events;
  // The fold reports an actor that does not exist.
  return before !== null && actor in before.children
    ? actorDefinition(system, actor, before.kinds).events
    : (Object.values(system.children)[0]?.events ?? null);
}

type Checked = ReturnType<System['root']['context']['safeParse']>;

function issueOf(checked: Checked | undefined): string | null {
  if (checked === undefined) return 'no such actor or effect';
  if (checked.success) return null;
  const issue = checked.error.issues[0];
  return issue === undefined ? 'invalid' : `${issue.path.join('.')} ${issue.message}`;
}

interface Problem {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** The stored snapshot against the fold at the snapshot's own sequence: ahead means that history was lost. */
function snapshotProblem(
  system: System,
  systemId: string,
  snapshot: StoredSnapshot | null,
  records: readonly SystemRecord[],
): Problem | null {
  if (snapshot === null) return null;
  if (systemIdOf(snapshot) !== systemId) return diverged(`the snapshot is one of ${systemIdOf(snapshot)}`);
  if (snapshot.seq > records.length) {
    return {
      code: 'PAWL_HISTORY_LOST',
      detail: `the snapshot is at ${snapshot.seq}, the journal ends at ${records.length}`,
    };
  }
  const record = records[snapshot.seq - 1];
  if (record === undefined) return diverged(`the snapshot names record ${snapshot.seq}`);
  if (record.sum !== snapshot.sum) return diverged(`the snapshot at ${snapshot.seq} is of another history`);
  const under = underRules(system, rulesOf(record));
  const isProven =
    under !== null && isFolded(under, snapshot) && persistedHash(under, snapshot, sha256) === record.post;
  return isProven ? null : diverged(`the snapshot at ${snapshot.seq} is not the state that the journal proves`);
}

/** A snapshot names actors that its rules know. */
function isFolded(under: System, snapshot: StoredSnapshot): boolean {
  if (snapshot.v === 1) return false;
  return Object.keys(snapshot.actors).every(
    (actor) => actor === under.rootName || Object.keys(under.children).length > 0,
  );
}

function diverged(detail: string): Problem {
  return { code: 'PAWL_SNAPSHOT_DIVERGED', detail };
}
