/**
 * What follows a worker's good end: its work becomes a commit, a gate's verdict becomes a result, a passed run becomes a handoff.
 *
 * Owns: the evidence of each, in the order artifact first, event second. Does not own: git (adapters), judging (core/gate-evidence).
 *
 * Invariants: 1. L4: bytes are re-hashed when they are relied upon. 2. Every step repeated after a crash ends in the same place.
 */

import { join } from 'node:path';
import { canonicalJson } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { hintOf } from '../core/blocker-hints.ts';
import { areAllAdded, findingKeys } from '../core/finding-keys.ts';
import { type GateJudgement, type GateView, judgeGate, readEvidence, reviewEvidence } from '../core/gate-evidence.ts';
import { handoffBundle } from '../core/handoff.ts';
import { roundsOf } from '../core/run-story.ts';
import { parseOutcome } from '../core/task-files.ts';
import type { Gate, KeyedEffectOf } from '../model/effect.ts';
import { type Blocker, PawlError } from '../model/error.ts';
import type { ArtifactRef } from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import { type Finding, type Outcome, TASK_FILES } from '../model/request.ts';
import type { WorktreeState } from '../ports/git.ts';
import { readArtifact, writeArtifact } from '../store/artifacts.ts';
import { journalRecords, readJournal } from '../store/journal.ts';
import { readRegister } from '../store/register.ts';
import { readKeptPacket } from './kept-packet.ts';
import type { LiveRun } from './live-run.ts';
import { roundReports } from './run-report.ts';
import { contradiction, readCompletion } from './task-folder.ts';

/** What the worker left is a commit on the branch, found again by its key if it is there already. */
export async function commitWork(run: LiveRun, effect: KeyedEffectOf<'commitWork'>): Promise<void> {
  const { world, runId } = run;
  const { outcome, hash } = settledOutcome(run, effect.taskId);
  const kept = readKeptPacket(world, run);
  const result = await world.git.commitWork({
    worktree: world.paths.worktree(runId),
    branch: run.state.run.context.branch,
    key: effect.key,
    runId,
    taskId: effect.taskId,
    subject:
      `${kept.packet.taskId}: ${effect.purpose}${kept.packet.scope.goal === null ? '' : ` - ${kept.packet.scope.goal}`}`.slice(
        0,
        100,
      ),
    parentCommit: effect.commit,
    tree: outcome.tree,
  });
  const { key } = effect;
  switch (result.kind) {
    case 'committed':
      run.settle(effect, {
        type: 'workCommitted',
        key,
        taskId: effect.taskId,
        commit: result.commit,
        fileCount: result.fileCount,
        filesChanged: result.filesChanged.slice(0, 50).map((file) => file.slice(0, 300)),
        patchHash: result.patchHash,
        outcomeHash: hash,
      });
      return;
    case 'empty':
      run.settle(effect, {
        type: 'workEmpty',
        key,
        taskId: effect.taskId,
        commit: result.commit,
        isAllowed: kept.packet.allowEmpty,
      });
      return;
    case 'refused':
      run.settle(effect, { type: 'workRefused', key, blocker: result.blocker });
  }
}

/** The gate's verdict, over the worktree as the worker left it, is evidence and an event. */
export async function performJudgeGate(run: LiveRun, effect: KeyedEffectOf<'judgeGate'>): Promise<void> {
  const { world, runId } = run;
  const kept = keptEvidence(run, effect);
  const judgement = kept === null ? await judge(run, effect) : reviewEvidence(kept.document, effect);
  const evidence =
    kept?.ref ??
    writeArtifact(world.files, run.folder, effect.gate, evidenceName(effect), canonicalJson(judgement.document));
  if (judgement.hasUntracked) await world.git.removeUntracked(world.paths.worktree(runId));
  run.settle(effect, {
    type: 'gateJudged',
    key: effect.key,
    gate: effect.gate,
    taskId: effect.taskId,
    epoch: effect.epoch,
    status: judgement.status,
    commit: effect.commit,
    evidence,
    findingCount: judgement.findings.length,
    blocker: judgement.blocker,
    ...(judgement.status === 'FAIL' ? await comparable(run, effect, judgement.findings) : {}),
  });
}

