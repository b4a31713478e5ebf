/**
 * The runs of a registry that another process drives, or nobody: read from its files, and again when those have changed.
 *
 * Owns: which views are still good. Does not own: the look (engine/run-look). Read-only: no lock.
 */
import { lookAtRun, type Place } from '../../engine/run-look.ts';
import type { RunView } from '../../run/run-view.ts';
import { listRuns } from '../../store/registry.ts';
import { runMark } from '../../store/run-mark.ts';

interface Seen {
  readonly mark: string;
  readonly view: RunView | null;
}

/** Looks at one registry again and again. */
export class RegistryLook {
  readonly #place: Place;
  readonly #seen = new Map<string, Seen>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** Every run as its files show it now, by its id. */
  async views(): Promise<ReadonlyMap<string, RunView>> {
    const { files, paths } = this.#place;
    const runIds = listRuns(files, paths);
    const views = new Map<string, RunView>();
    for (const runId of runIds) {
      const view = await this.view(runId);
      if (view !== null) views.set(runId, view);
    }
    for (const runId of this.#seen.keys()) if (!views.has(runId)) this.#seen.delete(runId);
    return views;
  }

  /** One run; null where its folder holds none. */
  async view(runId: string): Promise<RunView | null> {
    const mark = runMark(this.#place, runId);
    const known = this.#seen.get(runId);
    if (known?.mark === mark) return known.view;
    const view = await lookAtRun(this.#place, runId);
    this.#seen.set(runId, { mark, view });
    return view;
  }
}
