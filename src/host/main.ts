/**
 * The worker host as a program: `main.js TASK_FOLDER REQUEST_HASH`.
 *
 * Owns: wiring the real parts, signals, the exit code. Does not own: the steps (host/host).
 */
import { restoreHead, showBase } from '../adapters/git/base-instructions.ts';
import { headOf, makeDurable, OF_A_HOST, recordTree, settingsOf } from '../adapters/git/tree.ts';
import { nodeFs } from '../adapters/node-fs.ts';
import { systemProcesses } from '../adapters/processes/system.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { PawlError } from '../model/error.ts';
import { EXIT } from '../model/error-codes.ts';
import type { AdapterTable } from '../ports/agent-adapter.ts';
import { Files } from '../store/files.ts';
import type { Worktrees } from '../worker/outcome.ts';
import { runHost } from './host.ts';

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} host ${process.pid}: ${line}\n`);
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      log(`${signal}: ending the worker`);
      resolve();
    });
  }
});

const [taskFolder, requestHash] = process.argv.slice(2);
if (taskFolder === undefined || requestHash === undefined) {
  log('usage: main.js TASK_FOLDER REQUEST_HASH');
  process.exitCode = EXIT.usage;
} else {
  try {
    const files = new Files(nodeFs, systemClock);
    const worktrees: Worktrees = {
      recordTree: (worktree, place) => recordTree(worktree, OF_A_HOST, place),
      headOf: (worktree, place) => headOf(worktree, OF_A_HOST, place),
      settingsOf: (worktree, place) => settingsOf(worktree, OF_A_HOST, place),
      makeDurable,
      showBase: (judged) => showBase(judged),
      restoreHead: (judged) => restoreHead(judged),
    };
    // Most tasks of a run are not turns: their hosts start without the adapters.
    const adapterOf: AdapterTable = async (kind) => (await import('../adapters/agents/adapters.ts')).adapterOf(kind);
    const parts = { files, processes: systemProcesses(), worktrees, adapterOf, env: process.env, stopped, log };
    process.exitCode = await runHost(parts, { taskFolder, requestHash });
  } catch (error) {
    // Whatever was started stays recorded: if the gate was not opened, nothing runs; if it was, a runner adopts the worker.
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = error instanceof PawlError ? EXIT.refused : EXIT.bug;
  }
}
// Nothing may keep this process alive: a gate that was not opened ends when it dies.
process.exit();
