/**
 * Starts a worker host: detached, in a session of its own, with nothing of the runner's but its environment.
 *
 * Owns: the spawn. Does not own: what the host does (host), when one is due (engine).
 *
 * Invariant: the runner keeps no handle: all that it learns of a host it reads from the registers.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../model/error.ts';
import type { HostStart } from '../../ports/processes.ts';

/** The file in a task's folder that takes what its hosts have to say to people. */
const HOST_LOG = 'host.log';

/**
 * Starts the host program and returns its pid, null when the system could not start it (said in host.log). `launcher`: a command that executes the
 * one behind it under its own pid.
 */
export function spawnHost(hostMain: string, start: HostStart, launcher: readonly string[] = []): number | null {
  const log = join(start.taskFolder, HOST_LOG);
  const stderr = openLog(log);
  const [program = '', ...args] = [...launcher, process.execPath, hostMain, start.taskFolder, start.requestHash];
  try {
    const host = spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', stderr ?? 'ignore'],
    });
    host.on('error', (error) => note(log, `the worker host could not be started: ${error.message}\n`));
    host.unref();
    return host.pid ?? null;
  } finally {
    if (stderr !== null) closeSync(stderr);
  }
}

/** Null when the system refuses: a host is not kept from its work by what is for people. */
function openLog(path: string): number | null {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return null;
  }
}

function note(log: string, text: string): void {
  try {
    appendFileSync(log, text);
  } catch (error) {
    // Only people read it: the runner sees by itself that there is no host.
    if (systemCode(error) === undefined) throw error;
  }
}
