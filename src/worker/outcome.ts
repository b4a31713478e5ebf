/**
 * Writes how a task ended, once: the same steps in the host that ran the worker and in a runner that found it.
 *
 * Owns: the order answer, the head's instruction files, tree, sync, hashes, outcome; giving up a task before its start.
 * Does not own: ending the worker (worker/ending), the decision (turn/conclusion), recording the tree (adapters/git).
 *
 * Invariants: 1. Called only when nothing of the worker is left (design 5.8). 2. What the outcome names is durable before it is linked.
 * 3. The first outcome stands; a later one is kept in `late/` and changes nothing.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { sha256 } from '../base/sha256.ts';
import { type Obstacle, said } from '../model/blocker.ts';
import type { Conclusion } from '../model/conclusion.ts';
import { PawlError } from '../model/error.ts';
import type { Parsed } from '../model/fields.ts';
import {
  type Claim,
  type EndReason,
  type FileDigest,
  type GitPlace,
  type GitSettings,
  type Outcome,
  TASK_FILES,
  type TaskRequest,
} from '../model/request.ts';
import type { AnswerOrigin, TurnReport } from '../model/turn.ts';
import type { AdapterTable } from '../ports/agent-adapter.ts';
import type { Fd } from '../ports/fs.ts';
import type { WorkerExit } from '../ports/gate.ts';
import type { Files } from '../store/files.ts';
import { linkRegister, readRegister } from '../store/register.ts';
import { attemptSync } from '../store/store-errors.ts';
import { type AnswerReading, readAnswer } from '../turn/answer.ts';
import { concludeTask, type ForcedEnd } from '../turn/conclusion.ts';
import { type StartFacts, startFailure } from '../turn/start-failure.ts';
import { encode, encodeClaim, encodeOutcome, parseClaim, parseOutcome } from '../turn/task-files.ts';
import { SILENT_TURN, type Turn } from '../turn/turn.ts';
import { reportTurn } from '../turn/turn-report.ts';
import { collectAnswer } from './answer-file.ts';
import { type InstructionSwap, restoreInstructions } from './instructions.ts';
import { isForbidden, useOutputIfAllowed } from './output-file.ts';
import { cutOutput, outputBytesMax } from './output-limit.ts';
import { readEndedTurn, tailOf, UnreadableTurn } from './turn-output.ts';

/** What a worktree holds, read from git without blocking the caller (null where that cannot be told), and which instruction files it shows. */
export interface Worktrees extends InstructionSwap {
  /** `place`: where git keeps the worktree, as the request says; undefined in requests of older versions. */
  recordTree(
    worktree: string,
    place: GitPlace | undefined,
  ): Promise<{
    readonly head: string | null;
    readonly tree: string | null;
    /** Why the tree is null. */
    readonly reason: string | null;
  }>;
  headOf(worktree: string, place: GitPlace | undefined): Promise<string | null>;
  settingsOf(worktree: string, place: GitPlace): Promise<GitSettings | null>;
  /** Everything in the worktree, and what git keeps of it, is durable. */
  makeDurable(worktree: string, place: GitPlace | undefined): Promise<void>;
}

/** What the process that settles an ended task knows about it. */
export interface Settlement {
  readonly files: Files;
  readonly worktrees: Worktrees;
  readonly taskFolder: string;
  readonly request: TaskRequest;
  readonly requestHash: string;
  readonly by: Outcome['by'];
  /** Unique to the writer: it shows whose outcome stands. */
  readonly nonce: string;
  readonly exit: WorkerExit | null;
  readonly forced: ForcedEnd | null;
  readonly orphanResult: 'interrupted' | 'lost';
  readonly startedAtMs: number | null;
  readonly obstacle?: Obstacle;
  readonly adapterOf: AdapterTable;
  /** Receives what the outcome has no place for, for the operator. */
  readonly log: (line: string) => void;
}

/** A task with its outcome. */
export interface Settled {
  /** The outcome that stands: ours or an earlier one. */
  readonly outcome: Outcome;
  readonly outcomeHash: string;
  readonly isWinner: boolean;
}

/** The value of a register, and whether it is ours. */
export interface Standing<T> {
  readonly value: T;
  readonly hash: string;
  readonly isWinner: boolean;
}

