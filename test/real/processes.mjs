/**
 * The processes of a story: those that carry its mark, and which of them are the agent's own.
 *
 * Owns: reading them from /proc, killing. Does not own: when (story.mjs).
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** Processes that carry a mark which begins so. */
export function marked(prefix) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => (read(pid, 'environ') ?? '').includes(`PAWL_TASK_MARK=${prefix}`))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Those that run something of the agent's package, its launcher first; not the tools that it has started, nor what Pawl has put around it: `worker`
 * is the process on record, in a PID namespace the outermost of three.
 */
export function agentsOwn(pids, program, worker, isNamespaced) {
  const modules = join(realpathSync(program).replace(/\/node_modules\/.*$/, ''), 'node_modules');
  const around = isNamespaced ? [worker] : [];
  while (around.length > 0 && around.length < 3) around.push(pids.find((pid) => parentOf(pid) === around.at(-1)));
  return pids
    .filter((pid) => !around.includes(pid))
    .filter((pid) => [linkOf(pid), ...(read(pid, 'cmdline') ?? '').split('\0')].some(isBelow(modules)));
}

function parentOf(pid) {
  return Number(/\) \S (\d+)/.exec(read(pid, 'stat') ?? '')?.[1]);
}

/** Kills at once; one that has ended by itself is none of ours any more. */
export function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function isBelow(folder) {
  return (path) => {
    if (path.startsWith(`${folder}/`)) return true;
    try {
      return path.startsWith('/') && realpathSync(path).startsWith(`${folder}/`);
    } catch {
      return false; // No path at all, or none that is there.
    }
  };
}

function read(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return null; // It has ended, or is not ours to read.
  }
}

function linkOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}
