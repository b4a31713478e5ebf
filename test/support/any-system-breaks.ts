/**
 * Ways to break the machines of a run so that a law of every system does not hold.
 *
 * Owns: each break, and the sentence of the generic proof that must tell it. Does not own: breaks of what holds of runs alone (model-breaks,
 * model-chart-breaks), the proof.
 */
import { assign } from 'xstate';
import type { RunMachine } from './model-breaks.ts';
import { nodeAt, type TaskMachine } from './model-chart-breaks.ts';

/** Machines that break a law of every system. */
export interface AnySystemBreak {
  readonly name: string;
  readonly finds: string;
  readonly run?: (machine: RunMachine) => RunMachine;
  readonly task?: (machine: TaskMachine) => TaskMachine;
}

/** A chart that is changed in place. */
function changed<Machine>(change: (machine: Machine) => void): (machine: Machine) => Machine {
  return (machine) => {
    change(machine);
    return machine;
  };
}

let told = 0;

/** Breaks, each with what the proof of any system says of it. */
export const ANY_SYSTEM_BREAKS: readonly AnySystemBreak[] = [
  {
    name: 'nothing settles an effect that is owed',
    finds: 'it owes projectHandoff, and no fact settles it',
    run: changed((run) => nodeAt(run, 'handoffReady').transitions.delete('handoffProjected')),
  },
  {
    name: 'what is final owes something',
    finds: 'run is final, and deadline is still owed',
    run: changed((run) => nodeAt(run, 'readyForManualReview').entry.pop()),
  },
  {
    name: 'a settled effect is still owed',
    finds: 'prepareWorkspace is still owed after its answer workspacePrepared',
    run: changed((run) => nodeAt(run, 'implementing.preparing').exit.pop()),
  },
  {
    name: 'a task is open and asks for nothing',
    finds: 'it owes watchWorker, and no fact settles it',
    task: changed((task) => nodeAt(task, 'supervision.watching').transitions.delete('workerEnded')),
  },
  {
    name: 'a parked run names no blocker',
    finds: 'blockedNeedsHuman is parked or ended and names no blocker',
    run: (run) => run.provide({ actions: { noteBlockers: assign({}) } }),
  },
  {
    name: 'a run decides by something that is not in its state',
    finds: 'leaseAcquired, decided twice, leads to two different states',
    run: (run) =>
      run.provide({
        actions: {
          takeLease: assign(() => {
            told += 1;
            return { lease: { surfaces: [`path:${told}`], expiresAtMs: told } };
          }),
        },
      }),
  },
];
