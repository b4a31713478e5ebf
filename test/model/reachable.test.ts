/** Everything that a run and its tasks can reach together, in the whole world and within small bounds: nothing is sampled. */

import { describe, expect, it } from 'vitest';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { DRIVER_ACTOR } from '../../src/model/system-record.ts';
import { countsOf, type Edge, type Graph, nodeOf } from '../../src/prove/model/graph.ts';
import { placeOf, stateKey } from '../../src/prove/model/key.ts';
import { statesWithoutEnd } from '../../src/prove/model/reach.ts';
import { MODEL_RUN, stepsOf, type World } from '../../src/prove/model/world.ts';
import { COVER_FACETS, exploreChecked, SMALL, SMALLEST, wholeWorld } from '../../src/prove/model/worlds.ts';
import { decideRun, machineOf } from '../../src/run/system.ts';
import { chartSteps, NEVER_TAKEN, TakenSteps } from '../support/chart-steps.ts';
import { mostOnOneWay, onCircles } from '../support/circles.ts';
import { DRIVER_NOTES } from '../support/model-cells.ts';

const isOperators = ({ event: { type } }: Edge) =>
  type === 'cancelRequested' || type === 'packetReplaced' || type.startsWith('decisionMade');
const isByItself = (edge: Edge) => !isOperators(edge) && edge.event.type !== 'leaseReclaimed';
const isTaskRequested = ({ event }: Edge) => event.type === 'taskRequested';

/** The opening is before the walk, and a completion after the end changes nothing that any step depends on. */
const NOT_WALKED = [
  'packetReceived: packetReceived [isSufficient] → queued',
  'packetReceived: packetReceived → blockedPlanInsufficient',
  'completions.late: completionReported [isNewReport] → stays',
];

/** Where more is counted than in the smallest world, and where rounds are compared. */
const FACETS = COVER_FACETS.map(({ name, world }) => [name, world] as const);

const smallest = wholeWorld(SMALLEST);
const ofSmallest = exploreChecked(smallest);

describe('a run with its tasks, at the smallest bounds', () => {
  it('continues alike from states of one key, whatever their ordinals are', () => {
    expect(differences(ofSmallest, smallest)).toEqual([]);
  });

  it.each(FACETS)('continues alike from states of one key in the facet of %s as well', (_name, world) => {
    expect(differences(exploreChecked(world), world)).toEqual([]);
  });

  it('never hears the notes of the driver', () => {
    for (const { state } of ofSmallest.nodes.values()) {
      for (const event of DRIVER_NOTES) {
        const decision = decideRun(MODEL_RUN, state, { actor: DRIVER_ACTOR, event, atMs: 1 });
        expect(decision).toEqual({
          kind: 'accepted',
          state: { ...state, seq: state.seq + 1 },
          effects: [],
          deliveries: [],
        });
      }
    }
  });

  it('by itself starts at most 14 workers: setup, implementation, two rounds of both gates, one fix, each of them again after a wait', () => {
    expect(mostOnOneWay(ofSmallest, isByItself, isTaskRequested)).toBe(14);
  });
});

describe('a run with its tasks, where all that is counted counts', () => {
  const graph = exploreChecked(wholeWorld(SMALL));

  it('reaches exactly as many states by exactly as many steps as ever, ends and parked ones among them', async () => {
    const places = [
      'cancelled',
      'failedExecution',
      'readyForManualReview',
      'queued.agentMissing',
      'queued.admissionRefused',
      'blockedNeedsHuman',
      'blockedLockConflict',
      'cancelling',
      'endingTask.thenRetry',
      'endingTask.thenAbandon',
    ];
    const sizes = [
      `at the smallest bounds: ${sizeOf(ofSmallest)}`,
      `where all that is counted counts: ${sizeOf(graph)}`,
      ...Object.entries(placesOf(graph, places))
        .map(([place, count]) => `in ${place}: ${count}`)
        .sort(),
    ];
    expect(sizes).toHaveLength(places.length + 2);
    await expect(`${sizes.join('\n')}\n`).toMatchFileSnapshot('data/reachable.txt');
  });

  it('can end from everywhere', () => {
    expect(statesWithoutEnd(graph)).toEqual([]);
  });

  it('has for every owed effect an event that is taken and settles it', () => {
    for (const { key, state, edges } of graph.nodes.values()) {
      for (const effect of state.owed) {
        const settling = edges.find(
          (edge) =>
            'key' in edge.event.input.event &&
            edge.event.input.event.key === effect.key &&
            !edge.state.owed.some((still) => still.key === effect.key),
        );
        if (settling === undefined) expect.fail(`${effect.kind} cannot be settled in ${key}`);
      }
    }
  });

  it('takes every step of both charts but those that no run takes', () => {
    const taken = new TakenSteps();
    const rounds = FACETS.filter(([name]) => name === 'fix rounds that do not converge');
    const graphs = [graph, ...rounds.map(([, world]) => exploreChecked(world))];
    for (const { state, edges } of graphs.flatMap(({ nodes }) => [...nodes.values()])) {
      for (const { deliveries } of edges) {
        for (const { actor, event } of deliveries) {
          const machine = machineOf(actor);
          const before = actor === RUN_ACTOR ? state.root : state.children[actor];
          if (before !== undefined) taken.add(machine, before, event);
        }
      }
    }
    const steps = [...chartSteps(runMachine), ...chartSteps(taskMachine)];
    expect(steps.filter((step) => !taken.has(step) && !NOT_WALKED.includes(step))).toEqual(NEVER_TAKEN);
  });

  it('by itself comes to an end or to a person: no worker start lies on a circle, and 35 is the most', () => {
    expect(onCircles(graph, isByItself, isTaskRequested)).toEqual([]);
    expect(mostOnOneWay(graph, isByItself, isTaskRequested)).toBe(35);
  });

  it('by itself repeats only what waits without a limit: for an agent that is missing, a surface, the time of a lease, or beside a worker that runs', () => {
    const repeated = onCircles(graph, isByItself, () => true).map(({ event }) => event.type);
    expect([...new Set(repeated)].sort()).toEqual([
      'admissionRefused',
      'agentMissing',
      'deadlineReached lease',
      'leaseContended',
      'leaseRefused',
      'surfaceFreed',
      'workerAdopted',
    ]);
  });
});

function sizeOf(graph: Graph): string {
  const { states, steps, refused } = countsOf(graph);
  return `${states} states, ${steps} steps, ${refused} refused`;
}

function placesOf(graph: Graph, places: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of graph.nodes.values()) {
    const place = placeOf(state.root.value);
    if (places.includes(place)) counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

/** Where a state continues otherwise than the state of the same key that the walk continued from. */
function differences(graph: Graph, world: World): readonly string[] {
  const found: string[] = [];
  for (const node of graph.nodes.values()) {
    for (const { to, state } of node.edges) {
      const known = nodeOf(graph, to);
      if (known.state === state || state.root.status !== 'active') continue;
      const there = new Map(known.edges.map((edge) => [edge.event.type, edge.to]));
      for (const { type, input } of stepsOf(state, world)) {
        const decision = decideRun(MODEL_RUN, state, input);
        const here = decision.kind === 'accepted' ? stateKey(decision.state) : undefined;
        if (here !== there.get(type)) found.push(`${type} after ${node.key}`);
      }
    }
  }
  return found;
}
