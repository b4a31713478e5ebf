/**
 * A task's folder on a machine in memory, for one real worker host and the simulated worker behind its gate.
 *
 * Owns: the ports that the host works with, what its worker does, what is left when the host is gone. Does not own: the machine
 * (memory/memory-machine), the host (host/host), which of its operations fail (prove/host-faults).
 *
 * Invariants: 1. Time passes only when nothing else is to be done: no wait takes time here, and one without a bound is seen. 2. The lock of the
 * tree is held as the kernel holds it: by whoever has its descriptor open, the host included.
 */
import { adapterOf } from '../../adapters/agents/adapters.ts';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import type { HostParts, HostTask } from '../../host/host.ts';
import { TASK_FILES, type TaskRequest } from '../../model/request.ts';
import type { Fd, FsPort, OpenMode } from '../../ports/fs.ts';
import type { GatedWorker, GateStart, WorkerExit } from '../../ports/gate.ts';
import type { HostProcessesPort } from '../../ports/processes.ts';
import { Files } from '../../store/files.ts';
import { encode, encodeRequest } from '../../turn/task-files.ts';
import { MemoryClock } from '../memory/memory-clock.ts';
import { MemoryFs } from '../memory/memory-fs.ts';
import { MemoryMachine } from '../memory/memory-machine.ts';
import { writeAtOnce } from '../memory/other-process.ts';

/** Where the task lies. */
export const TASK_FOLDER = '/task';
/** Where its worker works. */
export const WORKTREE = '/worktree';

/** What the worker writes, and when it ends by itself. */
export interface Worker {
  readonly output: string;
  /** Null: it leaves none, and stays until it is ended. */
  readonly answer: string | null;
}

/** Macrotasks that a host may take: what takes more has no end. */
const TURNS_MAX = 20_000;
const STEP_MS = 50;

/** Time that passes at once: up to whatever is due next, and what is due fires alone. */
class EagerClock extends MemoryClock {
  readonly #machine: MemoryMachine;
  #turns = 0;
  #isPumping = false;
  /** Called when there is no end to what happens. */
  onEndless: () => void = () => undefined;

  constructor(machine: MemoryMachine) {
    super(machine, 0);
    this.#machine = machine;
  }

  override timer(delayMs: number, fire: () => void): () => void {
    const callOff = super.timer(delayMs, fire);
    this.#pump();
    return callOff;
  }
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#turns += 1;
      if (this.#turns > TURNS_MAX) return this.onEndless();
      const [next] = [...this.due(Number.POSITIVE_INFINITY)].sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) return;
      this.#machine.nowMs = Math.max(this.#machine.nowMs, next.dueMs);
      this.fire([next]);
      this.#pump();
    });
  }
}

/** A disk that knows which descriptors are open. */
class HostDisk extends MemoryFs {
  readonly openFds = new Set<Fd>();

  override open(path: string, mode: OpenMode): Fd {
    const fd = super.open(path, mode);
    this.openFds.add(fd);
    return fd;
  }
  override close(fd: Fd): void {
    super.close(fd);
    this.openFds.delete(fd);
  }
}

interface SimWorker {
  readonly identity: ProcessIdentity;
  readonly hasLock: boolean;
  hasRun: boolean;
  exit(exit: WorkerExit): void;
}

