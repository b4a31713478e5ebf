/** Each machine by itself, without outbox and driver, told anything at any time: its own guards must be enough. */
import { describe, expect, it } from 'vitest';
import { getNextSnapshot } from 'xstate';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import type { Gate } from '../../src/model/effect.ts';
import type { GateRecord } from '../../src/model/run-context.ts';
import { brokenByRun } from '../../src/prove/model/invariants.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import { runAlone, taskAlone } from '../../src/prove/model/machines.ts';
import { BASE } from '../../src/prove/model/settlements.ts';
import { LOOPING, SMALL, TROUBLES } from '../../src/prove/model/worlds.ts';
import { hasEnded } from '../../src/run/run-end.ts';
import { chartSteps, leavesOf, NEVER_TAKEN, TakenSteps } from '../support/chart-steps.ts';

/** Of each machine, told anything at any time: states and steps. */
const sizes: string[] = [];

describe('the run machine', () => {
  const graph = runAlone(SMALL);

  sizes.push(
    `run machine: ${graph.nodes.length} states, ${graph.edgeCount} steps, ${chartSteps(runMachine).length} of them in its chart`,
  );

  it('reaches every place of its chart', () => {
    const reached = new Set(graph.nodes.map(({ snapshot }) => placeOf(snapshot.value)));
    expect([...reached].sort()).toEqual([...leavesOf(runMachine)].sort());
  });

  it('keeps every invariant of its own in every state, also when results of old epochs and other commits come', () => {
    for (const { key, edges } of graph.nodes) {
      for (const { event, snapshot } of edges) expect(brokenByRun(snapshot), `${event.type} in ${key}`).toEqual([]);
    }
  });

  it('takes every step of its chart but those that nothing can lead to', () => {
    const taken = new TakenSteps();
    for (const { snapshot, edges } of graph.nodes) {
      for (const { event } of edges) taken.add(runMachine, snapshot, event);
    }
    // At small bounds no loop is long enough to do not converge: that is told to a machine of its own.
    const looping = runAlone(
      LOOPING,
      runMachine,
      TROUBLES.filter((trouble) => trouble !== 'gateJudged FAIL again'),
    );
    for (const { snapshot, edges } of looping.nodes) {
      for (const { event } of edges) taken.add(runMachine, snapshot, event);
    }
    const steps = chartSteps(runMachine);
    expect(new Set(steps).size).toBe(steps.length);
    expect(steps.filter((step) => !taken.has(step))).toEqual(NEVER_TAKEN);
  });

  it('hands nothing off unless both gates stand, even from a handoff that nothing leads to', () => {
    const handedOff = graph.nodes.find(({ snapshot }) => snapshot.value === 'handoffReady');
    if (handedOff === undefined) return expect.fail('no run comes to its handoff');
    const { context } = handedOff.snapshot;
    const [event] = handedOff.edges.map((edge) => edge.event).filter(({ type }) => type === 'handoffProjected');
    if (event === undefined) return expect.fail('a handoff cannot be projected');
    const endWith = (change: (gate: GateRecord) => GateRecord | null, name: Gate) => {
      const gate = context.gates[name];
      const gates = { ...context.gates, [name]: gate === null ? null : change(gate) };
      const before = runMachine.resolveState({ value: 'handoffReady', context: { ...context, gates } });
      return getNextSnapshot(runMachine, before, event);
    };
    for (const name of ['verification', 'review'] as const) {
      expect(endWith((gate) => gate, name).value).toBe('readyForManualReview');
      expect(endWith((gate) => ({ ...gate, status: 'ACCEPTED' }), name).value).toBe('readyForManualReview');
      const broken = [
        endWith(() => null, name),
        endWith((gate) => ({ ...gate, status: 'FAIL' }), name),
        endWith((gate) => ({ ...gate, status: 'BLOCKED' }), name),
        endWith((gate) => ({ ...gate, epoch: gate.epoch - 1 }), name),
        endWith((gate) => ({ ...gate, commit: BASE }), name),
      ];
      for (const end of broken) {
        expect(end.value).toBe('blockedNeedsHuman');
        expect(end.context.blockers[0]?.code).toBe('PAWL_HANDOFF_REFUSED');
      }
    }
  });

  it('takes nothing once it has ended, but a retry once it has failed: then it asks for its lease, to continue at its stage', () => {
    const ended = graph.nodes.filter(({ snapshot }) => hasEnded(snapshot));
    const failed = ended.filter(({ snapshot }) => snapshot.value === 'failedExecution');
    expect(ended.length).toBeGreaterThan(failed.length + 3);
    expect(ended.filter((node) => !failed.includes(node)).map(({ snapshot }) => snapshot.status)).not.toContain(
      'active',
    );
    expect(failed.length).toBeGreaterThan(3);
    expect(ended.filter((node) => !failed.includes(node)).flatMap(({ edges }) => edges)).toEqual([]);
    for (const { snapshot, edges } of failed) {
      expect(edges.map(({ event }) => event)).toMatchObject([{ type: 'decisionMade', decision: 'retry' }]);
      const [next] = edges.map((edge) => edge.snapshot);
      expect(next).toMatchObject({ status: 'active', value: 'waitingForLock' });
      expect(next?.context.resumeAt).toBe(snapshot.context.stage);
      expect(next?.context.blockers).toEqual([]);
    }
  });
});

describe.each([1, 2, 5])('the task machine, with %i host starts', (hostStartsMax) => {
  const graph = taskAlone(hostStartsMax);

  sizes.push(
    `task machine, ${hostStartsMax} host starts: ${graph.nodes.length} states, ${graph.edgeCount} steps, ${chartSteps(taskMachine).length} of them in its chart`,
  );

  it('reaches every place of its chart and takes every step of it', () => {
    const reached = new Set(graph.nodes.flatMap(({ snapshot }) => placeOf(snapshot.value).split(' & ')));
    expect([...reached].sort()).toEqual([...leavesOf(taskMachine)].sort());
    const taken = new TakenSteps();
    for (const { snapshot, edges } of graph.nodes) {
      for (const { event } of edges) taken.add(taskMachine, snapshot, event);
    }
    const steps = chartSteps(taskMachine);
    const missing =
      hostStartsMax > 1 ? [] : ['progress.open.requested: hostStartRepeated [mayStartAnotherHost] → stays'];
    expect(new Set(steps).size).toBe(steps.length);
    expect(steps.filter((step) => !taken.has(step))).toEqual(missing);
  });

  it('never starts more hosts than it may, and lets the first end stand', () => {
    for (const { snapshot, edges } of graph.nodes) {
      expect(snapshot.context.hostStarts).toBeLessThanOrEqual(hostStartsMax);
      const { settlement } = snapshot.context;
      if (settlement === null) continue;
      for (const edge of edges) expect(edge.snapshot.context.settlement).toBe(settlement);
    }
  });

  it('decides on late completions in each of five ways, and none of them is an end', () => {
    const decisions = graph.nodes.flatMap(({ snapshot }) => snapshot.context.reports.map(({ decision }) => decision));
    expect([...new Set(decisions)].sort()).toEqual(['conflicting', 'duplicate', 'late', 'rejected', 'unauthorized']);
  });
});

it('the machines reach exactly as many states by exactly as many steps as ever', async () => {
  await expect(`${sizes.join('\n')}\n`).toMatchFileSnapshot('data/machines-alone.txt');
});
