/**
 * The ports of a simulated process: processes, git, agents and config, answered as a story tells.
 *
 * Owns: what a story has them answer, telling of every call before and after it. Does not own: which answer comes when (sim/director), the machine
 * (memory/memory-machine), what git answers of itself (sim/repository).
 *
 * Invariant: a process that is dead calls nothing any more.
 */
import { type Config, parseConfig } from '../../model/config.ts';
import type { AgentsPort } from '../../ports/agent.ts';
import type { GitPort, WorkspaceResult } from '../../ports/git.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import type { MemoryProcess } from '../memory/memory-process.ts';
import { blockerOf } from '../model/sample-blockers.ts';
import { type Director, gitRefusal } from './director.ts';
import type { SimHosts } from './hosts.ts';
import type { Outside } from './outside.ts';
import { NEIGHBOUR_SURFACE } from './story.ts';

/** One process as its ports see it. */
export interface Caller {
  /** Told before and after every call that changes something outside; throws when the process is dead, or dies here. */
  readonly process: MemoryProcess;
  readonly outside: Outside;
  readonly hosts: SimHosts;
  readonly director: Director;
  /** What git makes of the workspace of another run. */
  rivalWorkspace(worktree: string): Promise<WorkspaceResult>;
}

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

/** Processes: they die when they are told to, and live where the story wants them to. */
export function simProcesses({ process, outside, hosts, director }: Caller): ProcessesPort {
  const { machine, self } = process;
  const processes = machine.processes(self);
  return {
    ...processes,
    signal: (identity, signal) => {
      if (machine.life(identity) === 'alive') process.at('process.signal');
      return processes.signal(identity, signal);
    },
    startHost: ({ taskFolder, requestHash }) => {
      process.at('host.start');
      const host = hosts.start(taskFolder, requestHash);
      outside.hostStarts.set(taskFolder, (outside.hostStarts.get(taskFolder) ?? 0) + 1);
      process.at('host.begun');
      // A process that is killed takes no host with it: each comes as far as it would have come.
      process.unseen(() => director.started(host));
      process.at('host.started');
      return host.identity;
    },
  };
}

/** The only agent there is: a command. */
export const SIM_AGENTS: AgentsPort = {
  has: (name) => name === 'sim',
  names: () => ['sim'],
  forRole: () => null,
  ofEnvironment: () => null,
  installation: () => null,
  installed: () => [],
  problem: () => null,
  coding: () => null,
  instructionFiles: () => ['AGENTS.md'],
  command: () => ({ argv: ['sim'], envNames: [], env: {}, completion: 'file' }),
  turn: () => Promise.reject(new Error('bug: the simulated agent is no coding agent')),
};

/** While the story tells that an agent is missing, it is every time another one: what was said before is not said again. */
export function simAgents({ director }: Caller): AgentsPort {
  const isThere = (): boolean => director.next !== 'agentMissing';
  return {
    ...SIM_AGENTS,
    has: (name) => SIM_AGENTS.has(name) && isThere(),
    names: () => (isThere() ? SIM_AGENTS.names() : []),
    forRole: () => (isThere() ? null : `sim-${director.progress.next}`),
  };
}

/** The origin of a clone that no story's packet is for: at every step another one, so that it is told again. */
const foreignOrigin = (step: number): string => `https://forge.invalid/somebody/else-${step}.git`;

/** The repository, but for what the story has git refuse, hold back, or find changed. */
export function simGit(caller: Caller): GitPort {
  const { process, outside, director } = caller;
  const git = outside.repository.git(() => pathsChanged(director));
  return {
    ...git,
    facts: async () => {
      const facts = await git.facts();
      return director.next === 'admissionRefused' ? { ...facts, origin: foreignOrigin(director.progress.next) } : facts;
    },
    prepareWorkspace: async (spec) => {
      if (spec.runId !== director.story.entry.runId) return caller.rivalWorkspace(spec.worktree);
      const type = await director.turn((each) => each.startsWith('workspace'));
      process.at('git.prepareWorkspace');
      if (type === 'workspaceRefused') throw gitRefusal(spec.worktree);
      return git.prepareWorkspace(spec);
    },
    commitWork: async (spec) => {
      const type = await director.turn((each) => COMMITTED.test(each));
      process.at('git.commit');
      if (type === 'workRefused') throw gitRefusal(spec.worktree);
      if (type === 'workRefused changed') return { kind: 'refused', blocker: blockerOf('PAWL_WORKSPACE_CHANGED') };
      if (type.startsWith('workEmpty')) return { kind: 'empty', commit: spec.parentCommit, leftOut: null };
      const result = await git.commitWork(spec);
      process.at('git.committed');
      return result;
    },
    state: async (worktree) => {
      if (isJudging(director)) await director.turn((type) => type.startsWith('gateJudged '));
      return git.state(worktree);
    },
    branchHead: async (branch) => {
      // A failed run is to continue: its branch is where it left it.
      if (director.next === 'decisionMade retry') {
        process.at('git.branchHead');
        return git.branchHead(branch);
      }
      const type = await director.turn((each) => each.startsWith('handoff'));
      return type === 'handoffRefused' ? ELSEWHERE : git.branchHead(branch);
    },
    rescueAndReset: async (spec) => {
      // Before a handoff it only puts back what a person wants to be put back; the story tells of the handoff itself.
      const isForTask = !spec.name.startsWith('before-handoff-');
      const type = isForTask ? await director.turn((each) => each === 'taskRequested' || each === 'taskRefused') : null;
      process.at('git.reset');
      if (type === 'taskRefused') throw gitRefusal(spec.worktree);
      const ref = await git.rescueAndReset(spec);
      process.at('git.reset done');
      return ref;
    },
    releaseBranch: async () => process.at('git.release'),
    releaseEnded: async () => process.at('git.releaseEnded'),
  };
}

/** What becomes of a task's work. */
const COMMITTED = /^(?:workCommitted|workEmpty|workRefused|surfaceExceeded)\b/;

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
