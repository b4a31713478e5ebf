/**
 * Starting the daemon in the background, and waiting until it is ready.
 *
 * Owns: its process (a session of its own, no input, output to the log), the wait, what is said of one that fails. Does not own: what it does
 * when it runs, how it stands (app/daemon/standing).
 *
 * Invariants: 1. However many start it at once, one daemon results, and all of them succeed: the lock decides, and whoever lost it waits for the other. 2. Nothing is
 * started while a daemon lives, or may live.
 */
import { spawn } from 'node:child_process';
import { exitWords } from '../../base/exit-words.ts';
import { sanitiseTail } from '../../base/sanitise.ts';
import { PawlError } from '../../model/error.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { Files } from '../../store/files.ts';
import type { DaemonFile } from '../../store/home/daemon-file.ts';
import { assertDaemonKnown } from '../../store/home/home-lock.ts';
import { attempt } from '../../store/store-errors.ts';
import { CLIENT_BOUNDS } from './daemon-bounds.ts';
import type { DaemonPlace } from './daemon-place.ts';
import { type Standing, standingOf } from './standing.ts';

/** The program that becomes the daemon. */
export interface DaemonProgram {
  readonly path: string;
  /** Followed by `--log-file`, and `--port` where one is wanted. */
  readonly args: readonly string[];
}

/** How it is started. */
export interface StartOrder {
  readonly program: DaemonProgram;
  /** Absolute. */
  readonly logFile: string;
  /** Null: the daemon chooses. */
  readonly port: number | null;
  readonly timeoutMs: number;
}

/** A daemon that is ready. */
export interface Started {
  /** `present`: somebody else has started it. */
  readonly outcome: 'started' | 'present';
  readonly daemon: DaemonFile;
}

/** A daemon is ready. Throws PAWL_DAEMON_FAILED, naming the log; PAWL_DAEMON_UNKNOWN where it cannot be told whether one lives. */
export async function startInBackground(place: DaemonPlace, order: StartOrder): Promise<Started> {
  const { files, home, clock, processes } = place;
  const endMs = clock.monotonicMs() + order.timeoutMs;
  let child: Child | null = null;
  for (;;) {
    const standing = await standingOf(place);
    const { state, daemon } = standing;
    if (state === 'ready' && daemon !== null) {
      child?.leave();
      return { outcome: daemon.pid === child?.pid ? 'started' : 'present', daemon };
    }
    assertDaemonKnown(files, home, processes);
    if (state === 'stopped' || state === 'stale') {
      if (child === null) {
        await files.ensureFolders([home.root]);
        child = new Child(place, order);
      } else if (child.end !== null)
        throw failed(files, child.log, `The daemon ended before it was ready: ${child.end}.`);
    }
    if (clock.monotonicMs() >= endMs) {
      child?.leave();
      throw failed(files, child?.log ?? logOf(standing, order), lateWords(standing, order));
    }
    await Promise.race([pause(clock, CLIENT_BOUNDS.pollMs), ...(child?.end === null ? [child.ended] : [])]);
  }
}

/** A log, and where in it begins what is of interest. */
interface LogPart {
  readonly path: string;
  readonly from: number;
}

/** The daemon's process, as long as it may end before it is ready. */
class Child {
  readonly pid: number | null;
  readonly log: LogPart;
  /** How it ended, in words; null while it has not. */
  end: string | null = null;
  /** Resolves when it has. */
  readonly ended: Promise<void>;
  readonly #process: ReturnType<typeof spawn>;

  constructor({ files, home }: DaemonPlace, { program, logFile, port }: StartOrder) {
    const args = [...program.args, '--log-file', logFile, ...(port === null ? [] : ['--port', String(port)])];
    const fd = attempt('open', logFile, () => files.fs.open(logFile, 'a+'));
    try {
      this.log = { path: logFile, from: files.fs.size(fd) };
      this.#process = spawn(program.path, args, { cwd: home.root, detached: true, stdio: ['ignore', fd, fd] });
    } finally {
      files.fs.close(fd);
    }
    this.pid = this.#process.pid ?? null;
    this.ended = new Promise((resolve) => {
      const settle = (words: string): void => {
        this.end = words;
        resolve();
      };
      this.#process.once('error', (error) => settle(error.message));
      this.#process.once('exit', (exitCode, signal) => settle(exitWords({ exitCode, signal })));
    });
  }

  /** It goes on without us. */
  leave(): void {
    this.#process.unref();
  }
}

function logOf({ daemon }: Standing, { logFile }: StartOrder): LogPart {
  return { path: daemon?.logFile ?? logFile, from: 0 };
}

function lateWords({ state, detail, holderPid }: Standing, { timeoutMs }: StartOrder): string {
  const who = holderPid === null ? 'The daemon' : `The daemon (process ${holderPid})`;
  return `${who} was not ready within ${timeoutMs / 1_000} s: it is ${state}${detail === '' ? '' : `, ${detail}`}.`;
}

function failed(files: Files, log: LogPart, what: string): PawlError {
  const lines = lastLines(files, log);
  return new PawlError({
    code: 'PAWL_DAEMON_FAILED',
    message: lines === '' ? `${what} Its log is ${log.path}` : `${what} The end of its log, ${log.path}:\n${lines}`,
    subject: log.path,
    hint: 'Correct the cause, then start it again; `pawl stop` ends one that is still there.',
    kind: 'needsHuman',
  });
}

/** The last lines of the log's part, safe to show; empty where there are none. */
function lastLines(files: Files, { path, from }: LogPart): string {
  const { logBytes, logLines, logChars } = CLIENT_BOUNDS;
  const bytes = files.usingIfThere(path, (fd) => {
    const size = files.fs.size(fd);
    // A log that is shorter than before was begun anew.
    const begin = Math.max(size < from ? 0 : from, size - logBytes);
    return files.fs.read(fd, begin, size - begin);
  });
  const text = sanitiseTail(new TextDecoder().decode(bytes ?? new Uint8Array()), logChars).trim();
  return text === ''
    ? ''
    : text
        .split('\n')
        .slice(-logLines)
        .map((line) => `  ${line}`)
        .join('\n');
}

function pause(clock: ClockPort, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(delayMs, resolve);
  });
}
