/**
 * The runs of a registry that are not live: ended, set aside, or removed with only their end known.
 *
 * Owns: their views. Does not own: bringing runs back (engine/recovery/load-run), removing one (engine/clean-run).
 *
 * Invariant: a run whose folder was removed is known but not listed: its packet has run, and what it used counts.
 */
import { removedView } from '../run/removed-view.ts';
import type { RunView } from '../run/run-view.ts';
import { listRemovals, readRemoval } from '../store/removed-runs.ts';
import type { Place } from './run-look.ts';

/** Views of runs that are not live. */
export class EndedRuns {
  readonly #ended = new Map<string, RunView>();
  readonly #removed = new Map<string, RunView>();

  /** Loads what is left of removed runs. */
  loadRemoved({ files, paths }: Place): void {
    for (const run of listRemovals(files, paths)) this.#removed.set(run.runId, removedView(run));
  }

  /** Runs `body`; where the run's folder is gone then, only how it ended is known from now on, and `onRemoved` is told. */
  async lookAfter<T>(
    { files, paths }: Place,
    runId: string,
    body: () => Promise<T>,
    onRemoved: ((runId: string) => void) | undefined,
  ): Promise<T> {
    try {
      return await body();
    } finally {
      const removal = files.exists(paths.run(runId)) ? null : readRemoval(files, paths, runId);
      if (removal !== null && this.#ended.delete(runId)) {
        this.#removed.set(runId, removedView(removal));
        onRemoved?.(runId);
      }
    }
  }

  set(view: RunView): void {
    this.#ended.set(view.runId, view);
  }

  delete(runId: string): void {
    this.#ended.delete(runId);
  }

  /** The view of a run that is not live; null when none of that id is known. */
  view(runId: string): RunView | null {
    return this.#ended.get(runId) ?? this.#removed.get(runId) ?? null;
  }

  /** Those whose folders exist. */
  views(): readonly RunView[] {
    return [...this.#ended.values()];
  }

  /** Those whose folders were removed. */
  removed(): readonly RunView[] {
    return [...this.#removed.values()];
  }
}
