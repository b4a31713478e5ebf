import * as standalone from '@xstate/graph';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import * as builtIn from 'xstate/graph';
import { runMachine, taskMachine } from '../../machines/index.ts';
import { freshContext } from '../../machines/run/context.ts';
import { canonicalJson, isObject } from '../../src/base/canonical-json.ts';
import { KERNEL_ACTIONS } from '../../src/kernel/actions.ts';
import { RUN_EFFECTS } from '../../src/model/effect.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';
import { HASH, POLICY } from '../../src/prove/model/settlements.ts';
import { RUN_RULES } from '../../src/run/system.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const SMALL_RUN = {
  ...RUN_INPUT,
  // The smallest bounds: fewer states, and the same ways.
  policy: { ...POLICY, attemptsMax: 1, fixAttemptsMax: 1 },
};
const TASK_INPUT = {
  taskId: 'implementation-e0-a1',
  purpose: 'implementation',
  epoch: 0,
  attempt: 1,
  requestHash: HASH,
  hostStartsMax: 2,
} as const;

const RESULTS = ['completed', 'failed', 'blocked', 'cancelled', 'timedOut', 'interrupted', 'lost', 'limited'] as const;
const key = 'k';
const blocker = blockerOf('PAWL_HOST_UNKNOWN');

const TASK_EVENTS = [
  { type: 'hostStartRepeated', key, atMs: 1 },
  { type: 'hostClaimed', key, claimHash: HASH, atMs: 1 },
  { type: 'workerSpawned', key, agentHash: HASH, pid: 1, startedAtMs: 1, atMs: 1 },
  { type: 'workerAdopted', key, atMs: 1 },
  { type: 'hostDoubted', key, blocker, atMs: 1 },
  { type: 'endRequested', reason: 'cancelled', atMs: 1 },
  ...RESULTS.map((result) => ({
    type: 'workerEnded' as const,
    key,
    result,
    by: 'host' as const,
    outcomeHash: HASH,
    completionHash: null,
    exitCode: 0,
    signal: null,
    blocker: null,
    atMs: 1,
  })),
] as const;

const RUN_EVENTS = [
  ...[[], ['goal']].map((missingFields) => ({
    type: 'packetReceived' as const,
    taskId: 'T',
    packetHash: HASH,
    packet: SMALL_RUN.packet,
    missingFields,
    surfaces: [],
    branch: 'b',
    limits: {},
    policy: POLICY,
    atMs: 1,
  })),
  { type: 'runAdmitted', key, agents: {}, hasSetup: true, atMs: 1 },
  { type: 'leaseAcquired', key, surfaces: [], atMs: 1 },
  { type: 'leaseRefused', key, holder: 'h', surfaces: [], blocker, atMs: 1 },
  { type: 'surfaceFreed', key, atMs: 1 },
  { type: 'workspacePrepared', key, baseBranch: 'main', baseCommit: 'b', headCommit: 'c', atMs: 1 },
  { type: 'taskRequested', key, taskId: 't', requestHash: HASH, agent: 'a', rescueRef: null, atMs: 1 },
  { type: 'taskSettled', taskId: 't', result: 'completed', blocker: null, outcomeHash: HASH, atMs: 1 },
  { type: 'taskSettled', taskId: 't', result: 'failed', blocker: null, outcomeHash: HASH, atMs: 1 },
  { type: 'taskSettled', taskId: 't', result: 'limited', blocker: null, outcomeHash: HASH, atMs: 1 },
  { type: 'deadlineReached', key, id: 'limit', atMs: 1 },
  {
    type: 'workCommitted',
    key,
    taskId: 't',
    commit: 'c',
    fileCount: 1,
    filesChanged: [],
    patchHash: HASH,
    outcomeHash: HASH,
    atMs: 1,
  },
  ...(['verification', 'review'] as const).flatMap((gate) =>
    (['PASS', 'FAIL', 'BLOCKED'] as const).map((status) => ({
      type: 'gateJudged' as const,
      key,
      gate,
      taskId: 't',
      epoch: 1,
      status,
      commit: 'c',
      evidence: SMALL_RUN.packet,
      findingCount: 0,
      blocker: null,
      atMs: 1,
    })),
  ),
  { type: 'handoffProjected', key, artifact: SMALL_RUN.packet, reference: 'r', atMs: 1 },
  { type: 'taskDoubtful', taskId: 't', blocker, atMs: 1 },
  ...(['accept', 'abandon'] as const).map((decision) => ({
    type: 'decisionMade' as const,
    commandId: '2',
    by: 'me',
    decision,
    reason: '',
    atMs: 1,
  })),
  { type: 'cancelRequested', commandId: '1', by: 'me', reason: '', atMs: 1 },
] as const;

