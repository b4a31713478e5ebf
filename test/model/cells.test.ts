/** Every place of both machines × every event: each cell is decided, and nothing is taken that the tables here do not name. */

import { describe, expect, it } from 'vitest';
import { runMachine } from '../../machines/run/run.machine.ts';
import { driverEventSchema, runEventSchema, taskEventSchema } from '../../src/model/event.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { openedRun } from '../../src/prove/model/graph.ts';
import { MODEL_RUN, opening } from '../../src/prove/model/world.ts';
import { exploreChecked, SMALLEST, wholeWorld } from '../../src/prove/model/worlds.ts';
import { decideRun } from '../../src/run/system.ts';
import { leavesOf } from '../support/chart-steps.ts';
import { alphabet, answerTo, askEverywhere, type CellTable, REPORT } from '../support/model-cells.ts';

const world = wholeWorld(SMALLEST);
const graph = exploreChecked(world);
/** Findings that can be compared are told in every place as well, though this graph continues from none. */
const table = askEverywhere(graph, { ...world, without: [] });

const TASK_AWAITED =
  'implementing.settingUp implementing.working verification.working internalReview.working fixLoop.working';
const TASK_PREPARED =
  'implementing.setupRequested implementing.requested verification.requested internalReview.requested fixLoop.requested';
const LIMITED =
  'implementing.setupLimited implementing.limited verification.limited internalReview.limited fixLoop.limited';
const COMMITTED = 'implementing.committing fixLoop.committing';
const JUDGED = 'verification.judging internalReview.judging';
const QUEUED = 'queued.admitting queued.agentMissing queued.admissionRefused';
const KEPT_FROM_BEGINNING = 'queued.agentMissing queued.admissionRefused';
const UNLEASED = `${QUEUED} waitingForLock blockedLockConflict`;
const ENDING = 'cancelling endingTask.thenRetry endingTask.thenAbandon';
const BUSY = `implementing.preparing ${TASK_PREPARED} ${LIMITED} ${COMMITTED} ${JUDGED} handoffReady`;
const ENDS = 'blocked cancelled completed failed interrupted limited lost timedOut';
const WATCHED = 'requested.watching claimed.watching running.watching';
const ENDED = `${WATCHED} requested.ending claimed.ending running.ending`;
const TASK_PLACES = [
  ...`${ENDED} requested.doubtful claimed.doubtful running.doubtful`.split(' '),
  ...ENDS.split(' ').map((result) => `settled.${result}`),
];

/** Where each event to the run is taken whenever it comes; with a key, as long as its effect is owed. */
const RUN_TAKES: Readonly<Record<string, string>> = {
  runAdmitted: QUEUED,
  'runAdmitted withSetup': QUEUED,
  agentMissing: QUEUED,
  admissionRefused: QUEUED,
  leaseAcquired: 'waitingForLock',
  leaseContended: 'waitingForLock',
  leaseRefused: 'waitingForLock',
  surfaceFreed: 'blockedLockConflict',
  workspacePrepared: 'implementing.preparing',
  workspaceRefused: 'implementing.preparing',
  taskRequested: TASK_PREPARED,
  taskRefused: TASK_PREPARED,
  workCommitted: COMMITTED,
  workEmpty: COMMITTED,
  'workEmpty allowed': COMMITTED,
  workRefused: COMMITTED,
  'workRefused changed': COMMITTED,
  'workCommitted beyond': COMMITTED,
  'surfaceExceeded held': COMMITTED,
  'surfaceExceeded strict': COMMITTED,
  'gateJudged PASS': JUDGED,
  'gateJudged FAIL': JUDGED,
  'gateJudged FAIL again': JUDGED,
  'gateJudged FAIL new': JUDGED,
  'gateJudged BLOCKED': JUDGED,
  handoffProjected: 'handoffReady',
  handoffRefused: 'handoffReady',
  'deadlineReached lease': `${BUSY} ${TASK_AWAITED} ${ENDING}`,
  'deadlineReached limit': LIMITED,
  cancelRequested: `${UNLEASED} ${BUSY} ${TASK_AWAITED} endingTask.thenRetry endingTask.thenAbandon`,
  'decisionMade retry': `blockedNeedsHuman blockedLockConflict failedExecution ${KEPT_FROM_BEGINNING} ${LIMITED}`,
  'decisionMade abandon': `blockedNeedsHuman blockedLockConflict ${KEPT_FROM_BEGINNING}`,
  leaseReclaimed: BUSY,
  packetReplaced: `${UNLEASED} ${LIMITED}`,
};

/** Where it depends on more than the place: on a gate that blocked, a lease that is held, a cancel before. */
const RUN_MAY_TAKE: Readonly<Record<string, string>> = {
  cancelRequested: 'blockedNeedsHuman',
  'decisionMade accept': 'blockedNeedsHuman',
  leaseReclaimed: 'blockedNeedsHuman',
  packetReplaced: 'blockedNeedsHuman',
};

/** Where each event to a task is taken whenever it comes. */
const TASK_TAKES: Readonly<Record<string, string>> = {
  hostStartRepeated: 'requested.watching',
  hostClaimed: 'requested.watching',
  workerSpawned: 'requested.watching claimed.watching',
  workerAdopted: 'running.watching',
  hostDoubted: ENDED,
  ...Object.fromEntries(ENDS.split(' ').map((result) => [`workerEnded ${result}`, ENDED])),
  completionReported: ENDS.split(' ')
    .map((result) => `settled.${result}`)
    .join(' '),
};

