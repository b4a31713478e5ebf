/**
 * The history of a run for a reader, from its journal alone: where it began, what was judged in each round, who decided what.
 *
 * Owns: that projection. Does not own: the state of the run (run/run-view), the files that the records name (engine/run-report).
 *
 * Invariant: it needs no state, so the history of a run that is set aside is available as far as its journal can be verified.
 */
import type { Gate } from '../model/effect.ts';
import type { ArtifactRef } from '../model/event.ts';
import type { JournalRecord } from '../model/record.ts';
import { type AttemptRow, attemptsOf, rescueRefsOf } from './attempts.ts';
import { type PacketVersion, packetVersions } from './packet-versions.ts';

/** What one gate said in one round. */
export interface JudgedGate {
  readonly gate: Gate;
  readonly status: string;
  readonly commit: string;
  readonly findingCount: number;
  readonly evidence: ArtifactRef;
}

/** One round of gates over one commit. */
export interface Round {
  readonly round: number;
  /** The commit that was judged. */
  readonly commit: string;
  readonly gates: readonly JudgedGate[];
}

/** What a person has decided about a run. */
export interface MadeDecision {
  readonly decision: 'retry' | 'accept' | 'abandon' | 'cancel';
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

/** The history of a run as its journal records it. */
export interface RunStory {
  /** Its current packet; null when not even the first record can be verified. */
  readonly packet: ArtifactRef | null;
  readonly packetHash: string | null;
  /** Every packet that it has had, oldest first; the last is the one above. */
  readonly packets: readonly PacketVersion[];
  readonly branch: string;
  readonly baseBranch: string | null;
  readonly baseCommit: string | null;
  /** The last recorded commit, even of work that waits for its surface; the base while there is none, null before that. */
  readonly headCommit: string | null;
  readonly commits: readonly string[];
  /** A round that was judged twice, after a retry, has its last judgement. */
  readonly rounds: readonly Round[];
  readonly attempts: readonly AttemptRow[];
  readonly decisions: readonly MadeDecision[];
  /** The refs that keep what was found in the place of the work, oldest first. */
  readonly rescueRefs: readonly string[];
  readonly startedAtMs: number | null;
  readonly updatedAtMs: number | null;
}

/** The history in these records. */
export function storyOf(records: readonly JournalRecord[]): RunStory {
  const first = records[0]?.event;
  const received = first?.type === 'packetReceived' ? first : null;
  const packets = packetVersions(records);
  const prepared = records.findLast(({ event }) => event.type === 'workspacePrepared')?.event;
  const workspace = prepared?.type === 'workspacePrepared' ? prepared : null;
  const commits = records.flatMap(({ event }) => (event.type === 'workCommitted' ? [event.commit] : []));
  return {
    packet: packets.at(-1)?.packet ?? null,
    packetHash: packets.at(-1)?.packetHash ?? null,
    packets,
    branch: received?.branch ?? '',
    baseBranch: workspace?.baseBranch ?? null,
    baseCommit: workspace?.baseCommit ?? null,
    headCommit: lastCommit(records) ?? workspace?.headCommit ?? null,
    commits,
    rounds: roundsOf(records),
    attempts: attemptsOf(records),
    rescueRefs: rescueRefsOf(records),
    decisions: decisionsOf(records),
    startedAtMs: records[0]?.atMs ?? null,
    updatedAtMs: records.at(-1)?.atMs ?? null,
  };
}

/** The decisions in these records, oldest first. */
export function decisionsOf(records: readonly JournalRecord[]): readonly MadeDecision[] {
  return records.flatMap(({ event, atMs }) => {
    if (event.type !== 'decisionMade' && event.type !== 'cancelRequested') return [];
    const decision = event.type === 'cancelRequested' ? 'cancel' : event.decision;
    return [{ decision, by: event.by, reason: event.reason, atMs }];
  });
}

/** The commit of the last work; work that was not accepted because of its surface counts only until it is done again. */
function lastCommit(records: readonly JournalRecord[]): string | null {
  let taken: string | null = null;
  let last: string | null = null;
  for (const { event } of records) {
    if (event.type === 'workCommitted') taken = event.commit;
    if (event.type === 'workCommitted' || event.type === 'surfaceExceeded') last = event.commit;
    if (event.type === 'taskRequested') last = taken;
  }
  return last;
}

/** The rounds of gates in these records. */
export function roundsOf(records: readonly JournalRecord[]): readonly Round[] {
  const rounds = new Map<number, Map<Gate, JudgedGate>>();
  for (const { event } of records) {
    if (event.type !== 'gateJudged') continue;
    const { gate, status, commit, findingCount, evidence, epoch } = event;
    const gates = rounds.get(epoch) ?? new Map<Gate, JudgedGate>();
    gates.set(gate, { gate, status, commit, findingCount, evidence });
    rounds.set(epoch, gates);
  }
  return [...rounds].map(([round, gates]) => {
    const list = [...gates.values()];
    return { round, commit: list.at(-1)?.commit ?? '', gates: list };
  });
}