const CHUNK_BYTES = 1024 * 1024;

/** The task has an outcome, durably. Throws PAWL_REGISTER_CONTRADICTION when the one that stands cannot be read. */
export async function settleOutcome(settlement: Settlement): Promise<Settled> {
  const { files, taskFolder, request } = settlement;
  const path = join(taskFolder, TASK_FILES.outcome);
  const isFirst = readRegister(files, path) === null;
  if (isFirst && settlement.forced === 'outputLimit') {
    cutOutput(files, taskFolder, outputBytesMax(request));
  }
  const evidence = await gather(settlement);
  const { conclusion, completion } = isFirst
    ? await keepAnswer(settlement, evidence)
    : { conclusion: conclude(settlement, evidence), completion: null };
  if (isFirst) await restoreInstructions(settlement.worktrees, request, taskFolder, settlement.log);
  const { head, tree, reason } = request.recordsTree
    ? await settlement.worktrees.recordTree(request.cwd, request.git)
    : { head: await settlement.worktrees.headOf(request.cwd, request.git), tree: null, reason: null };
  const gitSettings =
    request.git === undefined ? null : await settlement.worktrees.settingsOf(request.cwd, request.git);
  if (reason !== null) settlement.log(`the worktree's tree is not recorded: ${reason}`);
  const outcome: Outcome = {
    v: 2,
    requestHash: settlement.requestHash,
    nonce: settlement.nonce,
    by: settlement.by,
    result: conclusion.result,
    cause: conclusion.cause,
    summary: conclusion.summary,
    exitCode: settlement.exit?.code ?? null,
    signal: settlement.exit?.signal ?? null,
    completion,
    output: await digestOutput(settlement, TASK_FILES.output),
    stderr: await digestOutput(settlement, TASK_FILES.stderr),
    head,
    tree,
    ...(gitSettings === null ? {} : { gitSettings }),
    survivors: 0,
    startedAtMs: settlement.startedAtMs,
    endedAtMs: files.clock.nowMs(),
    ...(evidence.turn === undefined ? {} : { turn: evidence.turn }),
  };
  await settlement.worktrees.makeDurable(request.cwd, request.git);
  const bytes = encodeOutcome(outcome);
  const standing = await linkRegister(files, path, bytes);
  if (!standing.isWinner) await leaveLate(files, taskFolder, settlement.nonce, bytes);
  const value = provenValue(path, parseOutcome(standing.bytes));
  return { outcome: value, outcomeHash: sha256(standing.bytes), isWinner: standing.isWinner };
}

/** The task is abandoned, durably, unless a host has claimed it before: then that claim stands. */
export async function revokeClaim(
  files: Files,
  taskFolder: string,
  requestHash: string,
  reason: EndReason,
): Promise<Standing<Claim>> {
  const path = join(taskFolder, TASK_FILES.claim);
  const { nonce, atMs } = { nonce: files.clock.nonce(), atMs: files.clock.nowMs() };
  const standing = await linkRegister(
    files,
    path,
    encodeClaim({ v: 1, kind: 'revoked', requestHash, nonce, reason, atMs }),
  );
  return {
    value: provenValue(path, parseClaim(standing.bytes)),
    hash: sha256(standing.bytes),
    isWinner: standing.isWinner,
  };
}

/** What the loser of a register reported is in the task's `late` folder, durably. */
export async function leaveLate(files: Files, taskFolder: string, nonce: string, bytes: Uint8Array): Promise<void> {
  const folder = join(taskFolder, TASK_FILES.late);
  await files.ensureFolders([folder]);
  await files.writeDurable(join(folder, `${nonce}.json`), bytes);
}

/** What an ended worker has left for judging it. */
interface Evidence {
  readonly reading: AnswerReading;
  readonly start: StartFacts;
  readonly turn?: TurnReport;
  /** Why the turn cannot be read. */
  readonly unreadable?: string;
  /** Reading it was denied: it is unknown whether the worker or the system caused that, so it is not charged to the worker. */
  readonly isForbidden?: boolean;
}

