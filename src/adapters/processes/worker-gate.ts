/**
 * The gate of a worker: a shell that waits for one line on a pipe and then becomes the worker.
 *
 * Owns: that spawn in two phases (design 6), the PID namespace, the lock that a tree inherits. Does not own: the files of the worker
 * (host/gate), when the gate opens (host/host), how a worker inside a namespace ended (processes/namespaced-exit).
 *
 * Invariants (L3): 1. The worker's command is executed only after `open`; if this process dies before, the gate ends by itself.
 * 2. stdout and stderr are files given to the worker: it outlives this process without a broken pipe. 3. What the gate says once the worker may run is none of
 * the worker's words, and its exit is the worker's: with and without a namespace alike.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { Duplex, Readable } from 'node:stream';
import { systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { TASK_FILES } from '../../model/request.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { Fd } from '../../ports/fs.ts';
import type { GatedWorker, GateResult, GateStart, WorkerExit } from '../../ports/gate.ts';
import { PID_NAMESPACE } from './abilities.ts';
import { namespacedExit, underWaiter, WORKER_STDERR_DESCRIPTOR } from './namespaced-exit.ts';

/** The descriptor under which a worker's tree inherits its lock. */
export const TREE_LOCK_DESCRIPTOR = 200;

const ADMISSION = `echo ready >&3 && IFS= read -r line <&3 && [ "$line" = go ] || exit 125;`;
const SHELL = ['sh', '-c'];
/** The shell becomes the worker and keeps its pid. */
const GATE = [...SHELL, `${ADMISSION} exec 3<&-; exec "$@"`, 'gate'];
/**
 * Inside a PID namespace the shell stays as process 1, so that the worker gets signals as usual and orphans are reaped. Its own stderr is a pipe to us until
 * it is ready, then nowhere; the worker's lies at descriptor 4, and how the worker ended is told on the gate's pipe.
 */
const NAMESPACED_GATE = [...PID_NAMESPACE, '--', ...SHELL, `${ADMISSION} exec 2>/dev/null; "$@"; exit $?`, 'gate'];
const WORDS_CHARS = 500;

/** A worker waits behind its gate, or the reason why none does. Bounded by BOUNDS.hostStartMs. */
export async function startGate(start: GateStart, clock: ClockPort): Promise<GateResult> {
  const { isNamespaced, cwd } = start;
  const inherited = new Array<'ignore' | 'pipe' | number>(start.lock === null ? 5 : TREE_LOCK_DESCRIPTOR + 1);
  inherited.fill('ignore');
  if (start.stdin !== null) inherited[0] = start.stdin;
  inherited[1] = start.stdout;
  inherited[2] = isNamespaced ? 'pipe' : start.stderr;
  inherited[3] = 'pipe';
  if (isNamespaced) inherited[WORKER_STDERR_DESCRIPTOR] = start.stderr;
  if (start.lock !== null) inherited[TREE_LOCK_DESCRIPTOR] = start.lock;
  const { argv, env } = isNamespaced ? underWaiter(start.argv, start.env) : start;
  const [command = 'sh', ...fixed] = isNamespaced ? NAMESPACED_GATE : GATE;
  try {
    const child = spawn(command, [...fixed, ...argv], { cwd, env, detached: true, stdio: inherited });
    return await awaitReady(child, isNamespaced, clock);
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

function awaitReady(child: ChildProcess, isNamespaced: boolean, clock: ClockPort): Promise<GateResult> {
  const ended = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const words = wordsOf(child);
  return new Promise((resolve) => {
    const fail = (obstacle: string): void => resolve({ kind: 'failed', obstacle });
    child.once('error', (error) => fail(`it could not be spawned: ${error.message}`));
    const { pid } = child;
    // Without descriptors left there is no stdio either; the error event says why.
    if (pid === undefined) return;
    const pipe = child.stdio[3];
    if (!(pipe instanceof Duplex)) throw new Error('bug: the gate has no pipe');
    const told = toldOn(pipe);
    const callOff = clock.timer(BOUNDS.hostStartMs, () => {
      pipe.destroy();
      child.kill('SIGKILL');
      fail(`its gate was not ready within ${BOUNDS.hostStartMs} ms`);
    });
    void ended.then(async ({ code, signal }) => {
      callOff();
      const said = await soon(words, clock);
      fail(
        `its gate ended at once (${signal ?? `exit ${code}`})${said === '' ? `, see ${TASK_FILES.stderr}` : `: ${said}`}`,
      );
    });
    pipe.once('data', () => {
      callOff();
      let isOpen = false;
      const exited = ended.then(async (exit) =>
        isNamespaced && isOpen ? namespacedExit(exit, await soon(told, clock)) : exit,
      );
      const worker: GatedWorker = {
        pid,
        exited,
        open: () => {
          isOpen = true;
          pipe.end('go\n');
        },
        abandon: () => void pipe.destroy(),
      };
      resolve({ kind: 'waiting', worker });
    });
  });
}

/** All that comes on the gate's pipe until it closes, which it does when nothing of the gate is left; never broken. */
function toldOn(pipe: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let told = '';
    pipe.on('data', (chunk) => {
      if (told.length < WORDS_CHARS) told += String(chunk);
    });
    // The pipe breaks when the gate is gone; its exit tells more.
    pipe.on('error', () => pipe.destroy());
    pipe.once('close', () => resolve(told));
  });
}

/** What the gate says on a stderr of its own, in one line; empty where it has none. */
function wordsOf(child: ChildProcess): Promise<string> {
  const { stderr } = child;
  if (!(stderr instanceof Readable)) return Promise.resolve('');
  return new Promise((resolve) => {
    let words = '';
    stderr.on('data', (chunk) => {
      if (words.length < WORDS_CHARS) words += String(chunk);
    });
    stderr.on('error', () => stderr.destroy());
    stderr.once('close', () => resolve(words.trim().replaceAll('\n', '; ').slice(0, WORDS_CHARS)));
  });
}

/** What was said, or nothing where something that outlives the gate keeps its pipe open. */
function soon(said: Promise<string>, clock: ClockPort): Promise<string> {
  return new Promise((resolve) => {
    const callOff = clock.timer(BOUNDS.killMs, () => resolve(''));
    void said.then((text) => {
      callOff();
      resolve(text);
    });
  });
}
