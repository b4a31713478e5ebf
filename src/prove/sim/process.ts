/**
 * The life of one runner process in a story: it opens the registry, drives, and ends, or dies where the story or a test wants it.
 *
 * Owns: booting, dying, waiting until nothing moves. Does not own: the answers of the outside (sim/director, sim/ports), what operators and
 * other runs do (sim/bystanders), what is compared (prove).
 *
 * Invariants: 1. A dead process touches nothing any more. 2. Time passes only when nothing else moves.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { adapterOf } from '../../adapters/agents/adapters.ts';
import { localScm } from '../../adapters/scm/local.ts';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import { Driver } from '../../engine/driver.ts';
import type { LiveRun } from '../../engine/live-run.ts';
import type { World } from '../../engine/world.ts';
import { definitionHash } from '../../kernel/image.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { WorkspaceResult } from '../../ports/git.ts';
import { runSystem } from '../../run/system.ts';
import { fileStore } from '../../store/file-store.ts';
import { Files } from '../../store/files.ts';
import { openRegistry } from '../../store/registry.ts';
import { takeLock } from '../../store/registry-lock.ts';
import { Halted, type MemoryFs } from '../memory/memory-fs.ts';
import { Bystanders, type Counterpart } from './bystanders.ts';
import { Director } from './director.ts';
import { SimHosts } from './hosts.ts';
import type { Outside } from './outside.ts';
import { type Caller, simAgents, simClock, simConfig, simGit, simProcesses, type Timer } from './ports.ts';
import { SIM_PATHS } from './sim-paths.ts';
import type { Story } from './story.ts';

/** How a process ended: it let go of the registry, it was killed, or it continued in no way that the story knows. */
export type ProcessEnd = { readonly kind: 'closed' | 'killed' } | { readonly kind: 'stuck'; readonly why: string };

/** Told of every call that changes something, before it is done; kills the process by throwing `Halted`. */
export type CallHook = (call: string, process: SimProcess) => void;

const DEFINITION = definitionHash(runSystem, sha256);
/** How often time may pass without anything being recorded. */
const IDLE_MAX = 60;
const CHANGES = ['open', 'write', 'sync', 'dataSync', 'link', 'rename', 'unlink', 'truncate', 'makeFolder', 'touch'];

/** One process on a disk and its surroundings. */
export class SimProcess implements Caller, Counterpart {
  readonly disk: MemoryFs;
  readonly outside: Outside;
  readonly story: Story;
  readonly director: Director;
  readonly hosts: SimHosts;
  readonly self: ProcessIdentity;
  readonly timers = new Set<Timer>();
  readonly #files: Files;
  readonly #hook: CallHook | null;
  readonly #bystanders: Bystanders;
  #activity = 0;
  #isDead = false;

  constructor(story: Story, disk: MemoryFs, outside: Outside, hook: CallHook | null) {
    this.story = story;
    this.disk = disk;
    this.outside = outside;
    this.#hook = hook;
    this.#files = new Files(disk, simClock(this));
    this.hosts = new SimHosts(outside, disk);
    this.director = new Director(story, { outside, hosts: this.hosts, paths: SIM_PATHS });
    this.#bystanders = new Bystanders(this, this.#files);
    this.self = outside.begin();
  }

