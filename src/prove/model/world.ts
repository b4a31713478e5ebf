/**
 * The world around a run, as far as its machines can tell: every way in which each owed effect can be settled, and what nobody asked for.
 *
 * Owns: the alphabet of the model and its readable names. Does not own: which machine takes what (machines), the walk (graph).
 *
 * A completion that comes after the end is left out: it only adds to a list that no step depends on.
 *
 * Invariants: 1. Every event is one that the schemas admit. 2. An event that settles an effect carries that effect's key. 3. The world is
 * wider than the real one: it may answer any owed effect in any way at any time.
 */

import { sha256 } from '../../base/sha256.ts';
import { type KeyedEffect, type KeyedEffectOf, RUN_EFFECTS } from '../../model/effect.ts';
import type { Blocker } from '../../model/error.ts';
import type { JournalEvent, Policy } from '../../model/event.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import { TASK_RESULTS, type TaskResult } from '../../model/request.ts';
import { decisionEvent } from '../../run/decision-event.ts';
import type { RunState, RunStep } from '../../run/system.ts';
import { blockerOf } from './sample-blockers.ts';
import { HASH, packetReceived, packetReplaced, settlementOf } from './settlements.ts';

/** One step of the world: its readable name, unique among those possible in a state, and what `decide` is given. */
export interface WorldEvent {
  readonly type: string;
  readonly input: RunStep;
}

/** How much of the world takes part. */
export interface World {
  readonly policy: Policy;
  /** How a worker can end. */
  readonly results: readonly TaskResult[];
  /** Names of events that do not happen; a name without its variant leaves out all of them. */
  readonly without: readonly string[];
}

/** The run that all models drive. */
export const MODEL_RUN = 'run_model';

/** The first event of a modelled run. */
export function opening(policy: Policy, missingFields: string[] = []): RunStep {
  return { actor: RUN_ACTOR, event: packetReceived(missingFields, policy), atMs: 0 };
}

/** Every step that the world can take in `state`, in a fixed order: the good answer of each effect first. */
export function stepsOf(state: RunState, world: World): readonly WorldEvent[] {
  const atMs = state.seq * 1_000;
  const answers = state.owed.flatMap((effect) =>
    answersTo(effect, world.results).map(([type, event]) => ({ type, input: { actor: effect.actor, event, atMs } })),
  );
  const others = unaskedIn(state).map(([type, event]) => ({ type, input: { actor: RUN_ACTOR, event, atMs } }));
  return [...answers, ...others].filter(({ type }) => !isLeftOut(type, world));
}

function isLeftOut(type: string, world: World): boolean {
  return world.without.includes(type) || world.without.includes(type.split(' ')[0] ?? type);
}

type Answer = readonly [type: string, event: JournalEvent];

/** Every settlement of an effect and everything else that carries its key, named. */
export function answersTo(effect: KeyedEffect, results: readonly TaskResult[] = TASK_RESULTS): readonly Answer[] {
  const { key } = effect;
  const good = settlementOf(effect);
  switch (effect.kind) {
    case 'admitRun':
      return [
        ['runAdmitted', { ...must(good, 'runAdmitted'), hasSetup: false }],
        ['runAdmitted withSetup', { ...must(good, 'runAdmitted'), hasSetup: true }],
        ['agentMissing', { type: 'agentMissing', key, blocker: blockerOf('PAWL_AGENT_MISSING') }],
        ['admissionRefused', { type: 'admissionRefused', key, blockers: [blockerOf('PAWL_VERIFICATION_NOT_ALLOWED')] }],
      ];
    case 'acquireLease':
      return [...only(good), ...leaseTroubles(key)];
    case 'commitWork':
      return [
        ['workCommitted', { ...must(good, 'workCommitted'), commit: commitOf(effect.taskId) }],
        [
          'workCommitted beyond',
          { ...must(good, 'workCommitted'), commit: commitOf(effect.taskId), surfacesAdded: [surfaceOf(key)] },
        ],
        ['surfaceExceeded held', exceeded(effect, 'run_other')],
        ['surfaceExceeded strict', exceeded(effect, null)],
        [
          'workEmpty allowed',
          { type: 'workEmpty', key, taskId: effect.taskId, commit: effect.commit, isAllowed: true },
        ],
        ['workEmpty', { type: 'workEmpty', key, taskId: effect.taskId, commit: effect.commit, isAllowed: false }],
        ...refusalOf(effect),
        ['workRefused changed', { type: 'workRefused', key, blocker: blockerOf('PAWL_WORKSPACE_CHANGED') }],
      ];
    case 'judgeGate':
      return verdicts(must(good, 'gateJudged'));
    case 'startHost':
      return [
        ...only(good),
        ['hostClaimed', { type: 'hostClaimed', key, claimHash: HASH }],
        ['hostStartRepeated', { type: 'hostStartRepeated', key }],
        ...ends(key, results),
      ];
    case 'awaitWorker':
      return [...only(good), ...ends(key, results)];
    case 'watchWorker':
      return [['workerAdopted', { type: 'workerAdopted', key }], ...ends(key, results)];
    case 'endTask':
      return ends(key, results);
    case 'deadline':
      return [[`deadlineReached ${effect.id}`, { type: 'deadlineReached', key, id: effect.id }]];
    // Every other effect comes to its good end, or is refused as its row says.
    default:
      return [...only(good), ...refusalOf(effect)];
  }
}

