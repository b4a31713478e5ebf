/**
 * The machine on which an engine is proven: a disk that keeps what was synced, a clock that stands, processes that die, and a witness.
 *
 * Owns: what outlives a process, what a stop leaves of it, the ports of one process. Does not own: the disk's model (memory/memory-fs), when anything
 * happens (played-process).
 *
 * Invariant: a copy shares nothing with its original: every stop continues from a machine of its own.
 */
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import { MemoryFs } from '../memory/memory-fs.ts';
import { EPOCH_MS } from './sameness.ts';

/** How an engine is stopped: the process dies, the power fails and nothing unsynced is left, or a part of it. */
export const STOP_KINDS = ['killed', 'powerCut', 'powerCutInPart'] as const;
/** How an engine is stopped. */
export type StopKind = (typeof STOP_KINDS)[number];

/** What was seen of the performing of one effect. */
interface Witnessed {
  /** By which process it was performed last. */
  readonly pid: number;
  readonly isSettled: boolean;
}

/** A timer that has not fired. */
interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** One machine. */
export class ProofMachine {
  readonly disk: MemoryFs;
  /** Raised by everything outside of the disk that a process could notice. */
  version = 0;
  nowMs = EPOCH_MS;
  /** Sums of the records that were acknowledged, in order. */
  acknowledged: readonly string[] = [];
  /** What broke a law while it happened; each a sentence. */
  faults: readonly string[] = [];
  readonly #performed = new Map<string, Witnessed>();
  #pid = 100;
  #boot = 1;
  #nonces = 0;
  #alive = new Set<number>();

  constructor(disk: MemoryFs = new MemoryFs()) {
    this.disk = disk;
  }

  /** The keys under which effects were performed, sorted. */
  get keys(): readonly string[] {
    return [...this.#performed.keys()].sort();
  }

  /** What is left when the process stops now; unsynced data that survives is drawn by `seed`. */
  stopped(kind: StopKind, seed: number): ProofMachine {
    const disk = kind === 'killed' ? this.disk.fork() : this.disk.crash(kind === 'powerCut' ? 'nothing' : { seed });
    const left = this.#copyOn(disk);
    left.#alive.clear();
    if (kind !== 'killed') left.#boot += 1;
    return left;
  }

  /** The same machine once more. */
  copy(): ProofMachine {
    return this.#copyOn(this.disk.fork());
  }

  #copyOn(disk: MemoryFs): ProofMachine {
    const copy = new ProofMachine(disk);
    copy.version = this.version;
    copy.nowMs = this.nowMs;
    copy.acknowledged = this.acknowledged;
    copy.faults = this.faults;
    for (const [key, witnessed] of this.#performed) copy.#performed.set(key, witnessed);
    copy.#pid = this.#pid;
    copy.#boot = this.#boot;
    copy.#nonces = this.#nonces;
    copy.#alive = new Set(this.#alive);
    return copy;
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
      hostname: 'proof',
      machineId: 'machine',
    };
  }

  /** The process is gone. */
  end({ pid }: ProcessIdentity): void {
    this.#alive.delete(pid);
  }

  /** The effect is performed by the process, which was told so much of its past. */
  perform({ key, kind }: { readonly key: string; readonly kind: string }, pid: number, mayBeRepeated: boolean): void {
    const before = this.#performed.get(key);
    if (before?.pid === pid) this.blame(`${kind} is performed twice by one process under one key`);
    if (before !== undefined && before.pid !== pid && !mayBeRepeated)
      this.blame(`${kind} is performed again, and its performer is not told that it may have been performed before`);
    if (before?.isSettled === true)
      this.blame(`${kind} is performed again after the fact that settles it was acknowledged`);
    this.#performed.set(key, { pid, isSettled: before?.isSettled ?? false });
    this.version += 1;
  }

  /** Whoever answered has been told that the answer is recorded. */
  settle(key: string): void {
    const before = this.#performed.get(key);
    if (before !== undefined) this.#performed.set(key, { ...before, isSettled: true });
  }

  blame(sentence: string): void {
    this.faults = [...this.faults, sentence];
  }

  /** The processes of the machine as one of them sees them. */
  processes(self: ProcessIdentity): ProcessesPort {
    return {
      self: () => self,
      life: ({ pid, bootId }) => (bootId === `boot-${this.#boot}` && this.#alive.has(pid) ? 'alive' : 'dead'),
      signal: () => false,
      tree: () => ({ members: [], unknown: [], isLocked: false }),
      work: () => [],
      startHost: () => null,
    };
  }

  nonce(): string {
    this.#nonces += 1;
    return sha256(`nonce ${this.#nonces}`).slice(0, 32);
  }
}

/** The clock as one process sees it: it stands until it is moved, and timers fire when it is. */
export class ProofClock implements ClockPort {
  readonly #machine: ProofMachine;
  readonly #timers = new Set<Timer>();

  constructor(machine: ProofMachine) {
    this.#machine = machine;
  }

  nowMs(): number {
    return this.#machine.nowMs;
  }

  monotonicMs(): number {
    return this.#machine.nowMs;
  }

  timer(delayMs: number, fire: () => void): () => void {
    const timer: Timer = { dueMs: this.#machine.nowMs + delayMs, fire };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  nonce(): string {
    return this.#machine.nonce();
  }

  /** It is that instant, unless it is later already; what is due fires. */
  moveTo(atMs: number): void {
    this.#machine.nowMs = Math.max(this.#machine.nowMs, atMs);
    for (const timer of [...this.#timers]) {
      if (timer.dueMs > this.#machine.nowMs) continue;
      this.#timers.delete(timer);
      timer.fire();
    }
  }
}
