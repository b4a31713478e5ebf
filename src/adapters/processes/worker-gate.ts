/**
 * The gate of a worker: a shell that waits for one line on a pipe and then becomes the worker.
 *
 * Owns: that spawn in two phases (design 6), the PID namespace, the lock that a tree inherits. Does not own: the files of the worker
 * (host/gate), when the gate opens (host/host).
 *
 * Invariants (L3): 1. The worker's command is executed only after `open`; if this process dies before, the gate ends by itself.
 * 2. stdout and stderr are files given to the worker: it outlives this process without a broken pipe.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { Duplex } from 'node:stream';
import { systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { TASK_FILES } from '../../model/request.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { Fd } from '../../ports/fs.ts';
import type { GatedWorker, GateResult, GateStart, WorkerExit } from '../../ports/gate.ts';

/** The descriptor under which a worker's tree inherits its lock. */
export const TREE_LOCK_DESCRIPTOR = 200;

const ADMISSION = `echo ready >&3 && IFS= read -r line <&3 && [ "$line" = go ] || exit 125; exec 3<&-;`;
const SHELL = ['sh', '-c'];
/** The shell becomes the worker and keeps its pid. */
const GATE = [...SHELL, `${ADMISSION} exec "$@"`, 'gate'];
/**
 * Inside a PID namespace the shell stays as process 1, so that the worker gets signals as usual and orphans are reaped. What it says of the worker's
 * end (`Killed`) is none of the worker's words: it goes nowhere, while the worker keeps its stderr.
 */
const NAMESPACE = [
  'unshare',
  '--user',
  '--map-current-user',
  '--pid',
  '--fork',
  '--kill-child=SIGKILL',
  '--mount-proc',
];
const NAMESPACED_GATE = [
  ...NAMESPACE,
  '--',
  ...SHELL,
  `${ADMISSION} exec 4>&2 2>/dev/null; (exec "$@" 2>&4 4>&-); exit $?`,
  'gate',
];

/** A worker waits behind its gate, or the reason why none does. Bounded by BOUNDS.hostStartMs. */
export async function startGate(start: GateStart, clock: ClockPort): Promise<GateResult> {
  const [command = 'sh', ...fixed] = start.isNamespaced ? NAMESPACED_GATE : GATE;
  const inherited = new Array<'ignore' | 'pipe' | number>(start.lock === null ? 4 : TREE_LOCK_DESCRIPTOR + 1);
  inherited.fill('ignore');
  if (start.stdin !== null) inherited[0] = start.stdin;
  inherited[1] = start.stdout;
  inherited[2] = start.stderr;
  inherited[3] = 'pipe';
  if (start.lock !== null) inherited[TREE_LOCK_DESCRIPTOR] = start.lock;
  const { cwd, env } = start;
  try {
    const child = spawn(command, [...fixed, ...start.argv], { cwd, env, detached: true, stdio: inherited });
    return await awaitReady(child, clock);
  } catch (error) {
    // Some refusals are thrown and not told as an event: too long an argument list, no memory.
    const code = systemCode(error);
    if (code === undefined) throw error;
    return { kind: 'failed', obstacle: `it could not be spawned: ${code}` };
  }
}

/** The lock of the open file belongs to whoever holds its descriptor; false when another holds it, or it cannot be taken here. */
export function lockDescriptor(fd: Fd): boolean {
  // The lock belongs to the open file: it stays when the helper that took it has exited.
  const waitS = String(BOUNDS.treeLockMs / 1_000);
  return spawnSync('flock', ['-w', waitS, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status === 0;
}

function awaitReady(child: ChildProcess, clock: ClockPort): Promise<GateResult> {
  const exited = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return new Promise((resolve) => {
    const fail = (obstacle: string): void => resolve({ kind: 'failed', obstacle });
    child.once('error', (error) => fail(`it could not be spawned: ${error.message}`));
    const { pid } = child;
    // Without descriptors left there is no stdio either; the error event says why.
    if (pid === undefined) return;
    const pipe = child.stdio[3];
    if (!(pipe instanceof Duplex)) throw new Error('bug: the gate has no pipe');
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
