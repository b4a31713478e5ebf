/**
 * The projects of this machine, each with its engine.
 *
 * Owns: which engines there are, what is noticed of a project from outside (its config, its remote, its folder), adding and archiving. Does not own: the records
 * (store/home/projects), checking what is to be added (app/projects), driving (app/projects/project-engine).
 *
 * Invariants: 1. Every registered project has one engine while the daemon serves; one that fails stops no other. 2. Records that another process has written are
 * found by themselves.
 */

import { factsMark } from '../adapters/git/facts-mark.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { type Places, placesOf } from '../app/options.ts';
import { type EngineParts, ProjectEngine } from '../app/projects/project-engine.ts';
import { RegistryLook } from '../app/projects/registry-look.ts';
import { factsFrom, type ProjectFacts } from '../app/projects.ts';
import { gitToLookAt } from '../app/wiring.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { within } from '../base/within.ts';
import type { Place } from '../engine/run-look.ts';
import type { World } from '../engine/world.ts';
import { PawlError } from '../model/error.ts';
import type { RunView } from '../run/run-view.ts';
import type { Files } from '../store/files.ts';
import type { ProjectRecord, ProjectStore } from '../store/home/projects.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';

/** What the directory tells of its projects. */
export interface DirectoryEvents {
  readonly added: (project: Project) => void;
  /** Its state, its remote or its default branch is another one. */
  readonly updated: (project: Project) => void;
  readonly removed: (project: Project) => void;
  /** Another process drives it; these are its runs as its files show them. */
  readonly observed: (project: Project, views: readonly RunView[], place: Place) => Promise<void>;
  readonly loaded: (project: Project, views: readonly RunView[], place: Place) => Promise<void>;
  readonly recorded: (project: Project, ...at: Parameters<EngineParts['onRecord']>) => void;
  readonly runRemoved: (project: Project, ...at: Parameters<EngineParts['onRemoved']>) => void;
  readonly runAside: (project: Project, view: RunView) => void;
}

/** One project while the daemon serves. */
export class Project {
  readonly record: ProjectRecord;
  readonly engine: ProjectEngine;
  /** One look at its repository after another. */
  readonly looks = new SerialQueue();
  /** Whether its repository has been asked since the daemon began: one that is broken has no answer, and one that is slow is waited for once. */
  isLookedAt = false;
  #facts: ProjectFacts = { repo: null, defaultBranch: null };
  #factsMark = '';
  /** The mark of the facts when its engine was opened last, which asks git for them. */
  #openedMark = '';
  #look: { readonly root: string; readonly look: RegistryLook } | null = null;
  #configMark: string | null = null;
  /** As they were found last. */
  #places: Places | null = null;

  constructor(record: ProjectRecord, engine: (project: Project) => ProjectEngine) {
    this.record = record;
    this.engine = engine(this);
  }

  get id(): string {
    return this.record.id;
  }

  /** Its remote and its default branch, as they were last read. */
  get facts(): ProjectFacts {
    return this.#facts;
  }

  /** Where its repository and its registry are now. Throws PAWL_REPOSITORY_MISSING where it has gone. */
  places(): Places {
    this.#places = placesOf({}, this.record.path);
    return this.#places;
  }

  /** The same, for the engine that opens them. */
  placesToOpen(): Places {
    const places = this.places();
    this.#openedMark = factsMark(places.repository.commonDir);
    return places;
  }

  /** What it is driven with here; null where it is not, or its registry is no longer where it was. */
  drivenWorld(): World | null {
    const world = this.engine.driving?.driver.world ?? null;
    return world?.files.exists(world.paths.root) === true ? world : null;
  }

  /** Where its registry is: the one that is driven here, else where it is found now; null where its repository has gone. */
  place(): Place | null {
    const world = this.drivenWorld();
    if (world !== null) return world;
    try {
      const { files, paths } = this.places();
      return { files, paths };
    } catch (error) {
      if (error instanceof PawlError) return null;
      throw error;
    }
  }

