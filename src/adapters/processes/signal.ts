/**
 * One signal to one process that was identified just before.
 *
 * Owns: kill(2) and the meaning of its refusals. Does not own: the identification (processes/linux, processes/posix).
 */
import { systemCode } from '../../model/error.ts';

/**
 * True when the signal was sent. False for ourselves and for pid 1 and below, for a process that is gone (ESRCH), and for one that is there
 * and may not be signalled (EPERM): the caller's next sighting shows it as a survivor.
 */
export function sendSignal(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): boolean {
  if (pid <= 1 || pid === process.pid) return false;
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (systemCode(error) === 'ESRCH' || systemCode(error) === 'EPERM') return false;
    throw error;
  }
}
