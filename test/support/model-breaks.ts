/**
 * Ways to break the run machine's guards and actions on purpose, one at a time.
 *
 * Owns: each break, and the invariant by which it must be found. Does not own: charts that lack something (model-chart-breaks), the walk
 * that finds it.
 */
import { assign } from 'xstate';
import { isSurfaceInDoubt, stageToResume } from '../../machines/run/context.ts';
import { underNewPacket } from '../../machines/run/replacing.ts';
import type { runMachine } from '../../machines/run/run.machine.ts';
import { grownLease } from '../../machines/run/surfaces.ts';
import { waitForLimit } from '../../machines/run/waits.ts';
import type { World } from '../../src/prove/model/world.ts';
import { COMPARABLE, LOOPING, worldOf } from '../../src/prove/model/worlds.ts';

/** The run machine. */
export type RunMachine = typeof runMachine;
type Implementations = Parameters<RunMachine['provide']>[0];
type IsGate = NonNullable<NonNullable<Implementations['guards']>['isGate']>;

/** A guard or an action that means something else. */
export interface Break {
  readonly name: string;
  readonly breaks: Implementations;
  /** The invariant that it breaks first. */
  readonly finds: string;
  /** Where it shows, if not in the whole world. */
  readonly world?: World;
}

/** Rounds of a fix loop that can be compared. */
const ROUNDS = worldOf(LOOPING, ['completed'], [...COMPARABLE, 'decisionMade retry']);

