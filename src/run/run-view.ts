/**
 * What an operator sees of a run: its place, task, lease, blockers and next actions, from persisted snapshots alone.
 *
 * Owns: that projection. Does not own: reading files (engine/run-look), the run's surroundings (run/shown-run), rendering (cli).
 * Free of xstate and zod: `status` must start fast.
 */
import { isObject, type Json } from '../base/canonical-json.ts';
import { shownBlocker, shownHint } from '../blockers/shown-blocker.ts';
import type { Action } from '../model/action.ts';
import type { Gate } from '../model/effect.ts';
import type { ShownBlocker } from '../model/error.ts';
import { type ErrorCode, EXIT, type ExitCode } from '../model/error-codes.ts';
import type { ArtifactRef, LeftOut } from '../model/event.ts';
import { RUN_ACTOR } from '../model/record.ts';
import type { PacketReplacement, RunContext, SurfaceConflict } from '../model/run-context.ts';
import type { TaskContext } from '../model/task-context.ts';
import type { TurnReport } from '../model/turn.ts';
import { NOTHING_SPENT, reportsIn, type Spent, spentBy } from '../turn/ledger.ts';
import type { FailureNotes } from './failure-notes.ts';
import type { Liveness } from './liveness.ts';
import { ALONE, firstOf, runActions } from './next-actions.ts';
import { isTagged, type RunPlace } from './state-facts.ts';

/** Whether a run moves, waits for a person, has ended, or is set aside. */
export type RunKind = 'active' | 'blocked' | 'terminal' | 'quarantined';

/** A task as the operator sees it. */
export interface TaskView {
  readonly taskId: string;
  readonly purpose: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly state: string;
  readonly pid: number | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly result: string | null;
  readonly code: string | null;
  readonly isAdopted: boolean;
  readonly reports: TaskContext['reports'];
  /** For a coding agent: the result of its turn. */
  readonly turn: TurnReport | null;
}

/** A replaced packet, as the operator sees it. */
export type Replacement = Omit<PacketReplacement, 'lastTask'>;

/** A run as the operator sees it. */
export interface RunView {
  readonly runId: string;
  readonly taskId: string;
  /** Of its current packet; empty where that cannot be read. */
  readonly packetHash: string;
  /** The last time that its packet was replaced; null while it has its first packet. */
  readonly replacement: Replacement | null;
  /** The agent for every role, as `--agent` named it last; null where it named none, and once the run has begun with its agents. */
  readonly agentOverride: string | null;
  readonly state: string;
  readonly substate: string | null;
  readonly kind: RunKind;
  readonly epoch: number;
  readonly seq: number;
  readonly updatedAtMs: number | null;
  /** When its folder was removed; only for a run of which nothing else is left. */
  readonly removedAtMs?: number;
  /** The rules of a run that an earlier version of Pawl began and this one cannot continue; absent for any other. */
  readonly earlierRules?: number;
  /** The open task, else the last one, else null. */
  readonly task: TaskView | null;
  readonly tasks: readonly TaskView[];
  readonly lease: { readonly surfaces: readonly string[]; readonly expiresAtMs: number } | null;
  /** Surfaces beyond the packet's that its work touches and that were leased too, as long as the lease lasts. */
  readonly surfacesAdded: readonly string[];
  /** What its work touches but the run may not lease: it is parked because of that. */
  readonly surfaceConflict: SurfaceConflict | null;
  /** What the last commit of its work could not hold, because of submodules in the worktree. */
  readonly leftOut: LeftOut | null;
  readonly branch: string;
  readonly headCommit: string | null;
  readonly baseCommit: string | null;
  readonly gates: RunContext['gates'];
  readonly contention: RunContext['contention'];
  /** Why it has stopped, the cause first. Their hints hold no commands: those are in `actions`. */
  readonly blockers: readonly ShownBlocker[];
  /** The gate that a person may accept although it did not pass; else null. */
  readonly blockedGate: Gate | null;
  readonly lastArtifact: ArtifactRef | null;
  readonly handoff: RunContext['handoff'];
  /** When it resumes automatically, while it waits for a limit window of its agent; else null. */
  readonly waitUntilMs: number | null;
  /** A decision that waits for the end of its task: nothing else can be decided before that. */
  readonly pending: 'retry' | 'abandon' | 'cancel' | null;
  /** What its turns have used. */
  readonly spent: Spent;
  /** What can be done now, one complete command per alternative; empty if there is nothing to do. */
  readonly actions: readonly Action[];
  /** The first of `actions`; its kind is `none` where there is none. */
  readonly nextSafeAction: Action;
  /** Whether what its state says is true of the world now; null for a run that cannot move, and if it was not checked. */
  readonly liveness: Liveness | null;
  /** Why it has stopped, in its workers' own words; only if that was read. */
  readonly failure?: FailureNotes;
}

