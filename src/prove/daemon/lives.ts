/**
 * The daemons of one state folder: each is killed at its moment, the last one is left to end everything in order.
 *
 * Owns: reaching a moment, killing, starting again; what the death of a daemon does to workers. Does not own: which moments there are (daemon/moments), what must hold
 * in the end (daemon/verdict).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { spanMs } from '../../base/elapsed.ts';
import { Client } from '../../client/client.ts';
import { processState } from '../real/moments.ts';
import type { Plan } from '../real/plan.ts';
import { Commander } from './commander.ts';
import { FeedFollower } from './follower.ts';
import type { DaemonMoment } from './moments.ts';
import { type DaemonProcess, DaemonSite, type LivingWorker } from './site.ts';
import { faultsAtEnd } from './verdict.ts';

/** What came of the daemons of one state folder. */
export interface DaemonGroup {
  readonly kills: readonly { readonly moment: string; readonly hit: string | null; readonly workers: number }[];
  readonly commands: { readonly sent: number; readonly accepted: number; readonly repeated: number };
  readonly changes: { readonly followed: number; readonly reconnections: number };
  readonly starts: { readonly recorded: number; readonly witnessed: number };
  /** From each start that was left alone long enough until it was ready, ms. */
  readonly readyMs: readonly number[];
  readonly faults: readonly string[];
}

const MOMENT_MS_MAX = 20_000;
const READY_MS_MAX = 30_000;
const END_MS_MAX = 60_000;
const POLL_MS = 40;
const OUTCOME_MS_MAX = 10_000;
const REFUSED_FROM = 300;

/** Kills a daemon at each of these moments, one after another, and judges what is left. */
export async function killDaemons(moments: readonly DaemonMoment[]): Promise<DaemonGroup> {
  const lives = new DaemonLives(moments);
  try {
    return await lives.live();
  } finally {
    await lives.close();
  }
}

class DaemonLives {
  readonly #moments: readonly DaemonMoment[];
  readonly #site: DaemonSite;
  readonly #followers: readonly FeedFollower[];
  readonly #commander: Commander;
  readonly #kills: { moment: string; hit: string | null; workers: number }[] = [];
  readonly #readyMs: number[] = [];
  readonly #faults: string[] = [];
  /** Kills the daemon that runs as soon as an answer to a command has begun. */
  #killAtAnswer: (() => void) | null = null;

