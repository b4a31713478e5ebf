/**
 * Real processes for a test, each ended with it.
 *
 * Owns: starting, waiting for their first word, ending by the handle they were started with. Does not own: what is tested.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { systemCode } from '../../src/model/error.ts';

const started = new Set<ChildProcess>();

/** A process that says a line when it is ready; returns that line and its pid. */
export async function start(
  argv: readonly string[],
  env: Record<string, string> = {},
  extra: readonly number[] = [],
): Promise<{ child: ChildProcess; pid: number; said: string }> {
  const [command = 'false', ...args] = argv;
  const stdio: ('ignore' | 'pipe' | number)[] = new Array(extra.length > 0 ? 201 : 3).fill('ignore');
  stdio[1] = 'pipe';
  if (extra[0] !== undefined) stdio[200] = extra[0];
  const child = spawn(command, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio, detached: true });
  started.add(child);
  const said = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${argv.join(' ')} exited with ${code} before it was ready`)));
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim()));
  });
  if (child.pid === undefined) throw new Error('no pid');
  return { child, pid: child.pid, said };
}

/** Returns when the process is dead and reaped. */
export async function end(child: ChildProcess): Promise<void> {
  started.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Ends everything that a test has started, with all in its process group. */
export async function endAll(): Promise<void> {
  for (const child of [...started]) {
    const { pid } = child;
    await end(child);
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // The group is empty already.
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  }
}