  /** Lives until the story has come to its end, the process has died, or nothing moves. */
  async live(): Promise<ProcessEnd> {
    this.director.resume(this.unseen(() => recordsIn(this.#files, this.story.entry.runId)));
    this.disk.isHalving = true;
    this.disk.changes.isUnseen = (name) => name.startsWith('.tmp-');
    this.disk.onCall = (op, path, isHalfDone) => {
      this.#activity += 1;
      if (this.#bystanders.mustDieAt(path)) this.kill();
      if (CHANGES.includes(op)) this.#hook?.(`${roomOf(path)}.${op}${isHalfDone ? ' half' : ''}`, this);
    };
    try {
      return await this.#live();
    } catch (error) {
      // Everything that happens to a dead process comes of its death.
      if (this.#isDead || error instanceof Halted) return { kind: 'killed' };
      return { kind: 'stuck', why: String(error) };
    } finally {
      this.#isDead = true;
      this.disk.halt();
      this.outside.end(this.self);
    }
  }

  async #live(): Promise<ProcessEnd> {
    const world = await this.#world();
    const { entry } = this.story;
    const driver = new Driver(world, {
      maxParallel: 2,
      agentOverride: null,
      onRecord: (run, record) => this.#recorded(run, record),
    });
    await this.during(driver, driver.open());
    if (driver.view(entry.runId) === null) await this.during(driver, driver.create(entry));
    this.director.found(driver.find(entry.runId)?.state ?? null);
    const why = await this.#bystanders.seeThrough(driver);
    if (why !== null) return { kind: 'stuck', why };
    await this.during(driver, driver.close());
    await world.lock.release();
    return { kind: 'closed' };
  }

  /** Dies at once. */
  kill(): never {
    this.#isDead = true;
    this.disk.halt();
    throw new Halted('the process was killed');
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  at(call: string): void {
    if (this.#isDead) throw new Halted(`the process is dead: ${call}`);
    this.#activity += 1;
    this.#hook?.(call, this);
  }

  rivalWorkspace(worktree: string): Promise<WorkspaceResult> {
    return this.#bystanders.rivalWorkspace(worktree);
  }

  /** What somebody else does on this machine: nobody counts it as a call of the process. */
  unseen<T>(body: () => T): T {
    const watchAgain = this.#lookAway();
    try {
      return body();
    } finally {
      watchAgain();
    }
  }

  /** As `unseen`, for what takes its time. */
  async unseenWhile(body: () => Promise<void>): Promise<void> {
    const watchAgain = this.#lookAway();
    try {
      await body();
    } finally {
      watchAgain();
    }
  }

  /** Calls of the disk are not told, until what is returned is called. */
  #lookAway(): () => void {
    const { disk } = this;
    const { onCall, isHalving } = disk;
    disk.onCall = null;
    disk.isHalving = false;
    return () => {
      disk.onCall = onCall;
      disk.isHalving = isHalving;
    };
  }

  #recorded({ runId, state }: LiveRun, record: JournalRecord): void {
    const { director, outside, story } = this;
    outside.acknowledge(runId, record.sum);
    const before = director.progress.next;
    if (runId === story.entry.runId) this.unseen(() => director.recorded(record, state));
    else director.wake();
    const isStep = director.progress.next !== before || record.event.type === 'packetReceived';
    if (this.#bystanders.mustDie(runId, state, isStep)) this.kill();
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
      if (this.#isDead) throw new Halted('the process is dead');
      calm = seen === this.#activity ? calm + 1 : 0;
      seen = this.#activity;
      if (calm < 2) continue;
      calm = 0;
      idle = this.#bystanders.stir(driver) ? 0 : idle + 1;
      if (idle > IDLE_MAX) throw new Error(`nothing moves before ${this.director.next ?? 'the end'}`);
    }
    rethrow(end);
    if (driver.failure !== null) throw driver.failure;
  }

  async #world(): Promise<World> {
    const clock = simClock(this);
    const files = new Files(this.disk, clock);
    const processes = simProcesses(this);
    await openRegistry(files, SIM_PATHS.root);
    const lock = await takeLock({ files, paths: SIM_PATHS, clock, processes, helperLock: null });
    return {
      files,
      clock,
      processes,
      git: simGit(this),
      agents: simAgents(this),
      adapterOf,
      scm: (runFolder) => localScm(files, runFolder),
      worktrees: {
        headOf: async () => null,
        settingsOf: async () => ({}),
        recordTree: async () => ({ head: null, tree: null, reason: null }),
        makeDurable: async () => this.at('worktree.sync'),
        showBase: async () => null,
        restoreHead: async () => null,
      },
      config: simConfig(this),
      paths: SIM_PATHS,
      lock,
      helperFd: null,
      ...fileStore(files, SIM_PATHS, lock.assertHighest),
      isolation: 'none',
      hasTreeLock: false,
      verificationWorker: ['sim-verify'],
      definitionHash: DEFINITION,
      log: () => undefined,
      inspector: null,
    };
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
