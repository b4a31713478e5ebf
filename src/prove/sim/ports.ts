/**
 * The ports of a simulated process: clock, processes, git and agents, answered as a story tells.
 *
 * Owns: those fakes, telling of every call before and after it. Does not own: which answer comes when (sim/director), the disk (memory/memory-fs).
 *
 * Invariant: a process that is dead calls nothing any more.
 */
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import { type Config, parseConfig } from '../../model/config.ts';
import type { AgentsPort } from '../../ports/agent.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { CommitResult, CommitSpec, GitPort, WorkspaceResult, WorkspaceSpec } from '../../ports/git.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import { blockerOf } from '../model/sample-blockers.ts';
import { type Director, gitRefusal } from './director.ts';
import type { SimHosts } from './hosts.ts';
import type { Outside } from './outside.ts';
import { NEIGHBOUR_SURFACE } from './story.ts';

/** A timer that has not fired. */
export interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** One process as its ports see it. */
export interface Caller {
  readonly self: ProcessIdentity;
  readonly outside: Outside;
  readonly hosts: SimHosts;
  readonly director: Director;
  readonly timers: Set<Timer>;
  /** Told before and after every call that changes something outside; throws when the process is dead, or dies here. */
  at(call: string): void;
  /** What git makes of the workspace of another run. */
  rivalWorkspace(worktree: string): Promise<WorkspaceResult>;
}

const BASE = 'b'.repeat(40);
const ELSEWHERE = 'e'.repeat(40);

/** The config of a story, with commands that set a worktree up or without. */
export const CONFIGS: { readonly plain: Config; readonly withSetup: Config } = {
  plain: configOf([]),
  withSetup: configOf(['check']),
};

/** The config of a story; strict about surfaces, and with a setup, where the story tells so. */
export function simConfig({ director }: Caller): Config {
  const { plain, withSetup } = CONFIGS;
  const { story } = director;
  // A packet that replaces the story's own has the same limits; none has a budget.
  const { budgetUsd: _usd, tokens: _tokens, ...limits } = story.entry.limits;
  return {
    ...plain,
    limits,
    get workspace(): Config['workspace'] {
      const isAdmitted = director.next?.startsWith('runAdmitted') === true;
      const hasSetup = isAdmitted ? director.next === 'runAdmitted withSetup' : story.hasSetup;
      return (hasSetup ? withSetup : plain).workspace;
    },
    get surface(): Config['surface'] {
      return director.next === 'surfaceExceeded strict' ? 'strict' : 'lease';
    },
  };
}

function configOf(setup: readonly string[]): Config {
  const agents = { sim: { kind: 'command', argv: ['sim'] } };
  return parseConfig(JSON.stringify({ agents, verification: { allow: ['check'] }, workspace: { setup } }), 'sim');
}