interface Walked {
  readonly actions: Set<string>;
  readonly forbidden: string[];
}

/** Every action of a machine's config, and whatever a durable machine must not have. */
function walk(config: unknown, path: string, found: Walked): Walked {
  if (Array.isArray(config)) for (const [index, each] of config.entries()) walk(each, `${path}[${index}]`, found);
  if (!isObject(config)) return found;
  for (const [name, value] of Object.entries(config)) {
    const here = `${path}.${name}`;
    if (['invoke', 'after', 'onDone'].includes(name)) found.forbidden.push(here);
    if (name === 'entry' || name === 'exit' || name === 'actions') collect(value, here, found);
    else if (name === 'guard' && typeof value === 'function') found.forbidden.push(here);
    else if (name !== 'context') walk(value, here, found);
  }
  return found;
}

function collect(actions: unknown, path: string, found: Walked): void {
  for (const action of Array.isArray(actions) ? actions : [actions]) {
    if (typeof action === 'string') found.actions.add(action);
    else if (isObject(action) && typeof action.type === 'string') found.actions.add(action.type);
    else found.forbidden.push(path);
  }
}

/** The actions that do nothing by themselves: what the driver collects. */
const ASKED: readonly string[] = [...Object.keys(RUN_EFFECTS), ...KERNEL_ACTIONS];

const MACHINES: readonly [string, AnyStateMachine][] = [
  ['run', runMachine],
  ['task', taskMachine],
];

describe.each(MACHINES)('the %s machine', (_name, machine) => {
  it('has no invoke, spawn, after, inline action or inline guard', () => {
    expect(walk(machine.config, 'machine', { actions: new Set(), forbidden: [] }).forbidden).toEqual([]);
  });

  it('names only actions that are effects, for the driver, or changes of context and nothing else', () => {
    const { actions } = walk(machine.config, 'machine', { actions: new Set(), forbidden: [] });
    const implementations: Readonly<Record<string, unknown>> = machine.implementations.actions;
    const notAssigned = [...actions].filter((action) => {
      const implementation = implementations[action];
      return !(
        typeof implementation === 'function' &&
        'type' in implementation &&
        implementation.type === 'xstate.assign'
      );
    });
    expect(notAssigned.filter((action) => implementations[action] === undefined)).toEqual([]);
    expect(notAssigned.filter((action) => !ASKED.includes(action))).toEqual([]);
    expect([...actions].filter((action) => ASKED.includes(action) && !notAssigned.includes(action))).toEqual([]);
  });
});

describe('both machines together', () => {
  it('ask for every effect, and use every action of the driver', () => {
    const asked = MACHINES.flatMap(([, machine]) => [
      ...walk(machine.config, 'machine', { actions: new Set(), forbidden: [] }).actions,
    ]);
    expect(ASKED.filter((action) => !asked.includes(action))).toEqual([]);
  });
});

