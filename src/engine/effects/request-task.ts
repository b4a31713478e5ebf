/**
 * Preparing a task to run: nothing of an older one alive, the worktree at its commit, the request register written.
 *
 * Owns: that order, what each purpose runs, the allow-list. Does not own: starting it (engine/effects/supervise), the document (turn/task-document).
 *
 * Invariants: 1. No request while anything of an earlier tree or its host lives (design, section 5.9). 2. What an earlier attempt left
 * is kept under a rescue ref before the worktree is reset (5.10). 3. The request in the register is the one that counts.
 */
import { isAbsolute, join } from 'node:path';
import type { Json } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import { blocker } from '../../model/blocker.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import { type Blocker, PawlError } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { ANSWER_FOLDER, TASK_FILES, type TaskRequest } from '../../model/request.ts';
import type { TurnReport } from '../../model/turn.ts';
import type { AgentCommand, AgentPlaces } from '../../ports/agent.ts';
import type { InstructionChanges } from '../../ports/git.ts';
import { silenceMaxMs } from '../../run/limits.ts';
import { isGate } from '../../turn/answer.ts';
import type { Spent } from '../../turn/ledger.ts';
import type { ResumedSession } from '../../turn/session-choice.ts';
import { encodeRequest, parseRequest } from '../../turn/task-files.ts';
import type { PriorAttempt } from '../../turn/turn-prompt.ts';
import { endTree } from '../../worker/ending.ts';
import { treeHandle } from '../../worker/observe.ts';
import { contradiction, factsOf, observe, openTaskFolder } from '../../worker/task-folder.ts';
import { type KeptPacket, readKeptPacket } from '../kept-packet.ts';
import type { LiveRun } from '../live-run.ts';
import { findChangedSettings, type RunsAtWork } from './git-settings.ts';
import { orderTurn, type Plan, planWork } from './request-turn.ts';
import { documentOf } from './task-story.ts';
import { workOf } from './task-work.ts';

type PrepareTask = KeyedEffectOf<'prepareTask'>;

/** What the other runs of the registry have used of its budget. */
export type SpentByOthers = (runId: string) => Spent;

/** What the turns of the registry's other runs have reported. */
export type ReportsOfOthers = (runId: string) => readonly TurnReport[];

/** What must be known about the other runs of the registry. */
export interface OtherRuns {
  readonly spentByOthers: SpentByOthers;
  readonly reportsOfOthers: ReportsOfOthers;
  readonly runsAtWork: RunsAtWork;
}

/** The task's request is in its register and journaled, or the task is refused with a blocker. */
export async function prepareTask(run: LiveRun, effect: PrepareTask, others: OtherRuns): Promise<void> {
  const { world, runId } = run;
  const refuse = async (blocker: Blocker): Promise<void> => {
    await run.settle(effect, { type: 'taskRefused', key: effect.key, blocker });
  };
  const obstacle = (await endEarlierTask(run)) ?? (await changedByLastTask(run, others.runsAtWork));
  if (obstacle !== null) return refuse(obstacle);
  const kept = await readKeptPacket(world, run);
  const worktree = world.paths.worktree(runId);
  const folder = world.paths.task(runId, effect.taskId);
  const completionFile = join(worktree, ANSWER_FOLDER, effect.taskId, 'completion.json');
  const places: AgentPlaces = { taskFile: join(folder, TASK_FILES.task), completionFile, worktree };
  const plan = planWork(run, effect, workOf(run, effect, kept, places), kept, {
    spent: () => others.spentByOthers(runId),
    reports: () => others.reportsOfOthers(runId),
  });
  if (plan.kind === 'refused') return refuse(plan.blocker);
  const priorAttempt = await putWorktreeInPlace(run, effect, plan.resumed);
  await world.registers.makeFolders([folder]);
  const nonce = world.clock.nonce();
  const mark = `${runId}/${effect.taskId}/${nonce.slice(0, 12)}`;
  const instructions = await instructionsFor(run, effect, plan);
  const document = await documentOf(run, effect, kept, { commands: plan.commands, completionFile, instructions });
  const command =
    plan.kind === 'program'
      ? plan.command
      : await orderTurn(run, effect, plan, { priorAttempt, document, places, folder, nonce, mark });
  if ('blocker' in command) return refuse(command.blocker);
  const git = await world.git.settings(worktree);
  const parts = { agent: plan.agent, command, completionFile, nonce, mark, document, git, instructions };
  const request = requestOf(run, effect, kept, parts);
  const standing = (await world.registers.link(join(folder, TASK_FILES.request), encodeRequest(request))).bytes;
  const parsed = parseRequest(standing);
  if (!parsed.ok || parsed.value.runId !== runId || parsed.value.taskId !== effect.taskId) {
    throw contradiction(folder, 'request.json is not a request for this task');
  }
  await run.settle(effect, {
    type: 'taskRequested',
    key: effect.key,
    taskId: effect.taskId,
    requestHash: sha256(standing),
    agent: parsed.value.agent,
    rescueRef: priorAttempt.rescueRef,
  });
}

/** What the change does to files that instruct agents, for an agent that judges it; null for any other task: our own program reads none. */
async function instructionsFor(
  run: LiveRun,
  { purpose, commit }: PrepareTask,
  plan: Exclude<Plan, { kind: 'refused' }>,
): Promise<InstructionChanges | null> {
  if (!isGate(purpose) || plan.commands.length > 0) return null;
  const { git, agents } = run.world;
  return git.instructionChanges(baseOf(run, commit), commit, agents.instructionFiles(plan.agent));
}

