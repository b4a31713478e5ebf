import * as standalone from '@xstate/graph';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import * as builtIn from 'xstate/graph';
import { DRIVER_ACTIONS } from '../../machines/effects.ts';
import { runMachine, taskMachine } from '../../machines/index.ts';
import { freshContext } from '../../machines/run-context.ts';
import { canonicalJson, isObject } from '../../src/base/canonical-json.ts';
import { EFFECT_KINDS } from '../../src/model/effect.ts';
import { HASH, POLICY } from '../../src/prove/model/settlements.ts';

const RUN_INPUT = {
  runId: 'run_x',
  packetTaskId: 'T-1',
  packetHash: HASH,
  packet: { path: 'artifacts/intake/x.json', sha256: HASH },
  surfaces: [],
  branch: 'b',
  policy: POLICY,
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
const blocker = { code: 'PAWL_HOST_UNKNOWN', message: 'm', hint: 'h', evidence: [] } as const;

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
  {
    type: 'packetReceived',
    taskId: 'T',
    packetHash: HASH,
    packet: RUN_INPUT.packet,
    missingFields: [],
    surfaces: [],
    branch: 'b',
    limits: {},
    policy: POLICY,
    machineVersion: 1,
    atMs: 1,
  },
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
    if (['invoke', 'after', 'always', 'onDone'].includes(name)) found.forbidden.push(here);
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

const MACHINES: readonly [string, AnyStateMachine][] = [
  ['run', runMachine],
  ['task', taskMachine],
];

describe.each(MACHINES)('the %s machine', (_name, machine) => {
  it('has no invoke, spawn, after, always, inline action or inline guard', () => {
    expect(walk(machine.config, 'machine', { actions: new Set(), forbidden: [] }).forbidden).toEqual([]);
  });

  it('names only actions that are effects, changes of context or for the driver', () => {
    const { actions } = walk(machine.config, 'machine', { actions: new Set(), forbidden: [] });
    const implemented = Object.keys(machine.implementations.actions);
    for (const action of actions) expect(implemented).toContain(action);
    const inert = [...actions].filter((action) =>
      [...EFFECT_KINDS, ...DRIVER_ACTIONS].some((known) => known === action),
    );
    expect(inert.length).toBeGreaterThan(3);
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
  const serializeState = (state: { value: unknown; context: unknown; status: string }) =>
    canonicalJson({ value: state.value, context: state.context, status: state.status });
  const stopWhen = (state: { status: string }) => state.status !== 'active';

  it('@xstate/graph and xstate/graph give the same adjacency map of the task machine', () => {
    const options = { input: TASK_INPUT, events: [...TASK_EVENTS], serializeState, stopWhen, limit: 10_000 };
    const ours = standalone.getAdjacencyMap(taskMachine, options);
    const theirs = builtIn.getAdjacencyMap(taskMachine, options);
    expect(Object.keys(ours).length).toBeGreaterThan(20);
    expect(shapeOf(ours)).toEqual(shapeOf(theirs));
  });

  it('@xstate/graph and xstate/graph give the same adjacency map of the run machine', () => {
    const options = { input: RUN_INPUT, events: [...RUN_EVENTS], serializeState, stopWhen, limit: 50_000 };
    const ours = standalone.getAdjacencyMap(runMachine, options);
    const theirs = builtIn.getAdjacencyMap(runMachine, options);
    expect(Object.keys(ours).length).toBeGreaterThan(50);
    expect(shapeOf(ours)).toEqual(shapeOf(theirs));
  });
});

interface Adjacency {
  readonly [state: string]: { readonly transitions: { readonly [event: string]: { readonly state: unknown } } };
}

function shapeOf(map: unknown): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(map as Adjacency).map(([state, { transitions }]) => [state, Object.keys(transitions).sort()]),
  );
}

describe('a persisted actor', () => {
  it('is restored by anyone with createActor, and goes on', () => {
    const actor = createActor(taskMachine, { input: TASK_INPUT }).start();
    actor.send({ type: 'workerSpawned', key, agentHash: HASH, pid: 1, startedAtMs: 1, atMs: 1 });
    const stored = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()));
    const restored = createActor(taskMachine, { input: TASK_INPUT, snapshot: stored }).start();
    expect(restored.getSnapshot().value).toEqual({ running: 'watching' });
    restored.send({ type: 'endRequested', reason: 'cancelled', atMs: 2 });
    expect(restored.getSnapshot().value).toEqual({ running: 'ending' });
  });

  it('starts a run from its input alone', () => {
    const actor = createActor(runMachine, { input: RUN_INPUT });
    expect(actor.getSnapshot().context).toEqual(freshContext(RUN_INPUT));
  });
});