describe('the walk', () => {
  it('finds a forbidden feature and an inline action', () => {
    const bad = { states: { a: { entry: [() => undefined], after: { 10: 'b' }, on: { x: { guard: () => true } } } } };
    expect(walk(bad, 'machine', { actions: new Set(), forbidden: [] }).forbidden).toEqual([
      'machine.states.a.entry',
      'machine.states.a.after',
      'machine.states.a.on.x.guard',
    ]);
  });
});

describe('the graph packages', () => {
  const stopWhen = (state: { status: string }) => state.status !== 'active';

  it('@xstate/graph and xstate/graph give the same adjacency map of the task machine', () => {
    const options = { input: TASK_INPUT, events: [...TASK_EVENTS], serializeState, stopWhen, limit: 10_000 };
    const ours = standalone.getAdjacencyMap(taskMachine, options);
    const theirs = builtIn.getAdjacencyMap(taskMachine, options);
    expect(Object.keys(ours).length).toBeGreaterThan(20);
    expect(shapeOf(ours)).toEqual(shapeOf(theirs));
  });

  it('@xstate/graph and xstate/graph give the same adjacency map of the run machine', () => {
    const options = { input: SMALL_RUN, events: [...RUN_EVENTS], serializeState, stopWhen, limit: 50_000 };
    const ours = standalone.getAdjacencyMap(runMachine, options);
    const theirs = builtIn.getAdjacencyMap(runMachine, options);
    const shape = shapeOf(ours);
    expect(shape).toEqual(shapeOf(theirs));
    const walked = new Set(Object.values(shape).flatMap((steps) => steps.map(([event]) => JSON.parse(event).type)));
    expect([...new Set(RUN_EVENTS.map(({ type }) => type))].filter((type) => !walked.has(type))).toEqual([]);
    const tops = new Set(Object.keys(ours).map((state) => topOf(JSON.parse(state).value)));
    // What is only passed through is no state that anything stands in.
    expect(Object.keys(runMachine.config.states ?? {}).filter((state) => !tops.has(state))).toEqual(['resuming']);
  });
});

interface State {
  readonly value: unknown;
  readonly context: unknown;
  readonly status: string;
}

interface Adjacency {
  readonly [state: string]: { readonly transitions: { readonly [event: string]: { readonly state: State } } };
}

/** Of every state its steps: by which event, and to which state with which context. */
function shapeOf(map: unknown): Record<string, (readonly [event: string, to: string])[]> {
  return Object.fromEntries(
    Object.entries(map as Adjacency).map(([state, { transitions }]) => [
      state,
      Object.entries(transitions)
        .map(([event, { state: to }]) => [event, serializeState(to)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ]),
  );
}

function serializeState({ value, context, status }: State): string {
  return canonicalJson({ value, context, status });
}

function topOf(value: unknown): string {
  return isObject(value) ? (Object.keys(value)[0] ?? '') : String(value);
}

describe('a persisted actor', () => {
  it('is restored by anyone with createActor, and continues', () => {
    const actor = createActor(taskMachine, { input: TASK_INPUT }).start();
    actor.send({ type: 'workerSpawned', key, agentHash: HASH, pid: 1, startedAtMs: 1, atMs: 1 });
    const stored = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));
    const restored = createActor(taskMachine, { input: TASK_INPUT, snapshot: stored }).start();
    expect(restored.getSnapshot().value).toMatchObject({ progress: { open: 'running' }, supervision: 'watching' });
    restored.send({ type: 'endRequested', reason: 'cancelled', atMs: 2 });
    expect(restored.getSnapshot().value).toMatchObject({ progress: { open: 'running' }, supervision: 'ending' });
  });

  it('starts a run from its input alone', () => {
    const actor = createActor(runMachine, { input: SMALL_RUN });
    expect(actor.getSnapshot().context).toEqual(freshContext(SMALL_RUN));
  });
});

describe('the charts', () => {
  it('name the rules that journals are written under as their version', () => {
    expect(MACHINES.map(([, { version }]) => version)).toEqual(MACHINES.map(() => String(RUN_RULES)));
  });
});
