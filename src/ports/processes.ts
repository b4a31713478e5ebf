/**
 * Processes of this machine: their identities, whether they live, ending them.
 *
 * Owns: the port. Does not own: judging a sighting (base/process-identity), the order of ending (worker/ending).
 *
 * Invariant: nothing is signalled whose identity was not checked just before (a pid alone is never trusted).
 */
import type { Life, ProcessIdentity } from '../base/process-identity.ts';
import type { ClockPort } from './clock.ts';
import type { Fd } from './fs.ts';
import type { GateResult, GateStart } from './gate.ts';

/** What is left of a worker's tree. `unknown` holds processes that could belong to it and cannot be read. */
export interface TreeSighting {
  readonly members: readonly ProcessIdentity[];
  readonly unknown: readonly number[];
  /** True when the tree's lock is held; false when it is free, or there is none; null when that is unknown: then the tree may live. */
  readonly isLocked: boolean | null;
}

/** The processor time that a process has used since it began. */
export interface ProcessWork {
  readonly process: ProcessIdentity;
  readonly cpuMs: number;
}

/** How to find a tree again: by its mark in the environment, its lock, and the identity recorded at its start. */
export interface TreeHandle {
  readonly mark: string;
  readonly lockFile: string | null;
  /** The worker as recorded in agent.json, null when nothing was recorded. */
  readonly worker: ProcessIdentity | null;
  /** True when the worker is the outer process of its own PID namespace: its death ends everything inside. */
  readonly isNamespaced: boolean;
}

/** What a worker host is started for. */
export interface HostStart {
  readonly taskFolder: string;
  readonly requestHash: string;
}

/** The processes of this machine. */
export interface ProcessesPort {
  /** The identity of the calling process. */
  self(): ProcessIdentity;
  life(identity: ProcessIdentity): Life;
  /** Sends the signal if, and only if, the process is still the one meant. Returns whether it was. */
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): boolean;
  tree(handle: TreeHandle): TreeSighting;
  /** The members of a tree that one scan finds, each with the processor time it has used; those that cannot be read are left out. */
  work(handle: TreeHandle): readonly ProcessWork[];
  /** Starts a detached worker host, in a session of its own, and returns its identity (null when it ended at once). */
  startHost(start: HostStart): ProcessIdentity | null;
}

/** What the worker host needs beyond that: its worker, and the identity of a child of its own. */
export interface HostProcessesPort extends ProcessesPort {
  /** Takes the lock of an open file for whoever holds its descriptor; false when another holds it, or it cannot be taken here. Bounded. */
  lock(fd: Fd): boolean;
  /** A worker waits behind its gate, or the reason why none does. Bounded. */
  startGate(start: GateStart, clock: ClockPort): Promise<GateResult>;
  /** The identity of the process with that `pid`, null when none lives. Only for children: their pid cannot have been reused yet. */
  identify(pid: number): ProcessIdentity | null;
}
