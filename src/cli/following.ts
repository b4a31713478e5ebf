/**
 * `pawl run` where a daemon drives: its packets are recorded, and its runs followed to where nothing moves.
 *
 * Owns: which runs are followed, what is shown meanwhile, ending when asked. Does not own: driving (the daemon), the end's words (cli/commands/run).
 *
 * Invariants: 1. Whatever ends the following stops nothing. 2. A daemon that is started anew is found again: nothing is missed.
 */
import type { Places } from '../app/options.ts';
import { listed } from '../base/listed.ts';
import { type PacketOutcome, runsOf } from '../engine/intake.ts';
import type { RecordPacketsOptions } from '../engine/record-packets.ts';
import { lookAtRun, quickView } from '../engine/run-look.ts';
import { SIGNAL_EXIT } from '../model/error-codes.ts';
import type { PacketReading } from '../model/packet.ts';
import type { RunView } from '../run/run-view.ts';
import { listRuns } from '../store/registry.ts';
import { type DaemonLink, throughDaemon } from './daemon-link.ts';
import type { LiveView } from './live-view.ts';
import { takeInByDaemon } from './packets-by-daemon.ts';

/** What is followed. */
export interface FollowOrder {
  /** Null: no file is named. */
  readonly packets: readonly PacketReading[] | null;
  readonly how: RecordPacketsOptions;
  /** The named runs, resolved once the packets have theirs. */
  readonly named: () => readonly string[];
}

/** What it came to. */
export interface Followed {
  readonly runs: readonly RunView[];
  readonly outcomes: readonly PacketOutcome[];
  /** The signal that ended it before the runs had come to rest; null when they had. */
  readonly stoppedBy: keyof typeof SIGNAL_EXIT | null;
}

const RUNS_NAMED = 5;
/** How long it may take until a run that waits for an agent is checked again. */
const CHECK_MS = 3_000;

/** Follows until every run has come to rest, or a signal ends it. */
export async function followRuns(
  link: DaemonLink,
  places: Places,
  order: FollowOrder,
  view: LiveView,
): Promise<Followed> {
  const stop = new SignalStop();
  try {
    // What changes from here on is not missed.
    const { cursor } = await throughDaemon(() => link.client.call('getApi'));
    const taken = order.packets === null ? null : await takeInByDaemon(link, order.packets, order.how);
    const outcomes = taken?.kind === 'decided' ? taken.outcomes : [];
    const named = order.named();
    const isAll = named.length === 0 && order.packets === null;
    const { files, paths } = places;
    const asked = new Set(isAll ? listRuns(files, paths) : [...named, ...runsOf(outcomes)]);
    const runs = await RunsFollowed.of(places, asked, { withNew: named.length === 0, onlyOpen: isAll });
    if (order.how.agentOverride !== undefined) runs.awaitCheck(presentIn(outcomes));
    view.follow(runs, { kind: 'alive', pid: link.daemon.pid, hostname: '', sinceMs: null });
    await follow(link, cursor, runs, stop.signal, view);
    const stoppedBy = runs.moving().length === 0 ? null : stop.by;
    if (stoppedBy !== null) {
      const names = listed(runs.moving(), RUNS_NAMED);
      view.log(`${stoppedBy}: stopped following; the daemon goes on with ${names}. pawl run follows them again.`);
    }
    return { runs: runs.views(), outcomes, stoppedBy };
  } finally {
    stop.end();
    view.stop();
  }
}

async function follow(
  { client, project }: DaemonLink,
  after: number,
  runs: RunsFollowed,
  signal: AbortSignal,
  view: LiveView,
): Promise<void> {
  if (runs.moving().length === 0 || signal.aborted) return;
  let isLost = false;
  const onLost = (): void => {
    if (!isLost) view.log('The daemon cannot be reached; workers go on. Waiting for it to be started again.');
    isLost = true;
  };
  const over = new AbortController();
  const end = (): void => over.abort();
  signal.addEventListener('abort', end, { once: true });
  // A check that comes to the same result as the last one is not told.
  const patience = setTimeout(() => {
    runs.awaitNoCheck();
    if (runs.moving().length === 0) end();
  }, CHECK_MS);
  try {
    for await (const followed of client.follow({ after, project, signal: over.signal, onLost })) {
      isLost = false;
      const runId = followed.kind === 'change' ? followed.change.system : null;
      // Changes that are missing concern any run.
      for (const changed of runId === null ? runs.ids() : [runId]) {
        const now = await runs.look(changed);
        if (now !== null) view.onView(now);
      }
      if (runs.moving().length === 0) end();
    }
  } finally {
    clearTimeout(patience);
  }
}

