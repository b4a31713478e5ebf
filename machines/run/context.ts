/**
 * What a run remembers to decide with: its policy, place, counters, gates and lease; and the pure rules over them.
 *
 * Owns: the run's context and the stages it can be resumed at. Does not own: the states (run.machine), blockers (blockers).
 */

import type { At } from '../../src/kernel/actions.ts';
import type { Gate } from '../../src/model/effect.ts';
import type { Blocker } from '../../src/model/error.ts';
import type { ArtifactRef, LeftOut, Policy, RunEvent, TaskMessage } from '../../src/model/event.ts';
import type { Purpose } from '../../src/model/limits.ts';

/** Where a run stands, finer than its state: what `retry` and a regained lease return to. */
export type Stage =
  | 'workspace'
  | 'setup'
  | 'implementation'
  | 'implementationCommit'
  | 'verification'
  | 'review'
  | 'fix'
  | 'fixCommit'
  | 'handoff';

/** What one gate has decided in this epoch, or what an operator accepted in its place. */
export interface GateRecord {
  readonly status: 'PASS' | 'FAIL' | 'BLOCKED' | 'ACCEPTED';
  readonly epoch: number;
  readonly commit: string;
  readonly evidence: ArtifactRef | null;
  /** Of an operator's acceptance: who and why. */
  readonly by: string | null;
  readonly reason: string | null;
}

/** A gate that failed: what it found, comparable across rounds. */
export interface Judgement {
  readonly gate: Gate;
  readonly commit: string;
  readonly keys: readonly string[];
  /** Everything that was found lies in what the last fix has added. */
  readonly isAllInFix: boolean;
}

/** Work that reaches beyond what its run leases. */
export interface SurfaceConflict {
  readonly taskId: string;
  readonly commit: string;
  readonly surfaces: readonly string[];
  /** The live run that holds some of them; null: a person is to accept them. */
  readonly holder: string | null;
}

/** Surfaces beyond the packet's that a person has accepted. */
export interface SurfaceAcceptance {
  readonly surfaces: readonly string[];
  readonly by: string;
  readonly reason: string;
}

/** The last time that the packet of a run was replaced. */
export interface PacketReplacement {
  /** How often it was, this time included. */
  readonly count: number;
  /** The packet that it had before: its hash, and where it is kept. */
  readonly packetHash: string;
  readonly packet: ArtifactRef;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  /** The last task under that packet, null when there was none. */
  readonly lastTask: { readonly purpose: Purpose; readonly epoch: number; readonly attempt: number } | null;
}

/** What a run is born with: its packet by reference, its surfaces and its bounds. */
export interface RunInput {
  readonly runId: string;
  readonly packetTaskId: string;
  readonly packetHash: string;
  readonly packet: ArtifactRef;
  readonly surfaces: readonly string[];
  readonly branch: string;
  readonly policy: Policy;
}

