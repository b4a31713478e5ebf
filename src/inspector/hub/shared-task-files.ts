/**
 * The readers of task folders, one for each run that somebody looks at.
 *
 * Owns: that pages which look at the same run share one look. Does not own: the look (hub/task-files-view).
 *
 * Invariant: a reader is kept as long as somebody uses it, and no longer.
 */
import type { Place } from '../../engine/run-look.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { TaskFilesReader } from './task-files-view.ts';

/** The use of a reader; end it. */
export interface TaskFilesUse {
  readonly reader: TaskFilesReader;
  end(): void;
}

/** Readers by their runs. */
export class SharedTaskFiles {
  readonly #place: Place;
  readonly #readers = new Map<string, { readonly reader: TaskFilesReader; users: number }>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** The reader of that run, the one in use where there is one. */
  use(runId: string): TaskFilesUse {
    const shared = this.#readers.get(runId) ?? {
      reader: new TaskFilesReader(this.#place, runId, HUB_BOUNDS.filesFreshMs),
      users: 0,
    };
    shared.users += 1;
    this.#readers.set(runId, shared);
    let isEnded = false;
    return {
      reader: shared.reader,
      end: () => {
        if (isEnded) return;
        isEnded = true;
        shared.users -= 1;
        if (shared.users === 0) this.#readers.delete(runId);
      },
    };
  }
}
