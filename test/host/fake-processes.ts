/**
 * A process table and a clock under a test's control.
 *
 * Owns: processes that answer signals as told, time that moves only when somebody waits. Does not own: what is tested.
 */
import type { Life, ProcessIdentity } from '../../src/base/process-identity.ts';
import type { ClockPort } from '../../src/ports/clock.ts';
import type { ProcessesPort, ProcessWork, TreeHandle, TreeSighting } from '../../src/ports/processes.ts';

/** Any handle: the fake table has one tree. */
export const HANDLE: TreeHandle = { mark: 'm', lockFile: null, worker: null, isNamespaced: false };

/** The identity of the fake process with that pid. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: `${pid}`, bootId: 'b', pidNamespace: 'n', hostname: 'h', machineId: 'm' };
}

/** Timers fire in order as soon as the running code waits; time jumps to each. */
export class FakeClock implements ClockPort {
  #nowMs = 1_000;

  nowMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  timer(delayMs: number, fire: () => void): () => void {
    let isOff = false;
    queueMicrotask(() => {
      if (isOff) return;
      this.#nowMs += Math.max(1, delayMs);
      fire();
    });
    return () => {
      isOff = true;
    };
  }
  nonce(): string {
    return 'f'.repeat(32);
  }
}

/** One process of the fake table. */
export interface FakeProcess {
  readonly pid: number;
  /** Signals that end it. */
  readonly diesOf: readonly string[];
  /** False once no sighting shows it any more, although it lives. */
  isSeen?: boolean;
  life?: Life;
  /** What it has used of the processors. */
  cpuMs?: number;
}

/** A process table whose processes die of the signals that they are said to die of. */
export class FakeProcesses implements ProcessesPort {
  readonly signals: string[] = [];
  readonly #table: FakeProcess[];
  unknown: number[] = [];
  isLocked: boolean | null = false;
  /** Called with every signal, after it took effect. */
  onSignal: (pid: number, signal: string) => void = () => undefined;

  constructor(table: FakeProcess[]) {
    this.#table = table;
  }

  add(process: FakeProcess): void {
    this.#table.push(process);
  }
  self(): ProcessIdentity {
    return identityOf(1);
  }
  life(identity: ProcessIdentity): Life {
    return this.#table.find(({ pid }) => pid === identity.pid)?.life ?? 'alive';
  }
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): boolean {
    const found = this.#table.find(({ pid }) => pid === identity.pid);
    if (found === undefined || this.life(identity) !== 'alive') return false;
    this.signals.push(`${signal} ${identity.pid}`);
    if (found.diesOf.includes(signal)) found.life = 'dead';
    this.onSignal(identity.pid, signal);
    return true;
  }
  tree(): TreeSighting {
    const seen = this.#table.filter((process) => process.isSeen !== false && (process.life ?? 'alive') === 'alive');
    return { members: seen.map(({ pid }) => identityOf(pid)), unknown: this.unknown, isLocked: this.isLocked };
  }
  work(): readonly ProcessWork[] {
    return this.#table
      .filter((process) => process.isSeen !== false && (process.life ?? 'alive') === 'alive')
      .map(({ pid, cpuMs = 0 }) => ({ process: identityOf(pid), cpuMs }));
  }
  startHost(): null {
    return null;
  }
}