/** Runs that were there before their packets were given. */
function presentIn(outcomes: readonly PacketOutcome[]): readonly string[] {
  return outcomes.flatMap(({ outcome, runId }) => (outcome === 'present' ? [runId] : []));
}

/** The runs that are followed, as their files show them. */
class RunsFollowed {
  readonly #places: Places;
  /** Runs that are made meanwhile are followed, too. */
  readonly #withNew: boolean;
  readonly #views = new Map<string, RunView>();
  /** Those that are to be checked again, by the last record before that. */
  readonly #awaited = new Map<string, number>();

  private constructor(places: Places, withNew: boolean) {
    this.#places = places;
    this.#withNew = withNew;
  }

  /** These runs; with `onlyOpen` those of them that have not ended. */
  static async of(
    places: Places,
    runIds: ReadonlySet<string>,
    { withNew, onlyOpen }: { readonly withNew: boolean; readonly onlyOpen: boolean },
  ): Promise<RunsFollowed> {
    const runs = new RunsFollowed(places, withNew);
    for (const runId of runIds) {
      const view = await lookAtRun(places, runId);
      if (view !== null && !(onlyOpen && view.kind === 'terminal')) runs.#views.set(runId, view);
    }
    return runs;
  }

  ids(): readonly string[] {
    return [...this.#views.keys()];
  }

  /** The view as it was last looked at. */
  get(runId: string): RunView | null {
    return this.#views.get(runId) ?? null;
  }

  views(): readonly RunView[] {
    return [...this.#views.values()];
  }

  /** An agent was named for these runs: those that wait for one are checked again, and count as moving until that has changed them. */
  awaitCheck(runIds: readonly string[]): void {
    for (const runId of runIds) {
      const view = this.#views.get(runId);
      if (view?.state === 'queued' && view.kind === 'blocked') this.#awaited.set(runId, view.seq);
    }
  }

  /** Nothing is waited for any more that only `awaitCheck` has made a move. */
  awaitNoCheck(): void {
    this.#awaited.clear();
  }

  /** Those that move by themselves, or will once another one has ended, or have been checked again. */
  moving(): readonly string[] {
    return this.views()
      .filter(
        (view) => view.kind === 'active' || this.#awaitsMoving(view) || this.#awaited.get(view.runId) === view.seq,
      )
      .map(({ runId }) => runId);
  }

  /** The run is looked at again; null where it is not followed. */
  async look(runId: string): Promise<RunView | null> {
    if (!this.#views.has(runId) && !this.#withNew) return null;
    const view = await lookAtRun(this.#places, runId);
    if (view !== null) this.#views.set(runId, view);
    return view;
  }

  /** Parked only until the surface is free, and whoever holds it is not parked itself. */
  #awaitsMoving({ state, contention }: RunView): boolean {
    if (state !== 'blockedLockConflict' || contention === null) return false;
    const holder = this.#views.get(contention.holder) ?? quickView(this.#places, contention.holder);
    return holder !== null && holder.kind !== 'blocked' && holder.kind !== 'quarantined';
  }
}

type StopSignalName = keyof typeof SIGNAL_EXIT;

/** The first signal ends the following, the second the process. */
class SignalStop {
  readonly #over = new AbortController();
  #by: StopSignalName | null = null;

  constructor() {
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get by(): StopSignalName | null {
    return this.#by;
  }

  end(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (signal: StopSignalName): void => {
    if (this.#by !== null) process.exit(SIGNAL_EXIT[signal]);
    this.#by = signal;
    this.#over.abort();
  };
}
