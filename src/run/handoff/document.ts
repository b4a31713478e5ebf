/**
 * The evidence bundle of a passed run, as data.
 *
 * Owns: its content, made from the journal and the run's artifacts alone. Does not own: collecting the parts (engine/effects/project-handoff), the page for
 * people (run/handoff/page), where it goes (ports/scm).
 *
 * Invariant: the same journal and artifacts give the same document, so that projecting it again after a crash projects the same bytes (L2).
 */

import type { JsonObject } from '../../base/canonical-json.ts';
import { sanitise } from '../../base/sanitise.ts';
import type { LeftOut, SomePaths } from '../../model/event.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { Packet } from '../../model/packet.ts';
import type { JournalRecord, RecordedEvent } from '../../model/record.ts';
import type { DiffStat } from '../../ports/git.ts';
import { reportsIn, type Spent, spentBy } from '../../turn/ledger.ts';
import { type AttemptRow, attemptsOf } from '../attempts.ts';
import type { GateView } from '../gate-evidence.ts';
import { type PacketVersion, packetVersions } from '../packet-versions.ts';
import { decisionsOf, type MadeDecision } from '../run-story.ts';
import { type CriterionView, criteriaOf } from './criteria.ts';
import { type DeniedAction, denialsOf, type RoleCost, rolesOf } from './roles.ts';
import type { HandoffRound } from './rounds.ts';
import { type DoneWork, doneWork, type WorkSummary } from './work.ts';

/** Everything that the evidence bundle is made from. */
export interface HandoffInput {
  readonly runId: string;
  readonly packetHash: string;
  readonly packet: Packet;
  readonly branch: string;
  readonly baseBranch: string;
  readonly baseCommit: string;
  readonly headCommit: string;
  readonly commits: readonly { readonly commit: string; readonly subject: string }[];
  readonly files: readonly string[];
  readonly fileCount: number;
  /** What the work changes in files that instruct agents. */
  readonly instructionChanges: SomePaths;
  readonly diffStat: DiffStat;
  /** Paths that the work touches and the packet's conflict surface does not cover. */
  readonly outside: SomePaths;
  /** What workers said about their work. */
  readonly summaries: readonly WorkSummary[];
  readonly gates: readonly GateView[];
  /** Every round of gates that led to the handoff. */
  readonly rounds: readonly HandoffRound[];
  readonly policy: JsonObject;
  readonly records: readonly JournalRecord[];
}

/** What a reviewer is given. */
export interface HandoffDocument {
  readonly v: 1;
  readonly runId: string;
  readonly taskId: string;
  /** Only if the packet was replaced: each that the run has had, the judged one last. */
  readonly packets?: readonly PacketVersion[];
  readonly packet: { readonly hash: string; readonly goal: string | null; readonly approvedBy: string | null };
  readonly target: { readonly provider: string; readonly repo: string | null; readonly issue: string | null };
  readonly branch: string;
  readonly baseBranch: string;
  readonly baseCommit: string;
  readonly headCommit: string;
  readonly commits: HandoffInput['commits'];
  readonly files: readonly string[];
  readonly fileCount: number;
  readonly instructionChanges: SomePaths;
  readonly diffStat: DiffStat;
  readonly outsideSurface: SomePaths;
  /** What of that is leased, as surfaces. */
  readonly surfacesAdded: readonly string[];
  readonly leftOut: LeftOut | null;
  readonly work: readonly DoneWork[];
  readonly criteria: readonly CriterionView[];
  /** What a gate said about individual criteria is listed with these. */
  readonly gates: readonly Omit<GateView, 'criteria'>[];
  readonly rounds: readonly HandoffRound[];
  readonly denials: readonly DeniedAction[];
  readonly roles: readonly RoleCost[];
  readonly spent: Spent;
  readonly attempts: readonly AttemptRow[];
  readonly decisions: readonly MadeDecision[];
  readonly policy: JsonObject;
  readonly timing: { readonly startedAtMs: number; readonly passedAtMs: number };
  readonly journal: { readonly records: number; readonly sum: string };
}

/** The document of a passed run. */
export function handoffDocument(input: HandoffInput): HandoffDocument {
  const { packet, records } = input;
  const attempts = attemptsOf(records);
  const versions = packetVersions(records);
  return {
    v: 1,
    runId: input.runId,
    taskId: packet.taskId,
    ...(versions.length < 2 ? {} : { packets: versions }),
    packet: { hash: input.packetHash, goal: safe(packet.scope.goal), approvedBy: safe(packet.approvedBy) },
    target: { provider: packet.scm.provider, repo: packet.scm.repo, issue: packet.scm.issueNumber },
    branch: input.branch,
    baseBranch: input.baseBranch,
    baseCommit: input.baseCommit,
    headCommit: input.headCommit,
    commits: input.commits,
    files: input.files,
    fileCount: input.fileCount,
    instructionChanges: { paths: input.instructionChanges.paths, count: input.instructionChanges.count },
    diffStat: input.diffStat,
    outsideSurface: input.outside,
    surfacesAdded: addedSurfaces(records),
    leftOut: leftOutOf(records),
    work: doneWork(records, input.summaries),
    criteria: criteriaOf(packet, input.gates).map((each) => ({ ...each, text: safe(each.text) ?? '' })),
    gates: input.gates.map(({ criteria: _, ...gate }) => gate),
    rounds: input.rounds.map(roundOf),
    denials: denialsOf(attempts),
    roles: rolesOf(attempts),
    spent: spentBy(reportsIn(attempts)),
    attempts,
    decisions: decisionsOf(records),
    policy: input.policy,
    timing: { startedAtMs: records[0]?.atMs ?? 0, passedAtMs: records.at(-1)?.atMs ?? 0 },
    journal: { records: records.length, sum: records.at(-1)?.sum ?? '' },
  };
}

/** A round without what is reported elsewhere, and without the output of commands that succeeded. */
function roundOf({ round, commit, gates }: HandoffRound): HandoffRound {
  return {
    round,
    commit,
    gates: gates.map(({ gate, status, summary, findings, commands, problem }) => ({
      ...{ gate, status, summary, findings, problem },
      commands: commands.map((run) => (run.exitCode === 0 ? { ...run, outputTail: '' } : run)),
    })),
  };
}

/** What the work touches beyond the packet's conflict surface, as it was leased. */
function addedSurfaces(records: readonly JournalRecord[]): readonly string[] {
  let added: readonly string[] = [];
  for (const { event } of records) {
    if (event.type === 'packetReplaced') added = event.surfacesBeyond ?? [];
    else if ('surfacesAdded' in event) added = [...added, ...(event.surfacesAdded ?? [])];
  }
  return added;
}

/** What the last commit of the work could not hold. */
function leftOutOf(records: readonly JournalRecord[]): LeftOut | null {
  const work = records.findLast(({ event }) => WORK_EVENTS.includes(event.type))?.event;
  return work !== undefined && 'leftOut' in work ? (work.leftOut ?? null) : null;
}

const WORK_EVENTS: readonly RecordedEvent['type'][] = ['workCommitted', 'workEmpty', 'surfaceExceeded'];

/** A text of the packet as a report may hold it; the packet itself is kept unchanged, under its hash. */
function safe(text: string | null): string | null {
  return text === null ? null : sanitise(text, BOUNDS.summaryChars);
}
