/**
 * A worker behind its gate: spawned, identified, and not yet allowed to run.
 *
 * Owns: the spawn in two phases (design 5.3), the tree's lock, the PID namespace. Does not own: when the gate opens (host/host).
 *
 * Invariants (L3): 1. The worker's command is executed only after `open`; if this process dies before, the gate ends by itself.
 * 2. stdout and stderr are files given to the worker: it outlives this process without a broken pipe. 3. The lock is held before the spawn and,
 * afterwards, only by the tree.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { WorkerExit } from '../core/conclusion.ts';
import { BOUNDS } from '../model/limits.ts';
import { TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { ClockPort } from '../ports/clock.ts';

/** The descriptor under which the tree inherits its lock (processes/linux looks for it there). */
const LOCK_DESCRIPTOR = 200;
const LOCK_WAIT_S = 5;

const ADMISSION = `echo ready >&3 && IFS= read -r line <&3 && [ "$line" = go ] || exit 125; exec 3<&-;`;
const SHELL = ['sh', '-c'];
/** The shell becomes the worker and keeps its pid. */
const GATE = [...SHELL, `${ADMISSION} exec "$@"`, 'gate'];
/** Inside a PID namespace the shell stays as process 1, so that the worker gets signals as usual and orphans are reaped. */
const NAMESPACE = [
  'unshare',
  '--user',
  '--map-current-user',
  '--pid',
  '--fork',
  '--kill-child=SIGKILL',
  '--mount-proc',
];
const NAMESPACED_GATE = [...NAMESPACE, '--', ...SHELL, `${ADMISSION} "$@"; exit $?`, 'gate'];

/** A worker that waits behind its gate. */
export interface GatedWorker {
  readonly pid: number;
  /** Kept when the process has exited, never broken. */
  readonly exited: Promise<WorkerExit>;
  /** Lets the worker run. */
  open(): void;
  /** The gate ends without running the worker, unless it was opened before. */
  abandon(): void;
}

/** What setting up a gate came to. */
export type GateResult =
  | { readonly kind: 'waiting'; readonly worker: GatedWorker }
  /** Nothing was executed and nothing can be. */
  | { readonly kind: 'failed'; readonly obstacle: string };

/** A worker waits behind its gate, or the reason why none does. */
export async function spawnGate(
  request: TaskRequest,
  taskFolder: string,
  env: Readonly<Record<string, string>>,
  clock: ClockPort,
): Promise<GateResult> {
  const lock = request.hasTreeLock ? takeTreeLock(join(taskFolder, TASK_FILES.treeLock)) : null;
  if (lock === 'refused') return { kind: 'failed', obstacle: 'the lock of its process tree could not be taken' };
  const output = openSync(join(taskFolder, TASK_FILES.output), 'a', 0o600);
  const stderr = openSync(join(taskFolder, TASK_FILES.stderr), 'a', 0o600);
  // A file, opened for this one worker: it is read once, from its first byte, and ends.
  const prompt = request.turn?.stdin === 'prompt' ? openSync(join(taskFolder, TASK_FILES.prompt), 'r') : null;
  try {
    const [command = 'sh', ...fixed] = request.isolation === 'pidNamespace' ? NAMESPACED_GATE : GATE;
    const inherited = new Array<'ignore' | 'pipe' | number>(lock === null ? 4 : LOCK_DESCRIPTOR + 1).fill('ignore');
    if (prompt !== null) inherited[0] = prompt;
    inherited[1] = output;
    inherited[2] = stderr;
    inherited[3] = 'pipe';
    if (lock !== null) inherited[LOCK_DESCRIPTOR] = lock;
    const child = spawn(command, [...fixed, ...request.argv], {
      cwd: request.cwd,
      env,
      detached: true,
      stdio: inherited,
    });
    return await awaitReady(child, clock);
  } finally {
    for (const fd of [output, stderr, prompt]) if (fd !== null) closeSync(fd);
    if (lock !== null) closeSync(lock);
  }
}

/** The lock belongs to the open file: it stays when the helper that took it has exited. */
function takeTreeLock(path: string): number | 'refused' {
  const fd = openSync(path, 'a', 0o600);
  const taken = spawnSync('flock', ['-w', String(LOCK_WAIT_S), '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  if (taken.status === 0) return fd;
  closeSync(fd);
  return 'refused';
}

function awaitReady(child: ChildProcess, clock: ClockPort): Promise<GateResult> {
  const exited = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return new Promise((resolve) => {
    const fail = (obstacle: string): void => resolve({ kind: 'failed', obstacle });
    child.once('error', (error) => fail(`it could not be spawned: ${error.message}`));
    const { pid } = child;
    const pipe = child.stdio[3];
    if (pid === undefined || !(pipe instanceof Duplex)) return;
    // The pipe breaks when the gate is gone; its exit tells more.
    pipe.on('error', () => pipe.destroy());
    const callOff = clock.timer(BOUNDS.hostStartMs, () => {
      pipe.destroy();
      child.kill('SIGKILL');
      fail(`its gate was not ready within ${BOUNDS.hostStartMs} ms`);
    });
    void exited.then(({ code, signal }) => {
      callOff();
      fail(`its gate ended at once (${signal ?? `exit ${code}`}), see ${TASK_FILES.stderr}`);
    });
    pipe.once('data', () => {
      callOff();
      pipe.resume();
      const worker: GatedWorker = {
        pid,
        exited,
        open: () => void pipe.end('go\n'),
        abandon: () => void pipe.destroy(),
      };
      resolve({ kind: 'waiting', worker });
    });
  });
}
