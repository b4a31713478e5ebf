/**
 * The file in which a worker leaves its answer: made ready before the start, collected after the end.
 *
 * Owns: touching that path safely, as the worker can put anything there. Does not own: what the bytes say (core/answer).
 *
 * Invariants: 1. What lay there before the start never counts. 2. Never through a link, never a pipe or device, never more than the bound
 * (L8, L9). 3. Looked at only when the worker's tree is gone.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { type AnswerReading, readAnswer } from '../core/answer.ts';
import type { Turn } from '../core/turn.ts';
import { answerInTurn } from '../core/turn-answer.ts';
import { systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { MCP_ANSWER_NAME, type TaskRequest } from '../model/request.ts';
import type { AnswerOrigin } from '../model/turn.ts';

/** The folder for the answer is there (0700) and no answer in it. Returns what is in the way, null when nothing is. */
export function prepareAnswerFile(request: TaskRequest): string | null {
  const folder = dirname(request.completionFile);
  try {
    const link = findLink(request.cwd, folder);
    if (link !== null) return `${link} is a symbolic link`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const path of [request.completionFile, mcpAnswerOf(request)]) rmSync(path, { recursive: true, force: true });
    return null;
  } catch (error) {
    return `${request.completionFile} cannot be made ready: ${codeOf(error)}`;
  }
}

/** An answer, and where it lay. */
export interface CollectedAnswer {
  readonly reading: AnswerReading;
  /** Null when there is none. */
  readonly from: AnswerOrigin | null;
}

/** The worker's answer: the completion file, else what it told our MCP server, else its structured output, else the end of its last message. */
export function collectAnswer(request: TaskRequest, turn: Turn | null): CollectedAnswer {
  const file = readAnswerAt(request, request.completionFile);
  if (file.kind !== 'missing' || request.turn === undefined) {
    return { reading: file, from: file.kind === 'missing' ? null : 'file' };
  }
  const told = readAnswerAt(request, mcpAnswerOf(request));
  if (told.kind !== 'missing') return { reading: told, from: 'mcp' };
  return turn === null ? { reading: told, from: null } : answerInTurn(turn, request.purpose);
}

function mcpAnswerOf(request: TaskRequest): string {
  return join(dirname(request.completionFile), MCP_ANSWER_NAME);
}

function readAnswerAt(request: TaskRequest, path: string): AnswerReading {
  try {
    if (findLink(request.cwd, path) !== null) return { kind: 'invalid', reason: 'a symbolic link leads to it' };
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) return { kind: 'invalid', reason: 'it is not a regular file' };
      return readAnswer(readBounded(fd), request.purpose);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = codeOf(error);
    // Whatever the worker did to the path is the worker's failure, not ours.
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'invalid', reason: `it cannot be read: ${code}` };
  }
}

/** The system's code of an error; any other error is our bug and goes on. */
function codeOf(error: unknown): string {
  const code = systemCode(error);
  if (code === undefined) throw error;
  return code;
}

/** At most one byte more than an answer may have, so that the reader sees that it is too long. */
function readBounded(fd: number): Uint8Array {
  const bytes = new Uint8Array(BOUNDS.answerBytes + 1);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(fd, bytes, done, bytes.length - done, done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/** The first symbolic link on the way from `root` (excluded) to `path`, null when there is none or `path` is not below `root`. */
function findLink(root: string, path: string): string | null {
  const way = relative(root, path);
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return null;
  let at = root;
  for (const segment of way.split(sep)) {
    at = join(at, segment);
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (stats.isSymbolicLink()) return at;
  }
  return null;
}