/** The answer and, for a coding agent, its turn. */
async function gather(settlement: Settlement): Promise<Evidence> {
  const { files, taskFolder, request, exit } = settlement;
  const asked = request.turn;
  const start = startFactsOf(settlement);
  if (asked === undefined) return { start, reading: collectAnswer(files.fs, request, null).reading };
  const adapter = await settlement.adapterOf(asked.kind);
  const report = (turn: Turn, answerFrom: AnswerOrigin | null): TurnReport =>
    reportTurn({
      turn,
      request: asked,
      agent: request.agent,
      capabilities: adapter.capabilities,
      answerFrom,
      // A worker that was never executed has used nothing. One that printed something may have, whatever its last words are.
      hasRun:
        settlement.startedAtMs !== null && (start.hasOutput || startFailure(exit, { kind: 'missing' }, start) === null),
    });
  try {
    const turn = readEndedTurn(files, taskFolder, asked, adapter, exit);
    const { reading, from } = collectAnswer(files.fs, request, turn);
    return { start, reading, turn: report(turn, from) };
  } catch (error) {
    if (!(error instanceof UnreadableTurn || isForbidden(error))) throw error;
    settlement.log(`the output of the turn cannot be read: ${error.stack ?? error.message}`);
    const { reading, from } = collectAnswer(files.fs, request, null);
    return {
      start,
      reading,
      turn: report(SILENT_TURN, from),
      unreadable: error.message,
      isForbidden: isForbidden(error),
    };
  }
}

function startFactsOf({ files, taskFolder, request }: Settlement): StartFacts {
  const output = files.fs.stat(join(taskFolder, TASK_FILES.output));
  const lastWords = tailOf(files, join(taskFolder, TASK_FILES.stderr)).trimEnd().split('\n').at(-1) ?? '';
  return { program: request.argv[0] ?? '', hasOutput: (output?.size ?? 0) > 0, lastWords };
}

function conclude(settlement: Settlement, evidence: Evidence): Conclusion {
  const { reading, start, turn, unreadable } = evidence;
  const { exit, orphanResult, request } = settlement;
  const { purpose, completion } = request;
  const forced =
    settlement.forced ??
    (unreadable === undefined ? null : evidence.isForbidden === true ? 'interrupted' : 'unreadable');
  const obstacle = settlement.obstacle ?? (unreadable === undefined ? undefined : said(unreadable));
  return concludeTask({
    purpose,
    completion,
    exit,
    reading,
    forced,
    orphanResult,
    start,
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(turn === undefined ? {} : { turn, mayRemind: request.turn?.mayRemind === true }),
  });
}

/** The validated answer is in completion.json, which is a register too: the value of an earlier, interrupted settlement stands. */
async function keepAnswer(
  settlement: Settlement,
  evidence: Evidence,
): Promise<{ conclusion: Conclusion; completion: FileDigest | null }> {
  const { files, taskFolder, request } = settlement;
  const ours = conclude(settlement, evidence);
  if (ours.answer === null) return { conclusion: ours, completion: null };
  const standing = await linkRegister(files, join(taskFolder, TASK_FILES.completion), encode(ours.answer));
  const completion = { sha256: sha256(standing.bytes), bytes: standing.bytes.byteLength };
  if (standing.isWinner) return { conclusion: ours, completion };
  const reading = readAnswer(standing.bytes, request.purpose);
  return { conclusion: conclude(settlement, { ...evidence, reading }), completion };
}

/** The digest of output whose content is durable; null when there is none, or none that can be read, which is logged. */
function digestOutput({ files, taskFolder, log }: Settlement, name: string): Promise<FileDigest | null> {
  const path = join(taskFolder, name);
  const digest = async (fd: Fd): Promise<FileDigest> => {
    await attemptSync(path, () => files.fs.sync(fd));
    const hash = createHash('sha256');
    let bytes = 0;
    for (;;) {
      const chunk = files.fs.read(fd, bytes, CHUNK_BYTES);
      if (chunk.length === 0) break;
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { sha256: hash.digest('hex'), bytes };
  };
  return useOutputIfAllowed(files, path, digest, (why) => log(`no digest of the worker's ${name}: ${why}`));
}

function provenValue<T>(path: string, parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new PawlError({
    code: 'PAWL_REGISTER_CONTRADICTION',
    message: `${path} has unexpected content: ${parsed.reason}`,
    subject: path,
    hint: 'Keep the task folder as it is and look at who changed it.',
  });
}
