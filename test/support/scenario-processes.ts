/**
 * Processes that a scenario has left: found by its folder in their environment or command line, ended one by one by their pids.
 *
 * Owns: finding and ending them, on systems with /proc. Does not own: ending workers in order (that is what is tested).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { systemCode } from '../../src/model/error.ts';

/** Pids of living processes that carry `text` in their environment or command line, our own excluded. */
export function pidsOf(text: string): number[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter(
      (pid) => pid !== process.pid && isAlive(pid) && (holds(pid, 'cmdline', text) || holds(pid, 'environ', text)),
    );
}

/** True when a process of that pid runs and is no zombie. */
export function isAlive(pid: number): boolean {
  const stat = readOf(pid, 'stat');
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** Nothing that carries `text` lives any more. */
export async function endAllOf(text: string): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const pids = pidsOf(text);
    if (pids.length === 0) return;
    for (const pid of pids) endOne(pid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Nothing of that pid runs any more. */
export function endOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function holds(pid: number, file: string, text: string): boolean {
  return readOf(pid, file).includes(text);
}

/** Empty for a process that has gone or is not ours to read. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return '';
    throw error;
  }
}