  /** Every run, by its id: as it is driven here, else as its files show it. */
  async views(): Promise<ReadonlyMap<string, RunView>> {
    if (this.engine.state.kind === 'driven') return this.engine.views;
    const place = this.place();
    if (place === null) return new Map();
    const { root } = place.paths;
    if (this.#look?.root !== root) this.#look = { root, look: new RegistryLook(place) };
    return this.#look.look.views();
  }

  /** Where its runs are kept. */
  get registry(): string {
    return this.place()?.paths.root ?? '';
  }

  /** Its runs by kind; null where they are not driven here. */
  get counts(): Readonly<Record<RunView['kind'], number>> | null {
    if (this.engine.state.kind !== 'driven') return null;
    const counts = { active: 0, blocked: 0, terminal: 0, quarantined: 0 };
    for (const { kind } of this.engine.views.values()) counts[kind] += 1;
    return counts;
  }

  /** Reads again what nothing tells of. True where its remote or its default branch is another one. */
  async lookAround(): Promise<boolean> {
    this.#lookAtConfig();
    return this.#readFacts();
  }

  /** From now on it is driven by its config as that is now; resolves when it is. */
  async underPresentConfig(signal: AbortSignal): Promise<void> {
    this.#lookAtConfig();
    await this.engine.settled(signal);
  }

  /** A registry that is driven here is opened again under another config: workers go on meanwhile. */
  #lookAtConfig(): void {
    const mark = this.#readConfigMark();
    const isNew = this.#configMark !== null && mark !== this.#configMark;
    this.#configMark = mark;
    if (isNew && this.engine.state.kind !== 'elsewhere') this.engine.reopen();
  }

  async #readFacts(): Promise<boolean> {
    const before = this.#facts;
    try {
      const places = this.places();
      const factMark = factsMark(places.repository.commonDir);
      if (factMark === this.#factsMark) return false;
      const driver = factMark === this.#openedMark ? this.engine.driving?.driver : undefined;
      this.#facts = factsFrom(await (driver?.repository ?? gitToLookAt(places)).facts());
      this.#factsMark = factMark;
    } catch (error) {
      // A repository that is gone or broken is told by the state of its engine; what was known of it stays.
      if (!(error instanceof PawlError)) throw error;
    } finally {
      this.isLookedAt = true;
    }
    return before.repo !== this.#facts.repo || before.defaultBranch !== this.#facts.defaultBranch;
  }

  /** What changes when the config does; `gone` where the repository has. */
  #readConfigMark(): string {
    try {
      // Its engine was opened with what was found last; as long as its registry is there, so is its config.
      const { files, configFile } = (this.drivenWorld() === null ? null : this.#places) ?? this.places();
      const stat = files.fs.stat(configFile);
      return stat === null ? '-' : `${stat.size}@${stat.mtimeMs}`;
    } catch (error) {
      if (error instanceof PawlError) return 'gone';
      throw error;
    }
  }
}

