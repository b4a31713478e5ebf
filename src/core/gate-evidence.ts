/**
 * What a gate leaves behind as evidence, and what it comes to: PASS, FAIL or BLOCKED for one commit.
 *
 * Owns: the judgement over an answer and the state of the worktree, the evidence document, its view.
 * Does not own: reading the worktree (adapters/git), writing artifacts (store).
 *
 * Invariants: 1. A gate passes only by a verdict in a worker's answer, over an unchanged commit (L4); text in a packet is never one. 2. What it
 * has judged is a tree: the evidence names it, and the handoff compares it with what the commit holds.
 */

import { isObject, type Json } from '../base/canonical-json.ts';
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
import { hintOf } from './blocker-hints.ts';

/** A gate's result as reports and handoffs show it. */
export interface GateView {
  readonly gate: Gate;
  readonly status: string;
  readonly epoch: number;
  readonly commit: string;
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly commands: readonly CommandRun[];
  /** What it said of single criteria. */
  readonly criteria: readonly CriterionVerdict[];
  readonly evidence: ArtifactRef | null;
  readonly override: { readonly by: string; readonly reason: string } | null;
}

/** All that a gate's result is judged by. */
export interface GateInput {
  readonly gate: Gate;
  readonly taskId: string;
  readonly epoch: number;
  /** The agent that judged, by its name in the config; null: the packet's commands were run. */
  readonly by: string | null;
  readonly commit: string;
  /** The tree of that commit. */
  readonly tree: string;
  readonly outcome: Pick<Outcome, 'exitCode' | 'signal' | 'message'>;
  /** Null where the exit code is the answer. */
  readonly answer: Answer | null;
  /** What keeps this gate from being judged at all, whatever it said; null where nothing does. */
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

/** What names the gate of a judgement. */
export type GateName = Pick<GateInput, 'gate' | 'epoch' | 'taskId'>;

/** Judges one gate. */
export function judgeGate(input: GateInput): GateJudgement {
  const verdict = input.answer?.verdict ?? {
    status: input.outcome.exitCode === 0 ? ('PASS' as const) : ('FAIL' as const),
    summary: input.outcome.message,
    findings: [],
  };
  const moved = movedFindings(input);
  const status = statusOf(input.obstacle, moved, verdict.status);
  const findings = [...moved, ...verdict.findings].slice(0, BOUNDS.findings);
  const summary =
    status === verdict.status ? verdict.summary : overruled(input, moved, verdict.status, verdict.summary);
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
  const blocker = input.obstacle ?? blockerOf(input, status, summary);
  const hasUntracked = input.worktree.untracked.length > 0;
  return { status, findings, summary, blocker, hasUntracked, document };
}

function statusOf(obstacle: Blocker | null, moved: readonly Finding[], said: VerdictStatus): VerdictStatus {
  if (obstacle !== null) return 'BLOCKED';
  return moved.length > 0 && said === 'PASS' ? 'FAIL' : said;
}

/** The judgement that an evidence document of ours holds; one that holds none, or that an obstacle overrules, is BLOCKED. */
export function reviewEvidence(document: unknown, gate: GateName, obstacle: Blocker | null): GateJudgement {
  const { summary, findings } = readEvidence(document);
  const plain: Json = JSON.parse(JSON.stringify(document ?? null));
  const said = isObject(document) ? document.status : null;
  const status = obstacle === null && (said === 'PASS' || said === 'FAIL') ? said : 'BLOCKED';
  const blocker = obstacle ?? blockerOf(gate, status, summary);
  return { status, findings, summary, blocker, hasUntracked: true, document: plain };
}

function movedFindings({ gate, by, commit, tree, worktree }: GateInput): readonly Finding[] {
  const findings: Finding[] = [];
  if (worktree.head !== commit || !worktree.isOnBranch) {
    findings.push({
      severity: 'error',
      message:
        worktree.head === commit
          ? 'The worktree was taken off its branch while the gate ran.'
          : `The head moved from ${commit} to ${worktree.head} while the gate ran.`,
    });
  }
  // Without a tree it is the changed files that say why, if there are any.
  const isTold = worktree.tree === null && worktree.trackedChanges.length > 0;
  if (worktree.head === commit && worktree.tree !== tree && !isTold) {
    const made = worktree.tree === null ? 'no tree' : `the tree ${worktree.tree}`;
    findings.push({ severity: 'error', message: `The files make ${made}, the commit has ${tree}.` });
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
/** Of the files that a summary names. */
const NAMES_CHARS = 300;

function judgeName(gate: Gate, by: string | null): string {
  if (by === null) return `The ${gate}`;
  return `The ${gate === 'review' ? 'reviewer' : 'verifier'} "${by}"`;
}

/** Why a verdict does not count, before what it said. */
function overruled(
  { obstacle, gate, by, worktree }: GateInput,
  [first]: readonly Finding[],
  said: VerdictStatus,
  summary: string,
): string {
  const files = worktree.trackedChanges.join(', ');
  const named = files.length <= NAMES_CHARS ? files : `${files.slice(0, NAMES_CHARS)}…`;
  const moved =
    first?.file === undefined ? (first?.message ?? '') : `${judgeName(gate, by)} changed tracked files: ${named}.`;
  return `${obstacle?.message ?? moved} The verdict was ${said}: ${summary}`.trim();
}

function blockerOf(input: GateName, status: VerdictStatus, summary: string): Blocker | null {
  if (status === 'PASS') return null;
  const text = summary.slice(0, 1_000);
  return {
    code: status === 'BLOCKED' ? 'PAWL_GATE_BLOCKED' : 'PAWL_GATE_FAILED',
    message: `The ${input.gate} of round ${input.epoch} ${status === 'BLOCKED' ? 'is blocked' : 'failed'}${text === '' ? '.' : `: ${text}`}`,
    hint: hintOf(status === 'BLOCKED' ? 'PAWL_GATE_BLOCKED' : 'PAWL_GATE_FAILED'),
    evidence: [`tasks/${input.taskId}`],
  };
}

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
