/**
 * The one driving process of a registry: loads every run, makes new ones, and drives the requested ones.
 *
 * Owns: which runs live here, leases and slots between them, the end. Does not own: which are driven and waited for (engine/scheduler), one run's commit
 * (engine/live-run), effects (engine/effects/perform), taking the lock (store).
 *
 * Invariants: 1. L6: made only with the registry lock held. 2. A run that fails its checks is set aside and drives nothing.
 * 3. A failed sync, a lost lock or a bug ends the whole process: `failure` is then set and nothing is begun any more.
 */
import { SerialQueue } from '../base/serial-queue.ts';
import { PawlError } from '../model/error.ts';
import type { RunView } from '../run/run-view.ts';
import { readSettledQuarantine } from '../store/quarantine.ts';
import { listRuns } from '../store/registry.ts';
import { reportsIn, spentBesides } from '../turn/ledger.ts';
import type { DriverOptions } from './driver-options.ts';
import type { RunCoordinator } from './effects/admission.ts';
import { othersAtWork } from './effects/git-settings.ts';
import { Outages } from './effects/outages.ts';
import { performer } from './effects/perform.ts';
import { EndedRuns } from './ended-runs.ts';
import { hold } from './holds.ts';
import { type IntakeEntry, prepareRun } from './intake.ts';
import { KnownRepository } from './known-repository.ts';
import { LeaseTable } from './leases.ts';
import { LiveRun, type LiveRunObserver, liveView, stopsOneRun } from './live-run.ts';
import { Movement } from './movement.ts';
import { finishIntakes } from './record-packets.ts';
import { Asides } from './recovery/asides.ts';
import { BranchReleases } from './recovery/branch-releases.ts';
import { type LoadedRun, loadRun, loadWholeRun, type RunFindings, settleLeftovers } from './recovery/load-run.ts';
import { quickView } from './run-look.ts';
import { type DriveOptions, Scheduler } from './scheduler.ts';
import { Slots } from './slots.ts';
import { Turns } from './turns.ts';
import { Waits } from './waits.ts';
import type { World } from './world.ts';

/** The one driving process of a registry. */
export class Driver {
  readonly world: World;
  readonly leases = new LeaseTable();
  readonly findings: RunFindings[] = [];
  readonly #options: DriverOptions;
  readonly #slots: Slots;
  readonly #turns = new Turns();
  readonly #runs = new Map<string, LiveRun>();
  readonly #ended = new EndedRuns();
  readonly #movement = new Movement(this.leases, (runId) => this.#runs.get(runId));
  readonly #scheduler: Scheduler;
  readonly #waits: Waits;
  readonly #observer: LiveRunObserver;
  readonly #releases: BranchReleases;
  readonly #asides: Asides;
  #isAccepting = true;
  /** One after another, so that no branch and no task is given to two runs. */
  readonly intakes = new SerialQueue();
  /** One after another, so that no run is loaded twice. */
  readonly #revivals = new SerialQueue();
  #failure: unknown = null;
  /** What git says of the repository. */
  readonly repository: KnownRepository;

