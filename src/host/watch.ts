/**
 * Watches a running worker against its limits.
 *
 * Owns: deciding that a worker has to be ended: deadline, stall, output. Does not own: ending it (host/ending).
 *
 * Invariants: 1. Limits count on a clock that never steps back. 2. The worker's own exit comes first: it is never called stalled when it has ended.
 */
import { join } from 'node:path';
import type { ForcedEnd, WorkerExit } from '../core/conclusion.ts';
import { isOverBudget } from '../core/turn-report.ts';
import { TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { FsPort } from '../ports/fs.ts';
import { type TurnFollower, UnreadableTurn } from './turn-output.ts';

const LOOK_MS = 200;

/** What a watch waits for besides the limits. */
export interface Watch {
  readonly exited: Promise<WorkerExit>;
  /** Kept when this host is told to stop. */
  readonly stopped: Promise<void>;
  /** Of a coding agent: how its turn is followed. */
  readonly turn: TurnFollower | null;
}

/** Why a watch is over. */
export interface WatchEnd {
  /** Null when the worker was still running. */
  readonly exit: WorkerExit | null;
  /** Null when the worker ended by itself. */
  readonly forced: ForcedEnd | null;
  /** What could not be read, where that is the reason. */
  readonly obstacle?: string;
}

/** The worker has exited, or has to be ended for the reason returned. Throws when the disk does not let it be watched. */
export function watchWorker(
  watch: Watch,
  request: TaskRequest,
  taskFolder: string,
  fs: FsPort,
  clock: ClockPort,
): Promise<WatchEnd> {
  const { limits } = request;
  const startMs = clock.monotonicMs();
  const silence = watch.turn === null ? byBytes(startMs) : byEvents(watch.turn, request, startMs);
  return new Promise((resolve, reject) => {
    let callOff: () => void = () => undefined;
    let isOver = false;
    const end = (result: WatchEnd): void => {
      isOver = true;
      callOff();
      resolve(result);
    };
    const fail = (error: unknown): void => {
      isOver = true;
      callOff();
      reject(error);
    };
    const reasonToEnd = (): ForcedEnd | null => {
      const nowMs = clock.monotonicMs();
      const bytes = outputBytes(fs, taskFolder);
      if (bytes > limits.outputBytesMax) return 'outputLimit';
      if (nowMs - startMs >= limits.deadlineMs) return 'deadline';
      return silence(nowMs, bytes, limits.stallMs);
    };
    const look = (): void => {
      if (isOver) return;
      try {
        const forced = reasonToEnd();
        if (forced === null) callOff = clock.timer(LOOK_MS, look);
        else end({ exit: null, forced });
      } catch (error) {
        if (error instanceof UnreadableTurn) end({ exit: null, forced: 'unreadable', obstacle: error.message });
        else fail(error);
      }
    };
    void watch.exited
      .then((exit) => {
        // A worker that wrote too much and left between two looks has still written too much.
        const isTooMuch = outputBytes(fs, taskFolder) > limits.outputBytesMax;
        end({ exit, forced: isTooMuch ? 'outputLimit' : null });
      })
      .catch(fail);
    void watch.stopped.then(() => end({ exit: null, forced: 'interrupted' }));
    callOff = clock.timer(LOOK_MS, look);
  });
}

/** Why a worker has to be ended for what it does not say, or has used; null while it need not. */
type Silence = (nowMs: number, bytes: number, stallMs: number) => ForcedEnd | null;

/** Any byte of output is a sign of life. */
function byBytes(startMs: number): Silence {
  let grownAtMs = startMs;
  let knownBytes = 0;
  return (nowMs, bytes, stallMs) => {
    if (bytes !== knownBytes) grownAtMs = nowMs;
    knownBytes = bytes;
    return nowMs - grownAtMs >= stallMs ? 'stalled' : null;
  };
}

/** Events are signs of life; a tool under way and an announced retry are no silence. */
function byEvents(follower: TurnFollower, request: TaskRequest, startMs: number): Silence {
  const firstEventMs = request.turn?.firstEventMs ?? 0;
  let lastAtMs = startMs;
  let knownEvents = 0;
  return (nowMs, _bytes, stallMs) => {
    const turn = follower.look();
    if (turn.events !== knownEvents || Object.keys(turn.openTools).length > 0) lastAtMs = nowMs;
    knownEvents = turn.events;
    if (isOverBudget(turn, request.turn)) return 'budget';
    if (turn.events === 0) return nowMs - startMs >= firstEventMs ? 'noEvent' : null;
    return nowMs - lastAtMs >= stallMs + (turn.retryDelayMs ?? 0) ? 'stalled' : null;
  };
}

/** The bytes of stdout and stderr together. */
export function outputBytes(fs: FsPort, taskFolder: string): number {
  const sizeOf = (name: string): number => fs.stat(join(taskFolder, name))?.size ?? 0;
  return sizeOf(TASK_FILES.output) + sizeOf(TASK_FILES.stderr);
}
