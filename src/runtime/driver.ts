/**
 * The one driving process of a registry: brings every run back to life, drives those that were asked for, until none can move.
 *
 * Owns: which runs live here, which are driven, leases and slots between them, commands, the end. Does not own: one run's commit
 * (runtime/live-run), effects (runtime/perform), taking the lock (store).
 *
 * Invariants: 1. L6: made only with the registry lock held. 2. A run that fails its checks is set aside and drives nothing.
 * 3. A failed sync, a lost lock or a bug ends the whole process: `failure` is then set and nothing is begun any more.
 */
import { spentBesides } from '../core/ledger.ts';
import { removedView } from '../core/removed-view.ts';
import { type RunView, viewOf } from '../core/run-view.ts';
import { snapshotOf } from '../core/state-image.ts';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, EXIT } from '../model/error-codes.ts';
import type { JournalRecord } from '../model/record.ts';
import type { RepositoryFacts } from '../ports/git.ts';
import { listUnfinishedBatches, markBatchDone } from '../store/batches.ts';
import { readQuarantine } from '../store/quarantine.ts';
import { listRuns } from '../store/registry.ts';
import { listRemovals } from '../store/removed-runs.ts';
import type { Neighbours } from './admission.ts';
import { bringBack, bringBackWhole, type Homecoming, settleLeftovers } from './bring-back.ts';
import { Changes } from './changes.ts';
import { performEndTask } from './end-task.ts';
import { entriesOf, type IntakeEntry, prepareRun } from './intake.ts';
import { LeaseTable } from './leases.ts';
import { LiveRun, type LiveRunObserver, type Performer } from './live-run.ts';
import { performer } from './perform.ts';
import type { Finding } from './rehydrate.ts';
import { quickView } from './run-look.ts';
import { setAside } from './set-aside.ts';
import { Slots } from './slots.ts';
import type { World } from './world.ts';

/** How a driver drives. */
export interface DriverOptions {
  readonly maxParallel: number;
  readonly agentOverride: string | null;
  /** Called after every record, for a live view. */
  readonly onRecord?: (run: LiveRun, record: JournalRecord) => void;
}

/** What a start found of one run. */
export interface RunFindings {
  readonly runId: string;
  readonly findings: readonly Finding[];
}

/** The one driving process of a registry. */
export class Driver {
  readonly world: World;
  readonly leases = new LeaseTable();
  readonly findings: RunFindings[] = [];
  readonly #options: DriverOptions;
  readonly #slots: Slots;
  readonly #runs = new Map<string, LiveRun>();
  readonly #ended = new Map<string, RunView>();
  /** Of runs whose folders were removed: their packets have run, and what they have used counts. */
  readonly #removed = new Map<string, RunView>();
  readonly #driven = new Set<string>();
  readonly #perform: Performer;
  readonly #observer: LiveRunObserver;
  #isAccepting = true;
  #failure: unknown = null;
  readonly #changes = new Changes();
  #repository: RepositoryFacts | null = null;

