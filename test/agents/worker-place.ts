/**
 * A worker's surroundings, to start the built programs in.
 *
 * Owns: the folders and processes of a WorkerPlace. Does not own: what the programs do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a program ended, with all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A worker's place: a worktree, its task file, where its answer is awaited; removes all of it, and what still runs, at the end. */
export class WorkerPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'pawl-worker-'));
  readonly worktree = join(this.folder, 'worktree');
  readonly completionFile = join(this.worktree, '.pawl-answer/t1/completion.json');
  readonly #started: ChildProcess[] = [];

  constructor(task: unknown) {
    mkdirSync(this.worktree);
    writeFileSync(join(this.folder, 'task.json'), typeof task === 'string' ? task : JSON.stringify(task));
  }

  start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, argv, {
      cwd: this.worktree,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        PAWL_RUN_ID: 'run_T_1',
        PAWL_TASK_ID: 't1',
        PAWL_PURPOSE: 'implementation',
        PAWL_EPOCH: '1',
        PAWL_ATTEMPT: '1',
        PAWL_TASK_FILE: join(this.folder, 'task.json'),
        PAWL_COMPLETION_FILE: this.completionFile,
        PAWL_TASK_MARK: 'mark-1',
        ...env,
      },
    });
    this.#started.push(child);
    return child;
  }

  /** Resolves when the process has exited and its output is closed. */
  async run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = this.start(argv, env);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return await new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => done({ code, signal, stdout, stderr }));
    });
  }

  answerText(): string {
    return readFileSync(this.completionFile, 'utf8');
  }

  answer(): Record<string, unknown> {
    return JSON.parse(this.answerText()) as Record<string, unknown>;
  }

  dispose(): void {
    for (const child of this.#started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
