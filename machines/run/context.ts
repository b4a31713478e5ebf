/**
 * The first context of a run, and the pure rules over the context.
 *
 * Owns: the first values of its context, where it can be resumed, the ids of its tasks. Does not own: the context's shape (model/run-context),
 * the states (run.machine), blockers (blockers).
 */
import type { At } from '../../src/kernel/actions.ts';
import type { RunEvent, TaskMessage } from '../../src/model/event.ts';
import type { Purpose } from '../../src/model/limits.ts';
import type { RunContext, RunInput, Stage } from '../../src/model/run-context.ts';

/** Every event that the run machine takes, with the instant of its record. */
export type RunMachineEvent = At<RunEvent | TaskMessage>;
/** The event of that type. */
export type RunMachineEventOf<Type extends RunMachineEvent['type']> = Extract<RunMachineEvent, { type: Type }>;

/** Every member of the context whose first value is the same in every run. */
export const RUN_CONTEXT_DEFAULTS = {
  agents: null,
  hasSetup: false,
  isSetUp: false,
  stage: 'workspace',
  epoch: 0,
  purpose: null,
  attemptEpoch: 0,
  attempt: 0,
  failures: 0,
  losses: 0,
  interruptions: 0,
  limitWaits: 0,
  waitUntilMs: null,
  fixes: 0,
  judgements: [],
  budgetSinceMs: null,
  openTask: null,
  tasksRequested: 0,
  baseBranch: null,
  baseCommit: null,
  headCommit: null,
  gates: { verification: null, review: null },
  lease: null,
  surfacesAdded: [],
  surfaceConflict: null,
  surfacesAccepted: null,
  replacement: null,
  leftOut: null,
  contention: null,
  blockers: [],
  blockedGate: null,
  resumeAt: null,
  cancel: null,
  handoff: null,
  lastArtifact: null,
} as const satisfies Omit<RunContext, keyof RunInput>;

/** The context of a run that has received its packet and nothing else. */
export function freshContext(input: RunInput): RunContext {
  return { ...input, ...RUN_CONTEXT_DEFAULTS };
}

/** The id of a task: deterministic from purpose, epoch and attempt, unique within its run. */
export function taskIdOf(purpose: Purpose, epoch: number, attempt: number): string {
  return `${purpose}-e${epoch}-a${attempt}`;
}

/** The attempt that a purpose begins with: the next one where this epoch has seen the purpose already, else the first. */
export function firstAttempt(context: RunContext, purpose: Purpose): number {
  return context.purpose === purpose && context.attemptEpoch === context.epoch ? context.attempt + 1 : 1;
}

/** The commit that all work builds on once there is a workspace. Throws before there is one: our bug. */
export function headOf(context: RunContext): string {
  if (context.headCommit === null) throw new Error('bug: the run has no commit yet');
  return context.headCommit;
}

/**
 * The stage at which a run continues after a person's decision, or null if the event does not continue it.
 * `accept` moves past the gate that blocked, or accepts the work as it is; `retry` returns to where the run stopped, or does the work
 * again.
 */
export function stageToResume(context: RunContext, event: RunMachineEvent): Stage | null {
  if (event.type !== 'decisionMade') return null;
  if (event.decision === 'retry') return stageToRetry(context, event);
  if (event.decision === 'accept' && context.blockedGate !== null) {
    return context.blockedGate === 'verification' ? 'review' : 'handoff';
  }
  return event.decision === 'accept' && isSurfaceInDoubt(context) ? context.stage : null;
}

/** Whether the run is parked because its work touches more than its lease covers. */
export function isSurfaceInDoubt({ surfaceConflict }: RunContext): boolean {
  return surfaceConflict !== null;
}

/**
 * Where a retry resumes: where the run stopped, except that work is done again if checking it again cannot help, because it touches
 * surfaces that nobody holds and no person has accepted, or is no longer where a commit could be made of it.
 */
function stageToRetry(
  { stage, surfaceConflict }: RunContext,
  { isDoneAgain }: RunMachineEventOf<'decisionMade'>,
): Stage {
  const isInTheWay = surfaceConflict !== null && surfaceConflict.holder === null;
  if (!isInTheWay && isDoneAgain !== true) return stage;
  if (stage === 'fixCommit') return 'fix';
  return isInTheWay || stage === 'implementationCommit' ? 'implementation' : stage;
}
