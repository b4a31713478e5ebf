/**
 * The worlds that the tests walk: how far the run's own limits reach, and what may happen in each.
 *
 * Owns: the bounds and their names, the checked walk of a world. Does not own: the alphabet (world), the walk (graph).
 */
import type { Policy } from '../../model/event.ts';
import { TASK_RESULTS, type TaskResult } from '../../model/request.ts';
import { explore, type Graph } from './graph.ts';
import { brokenBy } from './invariants.ts';
import { POLICY } from './settlements.ts';
import { brokenAcross } from './step-invariants.ts';
import type { World } from './world.ts';

/** Nothing is tried a second time but one fix round, and what an agent's limit has cut off. */
export const SMALLEST: Policy = {
  attemptsMax: 1,
  fixAttemptsMax: 1,
  lostRetriesMax: 0,
  interruptionsMax: 0,
  limitWaitsMax: 1,
  hostStartsMax: 1,
  leaseTtlMs: 1_000_000,
};

/** Everything that is counted can be counted once. */
export const SMALL: Policy = {
  attemptsMax: 2,
  fixAttemptsMax: 1,
  lostRetriesMax: 1,
  interruptionsMax: 1,
  limitWaitsMax: 1,
  hostStartsMax: 2,
  leaseTtlMs: 1_000_000,
};

/** Enough fix rounds for a loop to show that it does not converge. */
export const LOOPING: Policy = { ...SMALLEST, fixAttemptsMax: 3, limitWaitsMax: 0 };

/** What is not simply the good answer to an effect: worlds name of these what can happen in them. */
export const TROUBLES = [
  'runAdmitted withSetup',
  'agentMissing',
  'admissionRefused',
  'leaseContended',
  'leaseRefused',
  'leaseReclaimed',
  'deadlineReached lease',
  'workspaceRefused',
  'taskRefused',
  'workEmpty',
  'workEmpty allowed',
  'workRefused',
  'workRefused changed',
  'workCommitted beyond',
  'surfaceExceeded held',
  'surfaceExceeded strict',
  'gateJudged FAIL',
  'gateJudged FAIL again',
  'gateJudged FAIL new',
  'gateJudged BLOCKED',
  'handoffRefused',
  'hostClaimed',
  'hostStartRepeated',
  'hostDoubted',
  'workerAdopted',
  'cancelRequested',
  'decisionMade retry',
  'decisionMade accept',
  'decisionMade abandon',
  'packetReplaced',
] as const;

/** One of them. */
export type Trouble = (typeof TROUBLES)[number];

/** What the fix loop compares from round to round: for that there are facets of its own. */
export const COMPARABLE: readonly Trouble[] = ['gateJudged FAIL again', 'gateJudged FAIL new'];

/** The world in which everything can happen; of findings nothing is known that could be compared. */
export function wholeWorld(policy: Policy): World {
  return { policy, results: TASK_RESULTS, without: COMPARABLE };
}

/** A world in which workers end in those ways, and of all troubles only those happen. */
export function worldOf(policy: Policy, results: readonly TaskResult[], troubles: readonly Trouble[]): World {
  return { policy, results, without: TROUBLES.filter((trouble) => !troubles.includes(trouble)) };
}

/** Part of the world, small enough that all of its paths, or pairs of steps, can be walked. */
export interface Facet {
  readonly name: string;
  readonly world: World;
}

