/**
 * The file in which a worker leaves its answer: made ready before the start, collected after the end.
 *
 * Owns: touching that path safely, as the worker can put anything there. Does not own: what the bytes say (turn/answer).
 *
 * Invariants: 1. What was there before the start never counts. 2. Never through a link, never a pipe or device, never more than the bound
 * (L8, L9). 3. Read only when the worker's tree is gone.
 */
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { MCP_ANSWER_NAME, type TaskRequest } from '../model/request.ts';
import type { AnswerOrigin } from '../model/turn.ts';
import type { Fd, FsPort } from '../ports/fs.ts';
import { storeFailure } from '../store/store-errors.ts';
import { type AnswerReading, readAnswer } from '../turn/answer.ts';
import type { Turn } from '../turn/turn.ts';
import { answerInTurn } from '../turn/turn-answer.ts';

/** The folder for the answer exists (0700) and holds no answer. Returns what is in the way, null when nothing is. */
export function prepareAnswerFile(fs: FsPort, request: TaskRequest): string | null {
  const folder = dirname(request.completionFile);
  try {
    const link = findLink(fs, request.cwd, folder);
    if (link !== null) return `${link} is a symbolic link`;
    makeFolders(fs, folder);
    for (const path of [request.completionFile, mcpAnswerOf(request)]) removeAll(fs, path);
    return null;
  } catch (error) {
    return `${request.completionFile} cannot be prepared: ${codeOfPath(error, request.completionFile)}`;
  }
}

/** An answer, and where it was found. */
export interface CollectedAnswer {
  readonly reading: AnswerReading;
  /** Null when there is none. */
  readonly from: AnswerOrigin | null;
}

/** The worker's answer: the completion file, else what it reported to our MCP server, else its structured output, else the end of its last message. */
export function collectAnswer(fs: FsPort, request: TaskRequest, turn: Turn | null): CollectedAnswer {
  const file = readAnswerAt(fs, request, request.completionFile);
  if (file.kind !== 'missing' || request.turn === undefined) {
    return { reading: file, from: file.kind === 'missing' ? null : 'file' };
  }
  const told = readAnswerAt(fs, request, mcpAnswerOf(request));
  if (told.kind !== 'missing') return { reading: told, from: 'mcp' };
  return turn === null ? { reading: told, from: null } : answerInTurn(turn, request.purpose);
}

function mcpAnswerOf(request: TaskRequest): string {
  return join(dirname(request.completionFile), MCP_ANSWER_NAME);
}

function readAnswerAt(fs: FsPort, request: TaskRequest, path: string): AnswerReading {
  try {
    if (findLink(fs, request.cwd, path) !== null) return { kind: 'invalid', reason: 'a symbolic link leads to it' };
    const fd = fs.open(path, 'rNoFollow');
    try {
      if (fs.kindOf(fd) !== 'file') return { kind: 'invalid', reason: 'it is not a regular file' };
      // One byte more than an answer may have, so that the reader sees that it is too long.
      return readAnswer(fs.read(fd, 0, BOUNDS.answerBytes + 1), request.purpose);
    } finally {
      closeQuietly(fs, fd);
    }
  } catch (error) {
    const code = codeOfPath(error, path);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'invalid', reason: `it cannot be read: ${code}` };
  }
}

/** Errors that a worker can cause at a path; any other refusal comes from the disk or the system. */
const OF_THE_PATH: readonly string[] = [
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EEXIST',
  'ENOTEMPTY',
  'ELOOP',
  'ENXIO',
  'ENAMETOOLONG',
  'EBUSY',
  'EROFS',
];

/** The system's code if it shows what became of the path: that is the worker's failure, not ours. Rethrows any other error. */
function codeOfPath(error: unknown, path: string): string {
  const code = codeOf(error);
  if (OF_THE_PATH.includes(code)) return code;
  throw storeFailure('reach', path, error);
}

/** The system's code of an error; any other error is our bug and is rethrown. */
function codeOf(error: unknown): string {
  const code = systemCode(error);
  if (code === undefined) throw error;
  return code;
}

/** Nothing was written: the descriptor is gone, whatever the system says. */
function closeQuietly(fs: FsPort, fd: Fd): void {
  try {
    fs.close(fd);
  } catch (error) {
    codeOf(error);
  }
}

/** The folder exists, with those above it. */
function makeFolders(fs: FsPort, path: string): void {
  if (fs.stat(path) !== null) return;
  const parent = dirname(path);
  if (parent !== path) makeFolders(fs, parent);
  try {
    fs.makeFolder(path);
  } catch (error) {
    // Another process has made it meanwhile.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Nothing is at `path` any more; links are removed, not followed. A worker cannot make the folders deeper than a path is long. */
function removeAll(fs: FsPort, path: string): void {
  const stat = fs.stat(path);
  if (stat === null) return;
  if (stat.kind !== 'folder') {
    fs.unlink(path);
    return;
  }
  for (const name of fs.list(path)) removeAll(fs, join(path, name));
  fs.removeFolder(path);
}

/** The first symbolic link on the way from `root` (excluded) to `path`, null when there is none or `path` is not below `root`. */
function findLink(fs: FsPort, root: string, path: string): string | null {
  const way = relative(root, path);
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return null;
  let at = root;
  for (const segment of way.split(sep)) {
    at = join(at, segment);
    const stat = fs.stat(at);
    if (stat === null) return null;
    if (stat.kind === 'link') return at;
  }
  return null;
}