/** What makes this round of findings comparable with those before it. */
async function comparable(
  run: LiveRun,
  effect: KeyedEffectOf<'judgeGate'>,
  findings: readonly Finding[],
): Promise<{ findingKeys: readonly string[]; isAllInFix: boolean }> {
  const { world } = run;
  const last = run.state.run.context.judgements.findLast(({ gate }) => gate === effect.gate);
  const isPlaced = findings.every(({ file, line }) => file !== undefined && line !== undefined);
  const added =
    last === undefined || !isPlaced || last.commit === effect.commit
      ? []
      : await world.git.addedLines(world.paths.worktree(run.runId), last.commit, effect.commit);
  return { findingKeys: findingKeys(findings, sha256), isAllInFix: areAllAdded(findings, added) };
}

function evidenceName(effect: KeyedEffectOf<'judgeGate'>): string {
  return `${effect.taskId}-evidence`;
}

/** The evidence that an interrupted judgement of the same task has written: it saw the worktree as the worker left it. */
function keptEvidence(
  run: LiveRun,
  effect: KeyedEffectOf<'judgeGate'>,
): { readonly ref: ArtifactRef; readonly document: unknown } | null {
  const { files, paths } = run.world;
  const name = files
    .listNames(`${paths.artifacts(run.runId)}/${effect.gate}`)
    .find((each) => each.startsWith(`${evidenceName(effect)}-`));
  if (name === undefined) return null;
  const path = `artifacts/${effect.gate}/${name}`;
  const bytes = files.readBytes(join(run.folder, path), BOUNDS.artifactBytes) ?? new Uint8Array();
  const ref = { path, sha256: sha256(bytes) };
  if (!name.includes(ref.sha256.slice(0, 12))) throw contradiction(path, 'its bytes are not those that its name says');
  // Found, not written: whoever wrote it may have died before its name was durable.
  files.syncFolder(`${paths.artifacts(run.runId)}/${effect.gate}`);
  return { ref, document: JSON.parse(readArtifact(files, run.folder, ref)) };
}

async function judge(run: LiveRun, effect: KeyedEffectOf<'judgeGate'>): Promise<GateJudgement> {
  const { world, runId } = run;
  const { outcome } = settledOutcome(run, effect.taskId);
  const answer = readCompletion(world, world.paths.task(runId, effect.taskId), outcome);
  const state = await world.git.state(world.paths.worktree(runId)).catch(worktreeGone);
  return judgeGate({
    gate: effect.gate,
    taskId: effect.taskId,
    epoch: effect.epoch,
    commit: effect.commit,
    outcome,
    answer,
    worktree: {
      head: state.head,
      isOnBranch: state.branch === run.state.run.context.branch,
      trackedChanges: state.trackedChanges,
      untracked: state.untracked,
    },
  });
}

/**
 * A worktree that git says it cannot read stands at no commit: the gate fails. Anything else goes on as it came: a git that was killed, or
 * never started, says nothing about the gate.
 */
function worktreeGone(error: unknown): WorktreeState {
  const isGone =
    error instanceof PawlError &&
    (error.code === 'PAWL_WORKSPACE_FOREIGN' || (error.code === 'PAWL_GIT_FAILED' && error.kind === 'terminal'));
  if (isGone) return { head: '', branch: null, tree: null, trackedChanges: [], untracked: [] };
  throw error;
}

