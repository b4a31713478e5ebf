/**
 * What each step of a script does, for real: files, git, signals, children.
 *
 * Owns: one function for each kind of step. Does not own: which steps are done (scripted-worker).
 *
 * Invariants: 1. Deterministic: nothing depends on chance or on the clock, but for the time in a witness line. 2. A step is done when the next begins.
 */

import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unreachable } from '../../base/unreachable.ts';
import type { Step } from '../../model/script.ts';
import { builtPath } from '../built-path.ts';
import { writeAnswerFile } from './answer-file.ts';
import { ScriptError } from './script.ts';
import type { WorkerTask } from './worker-task.ts';

/** What the steps of one task share. */
export interface Stage {
  readonly task: WorkerTask;
  readonly packetTaskId: string | null;
  readonly worktree: string;
  /** Paths that the steps have changed so far: the default `filesChanged`. */
  readonly filesChanged: Set<string>;
}

const FLOOD_LINE = `${'flood '.repeat(170)}\n`;
const CHUNK_BYTES = 64 * 1024;
const WAIT_POLL_MS = 10;
const FIRST_PROCESS_PID = 1;
const SIGTERM_EXIT = 143;

/** A stage for `task` in the current folder, nothing done yet. */
export function createStage(task: WorkerTask, packetTaskId: string | null): Stage {
  return { task, packetTaskId, worktree: process.cwd(), filesChanged: new Set() };
}

/** The first process of a PID namespace gets no signal that it does not handle: there, SIGTERM is handled by ending. */
export function endOnSigterm(): void {
  if (process.pid === FIRST_PROCESS_PID) process.on('SIGTERM', endNow);
}

function endNow(): void {
  process.exit(SIGTERM_EXIT);
}

/** The step is done; for `exit`, `crash` and `hang` it does not return. Throws ScriptError for a step that cannot be done. */
export async function doStep(step: Step, stage: Stage): Promise<void> {
  switch (step.do) {
    case 'write':
    case 'append':
    case 'remove':
      return changeFile(step, stage);
    case 'commit':
      return commit(step.message, stage.worktree);
    case 'answer':
      return writeAnswerFile(stage.task.completionFile, answerText(step, stage));
    case 'partialAnswer': {
      const whole = answerText({ do: 'answer' }, stage);
      return writeAnswerFile(stage.task.completionFile, whole.slice(0, Math.floor(whole.length / 2)));
    }
    case 'exit':
      return process.exit(step.code);
    case 'crash':
      return await crash(step.signal);
    case 'hang':
      return await forever();
    case 'ignoreSigterm':
      process.removeListener('SIGTERM', endNow);
      process.on('SIGTERM', () => undefined);
      return;
    case 'sleep':
      return await sleep(step.ms);
    case 'waitFor':
      return await untilThere(resolve(stage.worktree, step.path));
    case 'grandchild':
      return await startGrandchild(step);
    case 'flood':
      return await printBytes(step.bytes, FLOOD_LINE);
    case 'longLine':
      await printBytes(step.bytes, 'x'.repeat(CHUNK_BYTES));
      return await print('\n');
    case 'print':
      return await print(step.text.endsWith('\n') ? step.text : `${step.text}\n`);
    case 'witness':
      return witness(step.file, stage);
    default:
      return unreachable(step);
  }
}

function changeFile(step: Extract<Step, { do: 'write' | 'append' | 'remove' }>, stage: Stage): void {
  const path = resolve(stage.worktree, step.path);
  stage.filesChanged.add(step.path);
  if (step.do === 'remove') {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, step.text, { flag: step.do === 'append' ? 'a' : 'w' });
}

function commit(message: string, worktree: string): void {
  const settings = ['user.name=Scripted agent', 'user.email=scripted@pawl.invalid', 'core.hooksPath=/dev/null'];
  const git = ['-C', worktree, ...settings.flatMap((setting) => ['-c', setting])];
  try {
    execFileSync('git', [...git, 'add', '--all'], { stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync('git', [...git, 'commit', '--quiet', '--no-verify', '--no-gpg-sign', '--message', message], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (error) {
    throw new ScriptError('commit: git could not commit (is there a change?)', { cause: error });
  }
}

/** The fields of the step over a good answer; `raw` is written as it stands, `verdict` may be its status alone. */
function answerText(step: Extract<Step, { do: 'answer' }>, stage: Stage): string {
  const { do: _, raw, ...given } = step;
  if (typeof raw === 'string') return raw;
  const { purpose, epoch, attempt } = stage.task;
  const isGate = purpose === 'verification' || purpose === 'review';
  const fields: Record<string, unknown> = {
    v: 1,
    status: 'completed',
    summary: `The scripted agent did ${purpose}, epoch ${epoch}, attempt ${attempt}.`,
    filesChanged: [...stage.filesChanged],
    ...(isGate ? { verdict: 'PASS' } : {}),
    ...given,
  };
  const verdict = fields.verdict;
  return JSON.stringify({ ...fields, ...(typeof verdict === 'string' ? { verdict: verdictOf(verdict) } : {}) });
}

function verdictOf(status: string): Record<string, unknown> {
  const findings = status === 'PASS' ? [] : [{ severity: 'error', message: `The script says ${status}.` }];
  return { status, findings, summary: `The script says ${status}.` };
}

/** Ends this process by `signal`. The first process of a PID namespace cannot kill itself by a signal: it aborts. */
async function crash(signal: string): Promise<void> {
  if (process.pid === FIRST_PROCESS_PID) process.abort();
  try {
    process.kill(process.pid, signal);
  } catch (error) {
    throw new ScriptError(`crash: there is no signal ${signal}`, { cause: error });
  }
  await forever();
}

async function forever(): Promise<never> {
  for (;;) await sleep(3_600_000);
}

async function untilThere(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(WAIT_POLL_MS);
}

/** Starts a child that outlives this process, and waits until it is set up. */
async function startGrandchild(step: Extract<Step, { do: 'grandchild' }>): Promise<void> {
  const output = step.holdsStdout ? 'inherit' : 'ignore';
  const program = builtPath('adapters/agents/scripted-grandchild.js');
  const life = step.lifeMs === null ? 'forever' : String(step.lifeMs);
  const child = spawn(process.execPath, [program, life, step.ignoreSigterm ? 'ignoreSigterm' : ''], {
    stdio: ['ignore', output, output, 'pipe'],
    detached: step.ownSession,
  });
  const ready = child.stdio[3];
  await new Promise<void>((done, fail) => {
    child.once('error', fail);
    child.once('exit', () => done());
    ready?.once('data', () => done());
  });
  ready?.destroy();
  child.unref();
}

async function printBytes(bytes: number, pattern: string): Promise<void> {
  const chunk = pattern.repeat(Math.ceil(CHUNK_BYTES / pattern.length));
  for (let left = bytes; left > 0; left -= chunk.length) await print(chunk.slice(0, left));
}

function print(text: string): Promise<void> {
  return new Promise((done, fail) => {
    process.stdout.write(text, (error) => (error ? fail(error) : done()));
  });
}

/** One line, by one appending write: for counting from outside how often a worker really started. */
function witness(file: string, stage: Stage): void {
  const { runId, taskId } = stage.task;
  appendFileSync(resolve(stage.worktree, file), `${runId} ${taskId} ${process.pid} ${Date.now()}\n`);
}