/** Guards and actions of the run machine that mean something else. */
export const BREAKS: readonly Break[] = [
  {
    name: 'every verdict counts as PASS',
    breaks: { guards: { isGate: () => true } },
    finds: 'an internal review begins only after a valid verification',
  },
  {
    name: 'fix rounds have no limit',
    breaks: { guards: { isGateToFix: ({ event }) => event.type === 'gateJudged' && event.status === 'FAIL' } },
    finds: 'no counter of a run exceeds its limit',
  },
  {
    name: 'an empty commit is tried again without a limit',
    breaks: { guards: { mayRepeatFailure: () => true } },
    finds: 'no counter of a run exceeds its limit',
  },
  {
    name: 'failed workers are tried again without a limit',
    breaks: { guards: { isFailureToRepeat: ({ event }) => event.type === 'taskSettled' && event.result === 'failed' } },
    finds: 'no counter of a run exceeds its limit',
  },
  {
    name: 'lost workers are tried again without a limit',
    breaks: { guards: { mayRepeatLoss: ({ event }) => event.type === 'taskSettled' && event.result === 'lost' } },
    finds: 'no counter of a run exceeds its limit',
  },
  {
    name: 'interrupted workers are tried again without a limit',
    breaks: {
      guards: { mayRepeatInterruption: ({ event }) => event.type === 'taskSettled' && event.result === 'interrupted' },
    },
    finds: 'no counter of a run exceeds its limit',
  },
  {
    name: 'limits of an agent are waited for without a limit',
    breaks: { guards: { mayWaitForLimit: ({ event }) => event.type === 'taskSettled' && event.result === 'limited' } },
    finds: 'no counter of a run exceeds its limit',
  },
  {
    name: 'waits are charged as failures',
    breaks: {
      actions: {
        chargeWait: assign(({ context, event }) => ({
          ...waitForLimit(context, event),
          failures: context.failures + 1,
        })),
      },
    },
    finds: 'no attempt is charged by a wait',
  },
  {
    name: 'waits are not counted',
    breaks: {
      actions: {
        chargeWait: assign(({ context, event }) => ({ ...waitForLimit(context, event), limitWaits: 0 })),
      },
    },
    finds: 'a wait is counted when it begins, and a new task is requested when it is over',
  },
  {
    name: 'runs that wait do not say until when',
    breaks: {
      actions: { chargeWait: assign(({ context, event }) => ({ ...waitForLimit(context, event), blockers: [] })) },
    },
    finds: 'a run that waits for its agent says so, and until when',
  },
  {
    name: 'waits that are over are not forgotten',
    breaks: { actions: { endWait: assign({}) } },
    finds: 'only a run that waits for its agent has a time to resume',
  },
  {
    name: 'fix loops that get nowhere go on',
    breaks: { guards: { isFixStuck: () => false } },
    finds: 'a third round of a gate with the same findings as the two before it is not fixed again',
    world: ROUNDS,
  },
  {
    name: 'rounds before a decision are compared with those after it',
    breaks: { actions: { forgetJudgements: assign({}) } },
    finds: 'rounds are compared only with those since the last decision of a person',
    world: ROUNDS,
  },
  {
    name: 'a packet is replaced while a task of it is open',
    breaks: { guards: { isReplacement: ({ event }) => event.type === 'packetReplaced' } },
    finds: 'a packet is replaced only while no task is open, and then only the work done under the old one remains',
  },
  {
    name: 'what is leased for a packet is kept under the next one',
    breaks: {
      actions: {
        takePacket: assign(({ context }, event) => ({ ...underNewPacket(context, event), lease: context.lease })),
      },
    },
    finds: 'a lease holds the surfaces of the packet and whatever the work touches beyond them',
  },
  {
    name: 'verdicts under an earlier packet stand',
    breaks: {
      actions: {
        takePacket: assign(({ context }, event) => ({ ...underNewPacket(context, event), resumeAt: context.stage })),
      },
    },
    finds: 'a run that is admitted again resumes no later than at the verification of its work',
  },
  {
    name: 'fix rounds of an earlier packet are charged to the next one',
    breaks: {
      actions: {
        takePacket: assign(({ context }, event) => ({ ...underNewPacket(context, event), fixes: context.fixes })),
      },
    },
    finds: 'a packet is replaced only while no task is open, and then only the work done under the old one remains',
  },
  {
    name: 'a lease is reclaimed under an open task',
    breaks: { guards: { isReclaimable: ({ context }) => context.lease !== null } },
    finds: 'work is owed only under a lease',
  },
  {
    name: 'a run is cancelled over its open task',
    breaks: { guards: { hasNoOpenTask: () => true } },
    finds: 'a run that has ended owes nothing, and all its tasks are settled',
  },
  {
    name: 'a decision lets a run go on over its open task',
    breaks: {
      guards: {
        isResumption: ({ context, event }) => stageToResume(context, event) !== null,
        endsTask: () => false,
      },
    },
    finds: 'a task is open only where it is awaited, or in doubt',
  },
  {
    name: 'a run goes on without regaining its lease',
    breaks: { guards: { hasNoLease: () => false } },
    finds: 'a run works only under a lease',
  },
  {
    name: 'a cancel is not remembered',
    breaks: { actions: { noteCancel: assign({}) } },
    finds: 'a run that ends its task has a cancel if it is cancelling, and none if it follows a decision',
  },
  {
    name: 'the stage at which a run went on is remembered',
    breaks: { actions: { forgetResume: assign({}) } },
    finds: 'only a run without its lease remembers where to resume',
  },
  {
    name: 'a run is abandoned over its open task',
    breaks: {
      guards: {
        isAbandon: ({ event }) => event.type === 'decisionMade' && event.decision === 'abandon',
        endsTask: () => false,
      },
    },
    finds: 'a run that has ended holds no lease and has no open task',
  },
  {
    name: 'a new epoch keeps the gates of the old one',
    breaks: { actions: { openEpoch: assign(({ context }) => ({ epoch: context.epoch + 1 })) } },
    finds: 'no gate result from an old epoch or another commit is kept',
  },
  {
    name: 'no epoch is opened',
    breaks: { actions: { openEpoch: assign({ gates: { verification: null, review: null } }) } },
    finds: 'epochs only rise, by one, and with every entry to verification',
  },
  {
    name: 'a run that ends keeps its lease',
    breaks: { actions: { dropLease: assign({}) } },
    finds: 'a run that has ended holds no lease and has no open task',
  },
  {
    name: 'a settled task is not forgotten',
    breaks: { actions: { forgetTask: assign({}) } },
    finds: 'at most one task is open, and the run names it',
  },
  {
    name: 'a blocker is not kept',
    breaks: { actions: { noteBlockers: assign({}) } },
    finds: 'a parked run names its blocker',
  },
  {
    name: 'a blocker is not cleared',
    breaks: { actions: { clearBlockers: assign({}) } },
    finds: 'a run that is neither stopped nor waiting shows no blocker',
  },
  {
    name: 'an acceptance is not recorded',
    breaks: { actions: { noteAcceptance: assign({}) } },
    finds: 'an internal review begins only after a valid verification',
  },
  {
    name: 'a lease that is acquired is not taken',
    breaks: { actions: { takeLease: assign({}) } },
    finds: 'a run works only under a lease',
  },
  {
    name: 'what work touches beyond its surface is remembered and not leased',
    breaks: {
      actions: {
        growLease: assign(({ context, event }) => {
          const { surfacesAdded } = grownLease(context, event);
          return surfacesAdded === undefined ? {} : { surfacesAdded };
        }),
      },
    },
    finds: 'a lease holds the surfaces of the packet and whatever the work touches beyond them',
  },
  {
    name: 'what work touches beyond its surface is forgotten',
    breaks: { actions: { growLease: assign({}) } },
    finds: 'surfaces that a record adds to a run stay added until its packet is replaced',
  },
  {
    name: 'work that may not be leased is not remembered',
    breaks: { actions: { noteSurfaceConflict: assign({}) } },
    finds: 'a run is parked over its surface exactly when its blocker says so',
  },
  {
    name: 'work that may not be leased goes on to its gate when a person has decided',
    breaks: {
      actions: {
        noteResume: assign(({ context, event }) => ({
          resumeAt: isSurfaceInDoubt(context) ? 'verification' : (stageToResume(context, event) ?? context.stage),
        })),
      },
    },
    finds: 'work beyond its surface is checked again, or done again, before anything else happens to it',
  },
  {
    name: 'work that is out of place is looked at again when a person says retry',
    breaks: {
      actions: {
        noteResume: assign(({ context, event }) => ({
          resumeAt:
            event.type === 'decisionMade' && event.isDoneAgain === true
              ? context.stage
              : (stageToResume(context, event) ?? context.stage),
        })),
      },
    },
    finds: 'work that is out of place is done again, not just checked again, when a person decides on retry',
  },
  {
    name: 'an attempt begins at the first ordinal again',
    breaks: { actions: { beginPurpose: assign((_, { purpose }) => ({ purpose, attempt: 1 })) } },
    finds: 'Error: bug: task implementation-e0-a1 was opened twice',
  },
  {
    name: 'a failure is charged without a new ordinal',
    breaks: { actions: { chargeFailure: assign(({ context }) => ({ failures: context.failures + 1 })) } },
    finds: 'Error: bug: task implementation-e0-a1 was opened twice',
  },
];

/** Verdicts that cannot come through the outbox: the guard against them is a second line, which only the machine alone can show. */
export const SECOND_LINE: readonly (readonly [name: string, isGate: IsGate])[] = [
  [
    'a verdict of an old epoch counts',
    ({ context, event }, { status }) =>
      event.type === 'gateJudged' &&
      event.status === status &&
      event.gate === context.purpose &&
      event.commit === context.headCommit,
  ],
  [
    'a verdict over another commit counts',
    ({ context, event }, { status }) =>
      event.type === 'gateJudged' &&
      event.status === status &&
      event.gate === context.purpose &&
      event.epoch === context.epoch,
  ],
  [
    'a verdict of the other gate counts',
    ({ context, event }, { status }) =>
      event.type === 'gateJudged' &&
      event.status === status &&
      event.epoch === context.epoch &&
      event.commit === context.headCommit,
  ],
];