/** The run's evidence is at its review target, and the branch is free for the user. */
export async function projectHandoff(run: LiveRun, effect: KeyedEffectOf<'projectHandoff'>): Promise<void> {
  const { world, runId } = run;
  const { context } = run.state.run;
  const worktree = world.paths.worktree(runId);
  const moved = await movedHead(run, effect.commit);
  if (moved !== null) {
    run.settle(effect, { type: 'handoffRefused', key: effect.key, blocker: moved });
    return;
  }
  const kept = readKeptPacket(world, run);
  const baseCommit = context.baseCommit ?? effect.commit;
  const commits = await world.git.commits(worktree, baseCommit, effect.commit);
  const changed = await world.git.filesChanged(worktree, baseCommit, effect.commit);
  const gates = (['verification', 'review'] as const).flatMap((gate) => gateView(run, gate));
  const journal = world.paths.journal(runId);
  const records = journalRecords(journal, readJournal(world.files, journal));
  const upTo = records.findIndex((record) => record.effects.some((asked) => asked.key === effect.key));
  const before = records.slice(0, upTo + 1);
  const bundle = handoffBundle({
    runId,
    packetHash: context.packetHash,
    packet: kept.packet,
    branch: context.branch,
    baseBranch: context.baseBranch ?? '',
    baseCommit,
    headCommit: effect.commit,
    commits,
    files: changed.files,
    fileCount: changed.count,
    gates,
    policy: { ...context.policy },
    rounds: roundReports(world, runId, roundsOf(before)),
    records: before,
  });
  const result = await world.scm(run.folder).project({ runId, ...bundle });
  await world.git.releaseBranch(worktree).catch(ignoreMissing);
  run.settle(effect, {
    type: 'handoffProjected',
    key: effect.key,
    artifact: { path: result.artifact, sha256: result.sha256 },
    reference: result.reference,
  });
}

/** A worktree that is gone holds no branch and hides no change: the branch itself says where it is. */
function ignoreMissing(error: unknown): null {
  if (error instanceof PawlError && error.code === 'PAWL_WORKSPACE_FOREIGN') return null;
  throw error;
}

function gateView(run: LiveRun, gate: Gate): readonly GateView[] {
  const record = run.state.run.context.gates[gate];
  if (record === null) return [];
  const document: unknown =
    record.evidence === null ? null : JSON.parse(readArtifact(run.world.files, run.folder, record.evidence));
  return [
    {
      gate,
      status: record.status,
      epoch: record.epoch,
      commit: record.commit,
      evidence: record.evidence,
      override: record.by === null ? null : { by: record.by, reason: record.reason ?? '' },
      ...readEvidence(document),
    },
  ];
}

/** The blocker when the branch is not at the commit that both gates judged; null when it is. */
async function movedHead(run: LiveRun, commit: string): Promise<Blocker | null> {
  const { world } = run;
  const { branch } = run.state.run.context;
  const head = await world.git.branchHead(branch);
  const state = await world.git.state(world.paths.worktree(run.runId)).catch(ignoreMissing);
  const isInPlace = state === null || (state.head === commit && (state.branch === branch || state.branch === null));
  if (head === commit && isInPlace) return null;
  return {
    code: 'PAWL_HANDOFF_REFUSED',
    message: `The branch ${branch} is at ${head ?? 'nothing'}, not at ${commit}, which both gates judged.`,
    hint: hintOf('PAWL_HANDOFF_REFUSED'),
    evidence: [commit, ...(head === null ? [] : [head])],
  };
}

/** The outcome of a settled task, whose bytes are those that the journal names. Throws PAWL_REGISTER_CONTRADICTION. */
function settledOutcome(run: LiveRun, taskId: string): { readonly outcome: Outcome; readonly hash: string } {
  const path = join(run.world.paths.task(run.runId, taskId), TASK_FILES.outcome);
  const bytes = readRegister(run.world.files, path);
  const recorded = run.state.tasks[taskId]?.context.settlement?.outcomeHash;
  if (bytes === null || recorded === undefined || sha256(bytes) !== recorded) {
    throw contradiction(path, 'the outcome is not the one that the journal names');
  }
  const parsed = parseOutcome(bytes);
  if (!parsed.ok) throw contradiction(path, parsed.reason);
  return { outcome: parsed.value, hash: recorded };
}
