/**
 * Whoever else has a part in a story: operators who leave commands, other runs that want the same surfaces, and time.
 *
 * Owns: leaving those commands, driving those runs, letting time pass, deciding when the story itself lets the process die. Does not own:
 * hosts, workers and git (sim/director), the process (sim/process).
 *
 * Invariant: an event that comes from outside while the driver does short work of its own can come only to a process that has not begun it:
 * there the story lets the process die, and the next one finds it.
 */

import type { Driver } from '../../engine/driver.ts';
import { emptyInbox } from '../../engine/inbox-desk.ts';
import { DECISIONS } from '../../model/command.ts';
import type { WorkspaceResult } from '../../ports/git.ts';
import { hasEnded } from '../../run/run-end.ts';
import type { RunState } from '../../run/system.ts';
import type { Files } from '../../store/files.ts';
import { leaveCommand, readCommands } from '../../store/inbox.ts';
import type { MemoryClock } from '../memory/memory-clock.ts';
import type { MemoryProcess } from '../memory/memory-process.ts';
import { type Director, gitRefusal, isCommand } from './director.ts';
import { SIM_PATHS } from './sim-paths.ts';
import { neighbourEntry, otherPacket, rivalEntry, type Story } from './story.ts';

const PHASES_MAX = 60;
/** How often nothing may be recorded in a row. */
const STALLS_MAX = 2;
/** Time that passes at once when nothing moves. */
const STEP_MS = 2_000;
/** What is waited for longer is not waited for, unless the story says so. */
const SHORT_MS = 5_000;
/** The effects during which a command is taken by a living driver; so it is while an agent's limit is waited for. */
const PATIENT: readonly string[] = ['startHost', 'awaitWorker', 'watchWorker'];

/** The process that others have to do with. */
export interface Counterpart {
  readonly story: Story;
  readonly director: Director;
  readonly process: MemoryProcess;
  readonly clock: MemoryClock;
  /** Waits for `work` of the driver while time passes. */
  during(driver: Driver, work: Promise<unknown>): Promise<void>;
}

/** Operators, other runs and time, in the life of one process. */
export class Bystanders {
  readonly #counterpart: Counterpart;
  readonly #files: Files;
  /** Other runs by id: whether they hold their surfaces. */
  readonly #rivals = new Map<string, boolean>();
  /** A run holds what the story's work may come to touch. */
  #hasNeighbour = false;
  #isSeizing = false;
  /** The runs have been brought back. */
  #isOpen = false;
  #records = 0;
  #inbox: Promise<void> | null = null;

  constructor(counterpart: Counterpart, files: Files) {
    this.#counterpart = counterpart;
    this.#files = files;
  }

  /** Does what the story wants, one thing after another, until it is at its end. Returns why it does not come there, or null. */
  async seeThrough(driver: Driver): Promise<string | null> {
    const { director, story } = this.#counterpart;
    for (const run of driver.runs()) this.#note(run.runId, run.state);
    this.#isOpen = true;
    let stalls = 0;
    for (let phase = 0; director.next !== undefined; phase += 1) {
      const { problem } = director.progress;
      if (problem !== null) return problem;
      const view = driver.view(story.entry.runId);
      if (view?.kind === 'quarantined') return `set aside: ${view.blockers[0]?.message ?? 'without a word'}`;
      const before = this.#records;
      await this.#phase(driver);
      stalls = before === this.#records ? stalls + 1 : 0;
      if (stalls > STALLS_MAX || phase > PHASES_MAX) return `the driver rests before ${director.next ?? 'the end'}`;
    }
    return null;
  }

  async #phase(driver: Driver): Promise<void> {
    const { director, story, process } = this.#counterpart;
    const { machine } = process;
    const { runId } = story.entry;
    const { next } = director;
    const holder = this.#holder;
    if (isCommand(next)) await this.#leave(runId, next ?? '');
    if ((next === 'leaseAcquired' || next === 'surfaceFreed') && holder !== null)
      await this.#leave(holder, 'cancelRequested');
    await this.#counterpart.during(driver, emptyInbox(driver));
    // Decided, or only an older one was: either way it is looked at anew before anything is driven.
    if (director.next !== next || isCommand(next)) return;
    if (next === 'leaseReclaimed') {
      const expiresAtMs = director.state?.root.context.lease?.expiresAtMs ?? 0;
      machine.nowMs = Math.max(machine.nowMs, expiresAtMs + 1);
      await this.#drive(driver, [await this.#rival(driver)]);
    } else if (next === 'leaseContended' && holder === null) {
      this.#isSeizing = true;
      await this.#drive(driver, [await this.#rival(driver)]);
    } else if (next === 'leaseRefused' && holder === null) await this.#drive(driver, [await this.#rival(driver)]);
    else if (next === 'surfaceExceeded held' && !this.#hasNeighbour)
      await this.#drive(driver, [await neighbourIn(driver)]);
    else await this.#drive(driver, next === 'leaseContended' && holder !== null ? [runId, holder] : [runId]);
  }

