/**
 * A command of the operator's that is called with a notice.
 *
 * Owns: starting it, its bound, what it is given. Does not own: the notice (run/notice), when it is called (engine/notices).
 *
 * Invariants: 1. No shell. 2. It ends within its bound, killed with its group. 3. What it prints goes nowhere. 4. However it fails, the
 * failure is a value: no run depends on it.
 */
import { spawn } from 'node:child_process';
import { systemCode } from '../../model/error.ts';
import type { Notice, NotifierPort } from '../../ports/notifier.ts';
import { noticeVariables } from '../../run/notice.ts';

/** A notifier that calls `argv` in the folder `cwd`, each time for `boundMs` at most. */
export function commandNotifier(argv: readonly [string, ...string[]], cwd: string, boundMs: number): NotifierPort {
  return { tell: (notice) => call(argv, cwd, boundMs, notice) };
}

function call(
  [program, ...args]: readonly [string, ...string[]],
  cwd: string,
  boundMs: number,
  notice: Notice,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...noticeVariables(notice) },
      stdio: ['pipe', 'ignore', 'ignore'],
      // In a group of its own: an interrupt typed at the terminal is for Pawl, and all of it can be ended.
      detached: true,
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      killGroup(child.pid);
    }, boundMs);
    const end = (why: string | null): void => {
      clearTimeout(timer);
      child.stdin.destroy();
      resolve(why);
    };
    child.on('error', (error) => end(`it could not be started: ${systemCode(error) ?? error.message}`));
    child.on('exit', (code, signal) => {
      if (isLate) end(`it timed out after ${boundMs / 1_000} s`);
      else end(code === 0 ? null : code === null ? `it was ended by ${signal}` : `it ended with exit ${code}`);
    });
    // It need not read what it is given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(notice)}\n`);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has ended this instant.
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}