function baseOf(run: LiveRun, commit: string): string {
  return run.state.root.context.baseCommit ?? commit;
}

/** What was left in the worktree is kept; then the worktree is at the task's commit or, for a session that was cut off, as the session left it. */
async function putWorktreeInPlace(
  run: LiveRun,
  effect: PrepareTask,
  resumed: ResumedSession | null,
): Promise<PriorAttempt> {
  const { world, runId } = run;
  const { branch } = run.state.root.context;
  const worktree = world.paths.worktree(runId);
  const isWorktreeKept = resumed?.why === 'cutOff' && (await branchIn(run, worktree)) === branch;
  const spec = { worktree, branch, commit: effect.commit, runId, name: `before-${effect.taskId}` };
  const rescueRef = isWorktreeKept ? await world.git.rescue(spec) : await world.git.rescueAndReset(spec);
  if (rescueRef !== null) world.log(`${runId}: kept what was left in the worktree as ${rescueRef}`);
  return { resumed, rescueRef, isWorktreeKept };
}

/** The branch that the worktree is on; null if git can no longer read the worktree, or it is gone: then there is nothing in it to keep. */
async function branchIn({ world }: LiveRun, worktree: string): Promise<string | null> {
  try {
    return (await world.git.state(worktree)).branch;
  } catch (error) {
    const isUnreadable =
      error instanceof PawlError && (error.code === 'PAWL_WORKSPACE_FOREIGN' || isTerminalOfGit(error));
    if (isUnreadable) return null;
    throw error;
  }
}

function isTerminalOfGit({ code, kind }: PawlError): boolean {
  return code === 'PAWL_GIT_FAILED' && kind === 'terminal';
}

/** However the previous task ended, settings of git that it may have changed are reported before anything is built on them. */
async function changedByLastTask(run: LiveRun, runsAtWork: RunsAtWork): Promise<Blocker | null> {
  const last = lastTask(run);
  return last === undefined ? null : findChangedSettings(run, last.taskId, runsAtWork);
}

/** Null when nothing of the previous task is left; else the blocker. */
async function endEarlierTask(run: LiveRun): Promise<Blocker | null> {
  const { world } = run;
  const last = lastTask(run);
  if (last === undefined || run.goneTasks.has(last.taskId)) return null;
  const task = await openTaskFolder(world, run.runId, last.taskId, last.requestHash);
  const seen = await observe(world, task);
  const facts = factsOf(seen);
  if (facts.tree === 'none' || facts.tree === 'gone') return null;
  // There is an outcome only if the tree was proven gone, or on an operator's assertion: an unknown process now is another one.
  if (facts.tree === 'unknown' && facts.hasOutcome) return null;
  const handle = treeHandle(task.folder, task.request, seen.agent?.value ?? null);
  const limits = { graceMs: task.request.limits.graceMs, killMs: BOUNDS.killMs };
  if ((await endTree(world.processes, world.clock, handle, limits)).isGone) return null;
  const { taskId } = last;
  return blocker('PAWL_WORKER_SURVIVORS', { reason: 'running', taskId }, [`tasks/${taskId}`]);
}

/** The task before the one that is being prepared: the last one requested, whatever the clock said, and whether or not its start was seen. */
function lastTask(run: LiveRun) {
  return Object.values(run.state.children).at(-1)?.context;
}

function requestOf(
  run: LiveRun,
  effect: PrepareTask,
  kept: KeptPacket,
  parts: {
    readonly agent: string;
    readonly command: AgentCommand;
    readonly completionFile: string;
    readonly nonce: string;
    readonly mark: string;
    readonly document: Json;
    readonly git: NonNullable<TaskRequest['git']>;
    readonly instructions: InstructionChanges | null;
  },
): TaskRequest {
  const { world, runId } = run;
  const { taskId, purpose, epoch, attempt } = effect;
  const { agent, command, completionFile, nonce, mark, document, git, instructions } = parts;
  const worktree = world.paths.worktree(runId);
  if (!isAbsolute(worktree)) throw new Error(`bug: the worktree ${worktree} is not an absolute path`);
  const { limits } = kept;
  return {
    v: 1,
    runId,
    taskId,
    purpose,
    epoch,
    attempt,
    nonce,
    key: effect.key,
    agent,
    argv: command.argv,
    cwd: worktree,
    envNames: command.envNames,
    env: command.env,
    mark,
    completionFile,
    completion: command.completion,
    isolation: world.isolation,
    hasTreeLock: world.hasTreeLock,
    limits: {
      deadlineMs: limits.deadlineMs[purpose],
      stallMs: limits.stallMs,
      silenceMaxMs: silenceMaxMs(limits),
      graceMs: limits.graceMs,
      outputBytesMax: limits.outputBytesMax,
    },
    recordsTree: purpose === 'implementation' || purpose === 'fix',
    task: document,
    git,
    ...(instructions === null
      ? {}
      : {
          instructions: { base: baseOf(run, effect.commit), head: effect.commit, patterns: instructions.patterns },
        }),
    ...(command.turn === undefined ? {} : { turn: command.turn }),
  };
}
