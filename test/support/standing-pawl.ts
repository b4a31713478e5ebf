/**
 * Calls of the built command line that need no process of their own: answered one after another by one that has loaded it once.
 *
 * Owns: that process, its calls. Does not own: the program in it (standing-pawl.mjs), calls that are killed, watched or stopped (pawl-cli).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { CLI, type CliEnd } from './pawl-cli.ts';

const PROGRAM = new URL('./standing-pawl.mjs', import.meta.url);
const CALL_MS = 300_000;

/** One call, as the process is told of it. */
interface Call {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly args: readonly string[];
}

let standing: ChildProcess | null = null;
let calls = 0;

/** Calls pawl with `args` in `cwd`, under `env` and nothing else, and returns how it ended. */
export function callStanding(call: Call): Promise<CliEnd> {
  standing ??= start();
  const child = standing;
  calls += 1;
  const id = calls;
  return new Promise((done, fail) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), CALL_MS);
    const settle = (): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
    };
    const onMessage = (end: CliEnd & { readonly id: number }): void => {
      if (end.id !== id) return;
      settle();
      done({ code: end.code, signal: null, stdout: end.stdout, stderr: end.stderr });
    };
    const onExit = (): void => {
      settle();
      fail(new Error(`pawl ${call.args.join(' ')} did not end within ${CALL_MS} ms, or took its process with it`));
    };
    child.on('message', onMessage).on('exit', onExit);
    child.send({ id, ...call });
  });
}

function start(): ChildProcess {
  // No folder that a test removes is where it begins, and nothing of this process's own options goes with it.
  const child = fork(PROGRAM, [CLI], { cwd: tmpdir(), execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.setMaxListeners(0);
  child.once('exit', () => {
    if (standing === child) standing = null;
  });
  // It ends with this process, which does not wait for it.
  child.unref();
  child.channel?.unref();
  return child;
}