/** At the default bounds: facets of which every step, and every step after every step, is walked. */
export const COVER_FACETS: readonly Facet[] = [
  facet(
    POLICY,
    'gates and what is refused',
    ['completed'],
    [
      'runAdmitted withSetup',
      'workspaceRefused',
      'taskRefused',
      'workEmpty',
      'workEmpty allowed',
      'workRefused',
      'gateJudged FAIL',
      'gateJudged BLOCKED',
      'handoffRefused',
    ],
  ),
  facet(POLICY, 'attempts', ['completed', 'failed', 'interrupted', 'lost'], []),
  facet(
    POLICY,
    'ends',
    ['completed', 'blocked', 'cancelled', 'timedOut'],
    ['runAdmitted withSetup', 'gateJudged FAIL'],
  ),
  facet(POLICY, 'nothing to commit', ['completed', 'failed'], ['workEmpty', 'gateJudged FAIL']),
  facet(POLICY, 'hosts', ['completed'], ['hostClaimed', 'hostStartRepeated', 'workerAdopted', 'cancelRequested']),
  facet(
    POLICY,
    'doubts',
    ['completed'],
    ['hostDoubted', 'cancelRequested', 'decisionMade retry', 'decisionMade accept', 'decisionMade abandon'],
  ),
  facet(
    POLICY,
    'leases',
    ['completed'],
    ['agentMissing', 'leaseContended', 'leaseRefused', 'leaseReclaimed', 'deadlineReached lease'],
  ),
  facet(
    POLICY,
    'admission and an operator',
    ['completed'],
    ['agentMissing', 'admissionRefused', 'cancelRequested', 'decisionMade retry', 'decisionMade abandon'],
  ),
  facet(
    POLICY,
    'leases and an operator',
    ['completed'],
    ['leaseRefused', 'leaseReclaimed', 'taskRefused', 'decisionMade retry', 'decisionMade abandon'],
  ),
  facet(
    POLICY,
    'work beyond its surface, lost leases and an operator',
    ['completed'],
    [
      'workCommitted beyond',
      'surfaceExceeded held',
      'surfaceExceeded strict',
      'gateJudged FAIL',
      'leaseReclaimed',
      'decisionMade retry',
      'decisionMade accept',
      'decisionMade abandon',
    ],
  ),
  facet(
    POLICY,
    'work that is out of place, lost leases and an operator',
    ['completed'],
    [
      'workRefused',
      'workRefused changed',
      'gateJudged FAIL',
      'leaseReclaimed',
      'decisionMade retry',
      'decisionMade accept',
      'decisionMade abandon',
    ],
  ),
  facet(POLICY, 'cancelling', ['completed', 'failed'], ['gateJudged FAIL', 'cancelRequested']),
  facet(
    POLICY,
    'fix rounds and an operator',
    ['completed'],
    ['gateJudged FAIL', 'gateJudged BLOCKED', 'decisionMade retry', 'decisionMade accept', 'decisionMade abandon'],
  ),
  facet(
    POLICY,
    'fix rounds and lost leases',
    ['completed'],
    ['gateJudged FAIL', 'leaseReclaimed', 'decisionMade retry', 'decisionMade accept'],
  ),
  facet(
    POLICY,
    'limits of agents',
    ['completed', 'limited'],
    ['runAdmitted withSetup', 'deadlineReached lease', 'leaseReclaimed', 'cancelRequested'],
  ),
  facet(
    POLICY,
    'limits, attempts and an operator',
    ['completed', 'failed', 'limited'],
    ['gateJudged FAIL', 'hostDoubted', 'decisionMade retry'],
  ),
  facet(
    LOOPING,
    'fix rounds that do not converge',
    ['completed'],
    [...COMPARABLE, 'decisionMade retry', 'decisionMade accept'],
  ),
  facet(
    POLICY,
    'packets that are replaced, and an operator',
    ['completed', 'blocked'],
    ['admissionRefused', 'gateJudged FAIL', 'decisionMade retry', 'decisionMade abandon', 'packetReplaced'],
  ),
  facet(
    POLICY,
    'packets that are replaced, and lost leases',
    ['completed'],
    ['leaseContended', 'leaseRefused', 'leaseReclaimed', 'taskRefused', 'decisionMade retry', 'packetReplaced'],
  ),
  facet(
    POLICY,
    'packets that are replaced, and work beyond their surfaces',
    ['completed', 'limited'],
    ['workEmpty', 'workCommitted beyond', 'surfaceExceeded held', 'surfaceExceeded strict', 'packetReplaced'],
  ),
];

/** The facet of that name: what can happen in it, and nothing else of what can go wrong. */
export function facet(
  policy: Policy,
  name: string,
  results: readonly TaskResult[],
  troubles: readonly Trouble[],
): Facet {
  return { name, world: worldOf(policy, results, troubles) };
}

/** Everything that is reachable in `world`, every step of it checked. Throws a Counterexample, the shortest, when one breaks an invariant. */
export function exploreChecked(world: World, stepsMax = 3_000_000): Graph {
  return explore(world, {
    stepsMax,
    check: (before, after, deliveries) => [...brokenBy(after), ...brokenAcross(before, after, deliveries)],
  });
}
