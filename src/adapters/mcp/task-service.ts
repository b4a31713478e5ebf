/**
 * The task that an MCP server serves: its document, and the one answer to it.
 *
 * Owns: whether a server may serve the task at all, checking and keeping its answer. Does not own: the protocol (task-server), what becomes of the answer (host).
 *
 * Invariants: 1. A task is served only to who knows its mark, and only while it has no outcome. 2. The first valid answer stands;
 * the same again is no other. 3. Nothing is kept outside of the worktree (L8).
 */
import { lstatSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { canonicalJson } from '../../base/canonical-json.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { MCP_ANSWER_NAME, TASK_FILES, type TaskRequest } from '../../model/request.ts';
import { readAnswer } from '../../turn/answer.ts';
import { encode, parseRequest } from '../../turn/task-files.ts';
import { writeAnswerFile } from '../agents/answer-file.ts';

/** What a tool says. */
export interface Said {
  readonly isError: boolean;
  readonly text: string;
}

/** One task, open for its agent. */
export interface TaskService {
  /** Absolute: where the agent works. */
  readonly worktree: string;
  /** The task's document as JSON text. */
  document(): Said;
  /** `answer` is kept when it is valid, the task is this one (`taskId`; null: not said) and nothing was kept before. */
  keep(answer: unknown, taskId: string | null): Said;
}

/** Where an answer that came by MCP lies: beside the completion file. */
export function mcpAnswerPath(completionFile: string): string {
  return join(dirname(completionFile), MCP_ANSWER_NAME);
}

/**
 * The task in `folder`, for the holder of `mark`.
 * Throws PAWL_TASK_REFUSED when its request cannot be read, the mark is another, or the task has ended.
 */
export function openTask(folder: string, mark: string): TaskService {
  const request = requestIn(folder);
  if (request.mark !== mark) throw refusal(folder, 'The mark is not that of this task.');
  const hasEnded = (): boolean => lstatSync(join(folder, TASK_FILES.outcome), { throwIfNoEntry: false }) !== undefined;
  if (hasEnded()) throw refusal(folder, 'The task has ended.');
  return {
    worktree: request.cwd,
    document: () => ({ isError: false, text: canonicalJson(request.task) }),
    keep: (answer, taskId) => {
      if (taskId !== null && taskId !== request.taskId) return wrong(`Refused: this is task ${request.taskId}.`);
      if (hasEnded()) return wrong('Refused: the task has ended.');
      return keepAnswer(request, answer);
    },
  };
}

function requestIn(folder: string): TaskRequest {
  const path = join(folder, TASK_FILES.request);
  const bytes = requestBytes(folder, path);
  if (bytes === null) throw refusal(folder, `No request at ${path}.`);
  const parsed = parseRequest(bytes);
  if (!parsed.ok) throw refusal(folder, `The request at ${path} cannot be read: ${parsed.reason}.`);
  return parsed.value;
}

function requestBytes(folder: string, path: string): Uint8Array | null {
  try {
    return boundedFile(path, BOUNDS.registerBytes);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw refusal(folder, `The request at ${path} cannot be read: ${code}.`);
  }
}

function keepAnswer(request: TaskRequest, given: unknown): Said {
  const reading = readAnswer(new TextEncoder().encode(JSON.stringify(given)), request.purpose);
  if (reading.kind !== 'valid') {
    return wrong(`The answer is not valid: ${reading.kind === 'invalid' ? reading.reason : 'it is missing'}.`);
  }
  const path = mcpAnswerPath(request.completionFile);
  const bytes = encode(reading.answer);
  try {
    if (!isOwnFolder(request.cwd, dirname(path))) return wrong('Refused: a symbolic link leads out of the worktree.');
    const kept = boundedFile(path, BOUNDS.answerBytes);
    if (kept === null) writeAnswerFile(path, new TextDecoder().decode(bytes));
    else if (Buffer.compare(kept, bytes) !== 0) return wrong('Already answered: the first answer stands.');
  } catch (error) {
    const code = error instanceof PawlError ? error.message : systemCode(error);
    if (code === undefined) throw error;
    return wrong(`The answer could not be kept: ${code}.`);
  }
  return { isError: false, text: `The answer is recorded: ${reading.answer.status}. End your turn now.` };
}

/** The folder is there, and where it is said to be; outside of the worktree nothing is asked. */
function isOwnFolder(worktree: string, folder: string): boolean {
  const way = relative(worktree, folder);
  if (way === '..' || way.startsWith(`..${sep}`)) return true;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return realpathSync(folder) === join(realpathSync(worktree), way);
}

/** The bytes of a regular file; null when nothing is there. */
function boundedFile(path: string, bytesMax: number): Uint8Array | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isFile() && stats.size <= bytesMax) return readFileSync(path);
  throw refusal(path, `${path} is not a file of at most ${bytesMax} bytes`);
}

function wrong(text: string): Said {
  return { isError: true, text };
}

function refusal(subject: string, message: string): PawlError {
  return new PawlError({
    code: 'PAWL_TASK_REFUSED',
    kind: 'terminal',
    message,
    subject,
    hint: 'pawl mcp is started by Pawl for the agent of one task; it is not for direct use.',
  });
}
