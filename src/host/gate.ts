/**
 * The files that a worker starts with, and its gate.
 *
 * Owns: opening output, prompt and the tree's lock for one start, and closing them again. Does not own: the gate (adapters/processes), when it opens
 * (host/host).
 *
 * Invariants (L3): 1. The lock is held before the spawn and, afterwards, only by the tree: whatever fails here, no descriptor stays open in this
 * process. 2. stdout, stderr and the prompt are files: nothing of the worker depends on this process.
 */
import { join } from 'node:path';
import { TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { Fd, OpenMode } from '../ports/fs.ts';
import type { GateResult } from '../ports/gate.ts';
import type { HostProcessesPort } from '../ports/processes.ts';
import type { Files } from '../store/files.ts';
import { attempt } from '../store/store-errors.ts';

/** A worker waits behind its gate, or the reason why none does. */
export async function spawnGate(
  files: Files,
  processes: HostProcessesPort,
  request: TaskRequest,
  taskFolder: string,
  env: Readonly<Record<string, string>>,
): Promise<GateResult> {
  if (files.fs.stat(request.cwd) === null) return failed(`its folder ${request.cwd} does not exist`);
  const opened: Fd[] = [];
  const open = (name: string, mode: OpenMode): Fd => {
    const path = join(taskFolder, name);
    const fd = attempt('open', path, () => files.fs.open(path, mode));
    opened.push(fd);
    return fd;
  };
  try {
    const lock = request.hasTreeLock ? open(TASK_FILES.treeLock, 'a+') : null;
    if (lock !== null && !processes.lock(lock)) return failed('the lock of its process tree could not be taken');
    const start = {
      argv: request.argv,
      cwd: request.cwd,
      env,
      isNamespaced: request.isolation === 'pidNamespace',
      stdout: open(TASK_FILES.output, 'a+'),
      stderr: open(TASK_FILES.stderr, 'a+'),
      // A file, opened for this one worker: it is read once, from its first byte, and ends.
      stdin: request.turn?.stdin === 'prompt' ? open(TASK_FILES.prompt, 'r') : null,
      lock,
    };
    return await processes.startGate(start, files.clock);
  } finally {
    for (const fd of opened) files.closeAfterFailure(fd);
  }
}

function failed(obstacle: string): GateResult {
  return { kind: 'failed', obstacle };
}