/** One task, and every host that was started for it. */
export class HostSite {
  readonly disk = new HostDisk();
  readonly #machine = new MemoryMachine({ disk: this.disk });
  readonly clock = new EagerClock(this.#machine);
  readonly request: TaskRequest;
  readonly task: HostTask;
  readonly logs: string[] = [];
  /** Asked before every call of a host that is not a file operation, by its name; it may throw. */
  onPort: ((call: string) => void) | null = null;
  readonly #worker: Worker;
  readonly #workers: SimWorker[] = [];
  #lock: Fd | null = null;

  constructor(request: TaskRequest, worker: Worker) {
    this.request = request;
    this.#worker = worker;
    const bytes = encodeRequest(request);
    for (const folder of [TASK_FOLDER, WORKTREE]) this.disk.makeFolder(folder);
    writeAtOnce(this.disk, `${TASK_FOLDER}/${TASK_FILES.request}`, bytes);
    this.task = { taskFolder: TASK_FOLDER, requestHash: sha256(bytes) };
  }

  /** The world of a new host, which reaches the disk through `fs`. */
  parts(fs: FsPort): HostParts & { readonly self: ProcessIdentity } {
    const self = this.#machine.begin();
    return {
      self,
      files: new Files(fs, this.clock),
      processes: this.#asked(this.processes(self)),
      worktrees: this.#asked({
        headOf: async () => null,
        recordTree: async () => ({ head: null, tree: null, reason: null }),
        makeDurable: async () => undefined,
        showBase: async () => null,
        restoreHead: async () => null,
        settingsOf: async () => null,
      }),
      env: {},
      stopped: new Promise(() => undefined),
      log: (line) => void this.logs.push(line),
      adapterOf: async (kind) => {
        this.onPort?.('adapterOf');
        return adapterOf(kind);
      },
    };
  }

  /** The port, each call of it told before it is made. */
  #asked<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const call: unknown = Reflect.get(target, name);
        if (typeof call !== 'function') return call;
        return (...args: unknown[]): unknown => {
          this.onPort?.(String(name));
          return Reflect.apply(call, target, args);
        };
      },
    });
  }

  /** What the last host that ended had still open. */
  openAtEnd: readonly Fd[] = [];

  /** The host's process is gone, and with it what it had open. */
  bury(host: ProcessIdentity): void {
    this.#machine.end(host);
    this.openAtEnd = [...this.disk.openFds];
    this.disk.openFds.clear();
  }

  /** How many workers have passed the gate. */
  get starts(): number {
    return this.#workers.filter(({ hasRun }) => hasRun).length;
  }

  get isWorkerAlive(): boolean {
    return this.#working.length > 0;
  }

  /** The workers that live. */
  get #working(): readonly SimWorker[] {
    return this.#workers.filter(({ identity }) => this.#machine.life(identity) === 'alive');
  }

  processes(self: ProcessIdentity): HostProcessesPort {
    return {
      ...this.#machine.processes(self),
      identify: (pid) => this.#working.find(({ identity }) => identity.pid === pid)?.identity ?? null,
      signal: ({ pid }, signal) => {
        const worker = this.#working.find(({ identity }) => identity.pid === pid);
        if (worker === undefined || signal === 'SIGCONT') return false;
        worker.exit({ code: null, signal });
        return true;
      },
      tree: () => ({
        members: this.#working.map(({ identity }) => identity),
        unknown: [],
        isLocked: this.#isLocked,
      }),
      lock: (fd) => {
        if (this.#isLocked) return false;
        this.#lock = fd;
        return true;
      },
      startGate: async (start) => ({ kind: 'waiting', worker: this.#gate(start) }),
    };
  }

  get #isLocked(): boolean {
    const isOpen = this.#lock !== null && this.disk.openFds.has(this.#lock);
    return isOpen || this.#working.some(({ hasLock }) => hasLock);
  }

  #gate({ stdout, stderr, stdin, lock }: GateStart): GatedWorker {
    for (const fd of [stdout, stderr, stdin, lock]) {
      if (fd !== null && !this.disk.openFds.has(fd))
        throw new Error(`bug: the worker is given ${fd}, which is not open`);
    }
    const identity = this.#machine.begin();
    let told: (exit: WorkerExit) => void = () => undefined;
    const exited = new Promise<WorkerExit>((resolve) => {
      told = resolve;
    });
    const worker: SimWorker = {
      identity,
      hasLock: lock !== null && lock === this.#lock,
      hasRun: false,
      exit: (exit) => {
        this.#machine.end(identity);
        told(exit);
      },
    };
    this.#workers.push(worker);
    return {
      pid: identity.pid,
      exited,
      open: () => {
        worker.hasRun = true;
        this.#work(worker);
      },
      abandon: () => worker.exit({ code: 125, signal: null }),
    };
  }

  /** The worker's own way to the disk does not fail. */
  #work(worker: SimWorker): void {
    const { output, answer } = this.#worker;
    const later = (n: number, body: () => void): void => {
      this.clock.timer(n * STEP_MS, () => {
        if (this.#working.includes(worker)) body();
      });
    };
    later(1, () => this.#append(`${TASK_FOLDER}/${TASK_FILES.output}`, new TextEncoder().encode(output)));
    if (answer === null) return;
    later(2, () => this.#append(this.request.completionFile, encode(JSON.parse(answer))));
    later(3, () => worker.exit({ code: 0, signal: null }));
  }

  #append(path: string, bytes: Uint8Array): void {
    const fd = this.disk.open(path, 'a+');
    this.disk.write(fd, bytes, null);
    this.disk.close(fd);
  }
}
