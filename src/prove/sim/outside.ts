/**
 * What lies beside a simulated machine: its worker hosts, its repository, and what was witnessed.
 *
 * Owns: that state, copying it. Does not own: disk, processes and time (memory/memory-machine), what hosts do (sim/hosts), what git does (sim/repository).
 *
 * Invariant: a copy shares nothing with its original: every stop of a story continues from a copy of its own.
 */
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { MemoryMachine } from '../memory/memory-machine.ts';
import { SimRepository } from './repository.ts';

/** One started worker host and how far it has come. */
export interface SimHost {
  readonly identity: ProcessIdentity;
  readonly requestHash: string;
  readonly nonce: string;
  stage: 'started' | 'claimed' | 'spawned' | 'ended';
  worker: ProcessIdentity | null;
}

/** Everything beside the machine that outlives a process. */
export class Outside {
  readonly repository: SimRepository;
  /** Of every task, by its folder: its hosts in the order of their starts. */
  readonly hosts = new Map<string, SimHost[]>();
  /** Of every task, by its folder: how many workers were ever started for it. */
  readonly starts = new Map<string, number>();
  /** Of every task, by its folder: how many hosts runners have started for it. */
  readonly hostStarts = new Map<string, number>();
  /** The sums of the records that were acknowledged, by run. */
  readonly acknowledged = new Map<string, readonly string[]>();

  constructor(repository: SimRepository = new SimRepository()) {
    this.repository = repository;
  }

  copy(): Outside {
    const copy = new Outside(this.repository.copy());
    for (const [folder, hosts] of this.hosts) {
      copy.hosts.set(
        folder,
        hosts.map((host) => ({ ...host })),
      );
    }
    for (const [folder, count] of this.starts) copy.starts.set(folder, count);
    for (const [folder, count] of this.hostStarts) copy.hostStarts.set(folder, count);
    for (const [runId, sums] of this.acknowledged) copy.acknowledged.set(runId, sums);
    return copy;
  }

  /** True while a host or a worker lives. */
  isAtWork(machine: MemoryMachine): boolean {
    const lives = (identity: ProcessIdentity | null): boolean =>
      identity !== null && machine.life(identity) === 'alive';
    return [...this.hosts.values()].flat().some(({ identity, worker }) => lives(identity) || lives(worker));
  }

  acknowledge(runId: string, sum: string): void {
    this.acknowledged.set(runId, [...(this.acknowledged.get(runId) ?? []), sum]);
  }
}

/** A machine and what lies beside it. */
export interface Site {
  readonly machine: MemoryMachine;
  readonly outside: Outside;
}

/** A site at which nothing was ever done. */
export function freshSite(): Site {
  return { machine: new MemoryMachine(), outside: new Outside() };
}