/** Time that stands but for a millisecond at every look; timers fire when the process is told so. */
export function simClock({ outside, timers }: Caller): ClockPort {
  return {
    nowMs: () => {
      outside.nowMs += 1;
      return outside.nowMs;
    },
    monotonicMs: () => outside.nowMs,
    timer: (delayMs, fire) => {
      const timer: Timer = { dueMs: outside.nowMs + delayMs, fire };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    nonce: () => outside.nonce(),
  };
}

/** Processes: they die when they are told to, and live where the story wants them to. */
export function simProcesses(caller: Caller): ProcessesPort {
  const { outside, hosts, director } = caller;
  return {
    self: () => caller.self,
    life: (identity) => outside.life(identity),
    signal: (identity, signal) => {
      if (outside.life(identity) !== 'alive') return false;
      caller.at('process.signal');
      if (signal !== 'SIGCONT') outside.end(identity);
      return true;
    },
    tree: ({ mark, worker }) => {
      const members = worker !== null && outside.life(worker) === 'alive' ? [worker] : [];
      return { members, unknown: [], isLocked: outside.isLocked(mark) };
    },
    work: () => [],
    startHost: ({ taskFolder, requestHash }) => {
      caller.at('host.start');
      const host = hosts.start(taskFolder, requestHash);
      outside.hostStarts.set(taskFolder, (outside.hostStarts.get(taskFolder) ?? 0) + 1);
      caller.at('host.begun');
      director.started(host);
      caller.at('host.started');
      return host.identity;
    },
  };
}

/** The only agent there is; while the story tells that one is missing, every time another one: what was said before is not said again. */
export function simAgents({ director }: Caller): AgentsPort {
  const isThere = (): boolean => director.next !== 'agentMissing';
  return {
    has: (name) => name === 'sim' && isThere(),
    names: () => (isThere() ? ['sim'] : []),
    forRole: () => (isThere() ? null : `sim-${director.progress.next}`),
    installation: () => null,
    installed: () => [],
    problem: () => null,
    coding: () => null,
    instructionFiles: () => ['AGENTS.md'],
    command: () => ({ argv: ['sim'], envNames: [], env: {}, completion: 'file' }),
    turn: () => Promise.reject(new Error('bug: the simulated agent is no coding agent')),
  };
}

/** The origin of a clone that no story's packet is for: at every step another one, so that it is told again. */
const foreignOrigin = (step: number): string => `https://forge.invalid/somebody/else-${step}.git`;

/** A repository that never forgets: what git has done stays done. */
export function simGit(caller: Caller): GitPort {
  const { outside, director } = caller;
  const headOf = (branch: string): string => outside.heads.get(branch) ?? BASE;
  const { branch } = branchOf(director);
  const done = <T>(call: string, result: T): T => {
    caller.at(`${call} done`);
    return result;
  };
  return {
    facts: async () => ({
      origin: director.next === 'admissionRefused' ? foreignOrigin(director.progress.next) : null,
      defaultBranches: ['main'],
    }),
    workspaceProblem: async () => null,
    prepareWorkspace: async (spec) =>
      spec.runId === director.story.entry.runId ? prepareWorkspace(caller, spec) : caller.rivalWorkspace(spec.worktree),
    commitWork: async (spec) => commitWork(caller, spec),
    state: async () => {
      if (isJudging(director)) await director.turn((type) => type.startsWith('gateJudged '));
      return { head: headOf(branch), branch, tree: simTree(headOf(branch)), trackedChanges: [], untracked: [] };
    },
    settings: async () => ({ ...SIM_PLACE, settings: {} }),
    treeOf: async (commit) => simTree(commit),
    storedContent: async (commit) => ({ kind: 'whole', tree: simTree(commit) }),
    branchHead: async () => {
      // A failed run is to continue: its branch is where it left it.
      if (director.next === 'decisionMade retry') {
        caller.at('git.branchHead');
        return headOf(branch);
      }
      const type = await director.turn((each) => each.startsWith('handoff'));
      return type === 'handoffRefused' ? ELSEWHERE : headOf(branch);
    },
    removeUntracked: async () => undefined,
    rescueAndReset: async ({ commit, worktree, name }) => {
      // Before a handoff it only puts back what a person wants to be put back; the story tells of the handoff itself.
      const isForTask = !name.startsWith('before-handoff-');
      const type = isForTask ? await director.turn((each) => each === 'taskRequested' || each === 'taskRefused') : null;
      caller.at('git.reset');
      if (type === 'taskRefused') throw gitRefusal(worktree);
      if (headOf(branch) !== commit) {
        outside.heads.set(branch, commit);
        outside.version += 1;
      }
      return done('git.reset', null);
    },
    rescue: async () => null,
    releaseBranch: async () => caller.at('git.release'),
    releaseEnded: async () => caller.at('git.releaseEnded'),
    commits: async () => [{ commit: headOf(branch), subject: 'sim' }],
    filesChanged: async () => ({ files: ['x'], count: 1 }),
    diffStat: async () => ({
      files: [{ path: 'x', added: 1, deleted: 0, isBinary: false }],
      fileCount: 1,
      added: 1,
      deleted: 0,
    }),
    addedLines: async () => [],
    instructionChanges: async (_base, _head, patterns) => ({ patterns, paths: [], count: 0 }),
    eachPathChanged: async (_base, _head, onPath) => {
      for (const path of pathsChanged(director)) onPath(path);
    },
  };
}

/**
 * What the work touches that is to be recorded next: beyond the packet's surface where the story says so, and then other paths at every step of
 * it, so that none is leased or accepted already.
 */
function pathsChanged({ next, progress }: Director): readonly string[] {
  if (next === 'workCommitted beyond' || next === 'surfaceExceeded strict') return ['src/x', `other/${progress.next}`];
  return next === 'surfaceExceeded held' ? ['src/x', `${NEIGHBOUR_SURFACE}/${progress.next}`] : ['src/x'];
}

/** Gates and handoffs look at the worktree alike; only the former waits for its step there. */
function isJudging({ state }: Director): boolean {
  return state?.owed.some((effect) => effect.kind === 'judgeGate') === true;
}

function branchOf({ story }: Director): { readonly branch: string } {
  return { branch: story.entry.reading.packet.scm.intendedBranch ?? '' };
}

async function prepareWorkspace(caller: Caller, { branch, worktree }: WorkspaceSpec): Promise<WorkspaceResult> {
  const type = await caller.director.turn((each) => each.startsWith('workspace'));
  caller.at('git.prepareWorkspace');
  if (type === 'workspaceRefused') throw gitRefusal(worktree);
  const headCommit = caller.outside.heads.get(branch) ?? BASE;
  return { kind: 'ready', baseBranch: 'main', baseCommit: BASE, headCommit };
}

/** Where git keeps every worktree of a simulated machine. */
export const SIM_PLACE = { commonDir: '/repo/.git', adminDir: '/repo/.git/worktrees/sim' } as const;

/** The tree of a commit. */
export function simTree(commit: string): string {
  return sha256(`tree of ${commit}`).slice(0, 40);
}

/** What becomes of a task's work. */
const COMMITTED = /^(?:workCommitted|workEmpty|workRefused|surfaceExceeded)\b/;

/** The commit of a task's work is found again by its key, and is the same for the same work. */
async function commitWork(caller: Caller, spec: CommitSpec): Promise<CommitResult> {
  const { director, outside } = caller;
  const type = await director.turn((each) => COMMITTED.test(each));
  caller.at('git.commit');
  if (type === 'workRefused') throw gitRefusal(spec.worktree);
  if (type === 'workRefused changed') return { kind: 'refused', blocker: blockerOf('PAWL_WORKSPACE_CHANGED') };
  if (type.startsWith('workEmpty')) return { kind: 'empty', commit: spec.parentCommit, leftOut: null };
  const work = spec.taskId.replace(/-a\d+$/, '');
  const commit = outside.commits.get(spec.key) ?? sha256(`${spec.parentCommit} ${work}`).slice(0, 40);
  if (!outside.commits.has(spec.key)) {
    outside.commits.set(spec.key, commit);
    outside.heads.set(spec.branch, commit);
    outside.version += 1;
  }
  caller.at('git.committed');
  return { kind: 'committed', commit, filesChanged: ['x'], fileCount: 1, patchHash: sha256(commit), leftOut: null };
}
