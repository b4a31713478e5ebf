/**
 * All that the hub has told of the chosen project, and the history of the run that is watched.
 *
 * Owns: keeping it, asking for what is shown, telling those who show it. Does not own: the line (connection), the fold (history).
 *
 * Invariant: 1. Folding never holds the page up: it continues in slices of SLICE_MS.
 */
import type { Liveness } from '../../run/liveness.ts';
import type { DriverFacts } from '../../run/next-actions.ts';
import type { RunView } from '../../run/run-view.ts';
import {
  type HubMessage,
  PAGE_API_VERSION,
  type PageMessage,
  type ProjectFacts,
  type RecoveryView,
  type TaskFilesView,
} from '../wire/page-api.ts';
import type { RunCounts } from '../wire/run-kind.ts';
import { Line, type LineStatus } from './connection.ts';
import { History } from './history.ts';

type Hello = Extract<HubMessage, { type: 'hello' }>;

/** A document that was asked for. */
export interface Fetched {
  readonly document: unknown;
  readonly problem: string | null;
}

const SLICE_MS = 12;
/** While it folds a long journal the page is drawn anew this often: drawing is dearer than folding. */
const TELL_WHILE_FOLDING_MS = 300;

/** What is known of the registry and the watched run. */
export class HubState {
  status: LineStatus = { kind: 'connecting' };
  /** Of the present connection; null until it is told. */
  hello: Hello | null = null;
  /** All that can be chosen from. */
  projects: readonly ProjectFacts[] = [];
  /** How the runs of each project stand; of those that are known. */
  counts: ReadonlyMap<string, RunCounts> = new Map();
  /** Null until the hub has told them. */
  runs: ReadonlyMap<string, RunView> | null = null;
  /** Who drives the registry; null until it is told. */
  driver: DriverFacts | null = null;
  /** The liveness of every run that can move, newer than that of its view. */
  liveness: ReadonlyMap<string, Liveness> = new Map();
  history: History | null = null;
  /** True once every record that was there at the beginning of the watch is here. */
  isCaughtUp = false;
  files: Readonly<Record<string, TaskFilesView>> = {};
  recovery: RecoveryView | null = null;
  outputs: ReadonlyMap<string, string> = new Map();
  artifacts: ReadonlyMap<string, Fetched> = new Map();
  /** Undefined until it is told. */
  proof: unknown;
  problem: string | null = null;
  /** The hub's clock less the page's. */
  skewMs = 0;
  #project: string | null;
  readonly #line: Line;
  readonly #listeners = new Set<() => void>();
  #tail: string | null = null;
  #wantsProof = false;
  /** A timer without a shortest wait. */
  readonly #next = new MessageChannel();
  #isTelling = false;
  #isFolding = false;