/** The state of a run that neither a fold nor a snapshot reveals. */
export const UNKNOWN_STATE = 'unknown';

interface Persisted<Context> {
  readonly value: unknown;
  readonly context: Context;
}

/** The view of a run from the persisted snapshots of its actors, which the caller has verified. */
export function viewOf(
  runId: string,
  actors: { readonly [actor: string]: Json },
  at: {
    readonly seq: number;
    readonly updatedAtMs: number | null;
    readonly agentOverride?: string | null;
    readonly earlierRules?: number;
  },
): RunView {
  const { value, context } = persisted<RunContext>(runId, actors[RUN_ACTOR]);
  const [state, inner] = placeOf(value);
  const substate = shownSubstate(state, inner);
  const tasks = Object.entries(actors)
    .filter(([name]) => name !== RUN_ACTOR)
    .map(([name, task]) => taskView(persisted<TaskContext>(name, task)))
    .sort((a, b) => a.epoch - b.epoch || ORDER.indexOf(a.purpose) - ORDER.indexOf(b.purpose) || a.attempt - b.attempt);
  const kind = kindOf({ state, substate: inner });
  const task = tasks.find((each) => each.taskId === context.openTask) ?? tasks.at(-1) ?? null;
  return withActions({
    runId,
    taskId: context.packetTaskId,
    packetHash: context.packetHash,
    replacement: replacementIn(context),
    agentOverride: state === 'queued' ? (at.agentOverride ?? null) : null,
    state,
    substate,
    kind,
    epoch: context.epoch,
    seq: at.seq,
    updatedAtMs: at.updatedAtMs,
    task,
    tasks,
    lease: context.lease,
    surfacesAdded: context.surfacesAdded,
    surfaceConflict: context.surfaceConflict,
    leftOut: context.leftOut,
    branch: context.branch,
    headCommit: context.headCommit,
    baseCommit: context.baseCommit,
    gates: context.gates,
    contention: context.contention,
    blockers: causeFirst(context.blockers.map(shownBlocker)),
    blockedGate: context.blockedGate,
    lastArtifact: context.lastArtifact,
    handoff: context.handoff,
    waitUntilMs: context.waitUntilMs,
    pending: pendingIn(state, substate),
    spent: spentBy(reportsIn(tasks)),
    ...(at.earlierRules === undefined ? {} : { earlierRules: at.earlierRules }),
  });
}

function replacementIn({ replacement }: RunContext): Replacement | null {
  if (replacement === null) return null;
  const { lastTask: _, ...shown } = replacement;
  return shown;
}

/** The decision that waits only for the end of the open task. */
function pendingIn(state: string, substate: string | null): RunView['pending'] {
  if (state === 'cancelling') return 'cancel';
  if (state !== 'endingTask') return null;
  return substate === 'thenAbandon' ? 'abandon' : 'retry';
}

/** The view with the actions that follow from the run alone: as if nothing drove it, and nothing held what it waits for. */
export function withActions(view: Omit<RunView, 'actions' | 'nextSafeAction' | 'liveness'>): RunView {
  const actions = runActions(view, ALONE);
  return { ...view, actions, nextSafeAction: firstOf(actions), liveness: null };
}

/** Codes that only count something else, which comes first. */
const COUNTING: readonly ErrorCode[] = ['PAWL_ATTEMPTS_EXHAUSTED', 'PAWL_FIX_LIMIT', 'PAWL_FIX_STUCK'];

/** Causes before blockers that only count them; one for each code and message. */
function causeFirst(blockers: readonly ShownBlocker[]): readonly ShownBlocker[] {
  const isCount = ({ code }: ShownBlocker): boolean => COUNTING.includes(code);
  const once = blockers.filter(
    ({ code, message }, index) =>
      blockers.findIndex((each) => each.code === code && each.message === message) === index,
  );
  return [...once.filter((blocker) => !isCount(blocker)), ...once.filter(isCount)];
}

