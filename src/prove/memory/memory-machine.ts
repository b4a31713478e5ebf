/**
 * A machine in memory: a disk that keeps what was synced, an instant, and processes that live until they end or are ended.
 *
 * Owns: what outlives a process, what a stop leaves of it, the process table as a process sees it. Does not own: the disk's model (memory-fs), time as a
 * process sees it (memory-clock), a process (memory-process), what lies beside the machine: hosts and git of runs (sim/outside), the witness of the
 * proof of any system (system/witness).
 *
 * Invariant: a copy shares nothing with its original: every stop continues from a machine of its own.
 */
import type { Life, ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import { MemoryFs } from './memory-fs.ts';

/** How a process is stopped: it is killed, or the power is cut and all that was not synced is lost, or a part of it. */
export const STOP_KINDS = ['killed', 'powerCut', 'powerCutInPart'] as const;
/** How a process is stopped. */
export type StopKind = (typeof STOP_KINDS)[number];

/** Where the time of a machine begins, unless its maker says otherwise. */
const BEGINS_AT_MS = 1_000_000;

/** One machine. */
export class MemoryMachine {
  disk: MemoryFs;
  nowMs: number;
  /** Raised by every change that a process could notice, but for those of the disk and of what lies beside the machine. */
  version = 0;
  #pid = 100;
  #boot = 1;
  #nonces = 0;
  readonly #alive = new Set<number>();
  /** Processes of which nobody can tell whether they live. */
  readonly #untold = new Set<number>();
  /** Marks of trees whose lock is held, by nobody that can be seen. */
  readonly #locked = new Set<string>();

  constructor({ nowMs = BEGINS_AT_MS, disk = new MemoryFs() }: { nowMs?: number; disk?: MemoryFs } = {}) {
    this.nowMs = nowMs;
    this.disk = disk;
  }

  /** The same machine once more. */
  copy(): MemoryMachine {
    return this.#copyOn(this.disk.fork());
  }

  /** What is left when it is stopped now; unsynced data that survives is drawn by `seed`. Who is killed is for the caller to end. */
  stopped(kind: StopKind, seed: number): MemoryMachine {
    if (kind === 'killed') return this.copy();
    const left = this.#copyOn(this.disk.crash(kind === 'powerCut' ? 'nothing' : { seed }));
    left.cutPower();
    return left;
  }

  #copyOn(disk: MemoryFs): MemoryMachine {
    const copy = new MemoryMachine({ nowMs: this.nowMs, disk });
    copy.version = this.version;
    copy.#pid = this.#pid;
    copy.#boot = this.#boot;
    copy.#nonces = this.#nonces;
    for (const pid of this.#alive) copy.#alive.add(pid);
    for (const pid of this.#untold) copy.#untold.add(pid);
    for (const mark of this.#locked) copy.#locked.add(mark);
    return copy;
  }

  /** What a new process would find after such a stop: the same for stops that are one. `beside`: the version of what lies beside the machine. */
  sight(kind: StopKind, beside: number): string {
    const { live, durable } = this.disk.changes;
    const outside = `${this.version} ${beside}`;
    switch (kind) {
      case 'killed':
        return `${kind} ${live} ${outside}`;
      case 'powerCut':
        return `${kind} ${durable} ${outside}`;
      case 'powerCutInPart':
        return `${kind} ${live} ${durable} ${outside}`;
    }
  }

  /** Everything that ran is gone, and the machine has booted again. */
  cutPower(): void {
    this.endAll();
    this.#boot += 1;
    this.version += 1;
  }

  nonce(): string {
    this.#nonces += 1;
    return sha256(`nonce ${this.#nonces}`).slice(0, 32);
  }

  /** A new process, alive. */
  begin(): ProcessIdentity {
    this.#pid += 1;
    this.#alive.add(this.#pid);
    this.version += 1;
    return {
      pid: this.#pid,
      startTime: String(this.#pid),
      bootId: `boot-${this.#boot}`,
      pidNamespace: 'pid:[1]',
      hostname: 'sim',
      machineId: 'machine',
    };
  }

  life({ pid, bootId }: ProcessIdentity): Life {
    if (this.#untold.has(pid)) return 'unknown';
    return bootId === `boot-${this.#boot}` && this.#alive.has(pid) ? 'alive' : 'dead';
  }

  end(identity: ProcessIdentity | null): void {
    if (identity !== null && this.#alive.delete(identity.pid)) this.version += 1;
  }

  endAll(): void {
    this.#alive.clear();
  }

  /** From now on nobody can tell whether the process lives. */
  obscure({ pid }: ProcessIdentity): void {
    this.#untold.add(pid);
    this.version += 1;
  }

  /** From now on the lock of the tree with that mark is held. */
  lock(mark: string): void {
    this.#locked.add(mark);
    this.version += 1;
  }

  /** Whatever was in doubt about that process and that tree can be told from now on. */
  clear({ pid }: ProcessIdentity, mark: string): void {
    const [wasUntold, wasLocked] = [this.#untold.delete(pid), this.#locked.delete(mark)];
    if (wasUntold || wasLocked) this.version += 1;
  }

  /** The processes of the machine as one of them sees them; none of them starts another. */
  processes(self: ProcessIdentity): ProcessesPort {
    return {
      self: () => self,
      life: (identity) => this.life(identity),
      signal: (identity, signal) => {
        if (this.life(identity) !== 'alive') return false;
        if (signal !== 'SIGCONT') this.end(identity);
        return true;
      },
      tree: ({ mark, worker }) => {
        const members = worker !== null && this.life(worker) === 'alive' ? [worker] : [];
        return { members, unknown: [], isLocked: this.#locked.has(mark) };
      },
      work: () => [],
      startHost: () => null,
    };
  }
}
