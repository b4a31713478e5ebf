/**
 * The evidence of a gate, and its result: PASS, FAIL or BLOCKED for one commit.
 *
 * Owns: the judgement over an answer and the state of the worktree, the evidence document, its view.
 * Does not own: reading the worktree (adapters/git), writing artifacts (store).
 *
 * Invariants: 1. A gate passes only by a verdict in a worker's answer, over an unchanged commit (L4); text in a packet never counts as one. 2. What it
 * has judged is a tree: the evidence names it, and the handoff compares it with what the commit holds.
 */

import { isObject, type Json } from '../base/canonical-json.ts';
import { messageOf } from '../blockers/shown-blocker.ts';
import { judgeName, movedWords, overruledWords } from '../blockers/task-words.ts';
import { blocker, type Overruled } from '../model/blocker.ts';
import type { Gate } from '../model/effect.ts';
import type { Blocker } from '../model/error.ts';
import type { ArtifactRef } from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import {
  type Answer,
  type CommandRun,
  CRITERION_STATUSES,
  type CriterionVerdict,
  type Finding,
  type Outcome,
  type VerdictStatus,
} from '../model/request.ts';

/** A gate's result as reports and handoffs show it. */
export interface GateView {
  readonly gate: Gate;
  readonly status: string;
  readonly epoch: number;
  readonly commit: string;
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly commands: readonly CommandRun[];
  /** What it said about individual criteria. */
  readonly criteria: readonly CriterionVerdict[];
  readonly evidence: ArtifactRef | null;
  readonly override: { readonly by: string; readonly reason: string } | null;
}

/** Everything that a gate's result is judged by. */
export interface GateInput {
  readonly gate: Gate;
  readonly taskId: string;
  readonly epoch: number;
  /** The agent that judged, by its name in the config; null: the packet's commands were run. */
  readonly by: string | null;
  readonly commit: string;
  /** The tree of that commit. */
  readonly tree: string;
  readonly outcome: Pick<Outcome, 'exitCode' | 'signal'>;
  /** The outcome in words. */
  readonly told: string;
  /** Null where the exit code is the answer. */
  readonly answer: Answer | null;
  /** What prevents judging this gate at all, whatever it said; null where nothing does. */
  readonly obstacle: Blocker | null;
  readonly worktree: {
    readonly head: string;
    readonly isOnBranch: boolean;
    /** The tree that the tracked files make; null when they differ from the commit checked out. */
    readonly tree: string | null;
    readonly trackedChanges: readonly string[];
    readonly untracked: readonly string[];
  };
}

/** A gate's result with its evidence. */
export interface GateJudgement {
  readonly status: VerdictStatus;
  readonly findings: readonly Finding[];
  readonly summary: string;
  readonly blocker: Blocker | null;
  /** The gate left files that git neither tracks nor ignores. */
  readonly hasUntracked: boolean;
  /** The evidence document. */
  readonly document: Json;
}

/** What identifies the gate of a judgement. */
export type GateName = Pick<GateInput, 'gate' | 'epoch' | 'taskId'>;

/** Judges one gate. */
export function judgeGate(input: GateInput): GateJudgement {
  const verdict = input.answer?.verdict ?? {
    status: input.outcome.exitCode === 0 ? ('PASS' as const) : ('FAIL' as const),
    summary: input.told,
    findings: [],
  };
  const moved = movedFindings(input);
  const status = statusOf(input.obstacle, moved, verdict.status);
  const findings = [...moved, ...verdict.findings].slice(0, BOUNDS.findings);
  const overruled = status === verdict.status || input.obstacle !== null ? null : overruledBy(input);
  const why = input.obstacle === null ? overruled && movedWords(input.gate, overruled) : messageOf(input.obstacle);
  const summary =
    status === verdict.status ? verdict.summary : overruledWords(why ?? '', verdict.status, verdict.summary);
  const criteria = input.answer?.verdict?.criteria ?? [];
  const document: Json = {
    v: 1,
    gate: input.gate,
    taskId: input.taskId,
    epoch: input.epoch,
    commit: input.commit,
    tree: input.tree,
    status,
    verdict: verdict.status,
    summary,
    findings: findings.map((finding) => ({ ...finding })),
    ...(criteria.length === 0 ? {} : { criteria: criteria.map((each) => ({ ...each })) }),
    ...(overruled === null ? {} : { overruled, said: verdict.summary }),
    commands: (input.answer?.commands ?? []).map((command) => ({ ...command })),
    exitCode: input.outcome.exitCode,
    signal: input.outcome.signal,
    worktree: {
      head: input.worktree.head,
      tree: input.worktree.tree,
      trackedChanges: input.worktree.trackedChanges.slice(0, BOUNDS.filesListed),
      untrackedRemoved: input.worktree.untracked.slice(0, BOUNDS.filesListed),
    },
  };
  const found = input.obstacle ?? blockerOf(input, status, verdict.summary, overruled);
  const hasUntracked = input.worktree.untracked.length > 0;
  return { status, findings, summary, blocker: found, hasUntracked, document };
}

function statusOf(obstacle: Blocker | null, moved: readonly Finding[], said: VerdictStatus): VerdictStatus {
  if (obstacle !== null) return 'BLOCKED';
  return moved.length > 0 && said === 'PASS' ? 'FAIL' : said;
}