  constructor(moments: readonly DaemonMoment[]) {
    this.#moments = moments;
    const packetsMax = moments.length + 1;
    this.#site = new DaemonSite(packetsMax);
    const site = this.#site;
    this.#followers = [new FeedFollower('the socket', () => site.socket), new FeedFollower('TCP', () => site.tcp)];
    this.#commander = new Commander({
      address: () => site.socket,
      projectPath: site.repo.path,
      packet: (number) => site.packet(number),
      packetsMax,
      onAnswer: () => {
        const kill = this.#killAtAnswer;
        this.#killAtAnswer = null;
        kill?.();
        return kill !== null;
      },
    });
  }

  async live(): Promise<DaemonGroup> {
    for (const [n, moment] of this.#moments.entries()) await this.#killAt(moment, n);
    await this.#endInOrder();
    const site = this.#site;
    const { sent } = this.#commander;
    return {
      kills: this.#kills,
      commands: {
        sent: sent.length,
        accepted: sent.filter(({ status }) => status < REFUSED_FROM).length,
        repeated: sent.filter(({ tries }) => tries > 1).length,
      },
      changes: {
        followed: this.#followers.reduce((sum, { changes }) => sum + changes.length, 0),
        reconnections: this.#followers.reduce((sum, { lostCount }) => sum + lostCount, 0),
      },
      starts: { recorded: this.#recordedStarts(), witnessed: site.witnessed().length },
      readyMs: this.#readyMs,
      faults: [...this.#faults, ...this.#commander.faults, ...this.#followers.flatMap(({ faults }) => faults)],
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#commander.end(), ...this.#followers.map((follower) => follower.end())]);
    this.#site.close();
  }

  async #killAt(moment: DaemonMoment, n: number): Promise<void> {
    const { reach, name } = moment;
    const log = join(this.#site.repo.root, `reached-${n}`);
    const daemon = this.#site.start(planOf(moment, log), reach.by === 'operation' && reach.hasSmallFiles);
    let isOver = false;
    const ended = daemon.ended.then((code) => {
      isOver = true;
      return code;
    });
    const ready = this.#noteReady(daemon, () => isOver);
    if (reach.by === 'answer') this.#killAtAnswer = () => daemon.child.kill('SIGKILL');
    const isTimed = reach.by === 'time' || reach.by === 'work';
    if (reach.by === 'work') await this.#untilWork();
    const hasEnded = await Promise.race([
      ended.then(() => true),
      pause(isTimed ? reach.afterMs : MOMENT_MS_MAX, false),
    ]);
    const workers = this.#site.workers();
    if (!hasEnded) {
      this.#killAtAnswer = null;
      daemon.child.kill('SIGKILL');
      if (!isTimed) this.#faults.push(`the moment never came: ${name}; the daemon said: ${daemon.said()}`);
    }
    const code = await ended;
    await ready;
    if (code !== null) this.#faults.push(`${name}: the daemon ended by itself, exit ${code}: ${daemon.said()}`);
    await this.#lookAtWorkers(workers, name);
    const hit = reach.by === 'operation' ? hitIn(log) : hasEnded || isTimed ? name : null;
    this.#kills.push({ moment: name, hit, workers: workers.length });
  }

  async #untilWork(): Promise<void> {
    const endMs = performance.now() + MOMENT_MS_MAX;
    while (this.#site.workers().length === 0) {
      if (performance.now() > endMs) throw new Error('no worker has begun');
      await pause(POLL_MS);
    }
  }

  /** A start is timed where the daemon lives long enough to be ready. */
  async #noteReady(daemon: DaemonProcess, isOver: () => boolean): Promise<void> {
    const sinceMs = performance.now();
    const client = new Client(() => this.#site.socket);
    while (!isOver()) {
      const answer = await client.call('getReadiness', { timeoutMs: READY_MS_MAX }).catch(() => null); // Asked again.
      const api = answer?.state === 'ready' ? await client.call('getApi').catch(() => null) : null; // Asked again.
      if (api?.pid === daemon.pid) {
        this.#readyMs.push(Math.round(spanMs(sinceMs, performance.now())));
        return;
      }
      if (spanMs(sinceMs, performance.now()) > READY_MS_MAX) {
        this.#faults.push(`the daemon was not ready after ${READY_MS_MAX} ms; it said: ${daemon.said()}`);
        return;
      }
      await pause(POLL_MS);
    }
  }

  /** Workers that were at work when the daemon died live on, or have ended by themselves. */
  async #lookAtWorkers(workers: readonly LivingWorker[], moment: string): Promise<void> {
    const endMs = performance.now() + OUTCOME_MS_MAX;
    for (const { runId, task, pid } of workers) {
      if (this.#commander.hasCancelled(runId)) continue;
      const isFine = (): boolean => isAlive(pid) || this.#site.hasOutcome(runId, task);
      while (!isFine() && performance.now() < endMs) await pause(POLL_MS);
      if (!isFine()) this.#faults.push(`${moment}: the worker of ${runId} ${task} died with the daemon`);
    }
  }

  /** The last daemon is left alone: every run ends, every follower sees everything, and it stops when it is told to. */
  async #endInOrder(): Promise<void> {
    const site = this.#site;
    const daemon = site.start(null, false);
    let isOver = false;
    void daemon.ended.then(() => {
      isOver = true;
    });
    await this.#noteReady(daemon, () => isOver);
    if (!(await isDone(this.#commander.finish()))) {
      this.#faults.push(`not every run has ended after ${END_MS_MAX} ms; the daemon said: ${daemon.said()}`);
      return;
    }
    const { cursor } = await new Client(() => site.socket).call('getApi');
    const endMs = performance.now() + MOMENT_MS_MAX;
    while (this.#followers.some((follower) => follower.cursor < cursor) && performance.now() < endMs)
      await pause(POLL_MS);
    this.#faults.push(...(await faultsAtEnd(site, this.#commander, this.#followers, cursor)));
    daemon.child.kill('SIGTERM');
    const code = await Promise.race([daemon.ended, pause(END_MS_MAX, 'late' as const)]);
    if (code !== 0) this.#faults.push(`the daemon did not stop in order: exit ${code}: ${daemon.said()}`);
  }

  #recordedStarts(): number {
    const [follower] = this.#followers;
    return follower?.changes.filter(({ type }) => type === 'task_started').length ?? 0;
  }
}

function planOf({ reach }: DaemonMoment, log: string): Plan | null {
  if (reach.by !== 'operation') return null;
  const { when, at, hasSmallFiles } = reach;
  return { role: hasSmallFiles ? 'smallFiles' : 'runner', when, at, log };
}

function hitIn(log: string): string | null {
  return existsSync(log) ? (/^killed (.*)$/m.exec(readFileSync(log, 'utf8'))?.[1] ?? null) : null;
}

async function isDone(work: Promise<void>): Promise<boolean> {
  return Promise.race([work.then(() => true), pause(END_MS_MAX, false)]);
}

/** A zombie has ended. */
function isAlive(pid: number): boolean {
  const state = processState(pid);
  return state !== null && state !== 'Z';
}
