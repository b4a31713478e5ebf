/**
 * What of a simulated machine is not on its disk: its clock, its processes, its repository, and what was witnessed.
 *
 * Owns: that state, copying it, what a power cut leaves of it. Does not own: the disk (memory/memory-fs), what hosts do (sim/hosts).
 *
 * Invariant: a copy shares nothing with its original: every stop of a story continues from a copy of its own.
 */
import type { Life, ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';

/** One started worker host and how far it has come. */
export interface SimHost {
  readonly identity: ProcessIdentity;
  readonly requestHash: string;
  readonly nonce: string;
  stage: 'started' | 'claimed' | 'spawned' | 'ended';
  worker: ProcessIdentity | null;
}

/** Everything outside of the disk that outlives a process. */
export class Outside {
  /** Raised by every change that a process could notice. */
  version = 0;
  nowMs = 1_000_000;
  #pid = 100;
  #nonces = 0;
  #boot = 1;
  readonly #alive = new Set<number>();
  /** Processes of which nobody can tell whether they live. */
  readonly #untold = new Set<number>();
  /** Marks of trees whose lock is held, by nobody that can be seen. */
  readonly #locked = new Set<string>();
  /** Of every task, by its folder: its hosts in the order of their starts. */
  readonly hosts = new Map<string, SimHost[]>();
  /** Of every task, by its folder: how many workers were ever started for it. */
  readonly starts = new Map<string, number>();
  /** Of every task, by its folder: how many hosts runners have started for it. */
  readonly hostStarts = new Map<string, number>();
  /** Commits by the key of the effect that they were made for. */
  readonly commits = new Map<string, string>();
  /** The commit of every branch. */
  readonly heads = new Map<string, string>();
  /** The sums of the records that were acknowledged, by run. */
  readonly acknowledged = new Map<string, readonly string[]>();

  copy(): Outside {
    const copy = new Outside();
    copy.version = this.version;
    copy.nowMs = this.nowMs;
    copy.#pid = this.#pid;
    copy.#nonces = this.#nonces;
    copy.#boot = this.#boot;
    for (const pid of this.#alive) copy.#alive.add(pid);
    for (const pid of this.#untold) copy.#untold.add(pid);
    for (const mark of this.#locked) copy.#locked.add(mark);
    for (const [folder, hosts] of this.hosts) {
      copy.hosts.set(
        folder,
        hosts.map((host) => ({ ...host })),
      );
    }
    for (const [folder, count] of this.starts) copy.starts.set(folder, count);
    for (const [folder, count] of this.hostStarts) copy.hostStarts.set(folder, count);
    for (const [key, commit] of this.commits) copy.commits.set(key, commit);
    for (const [branch, commit] of this.heads) copy.heads.set(branch, commit);
    for (const [runId, sums] of this.acknowledged) copy.acknowledged.set(runId, sums);
    return copy;
  }

  /** The power was cut: everything that ran is gone, and the machine has booted again. */
  cutPower(): void {
    this.#alive.clear();
    this.#boot += 1;
    this.version += 1;
  }

  /** True while a host or a worker lives. */
  get isAtWork(): boolean {
    return [...this.hosts.values()].flat().some((host) => this.#isAlive(host.identity) || this.#isAlive(host.worker));
  }

  #isAlive(identity: ProcessIdentity | null): boolean {
    return identity !== null && this.life(identity) === 'alive';
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

  isLocked(mark: string): boolean {
    return this.#locked.has(mark);
  }

  acknowledge(runId: string, sum: string): void {
    this.acknowledged.set(runId, [...(this.acknowledged.get(runId) ?? []), sum]);
  }
}