/** The judgement in an evidence document of ours; BLOCKED if it holds none, or an obstacle overrules it. */
export function reviewEvidence(document: unknown, gate: GateName, obstacle: Blocker | null): GateJudgement {
  const { summary, findings } = readEvidence(document);
  const plain: Json = JSON.parse(JSON.stringify(document ?? null));
  const judged = isObject(document) ? document.status : null;
  const status = obstacle === null && (judged === 'PASS' || judged === 'FAIL') ? judged : 'BLOCKED';
  const { said, overruled } = overruledIn(document) ?? { said: summary, overruled: null };
  const found = obstacle ?? blockerOf(gate, status, said, overruled);
  return { status, findings, summary, blocker: found, hasUntracked: true, document: plain };
}

function movedFindings({ gate, by, commit, tree, worktree }: GateInput): readonly Finding[] {
  const findings: Finding[] = [];
  if (worktree.head !== commit || !worktree.isOnBranch) {
    findings.push({
      severity: 'error',
      message:
        worktree.head === commit
          ? 'The worktree was switched off its branch while the gate ran.'
          : `The head moved from ${commit} to ${worktree.head} while the gate ran.`,
    });
  }
  // Without a tree, the changed files, if any, give the reason.
  const isTold = worktree.tree === null && worktree.trackedChanges.length > 0;
  if (worktree.head === commit && worktree.tree !== tree && !isTold) {
    const made = worktree.tree === null ? 'no tree' : `the tree ${worktree.tree}`;
    findings.push({ severity: 'error', message: `The files form ${made}; the commit has ${tree}.` });
  }
  for (const file of worktree.trackedChanges.slice(0, CHANGES_NAMED)) {
    findings.push({ severity: 'error', message: `${judgeName(gate, by)} changed a tracked file.`, file });
  }
  const more = worktree.trackedChanges.length - CHANGES_NAMED;
  if (more > 0)
    findings.push({ severity: 'error', message: `${judgeName(gate, by)} changed ${more} more tracked files.` });
  return findings;
}

const CHANGES_NAMED = 20;
/** The most files that a summary names. */
const NAMES_CHARS = 300;

/** Why a verdict does not count: the first change of the worktree that matters. */
function overruledBy({ by, commit, tree, worktree }: GateInput): Overruled {
  if (worktree.head !== commit) return { how: 'moved', from: commit, to: worktree.head };
  if (!worktree.isOnBranch) return { how: 'offBranch' };
  const { trackedChanges } = worktree;
  const isTold = worktree.tree === null && trackedChanges.length > 0;
  if (worktree.tree !== tree && !isTold) return { how: 'otherTree', made: worktree.tree, expected: tree };
  return { how: 'changedFiles', judge: by, ...firstNames(trackedChanges) };
}

/** The names that fit; the last of them may be cut. */
function firstNames(names: readonly string[]): Pick<Extract<Overruled, { how: 'changedFiles' }>, 'files' | 'isCut'> {
  const files: string[] = [];
  let room = NAMES_CHARS;
  for (const name of names) {
    if (room <= 0) break;
    files.push(name.slice(0, room));
    room -= name.length + ', '.length;
  }
  return { files, isCut: names.join(', ').length > NAMES_CHARS };
}

/** Why the verdict of an evidence document of ours does not count, and what it said; null where it counts, and in documents of older versions. */
function overruledIn(document: unknown): { readonly said: string; readonly overruled: Overruled } | null {
  if (!isObject(document) || typeof document.said !== 'string') return null;
  const { said, overruled } = document;
  return isOverruled(overruled) ? { said, overruled } : null;
}

/** Documents are verified by the hash in their name: their content is what `judgeGate` has written. */
function isOverruled(value: unknown): value is Overruled {
  return isObject(value) && typeof value.how === 'string';
}

function blockerOf(
  { gate, epoch, taskId }: GateName,
  status: VerdictStatus,
  said: string,
  overruled: Overruled | null,
): Blocker | null {
  if (status === 'PASS') return null;
  const params = { gate, round: epoch, said: said.slice(0, SAID_CHARS), overruled };
  return blocker(status === 'BLOCKED' ? 'PAWL_GATE_BLOCKED' : 'PAWL_GATE_FAILED', params, [`tasks/${taskId}`]);
}

const SAID_CHARS = 1_000;

/** The parts of an evidence document that reports and handoffs show; a document that we did not write shows nothing. */
export function readEvidence(document: unknown): Pick<GateView, 'summary' | 'findings' | 'commands' | 'criteria'> {
  if (!isObject(document)) return { summary: '', findings: [], commands: [], criteria: [] };
  const { summary, findings, commands, criteria } = document;
  return {
    summary: typeof summary === 'string' ? summary : '',
    findings: Array.isArray(findings) ? findings.filter(isFinding) : [],
    commands: Array.isArray(commands) ? commands.filter(isCommandRun) : [],
    criteria: Array.isArray(criteria) ? criteria.filter(isCriterionVerdict) : [],
  };
}

/** The tree that a gate has judged, as its evidence says; null in evidence of older versions, which named the commit alone. */
export function judgedTree(document: unknown): string | null {
  return isObject(document) && typeof document.tree === 'string' ? document.tree : null;
}

function isFinding(value: unknown): value is Finding {
  return isObject(value) && typeof value.severity === 'string' && typeof value.message === 'string';
}

function isCriterionVerdict(value: unknown): value is CriterionVerdict {
  return (
    isObject(value) &&
    typeof value.criterion === 'string' &&
    typeof value.evidence === 'string' &&
    CRITERION_STATUSES.some((known) => known === value.status)
  );
}

function isCommandRun(value: unknown): value is CommandRun {
  return isObject(value) && Array.isArray(value.argv) && typeof value.durationMs === 'number';
}
