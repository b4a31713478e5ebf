/**
 * The life and death of one process on a machine in memory: every call of it that changes something is told before it is done, and may be its last.
 *
 * Owns: what of the disk's calls is the process's own, dying, how it ended. Does not own: what it does (sim/process, system/played-process).
 *
 * Invariant: a dead process touches nothing any more.
 */
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { type FsOp, Halted, isChange, type MemoryFs } from './memory-fs.ts';
import type { MemoryMachine, StopKind } from './memory-machine.ts';

/** How a process ended: it came to its end, it was killed, it was told of a failure, or it came to where nothing moves. */
export type ProcessEnd =
  | { readonly kind: 'closed' }
  | { readonly kind: 'killed' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'stuck'; readonly why: string };

/** Who is told of a process's calls; it may kill the process. */
export interface CallWatch {
  /** Every operation on the disk, before it is done. */
  onOperation?(path: string): void;
  /** Every call that changes something, before it is done; null: nobody is told. */
  readonly onChange: ((call: string) => void) | null;
  /** What such an operation on the disk is called. */
  nameOf(op: FsOp, path: string, isHalfDone: boolean): string;
}

/** One process. */
export class MemoryProcess {
  readonly machine: MemoryMachine;
  readonly self: ProcessIdentity;
  /** Calls so far that somebody could have been told of: while it rises, something moves. */
  activity = 0;
  readonly #disk: MemoryFs;
  readonly #watch: CallWatch;
  #isDead = false;

  constructor(machine: MemoryMachine, watch: CallWatch) {
    this.machine = machine;
    this.#disk = machine.disk;
    this.#watch = watch;
    this.self = machine.begin();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Lives until `body` has ended: with null where it came to its end, with why not otherwise. Whatever happens, the process is dead then. */
  async live(body: () => Promise<string | null>): Promise<ProcessEnd> {
    this.#attend();
    try {
      const why = await body();
      if (this.#isDead) return { kind: 'killed' };
      return why === null ? { kind: 'closed' } : { kind: 'stuck', why };
    } catch (error) {
      // Everything that happens to a dead process comes of its death.
      return this.#isDead || error instanceof Halted ? { kind: 'killed' } : { kind: 'failed', error };
    } finally {
      this.#isDead = true;
      this.#disk.halt();
      this.machine.end(this.self);
    }
  }

  #attend(): void {
    const disk = this.#disk;
    const { onChange } = this.#watch;
    // The halves of a write differ for those alone who can be told of its middle.
    disk.isHalving = onChange !== null;
    disk.changes.isUnseen = (name) => name.startsWith('.tmp-');
    disk.onCall = (op, path, isHalfDone) => {
      this.activity += 1;
      this.#watch.onOperation?.(path);
      if (onChange !== null && isChange(op)) onChange(this.#watch.nameOf(op, path, isHalfDone));
    };
  }

  /** A call outside of the disk is to be made. Throws when the process is dead, or dies of it. */
  at(call: string): void {
    this.mustLive(call);
    this.activity += 1;
    this.#watch.onChange?.(call);
  }

  /** Throws when the process is dead. */
  mustLive(call: string): void {
    if (this.#isDead) throw new Halted(`the process is dead: ${call}`);
  }

  /** Dies at once. */
  kill(): never {
    this.#isDead = true;
    this.#disk.halt();
    throw new Halted('the process was killed');
  }

  /** What is left of the machine when the process, or the power, goes now. */
  stopped(kind: StopKind, seed: number): MemoryMachine {
    const left = this.machine.stopped(kind, seed);
    left.end(this.self);
    return left;
  }

  /** What somebody else does on this machine: nobody counts it as a call of the process. */
  unseen<T>(body: () => T): T {
    const watchAgain = this.#lookAway();
    try {
      return body();
    } finally {
      watchAgain();
    }
  }

  /** As `unseen`, for what takes its time. */
  async unseenWhile(body: () => Promise<void>): Promise<void> {
    const watchAgain = this.#lookAway();
    try {
      await body();
    } finally {
      watchAgain();
    }
  }

  /** Calls of the disk are not told, until what is returned is called. */
  #lookAway(): () => void {
    const disk = this.#disk;
    const { onCall, isHalving } = disk;
    disk.onCall = null;
    disk.isHalving = false;
    return () => {
      disk.onCall = onCall;
      disk.isHalving = isHalving;
    };
  }
}
