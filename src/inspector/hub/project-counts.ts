/**
 * How the runs of every project stand, for those who have not chosen one yet.
 *
 * Owns: keeping the sites of all projects in use while somebody looks, adding up. Does not own: what a run is filed under (wire/run-kind).
 *
 * Invariant: while nobody looks, no site is used.
 */
import type { HubMessage } from '../wire/page-api.ts';
import type { RunCounts } from '../wire/run-kind.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import type { SiteUse } from './site-pool.ts';

/** What they are counted from. */
export interface ProjectCountsParts {
  /** Ids of the projects there are. */
  readonly ids: () => readonly (string | null)[];
  readonly use: (id: string | null) => SiteUse | null;
}

/** The counts of all projects, told to those who look. */
export class ProjectCounts {
  readonly #parts: ProjectCountsParts;
  readonly #lookers = new Set<() => void>();
  #uses: { readonly id: string | null; readonly use: SiteUse; readonly deafen: () => void }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ProjectCountsParts) {
    this.#parts = parts;
  }

  /** From now on `onChange` is called when the counts are other ones, until the returned function is called. */
  look(onChange: () => void): () => void {
    this.#lookers.add(onChange);
    if (this.#lookers.size === 1) this.#take();
    return () => {
      if (this.#lookers.delete(onChange) && this.#lookers.size === 0) this.#release();
    };
  }

  /** Projects may have come, gone or moved. */
  review(): void {
    if (this.#lookers.size === 0) return;
    const before = this.#uses;
    this.#take();
    for (const { use, deafen } of before) {
      deafen();
      use.end();
    }
    this.#changed();
  }

  message(): HubMessage {
    const known = this.#uses.flatMap(({ id, use }): [string, RunCounts][] => {
      const counts = use.site.counts;
      return id === null || counts === null ? [] : [[id, counts]];
    });
    return { type: 'counts', projects: Object.fromEntries(known) };
  }

  #take(): void {
    this.#uses = this.#parts.ids().flatMap((id) => {
      const use = this.#parts.use(id);
      return use === null ? [] : [{ id, use, deafen: use.site.onCounts(() => this.#changed()) }];
    });
  }

  #release(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const { use, deafen } of this.#uses.splice(0)) {
      deafen();
      use.end();
    }
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      for (const onChange of this.#lookers) onChange();
    }, HUB_BOUNDS.countsMs);
    this.#timer.unref();
  }
}