  #drive(driver: Driver, runIds: readonly string[]): Promise<void> {
    return this.#counterpart.during(driver, driver.drive(runIds));
  }

  /** The run that holds the surfaces in place of the story's, or null. */
  get #holder(): string | null {
    return [...this.#rivals].find(([, holds]) => holds)?.[0] ?? null;
  }

  #note(runId: string, state: RunState): void {
    const holds = state.root.context.lease !== null;
    if (runId === neighbourEntry().runId) this.#hasNeighbour = holds;
    else if (runId !== this.#counterpart.story.entry.runId) this.#rivals.set(runId, holds);
  }

  /** A run that wants the same surfaces and has not had them yet. */
  async #rival(driver: Driver): Promise<string> {
    const waiting = [...this.#rivals.keys()].find((runId) => isWaiting(driver.find(runId)?.state));
    if (waiting !== undefined) return waiting;
    const taken = driver.views().length;
    return (await driver.create(rivalEntry(taken))).runId;
  }

  /** Another run's workspace is refused: so it holds its surfaces and rests. While it is to be waited for it has no answer. */
  async rivalWorkspace(worktree: string): Promise<WorkspaceResult> {
    if (this.#isSeizing) this.#counterpart.process.kill();
    const { director } = this.#counterpart;
    await director.turnWhen(() => {
      const { next, last } = director;
      return next !== 'leaseContended' && !(last === 'leaseContended' && isCommand(next));
    });
    throw gitRefusal(worktree);
  }

  /** The command lies in the inbox, once. */
  #leave(runId: string, type: string): Promise<void> {
    return this.#counterpart.process.unseenWhile(async () => {
      const { commands } = await readCommands(this.#files, SIM_PATHS);
      if (commands.some((command) => !('runId' in command) || command.runId === runId)) return;
      const words = { reason: 'the story wants it', by: 'operator' };
      if (type === 'packetReplaced') {
        const { story, director } = this.#counterpart;
        const packet = otherPacket(story, director.progress.next);
        await leaveCommand(this.#files, SIM_PATHS, this.#files.clock, { command: 'replace', packet, ...words });
        return;
      }
      const body = { runId, ...words };
      const decision = DECISIONS.find((each) => type.endsWith(` ${each}`));
      const request =
        decision === undefined
          ? ({ ...body, command: 'cancel' } as const)
          : ({ ...body, command: 'resolve', decision } as const);
      await leaveCommand(this.#files, SIM_PATHS, this.#files.clock, request);
    });
  }

  /** A record of `runId` is there, a step of the story or not: whether the process must die of it, so that the next step can come. */
  mustDie(runId: string, state: RunState, isStep: boolean): boolean {
    this.#records += 1;
    this.#note(runId, state);
    const { director, story } = this.#counterpart;
    const { next, last } = director;
    if (runId !== story.entry.runId || next === undefined || !isStep) return false;
    const isEnding = state.owed.some(({ kind }) => kind === 'endTask');
    // It stops by itself.
    if (state.root.value === 'blockedNeedsHuman') return false;
    const holder = this.#holder;
    if (next === 'leaseReclaimed') return true;
    if (next === 'surfaceExceeded held') return !this.#hasNeighbour;
    if (next === 'leaseRefused' || next === 'leaseContended') return holder === null;
    if (next === 'leaseAcquired' || next === 'surfaceFreed') return holder !== null;
    if (!isCommand(next) || last === 'leaseContended' || isEnding) return false;
    return state.root.context.waitUntilMs === null && !state.owed.some(({ kind }) => PATIENT.includes(kind));
  }

  /**
   * Whether the process must die at its next look into that place: a task is about to be ended, and something else comes first. Not at the
   * record that asks for it: the command behind that would be told again, and the task ended before anything else is decided.
   */
  mustDieAt(path: string): boolean {
    if (!this.#isOpen || !path.includes('/tasks/')) return false;
    const { next, state } = this.#counterpart.director;
    const isEnding = state?.owed.some(({ kind }) => kind === 'endTask') === true;
    return isEnding && (isCommand(next) || next === 'deadlineReached lease');
  }

  /** Nothing moves: an operator comes, or time passes. Returns whether anything was recorded since the last time. */
  stir(driver: Driver): boolean {
    const { director, story, clock, process } = this.#counterpart;
    if (isCommand(director.next) && this.#inbox === null) {
      this.#inbox = this.#leave(story.entry.runId, director.next ?? '')
        .then(() => emptyInbox(driver))
        .catch((error: unknown) => driver.end(error))
        .finally(() => {
          this.#inbox = null;
        });
    }
    process.unseen(() => director.prepare(true));
    const due = clock.due(SHORT_MS);
    const isLate = director.next?.startsWith('deadlineReached ') === true;
    if (due.length > 0) process.machine.nowMs += STEP_MS;
    clock.fire(isLate ? clock.due(Number.POSITIVE_INFINITY) : due);
    const isMoving = this.#seen !== this.#records;
    this.#seen = this.#records;
    return isMoving;
  }
  #seen = -1;
}

/** The run that leases what the story's own may come to touch. */
async function neighbourIn(driver: Driver): Promise<string> {
  const entry = neighbourEntry();
  return driver.view(entry.runId) === null ? (await driver.create(entry)).runId : entry.runId;
}

/** Not ended, not parked, without a lease. */
function isWaiting(state: RunState | undefined): boolean {
  if (state === undefined || hasEnded(state.root)) return false;
  return state.root.matches('queued') || state.root.matches('waitingForLock');
}
