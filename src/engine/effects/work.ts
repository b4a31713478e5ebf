/**
 * What follows when a worker has ended well: its work becomes a commit, a gate's verdict becomes a result.
 *
 * Owns: the evidence of each, in the order artifact first, event second. Does not own: git (adapters), judging (run/gate-evidence),
 * the handoff (engine/effects/project-handoff).
 *
 * Invariants: 1. L4: bytes are re-hashed before they are relied upon. 2. Every step repeated after a crash has the same result.
 */

import { join } from 'node:path';
import { canonicalJson } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import type { Gate, KeyedEffectOf } from '../../model/effect.ts';
import { type Blocker, PawlError } from '../../model/error.ts';
import type { ArtifactRef } from '../../model/event.ts';
import { type Answer, type Finding, type Outcome, TASK_FILES } from '../../model/request.ts';
import type { WorktreeState } from '../../ports/git.ts';
import { areAllAdded, findingKeys } from '../../run/finding-keys.ts';
import { type GateJudgement, judgeGate, reviewEvidence } from '../../run/gate-evidence.ts';
import { parseOutcome } from '../../turn/task-files.ts';
import { contradiction, readCompletion } from '../../worker/task-folder.ts';
import { readKeptPacket } from '../kept-packet.ts';
import type { LeaseTable } from '../leases.ts';
import type { LiveRun } from '../live-run.ts';
import { outcomeWords } from '../outcome-cause.ts';
import { findChangedSettings, type RunsAtWork } from './git-settings.ts';
import { settleWork, surfacesBeyond, type Work } from './surface-check.ts';

