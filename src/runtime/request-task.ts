/**
 * Making a task ready to run: nothing of an older one alive, the worktree at its commit, the request register written.
 *
 * Owns: that order, what each purpose runs, the allow-list. Does not own: starting it (runtime/supervise), the document (core/task-document).
 *
 * Invariants: 1. No request while anything of an earlier tree or its host lives (design, section 5.9). 2. What an earlier attempt left
 * is kept under a rescue ref before the worktree is reset (5.10). 3. The request that stands in the register is the one that counts.
 */
import { isAbsolute, join } from 'node:path';
import type { TaskContext } from '../../machines/task.machine.ts';
import type { Json } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { unreachable } from '../base/unreachable.ts';
import { isAllowed, splitCommand } from '../core/allow-list.ts';
import type { Spent } from '../core/ledger.ts';
import { answerSchema, taskDocument } from '../core/task-document.ts';
import { encodeRequest, parseOutcome, parseRequest } from '../core/task-files.ts';
import { turnPrompt } from '../core/turn-prompt.ts';
import { endTree } from '../host/ending.ts';
import { treeHandle } from '../host/observe.ts';
import type { KeyedEffectOf } from '../model/effect.ts';
import { type Blocker, PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { ROLES, type Role } from '../model/packet.ts';
import { ANSWER_FOLDER, TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { AgentCommand, AgentPlaces, CodingAgent } from '../ports/agent.ts';
import { readArtifact } from '../store/artifacts.ts';
import { linkRegister, readRegister } from '../store/register.ts';
import { type KeptPacket, readKeptPacket } from './kept-packet.ts';
import type { LiveRun } from './live-run.ts';
import { fundsOf, resumedBy, sessionFor, type TurnFunds, usedBefore } from './request-turn.ts';
import { contradiction, factsOf, observe, openTaskFolder } from './task-folder.ts';

type PrepareTask = KeyedEffectOf<'prepareTask'>;

type Work =
  | {
      readonly kind: 'run';
      readonly agent: string;
      readonly command: AgentCommand;
      readonly commands: readonly string[][];
    }
  | { readonly kind: 'turn'; readonly agent: string; readonly role: Role; readonly coding: CodingAgent }
  | { readonly kind: 'refused'; readonly blocker: Blocker };

/** What the other runs of the registry have used of its budget. */
export type SpentByOthers = (runId: string) => Spent;

/** The task's request stands in its register and is journaled, or the task is refused with a blocker. */
export async function prepareTask(run: LiveRun, effect: PrepareTask, spentByOthers: SpentByOthers): Promise<void> {
  const { world, runId } = run;
  const { context } = run.state.run;
  const remains = await endEarlierTask(run);
  if (remains !== null) {
    run.settle(effect, { type: 'taskRefused', key: effect.key, blocker: remains });
    return;
  }
  const kept = readKeptPacket(world, run);
  const worktree = world.paths.worktree(runId);
  const folder = world.paths.task(runId, effect.taskId);
  const completionFile = join(worktree, ANSWER_FOLDER, effect.taskId, 'completion.json');
  const places: AgentPlaces = { taskFile: join(folder, TASK_FILES.task), completionFile, worktree };
  const work = workOf(run, effect, kept, places);
  const refuse = (blocker: Blocker): void => {
    run.settle(effect, { type: 'taskRefused', key: effect.key, blocker });
  };
  if (work.kind === 'refused') return refuse(work.blocker);
  const funds = work.kind === 'turn' ? fundsFor(run, work, kept, spentByOthers) : null;
  if (funds?.blocker) return refuse(funds.blocker);
  const resumed = work.kind === 'turn' ? resumedBy(run.state, effect, work.agent, work.coding) : null;
  const isWorktreeKept = resumed?.why === 'cutOff' && (await world.git.state(worktree)).branch === context.branch;
  const spec = { worktree, branch: context.branch, commit: effect.commit, runId, name: `before-${effect.taskId}` };
  const rescueRef = isWorktreeKept ? await world.git.rescue(spec) : await world.git.rescueAndReset(spec);
  if (rescueRef !== null) world.log(`${runId}: kept what was left in the worktree as ${rescueRef}`);
  world.files.ensureFolders([folder]);
  const nonce = world.clock.nonce();
  const mark = `${runId}/${effect.taskId}/${nonce.slice(0, 12)}`;
  const commands = work.kind === 'run' ? work.commands : [];
  const document = documentOf(run, effect, kept, commands, completionFile);
  let command: AgentCommand;
  if (work.kind === 'run') command = work.command;
  else {
    try {
      command = await world.agents.turn(work.agent, places, {
        role: work.role,
        session: sessionFor(resumed, work.coding, nonce),
        prompt: turnPrompt(document, { resumed, rescueRef, isWorktreeKept }, work.coding.givesMcp),
        answerSchema: answerSchema(effect.purpose),
        budget: funds?.budget ?? { tokens: null, usd: null },
        usedBefore: usedBefore(run.state, resumed, work.agent),
        firstEventMs: kept.limits.firstEventMs,
        allowedTools: kept.packet.allowedTools,
        taskFolder: folder,
        mark,
      });
    } catch (error) {
      if (!(error instanceof PawlError) || !error.code.startsWith('PAWL_AGENT_')) throw error;
      return refuse({ code: error.code, message: error.message, hint: error.hint, evidence: [error.subject] });
    }
  }
  const request = requestOf(run, effect, kept, { agent: work.agent, command, completionFile, nonce, mark, document });
  const standing = linkRegister(world.files, join(folder, TASK_FILES.request), encodeRequest(request)).bytes;
  const parsed = parseRequest(standing);
  if (!parsed.ok || parsed.value.runId !== runId || parsed.value.taskId !== effect.taskId) {
    throw contradiction(folder, 'request.json is not a request for this task');
  }
  run.settle(effect, {
    type: 'taskRequested',
    key: effect.key,
    taskId: effect.taskId,
    requestHash: sha256(standing),
    agent: parsed.value.agent,
    rescueRef,
  });
}

/** Nothing of the task before this one is left; else the blocker. */
async function endEarlierTask(run: LiveRun): Promise<Blocker | null> {
  const { world } = run;
  const last = Object.values(run.state.tasks)
    .map((task) => task.context)
    .sort((a, b) => (a.startedAtMs ?? 0) - (b.startedAtMs ?? 0))
    .at(-1);
  if (last === undefined || last.startedAtMs === null || run.goneTasks.has(last.taskId)) return null;
  const task = openTaskFolder(world, run.runId, last.taskId, last.requestHash);
  const seen = observe(world, task);
  const facts = factsOf(seen);
  const wasAsserted = seen.outcome?.value.by === 'operator';
  if (facts.tree === 'none' || facts.tree === 'gone') return null;
  if (facts.tree === 'unknown' && (wasAsserted || facts.hasOutcome)) return null;
  const handle = treeHandle(task.folder, task.request, seen.agent?.value ?? null);
  const limits = { graceMs: task.request.limits.graceMs, killMs: BOUNDS.killMs };
  if ((await endTree(world.processes, world.clock, handle, limits)).isGone) return null;
  return {
    code: 'PAWL_WORKER_SURVIVORS',
    message: `Something of ${last.taskId} still lives; no new worker starts in this worktree before it has ended.`,
    hint: 'End it yourself, then: pawl resolve RUN_ID retry --reason TEXT.',
    evidence: [`tasks/${last.taskId}`],
  };
}

function workOf(
  run: LiveRun,
  effect: PrepareTask,
  kept: KeptPacket,
  places: { taskFile: string; completionFile: string; worktree: string },
): Work {
  const { world } = run;
  const { config } = world;
  switch (effect.purpose) {
    case 'setup':
      return ownCommands(run, config.workspace.setup, 'PAWL_SETUP_NOT_ALLOWED', 'setup');
    case 'verification': {
      const { commands } = kept.packet.verification;
      if (commands.length > 0) return ownCommands(run, commands, 'PAWL_VERIFICATION_NOT_ALLOWED', 'verification');
      return agentWork(run, 'verifier', places);
    }
    case 'implementation':
      return agentWork(run, 'implementer', places);
    case 'fix':
      return agentWork(run, 'fixer', places);
    case 'review':
      return agentWork(run, 'reviewer', places);
    default:
      return unreachable(effect.purpose);
  }
}

/** Commands that our verification worker runs, each admitted by the allow-list; else refused, naming the command. */
function ownCommands(
  run: LiveRun,
  commands: readonly string[],
  code: 'PAWL_SETUP_NOT_ALLOWED' | 'PAWL_VERIFICATION_NOT_ALLOWED',
  name: string,
): Work {
  const { config, verificationWorker } = run.world;
  const split: string[][] = [];
  for (const text of commands) {
    const command = splitCommand(text);
    const problem =
      command.kind !== 'split'
        ? 'cannot be run without a shell'
        : isAllowed(command.argv, config.verification.allow)
          ? null
          : 'is not admitted by verification.allow of the config';
    if (command.kind !== 'split' || problem !== null) {
      const blocker: Blocker = {
        code,
        message: `The ${name} command "${text.slice(0, 300)}" ${problem}.`,
        hint: 'Admit it in verification.allow of pawl.config.json (word by word, * last), then: pawl resolve RUN_ID retry --reason TEXT.',
        evidence: [text.slice(0, 300)],
      };
      return { kind: 'refused', blocker };
    }
    split.push([...command.argv]);
  }
  const command: AgentCommand = { argv: verificationWorker, envNames: [], env: {}, completion: 'file' };
  return { kind: 'run', agent: 'pawl', command, commands: split };
}

function agentWork(
  run: LiveRun,
  role: Role,
  places: { taskFile: string; completionFile: string; worktree: string },
): Work {
  const agents = run.state.run.context.agents ?? {};
  const name = agents[role];
  if (name === undefined)
    throw new Error(`bug: ${run.runId} was admitted without an agent for ${role} of ${ROLES.join(', ')}`);
  const coding = run.world.agents.coding(name);
  if (coding !== null) return { kind: 'turn', agent: name, role, coding };
  if (run.world.agents.has(name)) {
    return { kind: 'run', agent: name, command: run.world.agents.command(name, places), commands: [] };
  }
  return {
    kind: 'refused',
    blocker: {
      code: 'PAWL_AGENT_MISSING',
      message: `The agent "${name}" (${role}) is not configured any more.`,
      hint: `Put it back under "agents" in pawl.config.json, then: pawl resolve ${run.runId} retry --reason TEXT.`,
      evidence: [role],
    },
  };
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
  },
): TaskRequest {
  const { world, runId } = run;
  const { taskId, purpose, epoch, attempt } = effect;
  const { agent, command, completionFile, nonce, mark, document } = parts;
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
      graceMs: limits.graceMs,
      outputBytesMax: limits.outputBytesMax,
    },
    recordsTree: purpose === 'implementation' || purpose === 'fix',
    task: document,
    ...(command.turn === undefined ? {} : { turn: command.turn }),
  };
}