/** Everything a run decides with; plain JSON. */
export interface RunContext extends RunInput {
  readonly agents: Readonly<Record<string, string>> | null;
  readonly hasSetup: boolean;
  readonly isSetUp: boolean;
  readonly stage: Stage;
  /** A gate generation, raised at every entry to verification. 0 before the first. */
  readonly epoch: number;
  readonly purpose: Purpose | null;
  /** The epoch that `attempt` counts in. */
  readonly attemptEpoch: number;
  readonly attempt: number;
  readonly failures: number;
  readonly losses: number;
  readonly interruptions: number;
  /** Waits for the agent's limit window since this purpose began. */
  readonly limitWaits: number;
  /** When the run goes on by itself, while it waits for its agent's limit window; else null. */
  readonly waitUntilMs: number | null;
  /** Fix rounds begun. */
  readonly fixes: number;
  /** The failed judgements since the last decision of a person, oldest first. */
  readonly judgements: readonly Judgement[];
  /** Since when the run's budget counts: when a person last granted it once more; null: from the beginning. */
  readonly budgetSinceMs: number | null;
  /** The task that is open, or null. */
  readonly openTask: string | null;
  readonly tasksRequested: number;
  readonly baseBranch: string | null;
  readonly baseCommit: string | null;
  readonly headCommit: string | null;
  readonly gates: Readonly<Record<Gate, GateRecord | null>>;
  readonly lease: { readonly surfaces: readonly string[]; readonly expiresAtMs: number } | null;
  /** What its work touches beyond the packet's surfaces, leased as well; absent while there is none. */
  readonly surfacesAdded?: readonly string[];
  /** What its work touches and may not lease yet, and who holds it; absent before the first, null once it is decided on. */
  readonly surfaceConflict?: SurfaceConflict | null;
  /** What a person has accepted of it last; absent before. */
  readonly surfacesAccepted?: SurfaceAcceptance;
  /** Absent while the run has the packet that it was born with. */
  readonly replacement?: PacketReplacement;
  /** What of its worktree the last commit of its work could not hold; absent before the first, null once there is nothing. */
  readonly leftOut?: LeftOut | null;
  readonly contention: { readonly holder: string; readonly surfaces: readonly string[] } | null;
  readonly blockers: readonly Blocker[];
  /** The gate that an operator may accept at this parking, or null. */
  readonly blockedGate: Gate | null;
  /** Where to go on once the lease is held (again), or null at the first time. */
  readonly resumeAt: Stage | null;
  readonly cancel: { readonly by: string; readonly reason: string } | null;
  readonly handoff: { readonly artifact: ArtifactRef; readonly reference: string } | null;
  readonly lastArtifact: ArtifactRef | null;
}

/** Every event that the run machine takes, with the instant of its record. */
export type RunMachineEvent = At<RunEvent | TaskMessage>;
/** The event of that type. */
export type RunMachineEventOf<Type extends RunMachineEvent['type']> = Extract<RunMachineEvent, { type: Type }>;

/** The context of a run that has received its packet and nothing else. */
export function freshContext(input: RunInput): RunContext {
  return {
    ...input,
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
    contention: null,
    blockers: [],
    blockedGate: null,
    resumeAt: null,
    cancel: null,
    handoff: null,
    lastArtifact: null,
  };
}

/** The id of a task: deterministic from purpose, epoch and attempt, unique within its run. */
export function taskIdOf(purpose: Purpose, epoch: number, attempt: number): string {
  return `${purpose}-e${epoch}-a${attempt}`;
}

/** The attempt that a purpose begins with: the next one where this epoch has seen the purpose already, else the first. */
export function firstAttempt(context: RunContext, purpose: Purpose): number {
  return context.purpose === purpose && context.attemptEpoch === context.epoch ? context.attempt + 1 : 1;
}

/** The commit that everything after the workspace builds on. Throws before there is one: our bug. */
export function headOf(context: RunContext): string {
  if (context.headCommit === null) throw new Error('bug: the run has no commit yet');
  return context.headCommit;
}

/**
 * The stage at which a person's decision has a run go on, or null when the event is none that does.
 * `accept` moves past the gate that blocked, or takes the work as it is; `retry` returns to where the run stopped, or has the work done
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

/** Whether the run is parked over what its work touches beyond its lease. */
export function isSurfaceInDoubt({ surfaceConflict }: RunContext): boolean {
  return surfaceConflict !== undefined && surfaceConflict !== null;
}

/**
 * Where a retry resumes: where the run stopped, but that work is done again which stays as it is however often it is looked at: it touches
 * surfaces that nobody holds and no person has accepted, or is no longer where a commit could be made of it.
 */
function stageToRetry(
  { stage, surfaceConflict = null }: RunContext,
  { isDoneAgain }: RunMachineEventOf<'decisionMade'>,
): Stage {
  const isInTheWay = surfaceConflict !== null && surfaceConflict.holder === null;
  if (!isInTheWay && isDoneAgain !== true) return stage;
  if (stage === 'fixCommit') return 'fix';
  return isInTheWay || stage === 'implementationCommit' ? 'implementation' : stage;
}