/** What the worker left is a commit on the branch, found again by its key if it is there already, and within the run's lease. */
export async function commitWork(
  run: LiveRun,
  effect: KeyedEffectOf<'commitWork'>,
  { runsAtWork, leases }: { readonly runsAtWork: RunsAtWork; readonly leases: LeaseTable },
): Promise<void> {
  const { world, runId } = run;
  const changed = await findChangedSettings(run, effect.taskId, runsAtWork);
  if (changed !== null) {
    await run.settle(effect, { type: 'workRefused', key: effect.key, blocker: changed });
    return;
  }
  const { outcome, hash } = await settledOutcome(run, effect.taskId);
  const kept = await readKeptPacket(world, run);
  const result = await world.git.commitWork({
    worktree: world.paths.worktree(runId),
    branch: run.state.root.context.branch,
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
  const { key, taskId } = effect;
  if (result.kind === 'refused') {
    await run.settle(effect, { type: 'workRefused', key, blocker: result.blocker });
    return;
  }
  const { commit } = result;
  const isAllowed = kept.packet.allowEmpty;
  const beside = result.leftOut === null ? {} : { leftOut: result.leftOut };
  if (result.kind === 'empty' && !isAllowed) {
    await run.settle(effect, { type: 'workEmpty', key, taskId, commit, isAllowed, ...beside });
    return;
  }
  const beyond = await surfacesBeyond(run, kept.packet, commit);
  const work: Work =
    result.kind === 'empty'
      ? { type: 'workEmpty', key, taskId, commit, isAllowed, ...beside }
      : {
          type: 'workCommitted',
          key,
          taskId,
          commit,
          fileCount: result.fileCount,
          filesChanged: result.filesChanged.slice(0, 50).map((file) => file.slice(0, 300)),
          patchHash: result.patchHash,
          outcomeHash: hash,
          ...beside,
        };
  await settleWork(run, effect, work, { beyond, packet: kept.packet, leases });
}

/** The gate's verdict, over the worktree as the worker left it, is evidence and an event. */
export async function performJudgeGate(
  run: LiveRun,
  effect: KeyedEffectOf<'judgeGate'>,
  runsAtWork: RunsAtWork,
): Promise<void> {
  const { world, runId } = run;
  const changed = await findChangedSettings(run, effect.taskId, runsAtWork);
  const kept = await keptEvidence(run, effect);
  const judgement = kept === null ? await judge(run, effect, changed) : reviewEvidence(kept.document, effect, changed);
  const evidence =
    kept?.ref ??
    (await world.artifacts.write(run.folder, effect.gate, evidenceName(effect), canonicalJson(judgement.document)));
  if (judgement.hasUntracked) await world.git.removeUntracked(world.paths.worktree(runId));
  await run.settle(effect, {
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
  const last = run.state.root.context.judgements.findLast(({ gate }) => gate === effect.gate);
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
async function keptEvidence(
  { world, folder }: LiveRun,
  effect: KeyedEffectOf<'judgeGate'>,
): Promise<{ readonly ref: ArtifactRef; readonly document: unknown } | null> {
  const ref = await world.artifacts.find(folder, effect.gate, evidenceName(effect));
  return ref === null ? null : { ref, document: JSON.parse(await world.artifacts.read(folder, ref)) };
}

async function judge(
  run: LiveRun,
  effect: KeyedEffectOf<'judgeGate'>,
  obstacle: Blocker | null,
): Promise<GateJudgement> {
  const { world, runId } = run;
  const { outcome } = await settledOutcome(run, effect.taskId);
  const answer = await readCompletion(world, world.paths.task(runId, effect.taskId), outcome);
  const state = await world.git.state(world.paths.worktree(runId)).catch(worktreeGone);
  return judgeGate({
    gate: effect.gate,
    taskId: effect.taskId,
    epoch: effect.epoch,
    by: outcome.turn?.agent ?? judgeOf(run, effect.gate, answer),
    commit: effect.commit,
    tree: await world.git.treeOf(effect.commit).catch(noTree),
    outcome,
    told: outcomeWords(outcome),
    answer,
    obstacle,
    worktree: {
      head: state.head,
      tree: state.tree,
      isOnBranch: state.branch === run.state.root.context.branch,
      trackedChanges: state.trackedChanges,
      untracked: state.untracked,
    },
  });
}

/** Which agent judged, where its outcome does not say: none where commands were run. */
function judgeOf(run: LiveRun, gate: Gate, answer: Answer | null): string | null {
  const { agents } = run.state.root.context;
  if (gate === 'review') return agents?.reviewer ?? null;
  return answer !== null && answer.commands.length > 0 ? null : (agents?.verifier ?? null);
}

/** A commit that git says it cannot read has no tree: nothing can equal it. */
function noTree(error: unknown): string {
  if (error instanceof PawlError && error.code === 'PAWL_GIT_FAILED' && error.kind === 'terminal') return '';
  throw error;
}

/**
 * A worktree that git says it cannot read stands at no commit: the gate fails. Any other error is rethrown: a git that was killed, or
 * never started, says nothing about the gate.
 */
function worktreeGone(error: unknown): WorktreeState {
  const isGone =
    error instanceof PawlError &&
    (error.code === 'PAWL_WORKSPACE_FOREIGN' || (error.code === 'PAWL_GIT_FAILED' && error.kind === 'terminal'));
  if (isGone) return { head: '', branch: null, tree: null, trackedChanges: [], untracked: [] };
  throw error;
}

/** The outcome of a settled task, whose bytes are those that the journal names. Throws PAWL_REGISTER_CONTRADICTION. */
async function settledOutcome(
  run: LiveRun,
  taskId: string,
): Promise<{ readonly outcome: Outcome; readonly hash: string }> {
  const path = join(run.world.paths.task(run.runId, taskId), TASK_FILES.outcome);
  const bytes = await run.world.registers.read(path);
  const recorded = run.state.children[taskId]?.context.settlement?.outcomeHash;
  if (bytes === null || recorded === undefined || sha256(bytes) !== recorded) {
    throw contradiction(path, 'the outcome does not match the journal');
  }
  const parsed = parseOutcome(bytes);
  if (!parsed.ok) throw contradiction(path, parsed.reason);
  return { outcome: parsed.value, hash: recorded };
}