function refusalOf({ kind, key }: KeyedEffect): readonly Answer[] {
  const { refusedAs } = RUN_EFFECTS[kind];
  return only(refusedAs === null ? null : refusedAs(key, blockerOf('PAWL_WORKSPACE_FAILED')));
}

/** What happens without being asked for, whatever the run is: an operator's commands, and another run that takes over a lease that has run out. */
export const UNASKED: readonly Answer[] = [
  ['cancelRequested', { type: 'cancelRequested', commandId: 'c', by: 'operator', reason: 'r' }],
  ...(['retry', 'accept', 'abandon'] as const).map(
    (decision): Answer => [
      `decisionMade ${decision}`,
      { type: 'decisionMade', commandId: 'c', by: 'operator', decision, reason: 'r' },
    ],
  ),
  ['leaseReclaimed', { type: 'leaseReclaimed', by: 'run_other' }],
];

/** The same in that state, and a person replaces its packet: a decision is recorded with what it means there. */
export function unaskedIn({ root: { context } }: RunState): readonly Answer[] {
  const told = UNASKED.map(
    ([name, event]): Answer => [name, event.type === 'decisionMade' ? decisionEvent(context, event) : event],
  );
  return [...told, ['packetReplaced', packetReplaced(context)]];
}

function leaseTroubles(key: string): readonly Answer[] {
  const conflict = { key, holder: 'run_other', surfaces: ['path:acme/app/src'] };
  return [
    ['leaseContended', { type: 'leaseContended', ...conflict }],
    ['leaseRefused', { type: 'leaseRefused', ...conflict, blocker: blockerOf('PAWL_LEASE_CONFLICT') }],
  ];
}

function verdicts(good: Extract<JournalEvent, { type: 'gateJudged' }>): readonly Answer[] {
  const blocker = { FAIL: blockerOf('PAWL_GATE_FAILED'), BLOCKED: blockerOf('PAWL_GATE_BLOCKED') };
  return [
    ['gateJudged PASS', good],
    ['gateJudged FAIL', { ...good, status: 'FAIL', blocker: blocker.FAIL }],
    ['gateJudged BLOCKED', { ...good, status: 'BLOCKED', blocker: blocker.BLOCKED }],
    // What is found can be compared with other rounds: it is what it was once, or never was before and lies in what the fix has added.
    ['gateJudged FAIL again', { ...good, status: 'FAIL', blocker: blocker.FAIL, findingKeys: ['again'] }],
    [
      'gateJudged FAIL new',
      { ...good, status: 'FAIL', blocker: blocker.FAIL, findingKeys: [`new in ${good.epoch}`], isAllInFix: true },
    ],
  ];
}

/** The blocker that the engine gives with each end. */
const END_BLOCKERS: Readonly<Record<TaskResult, Blocker | null>> = {
  completed: null,
  failed: blockerOf('PAWL_WORKER_FAILED'),
  blocked: blockerOf('PAWL_WORKER_BLOCKED'),
  cancelled: blockerOf('PAWL_WORKER_CANCELLED'),
  timedOut: blockerOf('PAWL_WORKER_DEADLINE'),
  interrupted: blockerOf('PAWL_WORKER_INTERRUPTED'),
  lost: blockerOf('PAWL_WORKER_LOST'),
  limited: blockerOf('PAWL_AGENT_LIMITED'),
};

function ends(key: string, results: readonly TaskResult[]): readonly Answer[] {
  return [
    ...results.map((result): Answer => [`workerEnded ${result}`, workerEnded(key, result)]),
    ['hostDoubted', { type: 'hostDoubted', key, blocker: blockerOf('PAWL_HOST_UNKNOWN') }],
  ];
}

function workerEnded(key: string, result: TaskResult): JournalEvent {
  return {
    type: 'workerEnded',
    key,
    result,
    by: 'host',
    outcomeHash: HASH,
    completionHash: HASH,
    exitCode: 0,
    signal: null,
    blocker: END_BLOCKERS[result],
  };
}

/** Work that reaches beyond its lease: some of it may be leased, and some not. */
function exceeded({ key, taskId }: KeyedEffectOf<'commitWork'>, holder: string | null): JournalEvent {
  return {
    type: 'surfaceExceeded',
    key,
    taskId,
    commit: commitOf(taskId),
    surfaces: ['path:acme/app/taken'],
    holder,
    surfacesAdded: [surfaceOf(key)],
    blocker: blockerOf('PAWL_SURFACE_CONFLICT'),
  };
}

/** Something that no other work has touched. */
function surfaceOf(key: string): string {
  return `path:acme/app/beyond/${sha256(key).slice(0, 8)}`;
}

/** The commit that a task's work becomes: another one for every task. */
function commitOf(taskId: string): string {
  return sha256(taskId).slice(0, 40);
}

function only(event: JournalEvent | null): readonly Answer[] {
  return event === null ? [] : [[event.type, event]];
}

function must<T extends JournalEvent['type']>(event: JournalEvent | null, type: T): Extract<JournalEvent, { type: T }> {
  if (event === null || !isOfType(event, type)) throw new Error(`bug: no ${type}`);
  return event;
}

function isOfType<T extends JournalEvent['type']>(
  event: JournalEvent,
  type: T,
): event is Extract<JournalEvent, { type: T }> {
  return event.type === type;
}
