/**
 * Watches a running worker against its limits.
 *
 * Owns: deciding that a worker has to be ended: deadline, stall, output. Does not own: ending it (worker/ending).
 *
 * Invariants: 1. Limits count on a clock that never steps back. 2. The worker's own exit comes first: it is never reported as stalled when it has ended.
 */
import { spanMs } from '../base/elapsed.ts';
import { type Obstacle, said } from '../model/blocker.ts';
import { BOUNDS } from '../model/limits.ts';
import type { TaskRequest } from '../model/request.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { FsPort } from '../ports/fs.ts';
import type { WorkerExit } from '../ports/gate.ts';
import type { ForcedEnd } from '../turn/conclusion.ts';
import type { Activity } from '../worker/activity.ts';
import { nextLookMs, outputBytes, outputBytesMax } from '../worker/output-limit.ts';
import { byBytes, byEvents, type Reason } from '../worker/silence.ts';
import { type TurnFollower, UnreadableTurn } from '../worker/turn-output.ts';

/** What a watch waits for besides the limits. */
export interface Watch {
  readonly exited: Promise<WorkerExit>;
  /** Resolves when this host is told to stop. */
  readonly stopped: Promise<void>;
  /** For a coding agent: how its turn is followed. */
  readonly turn: TurnFollower | null;
  /** Its signs of life besides its output. */
  readonly activity: Activity;
}

/** Why a watch ended. */
export interface WatchEnd {
  /** Null when the worker was still running. */
  readonly exit: WorkerExit | null;
  /** Null when the worker ended by itself. */
  readonly forced: ForcedEnd | null;
  /** The reason in more words: what could not be read, what was used. */
  readonly obstacle?: Obstacle;
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
  const bytesMax = outputBytesMax(request);
  const startMs = clock.monotonicMs();
  const { activity, turn } = watch;
  const silence = turn === null ? byBytes(limits, activity, startMs) : byEvents(turn, request, activity, startMs);
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
    let knownBytes = 0;
    let lookMs: number = BOUNDS.outputLookMs;
    let lookedAtMs = startMs;
    const reasonToEnd = (bytes: number): Reason | null => {
      const nowMs = clock.monotonicMs();
      if (bytes > bytesMax) return { forced: 'outputLimit' };
      if (spanMs(startMs, nowMs) >= limits.deadlineMs) return { forced: 'deadline' };
      // Its output is read less often than its size is measured.
      if (spanMs(lookedAtMs, nowMs) < BOUNDS.watchLookMs) return null;
      lookedAtMs = nowMs;
      return silence(nowMs, bytes);
    };
    const look = (): void => {
      if (isOver) return;
      try {
        const bytes = outputBytes(fs, taskFolder);
        const reason = reasonToEnd(bytes);
        lookMs = nextLookMs(bytes !== knownBytes, lookMs);
        knownBytes = bytes;
        if (reason === null) callOff = clock.timer(lookMs, look);
        else end({ exit: null, ...reason });
      } catch (error) {
        if (error instanceof UnreadableTurn) end({ exit: null, forced: 'unreadable', obstacle: said(error.message) });
        else fail(error);
      }
    };
    void watch.exited
      .then((exit) => {
        // A worker that wrote too much and exited between two measurements has still written too much.
        const isTooMuch = outputBytes(fs, taskFolder) > bytesMax;
        end({ exit, forced: isTooMuch ? 'outputLimit' : null });
      })
      .catch(fail);
    void watch.stopped.then(() => end({ exit: null, forced: 'interrupted' }));
    callOff = clock.timer(lookMs, look);
  });
}
