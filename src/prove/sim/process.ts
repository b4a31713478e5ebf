/**
 * The life of one runner process in a story: it opens the registry, drives, and ends, or dies where the story or a test wants it.
 *
 * Owns: driving the story's run, waiting until nothing moves. Does not own: living and dying (memory/memory-process), the answers of the outside
 * (sim/director, sim/ports), what operators and other runs do (sim/bystanders), what is compared (prove).
 *
 * Invariant: time passes only when nothing else moves.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Driver } from '../../engine/driver.ts';
import type { LiveRun } from '../../engine/live-run.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { FsPort } from '../../ports/fs.ts';
import type { WorkspaceResult } from '../../ports/git.ts';
import { Files } from '../../store/files.ts';
import { MemoryClock } from '../memory/memory-clock.ts';
import type { MemoryMachine, StopKind } from '../memory/memory-machine.ts';
import { MemoryProcess, type ProcessEnd } from '../memory/memory-process.ts';
import { Bystanders, type Counterpart } from './bystanders.ts';
import { Director } from './director.ts';
import { SimHosts } from './hosts.ts';
import type { Outside, Site } from './outside.ts';
import { type Caller, simAgents, simConfig, simGit, simProcesses } from './ports.ts';
import { SIM_PATHS } from './sim-paths.ts';
import { simWorld } from './sim-world.ts';
import type { Story } from './story.ts';

/** Told of every call that changes something, before it is done; kills the process by throwing `Halted`. */
export type CallHook = (call: string, process: SimProcess) => void;

/** What differs from any other process of the story. */
export interface SimProcessOptions {
  readonly hook?: CallHook | null;
  /** What it reaches the disk through, as hosts and operators do not. */
  readonly fs?: FsPort;
}

/** How often time may pass without anything being recorded. */
const IDLE_MAX = 60;
/** How many calls a process may make without recording anything; in a story that goes on it makes a few hundred. */
const CALLS_MAX = 5_000;

/** One process on a machine, and whoever is beside it. */
export class SimProcess implements Caller, Counterpart, Site {
  readonly machine: MemoryMachine;
  readonly story: Story;
  readonly outside: Outside;
  readonly director: Director;
  readonly hosts: SimHosts;
  readonly process: MemoryProcess;
  readonly clock: MemoryClock;
  readonly #fs: FsPort;
  readonly #files: Files;
  readonly #bystanders: Bystanders;
  /** Calls of the process when it last recorded something. */
  #callsRecorded = 0;