/** The projects; `close` it. */
export class ProjectDirectory {
  readonly #store: ProjectStore;
  readonly #folder: string;
  readonly #files: Files;
  readonly #events: DirectoryEvents;
  readonly #log: (line: string) => void;
  readonly #projects = new Map<string, Project>();
  readonly #leaving = new Set<Promise<void>>();
  /** Those that have just been opened are looked at one after another. */
  readonly #firstLooks = new SerialQueue();
  #endWatch: () => void = () => undefined;
  #endTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: {
    readonly store: ProjectStore;
    /** Where the records are. */
    readonly folder: string;
    readonly files: Files;
    readonly events: DirectoryEvents;
    readonly log: (line: string) => void;
  }) {
    this.#store = parts.store;
    this.#folder = parts.folder;
    this.#files = parts.files;
    this.#events = parts.events;
    this.#log = parts.log;
  }

  /** Every project, by its id. */
  list(): readonly Project[] {
    return [...this.#projects.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Every project, and of each that is not being opened what its repository says of itself. */
  async known(): Promise<readonly Project[]> {
    const unknown = this.list().filter(({ isLookedAt, engine }) => !isLookedAt && engine.state.kind !== 'opening');
    await Promise.all(unknown.map((project) => this.look(project)));
    return this.list();
  }

  /** What its repository says of itself is read again where that may have changed; resolves when it is known, or that takes too long. */
  async look(project: Project): Promise<void> {
    const looking = project.looks.add(() => this.#lookAt(project));
    if (!(await within(looking, DAEMON_BOUNDS.lookMs, systemClock.timer))) project.isLookedAt = true;
  }

  /** Throws PAWL_PROJECT_UNKNOWN. */
  get(id: string): Project {
    const project = this.#projects.get(id);
    // The store knows the error of an id that names none.
    if (project === undefined) throw this.#store.unknown(id);
    return project;
  }

  /** Starts the engine of every project, and looks for new ones from now on. */
  open(): void {
    this.refresh();
    this.#endWatch = this.#files.fs.watch(this.#folder, () => this.refresh());
    this.#again();
  }

  /** The records are read again: engines are started for new projects, and stopped for those that were archived. */
  refresh(): void {
    if (this.#isClosed) return;
    const records = new Map(this.#store.list().map((record) => [record.id, record]));
    for (const project of this.#projects.values()) {
      const record = records.get(project.id);
      if (record === undefined || record.ordinal !== project.record.ordinal) this.#leave(project);
    }
    for (const record of records.values()) if (!this.#projects.has(record.id)) this.#join(record);
  }

  /** Resolves when no project is being opened any more. */
  async settled(signal: AbortSignal): Promise<void> {
    for (const { engine } of this.list()) await engine.settled(signal);
  }

  /** Every registry is given back; workers go on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endWatch();
    this.#endTimer();
    await Promise.all([...this.list().map(({ engine }) => engine.stop()), ...this.#leaving]);
  }

  #join(record: ProjectRecord): void {
    const events = this.#events;
    const project = new Project(
      record,
      (self) =>
        new ProjectEngine({
          places: () => self.placesToOpen(),
          log: (line) => this.#log(`${record.id}: ${line}`),
          onState: () => events.updated(self),
          onLoaded: (views, place) => events.loaded(self, views, place),
          onElsewhere: () => this.#observe(self),
          onRecord: (...at) => events.recorded(self, ...at),
          onRemoved: (...at) => events.runRemoved(self, ...at),
          onAside: (view) => events.runAside(self, view),
        }),
    );
    this.#projects.set(record.id, project);
    events.added(project);
    project.engine.start();
    void this.#lookOnceOpen(project);
  }

  #leave(project: Project): void {
    this.#projects.delete(project.id);
    this.#events.removed(project);
    const leaving = project.engine.stop().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async #lookAround(): Promise<void> {
    for (const project of this.#projects.values()) {
      if (this.#isClosed) return;
      await this.look(project);
    }
  }

  /** What cannot be read now is read at the next look. */
  async #observe(project: Project): Promise<void> {
    try {
      const place = project.place();
      if (place !== null) await this.#events.observed(project, [...(await project.views()).values()], place);
    } catch (error) {
      if (!(error instanceof PawlError)) throw error;
    }
  }

  /** Starting git takes a while of this process: what is known of runs, of this project or another, does not wait for it. */
  async #lookOnceOpen(project: Project): Promise<void> {
    const { signal } = new AbortController();
    await project.engine.settled(signal);
    await this.settled(signal);
    await this.#firstLooks.add(() => this.look(project));
  }

  async #lookAt(project: Project): Promise<void> {
    if (this.#isClosed) return;
    try {
      await project.engine.askGit();
      // At the end nobody is told of anything any more.
      if ((await project.lookAround()) && !this.#isClosed) this.#events.updated(project);
    } catch (error) {
      this.#log(`${project.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  #again(): void {
    this.#endTimer = systemClock.timer(DAEMON_BOUNDS.projectLookMs, () => {
      this.refresh();
      void this.#lookAround().finally(() => {
        if (!this.#isClosed) this.#again();
      });
    });
  }
}