  constructor(world: World, options: DriverOptions) {
    this.world = world;
    this.#options = options;
    this.#slots = new Slots(options.maxParallel);
    this.#perform = performer(this.#neighbours());
    this.#observer = {
      onCommit: (run, record) => {
        this.#hold(run);
        options.onRecord?.(run, record);
        this.#changes.announce();
      },
      onFailure: (run, error) => this.#onFailure(run, error),
      onRest: () => this.#changes.announce(),
    };
  }

  /** What the repository said about itself when the driver was opened. */
  get repository(): RepositoryFacts {
    if (this.#repository === null) throw new Error('bug: the driver is not open');
    return this.#repository;
  }

  /** What ended the whole process' work, or null. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Live runs, in the order of their ids. */
  runs(): readonly LiveRun[] {
    return [...this.#runs.values()];
  }

  find(runId: string): LiveRun | undefined {
    return this.#runs.get(runId);
  }

  /** The view of any run of the registry, or null when there is none of that id. */
  view(runId: string): RunView | null {
    const live = this.#runs.get(runId);
    if (live === undefined) return this.#ended.get(runId) ?? this.#removed.get(runId) ?? null;
    const { actors } = snapshotOf(live.state, live.sum, '');
    return viewOf(runId, actors, { seq: live.state.seq, updatedAtMs: null });
  }

  views(): readonly RunView[] {
    const ids = [...new Set([...this.#ended.keys(), ...this.#runs.keys()])].sort();
    return ids.map((runId) => this.view(runId)).filter((view) => view !== null);
  }

  /** Finishes intakes that were cut off, then brings every run back: its findings are known, what has ended is settled. */
  async open(): Promise<void> {
    const { files, paths } = this.world;
    for (const run of listRemovals(files, paths)) this.#removed.set(run.runId, removedView(run));
    this.#repository = await this.world.git.facts();
    for (const runId of listRuns(files, paths))
      await this.#keep(runId, await bringBack(this.world, runId, this.#observer));
    for (const batch of listUnfinishedBatches(files, paths).batches) {
      for (const entry of entriesOf(batch)) if (this.view(entry.runId) === null) this.create(entry);
      markBatchDone(files, paths, batch.batchId);
    }
  }

  /** Checks the runs that have ended as closely as the others: their journals are folded, late completions are recorded. */
  async verifyEnded(): Promise<void> {
    // A list of its own: what has been checked comes back as ended.
    for (const [runId, view] of [...this.#ended]) {
      if (view.state === 'quarantined') continue;
      this.#ended.delete(runId);
      await this.#keep(runId, await bringBackWhole(this.world, runId, this.#observer));
    }
  }

  async #keep(runId: string, found: Homecoming): Promise<void> {
    if (found.kind === 'absent') return;
    if (found.kind === 'ended') {
      this.#keepEnded(found.view);
      if (found.findings.length > 0) this.findings.push({ runId, findings: found.findings });
      return;
    }
    this.#runs.set(runId, found.run);
    this.#hold(found.run);
    const findings = await settleLeftovers(found.run, found.findings);
    await this.#quarantines;
    if (findings.length > 0) this.findings.push({ runId, findings });
    if (found.run.fault === null && found.run.state.run.status !== 'active') await this.#letGo(found.run);
  }

  #keepEnded(view: RunView): void {
    this.#ended.set(view.runId, view);
    this.leases.set(view.runId, view.lease);
  }

  /** Makes a run and its first record. */
  create(entry: IntakeEntry): LiveRun {
    const event = prepareRun(this.world, entry);
    const start = { runId: entry.runId, state: null, sum: '', journalSize: 0, snapshotSeq: 0 };
    const run = new LiveRun(this.world, start, this.#observer);
    const refusal = run.commit('run', event);
    if (refusal !== null) throw new Error(`bug: ${entry.runId}: ${refusal.reason}`);
    this.#runs.set(entry.runId, run);
    this.#hold(run);
    return run;
  }

  /** A run that has ended needs no place among the living. */
  async #letGo(run: LiveRun): Promise<void> {
    const view = this.view(run.runId);
    await run.stop();
    this.#runs.delete(run.runId);
    if (view !== null) this.#keepEnded(view);
  }

  #hold(run: LiveRun): void {
    this.leases.set(run.runId, run.state.run.context.lease);
    if (run.state.run.status !== 'active' || isParked(run)) {
      this.#slots.release(run.runId);
      // Those who waited for this holder look again: it does not move any more.
      this.leases.wake();
    } else if (run.state.run.context.waitUntilMs !== null) this.#slots.release(run.runId);
  }

  /** Drives these runs until none of them can move by itself, the operator asks to stop, or the process may not go on. */
  async drive(runIds: readonly string[]): Promise<void> {
    const asked = runIds.map((runId) => this.#runs.get(runId)).filter((run) => run !== undefined);
    for (const run of asked) this.#driven.add(run.runId);
    // Whoever holds a lease goes first: those who wait for it would keep it from its slot.
    const order = [...asked].sort((a, b) => Number(holdsLease(b)) - Number(holdsLease(a)));
    for (const run of order) if (run.fault === null) run.start(this.#perform);
    for (;;) {
      const moving = asked.filter((run) => this.#isMoving(run));
      if (this.#failure !== null || !this.#isAccepting || moving.length === 0) return;
      assertUnderWay(moving);
      await this.#changes.next();
      // What was begun by the last record shows in the next look only.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Those of the runs that have not come to rest: driven any further, they would move by themselves. */
  moving(runIds: readonly string[]): readonly string[] {
    return runIds.filter((runId) => {
      const run = this.#runs.get(runId);
      return run !== undefined && this.#isMoving(run);
    });
  }

  /** Ends the tasks of this run that are to be ended, and does nothing else for it; one that is driven does so by itself. */
  async endTasks(run: LiveRun): Promise<void> {
    if (this.#driven.has(run.runId)) return;
    const isEnding = () => run.fault === null && run.state.owed.some((effect) => effect.kind === 'endTask');
    if (!isEnding()) return;
    run.start(endOnly);
    while (this.#failure === null && isEnding()) await this.#changes.next();
  }

  /** True while the run owes something that is not waiting for a person or for a lease of a run that does not move. */
  #isMoving(run: LiveRun): boolean {
    if (run.fault !== null || run.state.run.status !== 'active' || !this.#driven.has(run.runId)) return false;
    if (isParked(run)) {
      const { surfaces } = run.state.run.context;
      const waits = run.state.owed.some((effect) => effect.kind === 'awaitSurface');
      if (run.state.owed.some((effect) => effect.kind === 'endTask')) return true;
      return waits && this.#mayBecomeFree(run.runId, surfaces);
    }
    if (run.state.run.value === 'queued')
      return run.state.run.context.blockers.length === 0 || run.isUnderWay('admitRun');
    return true;
  }

  /** A parked run waits on only while the surface is free, or its holder still moves. */
  #mayBecomeFree(runId: string, surfaces: readonly string[]): boolean {
    const conflict = this.leases.conflict(runId, surfaces);
    if (conflict === null) return true;
    const holder = this.#runs.get(conflict.holder.runId);
    return holder !== undefined && !isParked(holder) && this.#isMoving(holder);
  }

  #neighbours(): Neighbours {
    return {
      leases: this.leases,
      slots: this.#slots,
      agentOverride: this.#options.agentOverride,
      find: (runId) => this.#runs.get(runId),
      isMoving: (runId) => {
        const run = this.#runs.get(runId);
        return run !== undefined && !isParked(run) && this.#isMoving(run);
      },
      endedWorktrees: () =>
        this.views()
          .filter((view) => view.kind === 'terminal')
          .map((view) => this.world.paths.worktree(view.runId)),
      spentByOthers: (runId) => spentBesides(runId, [...this.#removed.values(), ...this.views()]),
      isAccepting: () => this.#isAccepting,
    };
  }

  #quarantines: Promise<unknown> = Promise.resolve();

  #onFailure(run: LiveRun, error: unknown): void {
    const code = error instanceof PawlError ? error.code : null;
    if (code !== null && ERROR_CODES[code] === EXIT.quarantined && error instanceof PawlError) {
      const { surfaces, packetTaskId } = run.state.run.context;
      const finding: Finding = { class: 'ambiguous', detail: error.message, action: 'the run is set aside as it is' };
      this.findings.push({ runId: run.runId, findings: [finding] });
      const doubt = { code: error.code, detail: error.message, surfaces, taskId: packetTaskId };
      this.#quarantines = this.#quarantines
        .then(() => this.#aside(run, doubt, finding))
        .catch((cause: unknown) => this.end(cause));
      return;
    }
    const isLocal = error instanceof PawlError && code !== 'PAWL_STORE_SYNC_FAILED' && code !== 'PAWL_REGISTRY_LOCKED';
    if (isLocal) this.world.log(`${run.runId}: stands still: ${error.code}: ${error.message}`);
    else this.end(error);
    this.#slots.release(run.runId);
    this.leases.wake();
    this.#changes.announce();
  }

  async #aside(run: LiveRun, doubt: Parameters<typeof setAside>[2], finding: Finding): Promise<void> {
    await run.stop();
    await setAside(this.world, run.runId, doubt, [finding]);
    this.#runs.delete(run.runId);
    const view = quickView(this.world, run.runId);
    if (view !== null) this.#keepEnded(view);
    this.#slots.release(run.runId);
    this.leases.wake();
    this.#changes.announce();
  }

  /** The process may not go on: nothing is begun any more, and `failure` says why. */
  end(error: unknown): void {
    this.#failure ??= error;
    this.#isAccepting = false;
    this.#changes.announce();
  }

  /** No new work begins; `drive` returns once it looks again. */
  stopAccepting(): void {
    this.#isAccepting = false;
    this.#changes.announce();
  }

  /** Drops the hold of a quarantined run that was resolved. */
  releaseQuarantined(runId: string): void {
    const quarantine = readQuarantine(this.world.files, this.world.paths, runId);
    if (quarantine?.resolved === null || quarantine === null) return;
    const view = quickView(this.world, runId);
    if (view !== null) this.#keepEnded(view);
  }

  /** Waits for short work, stores the snapshots, lets go of the runs. Workers go on under their hosts. */
  async close(): Promise<void> {
    await this.#quarantines;
    await Promise.all([...this.#runs.values()].map((run) => run.stop()));
  }
}

/** Performs the ending of tasks alone. */
const endOnly: Performer = (run, effect) =>
  effect.kind === 'endTask' ? performEndTask(run, effect) : Promise.resolve();

/** Waiting for a person, or for a surface. */
export function isParked(run: LiveRun): boolean {
  const { value } = run.state.run;
  return value === 'blockedNeedsHuman' || value === 'blockedLockConflict';
}

/** Throws when nothing is under way for any of the runs, though they are to move: nobody would ever wake whoever waits for them. */
function assertUnderWay(moving: readonly LiveRun[]): void {
  if (moving.some((run) => run.isAtWork())) return;
  const names = moving.map((run) => `${run.runId} in ${JSON.stringify(run.state.run.value)}`);
  throw new Error(`bug: nothing is under way for ${names.join(', ')}`);
}

function holdsLease(run: LiveRun): boolean {
  return run.state.run.context.lease !== null;
}