/** Events that report on no effect: where they are not taken they are refused, the others are stale. */
const WITHOUT_KEY = [
  'packetReceived',
  'packetReplaced',
  'cancelRequested',
  'decisionMade',
  'leaseReclaimed',
  'completionReported',
];

describe('decide', () => {
  it('is asked in every place of both machines but the two that no sufficient packet comes to', () => {
    const places = [
      ...leavesOf(runMachine).map((place) => `run ${place}`),
      ...TASK_PLACES.map((place) => `task ${place}`),
    ];
    const asked = new Set(table.keys());
    expect(places.filter((place) => !asked.has(place))).toEqual(['run packetReceived', 'run blockedPlanInsufficient']);
    expect(asked.size).toBe(places.length - 2);
  });

  it('is asked every event that a journal can hold', () => {
    const options = [...runEventSchema.options, ...taskEventSchema.options, ...driverEventSchema.options];
    const known = new Set<string>(alphabet().map(({ event }) => event.type));
    expect([...known].sort()).toEqual(options.map(({ shape }) => shape.type.value as string).sort());
  });

  it('decides every cell of the run: each of its places × each event to a run', () => {
    const cells = cellsOf(table, 'run');
    expect(cells.length).toBe((leavesOf(runMachine).length - 2) * eventsIn(cells));
    expect(cells.filter((cell) => cell.answers !== expected(cell, RUN_TAKES, RUN_MAY_TAKE))).toEqual([]);
  });

  it('decides every cell of a task: each of its places × each event to a task', () => {
    const cells = cellsOf(table, 'task');
    expect(cells.length).toBe(TASK_PLACES.length * eventsIn(cells));
    expect(cells.filter((cell) => cell.answers !== expected(cell, TASK_TAKES, {}))).toEqual([]);
  });

  it('opens a run with packetReceived alone', () => {
    for (const { actor, event } of alphabet()) {
      const answer = event.type === 'packetReceived' ? 'taken' : 'PAWL_EVENT_REFUSED';
      expect(answerTo(null, actor === 'task' ? 'implementation-e0-a1' : actor, event), event.type).toBe(answer);
    }
  });

  it('takes nothing in a run whose packet was insufficient', () => {
    const state = openedRun(world, ['scope']);
    expect(state.root.value).toBe('blockedPlanInsufficient');
    const answers = alphabet().map(({ actor, event }) => [actor, answerTo(state, actor, event)]);
    expect(answers.filter(([actor, answer]) => answer === 'taken' && actor !== 'driver')).toEqual([]);
  });

  it('refuses what is sent to the wrong machine or to nobody, in every state', () => {
    const answers = new Set<string>();
    for (const { state } of graph.nodes.values()) {
      const tasks = Object.keys(state.children);
      for (const { actor, event } of alphabet()) {
        const others = actor === 'run' ? [...tasks, 'nobody'] : actor === 'task' ? [RUN_ACTOR, 'nobody'] : [];
        for (const other of others) answers.add(answerTo(state, other, event));
      }
    }
    expect([...answers].sort()).toEqual(['PAWL_EVENT_REFUSED', 'PAWL_EVENT_STALE']);
  });

  it('keeps sixteen completions that come after the end, each once, and nothing else changes', () => {
    const settled = [...graph.nodes.values()].find(({ state }) => state.root.value === 'readyForManualReview');
    const taskId = Object.keys(settled?.state.children ?? {})[0];
    if (settled === undefined || taskId === undefined) return expect.fail('no run gets through');
    let { state } = settled;
    for (let n = 0; n < BOUNDS.completionReports + 2; n += 1) {
      const event = { ...REPORT, entryId: `late-${n}` };
      const decision = decideRun(MODEL_RUN, state, { actor: taskId, event, atMs: 1 });
      expect(decision.kind).toBe(n < BOUNDS.completionReports ? 'accepted' : 'refused');
      if (decision.kind === 'refused') continue;
      expect([decision.effects, decision.state.owed, decision.state.root === state.root]).toEqual([[], [], true]);
      state = decision.state;
      expect(answerTo(state, taskId, event)).toBe('PAWL_EVENT_REFUSED');
    }
  });

  it('refuses a second opening', () => {
    expect(answerTo(openedRun(world), RUN_ACTOR, opening(SMALLEST).event)).toBe('PAWL_EVENT_REFUSED');
  });
});

interface Cell {
  readonly place: string;
  readonly event: string;
  readonly answers: string;
}

function eventsIn(cells: readonly Cell[]): number {
  return new Set(cells.map(({ event }) => event)).size;
}

function cellsOf(cells: CellTable, machine: 'run' | 'task'): readonly Cell[] {
  return [...cells]
    .filter(([row]) => row.startsWith(`${machine} `))
    .flatMap(([row, columns]) =>
      [...columns].map(([event, answers]) => ({
        place: row.slice(machine.length + 1),
        event,
        answers: [...answers].sort().join(' or '),
      })),
    );
}

function expected(
  { place, event }: Cell,
  takes: Readonly<Record<string, string>>,
  mayTake: Readonly<Record<string, string>>,
): string {
  const isWithoutKey = WITHOUT_KEY.includes(event.split(' ')[0] ?? '');
  const refusal = isWithoutKey ? 'PAWL_EVENT_REFUSED' : 'PAWL_EVENT_STALE';
  if (mayTake[event]?.split(' ').includes(place)) return `${refusal} or taken`;
  if (!takes[event]?.split(' ').includes(place)) return refusal;
  return isWithoutKey ? 'taken' : `${refusal} or taken`;
}