  constructor(story: Story, { machine, outside }: Site, { hook = null, fs = machine.disk }: SimProcessOptions = {}) {
    this.story = story;
    this.machine = machine;
    this.outside = outside;
    this.clock = new MemoryClock(machine, 1);
    this.#fs = fs;
    this.#files = new Files(machine.disk, this.clock);
    this.hosts = new SimHosts(outside, machine);
    this.director = new Director(story, { machine, hosts: this.hosts, paths: SIM_PATHS });
    this.#bystanders = new Bystanders(this, this.#files);
    this.process = new MemoryProcess(machine, {
      onOperation: (path) => {
        this.#mustRecord();
        if (this.#bystanders.mustDieAt(path)) this.process.kill();
      },
      onChange: hook === null ? null : (call) => hook(call, this),
      nameOf: (op, path, isHalfDone) => `${roomOf(path)}.${op}${isHalfDone ? ' half' : ''}`,
    });
  }

  /** Lives until the story has come to its end, the process has died or failed, or nothing moves. */
  live(): Promise<ProcessEnd> {
    this.director.resume(recordsIn(this.#files, this.story.entry.runId));
    return this.process.live(() => this.#live());
  }

  /** Dies at once. */
  kill(): never {
    this.process.kill();
  }

  /** What is left when the process, or the power, goes now. */
  stopped(kind: StopKind, seed: number): Site {
    return { machine: this.process.stopped(kind, seed), outside: this.outside.copy() };
  }

  async #live(): Promise<string | null> {
    const { outside, clock } = this;
    const world = await simWorld({
      fs: this.#fs,
      clock,
      processes: simProcesses(this),
      git: simGit(this),
      agents: simAgents(this),
      config: simConfig(this),
      repository: outside.repository,
      makeDurable: () => this.process.at('worktree.sync'),
    });
    const driver = new Driver(world, {
      maxParallel: 2,
      agentOverride: null,
      onRecord: (run, record) => this.#recorded(run, record),
    });
    let failure: unknown = null;
    try {
      const why = await this.#follow(driver);
      if (why !== null) return why;
    } catch (error) {
      failure = error;
    }
    // As a program does: whatever it was told of, it lets go of what it has.
    for (const letGo of [() => this.during(driver, driver.close()), () => world.lock.release()]) {
      this.process.mustLive('it lets go');
      try {
        await letGo();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
    return null;
  }

  /** Why the story does not come to its end, null when it does. Throws what the driver is told of. */
  async #follow(driver: Driver): Promise<string | null> {
    const { entry } = this.story;
    await this.during(driver, driver.open());
    if (driver.view(entry.runId) === null) await this.during(driver, driver.create(entry));
    this.process.unseen(() => this.director.found(driver.find(entry.runId)?.state ?? null));
    return this.#bystanders.seeThrough(driver);
  }

  rivalWorkspace(worktree: string): Promise<WorkspaceResult> {
    return this.#bystanders.rivalWorkspace(worktree);
  }

  #recorded({ runId, state }: LiveRun, record: JournalRecord): void {
    const { director, outside, story } = this;
    outside.acknowledge(runId, record.sum);
    this.#callsRecorded = this.process.activity;
    const before = director.progress.next;
    if (runId === story.entry.runId) this.process.unseen(() => director.recorded(record, state));
    else director.wake();
    const isStep = director.progress.next !== before || record.event.type === 'packetReceived';
    if (this.#bystanders.mustDie(runId, state, isStep)) this.process.kill();
  }

  /** An engine that only turns in a circle may never let the event loop turn: so it is told in the middle of it. */
  #mustRecord(): void {
    if (this.process.activity - this.#callsRecorded <= CALLS_MAX) return;
    throw new Error(`nothing is recorded in ${CALLS_MAX} calls before ${this.director.next ?? 'the end'}`);
  }

  /** Waits for `work` while time passes whenever nothing moves. Throws when the process dies meanwhile, or nothing moves any more. */
  async during(driver: Driver, work: Promise<unknown>): Promise<void> {
    let end: { readonly error: unknown } | null = null;
    work.then(
      () => {
        end = { error: null };
      },
      (error: unknown) => {
        end = { error };
      },
    );
    let seen = -1;
    for (let idle = 0, calm = 0; end === null; ) {
      await turn();
      this.process.mustLive('it waits');
      const { activity } = this.process;
      calm = seen === activity ? calm + 1 : 0;
      seen = activity;
      if (calm < 2) continue;
      calm = 0;
      idle = this.#bystanders.stir(driver) ? 0 : idle + 1;
      if (idle > IDLE_MAX) throw new Error(`nothing moves before ${this.director.next ?? 'the end'}`);
    }
    rethrow(end);
    const fault = driver.failure ?? driver.runs().find((run) => run.fault !== null)?.fault ?? null;
    if (fault !== null) throw fault;
  }
}

function rethrow(end: { readonly error: unknown } | null): void {
  if (end !== null && end.error !== null) throw end.error;
}

/** The records of a journal as far as they can be read, unchecked: the process that is to start checks them. */
function recordsIn(files: Files, runId: string): readonly JournalRecord[] {
  const bytes = files.readBytes(SIM_PATHS.journal(runId), BOUNDS.snapshotBytes);
  const records: JournalRecord[] = [];
  for (const line of new TextDecoder().decode(bytes ?? new Uint8Array()).split('\n')) {
    try {
      if (line !== '') records.push(JSON.parse(line));
    } catch (error) {
      // A torn last line: it is not recorded.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return records;
}

const ROOMS: readonly (readonly [RegExp, string])[] = [
  [/\/events\.jsonl$/, 'journal'],
  [/\/tasks\//, 'register'],
  [/\/artifacts\//, 'artifact'],
  [/\/inbox\b/, 'inbox'],
  [/\/runs\/[^/]+\/(?:snapshot\.json|\.tmp-[^/]*)$/, 'snapshot'],
  [/\/runs\b/, 'folder'],
];

/** Which part of the registry a path belongs to. */
function roomOf(path: string): string {
  return ROOMS.find(([pattern]) => pattern.test(path))?.[1] ?? 'lock';
}