/** A persisted snapshot whose hash the caller has verified, so that its shape is that of the machine's context. */
function persisted<Context>(name: string, snapshot: unknown): Persisted<Context> {
  if (!isObject(snapshot) || !isObject(snapshot.context)) throw new Error(`bug: ${name} has no persisted snapshot`);
  return { value: snapshot.value, context: snapshot.context as Context };
}

/** In the order of a run: setup and implementation before the first epoch, a fix after the gates of its epoch. */
const ORDER = ['setup', 'implementation', 'verification', 'review', 'fix'];

/** The top-level state of a state value, and the state inside it. */
export function placeOf(value: unknown): [state: string, substate: string | null] {
  if (typeof value === 'string') return [value, null];
  if (!isObject(value)) return ['?', null];
  const [state] = Object.keys(value);
  if (state === undefined) return ['?', null];
  const [inner] = placeOf(value[state]);
  return [state, inner];
}

/** The inner state as shown to people: the blockers say what keeps a queued run from beginning. */
export function shownSubstate(state: string, substate: string | null): string | null {
  return state === 'queued' ? null : substate;
}

/** How far a task has come: `running`, or `settled.failed`. */
function taskStateOf(value: unknown): string {
  const [state, substate] = placeOf(isObject(value) ? value.progress : null);
  return substate ?? `settled.${state}`;
}

function taskView({ value, context }: Persisted<TaskContext>): TaskView {
  return {
    taskId: context.taskId,
    purpose: context.purpose,
    epoch: context.epoch,
    attempt: context.attempt,
    state: taskStateOf(value),
    pid: context.pid,
    startedAtMs: context.startedAtMs,
    endedAtMs: context.endedAtMs,
    result: context.settlement?.result ?? null,
    code: context.settlement?.code ?? null,
    isAdopted: context.isAdopted,
    reports: context.reports,
    turn: context.settlement?.turn ?? null,
  };
}

function kindOf(place: RunPlace): RunKind {
  if (isTagged(place, 'ended')) return 'terminal';
  return isTagged(place, 'parked') ? 'blocked' : 'active';
}

const GIVEN_UP = 'Nothing to do: it was abandoned and no longer holds anything. Its files are unchanged.';

/** The view of a run that was set aside. */
export function quarantinedView(runId: string, taskId: string, record: QuarantineFacts): RunView {
  return withActions({
    runId,
    taskId,
    packetHash: '',
    replacement: null,
    agentOverride: null,
    state: 'quarantined',
    substate: null,
    kind: record.isResolved ? 'terminal' : 'quarantined',
    epoch: 0,
    seq: 0,
    updatedAtMs: record.atMs,
    task: null,
    tasks: [],
    lease: record.isResolved ? null : { surfaces: record.surfaces, expiresAtMs: Number.MAX_SAFE_INTEGER },
    surfacesAdded: [],
    surfaceConflict: null,
    leftOut: null,
    branch: '',
    headCommit: null,
    baseCommit: null,
    gates: { verification: null, review: null },
    contention: null,
    blockers: [{ ...record.blocker, hint: record.isResolved ? GIVEN_UP : shownHint(record.blocker) }],
    blockedGate: null,
    lastArtifact: null,
    handoff: null,
    waitUntilMs: null,
    pending: null,
    spent: NOTHING_SPENT,
  });
}

/** What is shown for a run that is set aside. */
export interface QuarantineFacts {
  readonly atMs: number;
  readonly surfaces: readonly string[];
  readonly isResolved: boolean;
  readonly blocker: ShownBlocker;
}

/** The exit code of a command over several runs: the first that applies of quarantined, blocked, failed, done. */
export function exitCodeOf(views: readonly Pick<RunView, 'kind' | 'state'>[]): ExitCode {
  if (views.some((view) => view.kind === 'quarantined')) return EXIT.quarantined;
  if (views.some((view) => view.kind === 'blocked' || view.state === 'blockedPlanInsufficient')) return EXIT.blocked;
  return views.some((view) => view.state === 'failedExecution') ? EXIT.failed : EXIT.done;
}