  constructor(origin: string, token: string, project: string | null) {
    this.#project = project;
    this.#line = new Line(origin, token, {
      onStatus: (status) => {
        this.status = status;
        this.#tell();
      },
      onMessage: (message) => this.#take(message),
      project: () => this.#project,
      onOpen: () => this.#wishes(),
    });
    this.#line.connect();
  }

  /** The project that the hub shows now, null where it shows none or knows of none. */
  get project(): ProjectFacts | null {
    const { hello } = this;
    if (hello === null || hello.registry === null) return null;
    return this.projects.find(({ id }) => id === hello.project) ?? null;
  }

  /** From now on this project is looked at; null: the only one there is, or a choice among all. */
  choose(project: string | null): void {
    if (project === this.#project) return;
    this.#project = project;
    // It was shown without being named: the next connection names it.
    if (project !== null && this.hello?.project === project) return;
    this.hello = null;
    this.runs = null;
    this.driver = null;
    this.liveness = new Map();
    this.counts = new Map();
    this.proof = undefined;
    this.problem = null;
    this.#forgetRun(null);
    this.#line.reconnect();
    this.#tell();
  }

  /** The liveness of a run as it was last told; null of one that cannot move. */
  livenessOf(runId: string): Liveness | null {
    return this.liveness.get(runId) ?? this.runs?.get(runId)?.liveness ?? null;
  }

  /** Calls `listener` after every change, at most once a frame; returns how to end that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  nowMs(): number {
    return Date.now() + this.skewMs;
  }

  connectNow(): void {
    this.#line.connect();
  }

  /** From now on this run is watched, or none. */
  watch(runId: string | null): void {
    if ((this.history?.runId ?? null) === runId) return;
    this.#forgetRun(runId);
    this.#line.say(runId === null ? { type: 'unwatch' } : { type: 'watch', runId, fromSeq: 1 });
    this.#tell();
  }

  #forgetRun(runId: string | null): void {
    this.history = runId === null ? null : new History(runId);
    this.isCaughtUp = false;
    this.files = {};
    this.recovery = null;
    this.outputs = new Map();
    this.artifacts = new Map();
    this.#tail = null;
  }

  /** From now on the output of this task of the watched run is followed, or none. */
  tail(taskId: string | null): void {
    if (this.history === null || this.#tail === taskId) return;
    const { runId } = this.history;
    if (this.#tail !== null) this.#line.say({ type: 'tail', runId, taskId: this.#tail, isOn: false });
    this.#tail = taskId;
    if (taskId !== null) this.#line.say({ type: 'tail', runId, taskId, isOn: true });
  }

  /** Asks for an artifact of the watched run, once. */
  ask(path: string): void {
    if (this.history === null || this.artifacts.has(path)) return;
    this.#line.say({ type: 'artifact', runId: this.history.runId, path });
  }

  askProof(): void {
    this.#wantsProof = true;
    if (this.proof === undefined) this.#line.say({ type: 'proof' });
  }

  /** What every new connection asks first. */
  #wishes(): readonly PageMessage[] {
    const wishes: PageMessage[] = [];
    if (this.history !== null) {
      const { runId, records } = this.history;
      wishes.push({ type: 'watch', runId, fromSeq: records.length + 1 });
      if (this.#tail !== null) wishes.push({ type: 'tail', runId, taskId: this.#tail, isOn: true });
    }
    if (this.#wantsProof) wishes.push({ type: 'proof' });
    return wishes;
  }

  #take(message: HubMessage): void {
    if (message.type === 'hello') {
      this.#greet(message);
      return;
    }
    if ('runId' in message && message.type !== 'runGone' && message.runId !== this.history?.runId) return;
    switch (message.type) {
      case 'projects':
        this.projects = message.projects;
        break;
      case 'counts':
        this.counts = new Map(Object.entries(message.projects));
        break;
      case 'runs':
        this.runs = new Map(message.runs.map((run) => [run.runId, run]));
        break;
      case 'run':
        this.runs = new Map(this.runs).set(message.run.runId, message.run);
        break;
      case 'liveness':
        this.driver = message.driver;
        this.liveness = new Map(Object.entries(message.runs));
        break;
      case 'runGone':
        this.runs = new Map([...(this.runs ?? [])].filter(([runId]) => runId !== message.runId));
        break;
      case 'records':
        this.history?.append(message.records);
        this.isCaughtUp ||= !message.isReplay;
        this.#fold();
        return;
      case 'recordsReset':
        this.history = new History(message.runId);
        this.isCaughtUp = false;
        break;
      case 'files':
        this.files = message.tasks;
        break;
      case 'recovery':
        this.recovery = message;
        break;
      case 'output':
        this.outputs = new Map(this.outputs).set(message.taskId, message.text);
        break;
      case 'artifact':
        this.artifacts = new Map(this.artifacts).set(message.path, message);
        break;
      case 'proof':
        this.proof = message.document;
        break;
      case 'problem':
        this.problem = message.message;
        break;
    }
    this.#tell();
  }

  #greet(hello: Hello): void {
    if (hello.apiVersion !== PAGE_API_VERSION) {
      this.#line.refuse('version');
      return;
    }
    this.hello = hello;
    this.projects = hello.projects;
    // None is chosen: what was known is of a project that is gone.
    if (hello.registry === null) this.runs = null;
    this.skewMs = hello.nowMs - Date.now();
    this.status = { kind: 'live' };
    this.problem = null;
    this.#tell();
  }

  #fold(): void {
    if (this.#isFolding) return;
    this.#isFolding = true;
    let toldMs = performance.now();
    const slice = (): void => {
      const { history } = this;
      const endMs = performance.now() + SLICE_MS;
      history?.fold(() => performance.now() < endMs);
      this.#isFolding = history !== null && !history.isWhole;
      if (!this.#isFolding || endMs - toldMs > TELL_WHILE_FOLDING_MS) {
        toldMs = endMs;
        this.#tell();
      }
      if (this.#isFolding) this.#next.port2.postMessage(null);
    };
    this.#next.port1.onmessage = slice;
    slice();
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const tell = (): void => {
      this.#isTelling = false;
      for (const listener of this.#listeners) listener();
    };
    if (document.hidden) setTimeout(tell, 16);
    else requestAnimationFrame(tell);
  }
}
