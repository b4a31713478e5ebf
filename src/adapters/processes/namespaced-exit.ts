/**
 * How a worker inside a PID namespace ended: a small process between it and the shell that is process 1 sees its true wait status, and tells it.
 *
 * Owns: that process, and reading what it tells. Does not own: the gate around it (processes/worker-gate).
 *
 * Invariants: 1. A signal is told as a signal and an exit code as an exit code: a shell says 137 to both, and process 1 cannot end itself by a signal.
 * 2. The waiter outlives the signals that its worker is sent: its end would take the worker along. 3. The worker inherits nothing of it but what it was given.
 */
import type { WorkerExit } from '../../ports/gate.ts';

/** The descriptor at which the worker's stderr lies until it starts: whoever stands before it has another one. */
export const WORKER_STDERR_DESCRIPTOR = 4;

const STATUS = /^status (?:code (\d+)|signal (SIG\w+))$/m;

/** A worker that cannot be executed is told by a shell's words, as where the shell becomes the worker. */
const WAITER = `
const { spawn } = require('node:child_process');
const { writeSync } = require('node:fs');
const { signals } = require('node:os').constants;
for (const name of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM']) process.on(name, () => {});
const say = (fd, text) => { try { writeSync(fd, text + '\\n'); } catch {} };
const end = (code, signal) => {
  say(3, signal === null ? 'status code ' + code : 'status signal ' + signal);
  process.exit(signal === null ? code : 128 + signals[signal]);
};
const child = spawn('sh', ['-c', 'exec 3<&- 4<&-; exec "$@"', 'gate', ...process.argv.slice(1)], { stdio: [0, 1, 4] });
child.once('error', (error) => { say(4, 'gate: ' + error.message); end(126, null); });
child.once('exit', end);
`;

type Variables = Readonly<Record<string, string>>;

/** The worker's command line behind its waiter, and the variables for both. */
export function underWaiter(
  argv: readonly string[],
  { NODE_OPTIONS, ...env }: Variables,
): { readonly argv: readonly string[]; readonly env: Variables } {
  // What the worker's Node is to do is not meant for the waiter.
  const own = NODE_OPTIONS === undefined ? [] : ['env', `NODE_OPTIONS=${NODE_OPTIONS}`];
  return { argv: [process.execPath, '-e', WAITER, '--', ...own, ...argv], env };
}

/** How the worker ended, from how its gate did and what was told on the gate's pipe. */
export function namespacedExit(gate: WorkerExit, told: string): WorkerExit {
  const [line, code, signal] = STATUS.exec(told) ?? [];
  if (line !== undefined) return { code: code === undefined ? null : Number(code), signal: signal ?? null };
  // Nobody could be executed to wait for it, or the namespace was killed as a whole.
  if (gate.signal !== null || gate.code === 126 || gate.code === 127) return gate;
  return { code: null, signal: 'SIGKILL' };
}