function documentOf(
  run: LiveRun,
  effect: PrepareTask,
  kept: KeptPacket,
  commands: readonly (readonly string[])[],
  completionFile: string,
): Json {
  const { context } = run.state.run;
  const { taskId, purpose, epoch, attempt } = effect;
  return taskDocument({
    runId: run.runId,
    taskId,
    purpose,
    epoch,
    attempt,
    packet: kept.packet,
    given: kept.given,
    branch: context.branch,
    baseCommit: context.baseCommit ?? effect.commit,
    commit: effect.commit,
    worktree: run.world.paths.worktree(run.runId),
    completionFile,
    commands,
    failedGate: purpose === 'fix' ? failedGate(run) : null,
    earlier: earlierAttempts(run, (task) => task.purpose === purpose && task.epoch === epoch),
    earlierRounds:
      purpose === 'fix' ? earlierAttempts(run, (task) => task.purpose === 'fix' && task.epoch < epoch) : [],
  });
}

function fundsFor(
  run: LiveRun,
  work: Extract<Work, { kind: 'turn' }>,
  kept: KeptPacket,
  spentByOthers: SpentByOthers,
): TurnFunds {
  const { budget } = run.world.config;
  return fundsOf(run.state, kept.limits, budget, spentByOthers(run.runId), work.coding, work.agent);
}

/** The evidence of the gate that sent the run into the fix loop, its bytes verified. */
function failedGate(run: LiveRun): Json | null {
  const { gates } = run.state.run.context;
  const failed = [gates.review, gates.verification].find((gate) => gate?.status === 'FAIL');
  if (failed === undefined || failed === null || failed.evidence === null) return null;
  return JSON.parse(readArtifact(run.world.files, run.folder, failed.evidence));
}

/** How earlier tasks ended, in the words of their outcomes. */
function earlierAttempts(
  run: LiveRun,
  isMeant: (task: TaskContext) => boolean,
): { taskId: string; result: string; message: string }[] {
  const earlier: { taskId: string; result: string; message: string }[] = [];
  for (const { context } of Object.values(run.state.tasks)) {
    if (!isMeant(context) || context.settlement === null) continue;
    const bytes = readRegister(
      run.world.files,
      join(run.world.paths.task(run.runId, context.taskId), TASK_FILES.outcome),
    );
    const outcome = bytes === null ? null : parseOutcome(bytes);
    earlier.push({
      taskId: context.taskId,
      result: context.settlement.result,
      message: outcome?.ok === true ? outcome.value.message : '',
    });
  }
  return earlier;
}
