/**
 * What makes two states of a run the same state: everything that a guard, an `assign` or the machines' next step can depend on.
 *
 * Owns: the key of a run with its tasks and its outbox. Does not own: the walk (graph).
 *
 * Invariants: 1. Value, status and history of the run and of its open task, and the kinds of what is owed, are in every key. 2. Left out
 * are texts, hashes, instants, what no machine reads again, and ordinals that only grow: epoch, attempt and task ids stand relative to the
 * current ones; of failed rounds stands which of them found the same. A test shows that states of one key continue alike.
 */

import type { AnyMachineSnapshot, StateValue } from 'xstate';
import { RUN_ACTOR } from '../../model/record.ts';
import type { GateRecord, Judgement, RunContext, SurfaceConflict } from '../../model/run-context.ts';
import type { TaskContext } from '../../model/task-context.ts';
import { isWorkOutOfPlace } from '../../run/decision-event.ts';
import type { RunSnapshot, RunState, TaskSnapshot } from '../../run/system.ts';

const stateKeys = new WeakMap<RunState, string>();
const runKeys = new WeakMap<RunSnapshot, string>();

/** The key of a run with its tasks and its outbox. */
export function stateKey(state: RunState): string {
  const known = stateKeys.get(state);
  if (known !== undefined) return known;
  const tasks = openTasks(state).map(
    ([taskId, task]) => `${taskKey(task)}${taskId === state.root.context.openTask ? '' : ' astray'}`,
  );
  const owed = state.owed.map((effect) => {
    if (effect.kind === 'deadline' && effect.id !== 'lease') return `${effect.kind} ${effect.id}`;
    return effect.actor === RUN_ACTOR ? effect.kind : `task.${effect.kind}`;
  });
  const key = [runKey(state.root), attemptIsTaken(state) ? 'taken' : 'free', ...tasks, owed.join('+')].join(' | ');
  stateKeys.set(state, key);
  return key;
}

/** The tasks that are not settled. */
export function openTasks(state: RunState): readonly (readonly [taskId: string, task: TaskSnapshot])[] {
  return Object.entries(state.children).filter(([, task]) => task.context.settlement === null);
}

/** Whether a task has the ordinal at which the run stands, or a later one: what decides if the next task's id is a new one. */
function attemptIsTaken(state: RunState): boolean {
  const { purpose, attempt, attemptEpoch } = state.root.context;
  return Object.values(state.children).some(
    ({ context }) => context.purpose === purpose && context.epoch === attemptEpoch && context.attempt >= attempt,
  );
}

/** The key of a run's own snapshot. */
export function runKey(run: RunSnapshot): string {
  const known = runKeys.get(run);
  if (known !== undefined) return known;
  const { context } = run;
  const key = [
    placeKey(run),
    `at ${context.stage}`,
    `for ${context.purpose}${context.attemptEpoch === context.epoch ? '' : ' of an old epoch'}`,
    `${context.fixes} fixes`,
    countsKey(run),
    `verification ${gateKey(context, context.gates.verification)}`,
    `review ${gateKey(context, context.gates.review)}`,
    ...marksOf(context),
    ...(['verification', 'review'] as const).map((gate) => roundsKey(context.judgements, gate)),
  ]
    .filter((text) => text !== '')
    .join(', ');
  runKeys.set(run, key);
  return key;
}

/** What is counted for a purpose is read again only where that continues: everywhere else the next one begins at none. */
function countsKey({ value, context }: RunSnapshot): string {
  const isReadAgain = /\.(?:\w*equested|\w*orking|settingUp|\w*imited|committing)$/.test(placeOf(value));
  if (!isReadAgain && !context.stage.endsWith('Commit')) return '';
  const { failures, losses, interruptions, limitWaits } = context;
  return `${failures} failures ${losses} losses ${interruptions} interruptions ${limitWaits} waits`;
}