  constructor(world: World, options: DriverOptions) {
    this.world = world;
    this.#options = options;
    this.repository = new KnownRepository(world.git);
    this.#slots = new Slots(options.maxParallel);
    this.#asides = new Asides(
      world,
      (runId) => this.#onAside(runId),
      (error) => this.end(error),
    );
    this.#releases = new BranchReleases(world, (error) => this.end(error));
    this.#waits = new Waits(world.clock);
    this.#scheduler = new Scheduler({
      find: (runId) => this.#runs.get(runId),
      movement: this.#movement,
      waits: this.#waits,
      perform: performer(this.#coordinator()),
      hasFailed: () => this.#failure !== null,
      isAccepting: () => this.#isAccepting,
    });
    this.#observer = {
      showsRuns: options.onRecord !== undefined,
      onCommit: (run, record) => {
        hold(run, this.leases, this.#slots);
        options.onRecord?.(run, record);
        if (run.hasEnded) this.#atEnd(run);
        this.#waits.announce();
      },
      onFailure: (run, error) => this.#onFailure(run, error),
      onRest: () => this.#waits.announce(),
    };
  }

  /** What ended the work of the whole process, or null. */
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
    return live === undefined ? this.#ended.view(runId) : liveView(live, null);
  }

  views(): readonly RunView[] {
    const ids = [...new Set([...this.#ended.views().map((view) => view.runId), ...this.#runs.keys()])].sort();
    return ids.map((runId) => this.view(runId)).filter((view) => view !== null);
  }

  /** Finishes intakes that were cut off, then loads every run: its findings are known, what has ended is settled. */
  async open(): Promise<void> {
    const { world } = this;
    this.#ended.loadRemoved(world);
    for (const id of listRuns(world.files, world.paths)) await this.#keep(id, await loadRun(world, id, this.#observer));
    await world.inbox.file();
    await finishIntakes(this);
    await this.#releases.ofWorktrees(this.#endedWorktrees());
  }

  /** Checks the runs that have ended as closely as the others: their journals are folded, late completions are recorded. */
  async verifyEnded(): Promise<void> {
    // A copy of the list: a checked run is added again as ended.
    for (const { runId, state } of this.#ended.views()) {
      if (state === 'quarantined') continue;
      this.#ended.delete(runId);
      await this.#keep(runId, await loadWholeRun(this.world, runId, this.#observer));
    }
  }

  async #keep(runId: string, found: LoadedRun): Promise<void> {
    if (found.kind === 'absent') return;
    if (found.kind === 'ended') {
      this.#keepEnded(found.view);
      if (found.findings.length > 0) this.findings.push({ runId, findings: found.findings });
      return;
    }
    this.#runs.set(runId, found.run);
    this.#options.onBroughtBack?.(found.run);
    hold(found.run, this.leases, this.#slots);
    const findings = await settleLeftovers(found.run, found.findings);
    await this.#asides.settled();
    if (findings.length > 0) this.findings.push({ runId, findings });
    if (found.run.fault === null && found.run.hasEnded) await this.#letGo(found.run);
  }

  #keepEnded(view: RunView): void {
    this.#ended.set(view);
    this.leases.set(view.runId, view.lease);
    if (view.state === 'quarantined') this.#options.onAside?.(view);
  }

  /** Makes a run and its first record. */
  async create(entry: IntakeEntry): Promise<LiveRun> {
    const event = await prepareRun(this.world, entry);
    const order = entry.order ?? { atMs: this.world.clock.nowMs(), index: 0 };
    const start = { runId: entry.runId, state: null, sum: '', journalEnd: 0, snapshotSeq: 0, order };
    const run = await LiveRun.open(this.world, start, this.#observer);
    const refusal = await run.commit('run', event);
    if (refusal !== null) throw new Error(`bug: ${entry.runId}: ${refusal.reason}`);
    this.#runs.set(entry.runId, run);
    hold(run, this.leases, this.#slots);
    this.#scheduler.add(run);
    return run;
  }

  /** Runs `body` with an ended run, loaded again; if `body` makes it continue, it is driven like a new one. Null where its files contradict each other. */
  revive<T>(runId: string, body: (run: LiveRun) => Promise<T>): Promise<T | null> {
    return this.#revivals.add(async () => {
      // The end of a run releases its branch: that must not happen under a run that continues.
      await this.#releases.settled();
      const live = this.#runs.get(runId);
      if (live !== undefined) return body(live);
      const found = await loadWholeRun(this.world, runId, this.#observer);
      if (found.kind !== 'live') {
        if (found.kind === 'ended') this.#keepEnded(found.view);
        return null;
      }
      this.#runs.set(runId, found.run);
      this.#ended.delete(runId);
      this.#options.onBroughtBack?.(found.run);
      const result = await body(found.run);
      if (found.run.fault === null && found.run.hasEnded) await this.#letGo(found.run);
      else this.#scheduler.add(found.run);
      return result;
    });
  }

  /** Runs `body` while the run, which has ended, cannot continue, and no run is made; its folder may go. Null where it has not ended, or the end is near. */
  async whileEnded<T>(runId: string, body: () => Promise<T>): Promise<T | null> {
    const held = async (): Promise<T | null> => {
      await this.#releases.settled();
      const mayBegin = this.#isAccepting && !this.#runs.has(runId);
      return mayBegin ? this.#ended.lookAfter(this.world, runId, body, this.#options.onRemoved) : null;
    };
    await this.world.inbox.file(runId);
    return this.intakes.add(() => this.#revivals.add(held));
  }

  /** A record has ended the run: its branch is released, and where that was asked for the run is let go. */
  #atEnd(run: LiveRun): void {
    this.#releases.ofRun(run);
    if (this.#options.letsEndedGo !== true) return;
    // One after another with revivals: a run is not let go under a command that makes it continue.
    const letGo = (): Promise<void> =>
      this.#revivals.add(async () => {
        await this.#releases.settled();
        if (this.#isAccepting && run.hasEnded && run.fault === null && this.#runs.get(run.runId) === run)
          await this.#letGo(run);
        this.#waits.announce();
      });
    // Its end cannot be stored before the command that ended it is filed: nobody waits for that.
    void this.world.inbox
      .filed(run.runId)
      .then(letGo)
      .catch((error: unknown) => this.end(error));
  }

  /** A run that has ended is no longer kept as live. */
  async #letGo(run: LiveRun): Promise<void> {
    await run.stop();
    const view = this.view(run.runId);
    this.#runs.delete(run.runId);
    this.#movement.forget(run.runId);
    if (view !== null) this.#keepEnded(view);
  }

  /**
   * Drives these runs until none of them can move by itself, the operator asks to stop, or the process may not continue. `withNew`: and every
   * run that is made meanwhile. Rejects with PAWL_WAIT_TIMED_OUT after `timeoutMs`.
   */
  drive(runIds: readonly string[], options: DriveOptions = {}): Promise<void> {
    return this.#scheduler.driveToRest(runIds, options);
  }

  /** Drives every run, those that are made later too, until `stopAccepting`, or the process may not continue. */
  driveAll(): Promise<void> {
    return this.#scheduler.driveAll(this.runs());
  }

  /** The runs that are, or were, driven by this process, in the order in which that began. */
  driven(): readonly string[] {
    return [...this.#movement.driven()];
  }

  /** Those of the runs that have not come to rest: driven on, they would move by themselves. */
  moving(runIds: readonly string[]): readonly string[] {
    return runIds.filter((runId) => this.#movement.isMoving(runId));
  }

  /** Ends the tasks of this run that must be ended, and does nothing else for it; a driven run does so by itself. */
  endTasks(run: LiveRun): Promise<void> {
    return this.#scheduler.endTasks(run);
  }

  #coordinator(): RunCoordinator {
    return {
      leases: this.leases,
      slots: this.#slots,
      turns: this.#turns,
      outages: new Outages(
        () => this.runs(),
        (runId) => this.#movement.isAtWork(runId),
      ),
      agentOverride: this.#options.agentOverride,
      find: (runId) => this.#runs.get(runId),
      isMoving: (runId) => this.#movement.isAtWork(runId),
      endedWorktrees: () => this.#endedWorktrees(),
      reportsOfOthers: (runId) => this.views().flatMap((view) => (view.runId === runId ? [] : reportsIn(view.tasks))),
      spentByOthers: (runId) => spentBesides(runId, [...this.#ended.removed(), ...this.views()]),
      runsAtWork: (...at) => othersAtWork(this.runs(), ...at),
      isAccepting: () => this.#isAccepting,
    };
  }

  #endedWorktrees(): readonly string[] {
    const ended = this.views().filter((view) => view.kind === 'terminal');
    return ended.map((view) => this.world.paths.worktree(view.runId));
  }

  #onFailure(run: LiveRun, error: unknown): void {
    const finding = this.#asides.begin(run, error);
    if (finding !== null) {
      this.findings.push({ runId: run.runId, findings: [finding] });
      return;
    }
    if (error instanceof PawlError && stopsOneRun(error))
      this.world.log(`${run.runId}: halted: ${error.code}: ${error.message}`);
    else this.end(error);
    this.#slots.release(run.runId);
    this.leases.wake();
    this.#waits.announce();
  }

  #onAside(runId: string): void {
    this.#runs.delete(runId);
    const view = quickView(this.world, runId);
    if (view !== null) this.#keepEnded(view);
    this.#slots.release(runId);
    this.leases.wake();
    this.#waits.announce();
  }

  /** The process may not continue: nothing is begun any more, and `failure` says why. */
  end(error: unknown): void {
    this.#failure ??= error;
    this.#isAccepting = false;
    this.#waits.announce();
  }

  /** No new work begins; `drive` returns at its next check. */
  stopAccepting(): void {
    this.#isAccepting = false;
    this.#waits.announce();
  }

  /** Drops the hold of a quarantined run that was resolved. */
  async releaseQuarantined(runId: string): Promise<void> {
    const quarantine = await readSettledQuarantine(this.world.files, this.world.paths, runId);
    if ((quarantine?.resolved ?? null) !== null) this.#onAside(runId);
  }

  /** Waits for short work, stores the snapshots, releases the runs. Workers continue under their hosts. */
  async close(): Promise<void> {
    await this.world.inbox.file().catch((error: unknown) => this.end(error));
    await this.#asides.settled();
    await this.#releases.settled();
    await this.#revivals.settled();
    await Promise.all([...this.#runs.values()].map((run) => run.stop()));
  }
}