/** What the next rounds of a gate are compared with: the last two, and which of their findings and of older ones were the same. */
function roundsKey(judgements: readonly Judgement[], gate: Judgement['gate']): string {
  const rounds = judgements.filter((round) => round.gate === gate);
  if (rounds.every(({ keys }) => keys.length === 0)) return '';
  const known = new Map<string, number>();
  const nameOf = (key: string): number => {
    if (!known.has(key)) known.set(key, known.size);
    return known.get(key) ?? 0;
  };
  const told = rounds.map(({ keys, isAllInFix }) => `${keys.map(nameOf).join('+')}${isAllInFix ? '*' : ''}`);
  return `rounds of ${gate} ${told.join('/')}`;
}

function marksOf(context: RunContext): string[] {
  return [
    context.epoch === 0 ? 'no epoch' : '',
    context.hasSetup && !context.isSetUp ? 'needs setup' : '',
    context.openTask === null ? '' : 'open task',
    context.headCommit === null ? 'no commit' : '',
    context.lease === null ? 'no lease' : '',
    context.blockers.length === 0 ? '' : 'blocked',
    isWorkOutOfPlace(context) ? 'work out of place' : '',
    context.blockedGate === null ? '' : `${context.blockedGate} may be accepted`,
    conflictKey(context.surfaceConflict),
    context.resumeAt === null ? '' : `resumes at ${context.resumeAt}`,
    context.cancel === null ? '' : 'cancelled',
    context.handoff === null ? '' : 'handed off',
  ].filter((mark) => mark !== '');
}

/** Whose it is decides what a retry does. */
function conflictKey(conflict: SurfaceConflict | null): string {
  if (conflict === null) return '';
  return conflict.holder === null ? 'surfaces may be accepted' : 'surfaces are held';
}

function gateKey(context: RunContext, record: GateRecord | null): string {
  if (record === null) return 'open';
  const marks = [
    record.status,
    record.epoch === context.epoch ? '' : 'of another epoch',
    record.commit === context.headCommit ? '' : 'of another commit',
    record.evidence === null ? 'without evidence' : '',
  ];
  return marks.filter((mark) => mark !== '').join(' ');
}

/** The key of a task's snapshot: of its context what the machine reads again. */
function taskKey(task: TaskSnapshot): string {
  const { hostStarts, ending, settlement } = task.context;
  return `${placeKey(task)} ${hostStarts} hosts ${ending} ${settlement === null ? 'open' : settlement.result}`;
}

/** The key of a task's snapshot with all of its context but texts, hashes and instants. */
export function wholeTaskKey(task: TaskSnapshot): string {
  const { isAdopted, pid, startedAtMs, endedAtMs, reports }: TaskContext = task.context;
  const marks = [
    isAdopted ? 'adopted' : '',
    pid === null ? '' : 'pid',
    startedAtMs === null ? '' : 'started',
    endedAtMs === null ? '' : 'ended',
    ...reports.map((report) => report.decision),
  ];
  return [taskKey(task), ...marks.filter((mark) => mark !== '')].join(', ');
}

function placeKey(snapshot: AnyMachineSnapshot): string {
  const history = Object.keys(snapshot.historyValue).join(' ');
  return `${placeOf(snapshot.value)} ${snapshot.status}${history === '' ? '' : ` history ${history}`}`;
}

/** Whether a run waits for its agent, which has reached a limit. */
export function isWaiting(value: StateValue): boolean {
  return /\.(?:l|\w+L)imited$/.test(placeOf(value));
}

/** A task's value as people write it: how far it has come, and how it is looked after meanwhile: `running.watching`, or `settled.failed`. */
export function taskPlaceOf(value: StateValue): string {
  const { progress = '', supervision = '' } = typeof value === 'string' ? {} : value;
  return typeof progress === 'string' ? `settled.${progress}` : `${progress.open}.${placeOf(supervision)}`;
}

/** A state's value as people write it: `verification.judging`. */
export function placeOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${placeOf(inner)}`))
    .join(' & ');
}
