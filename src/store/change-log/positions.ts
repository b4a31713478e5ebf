/**
 * How far the feed has taken the runs of each project.
 *
 * Owns: the position of every run, what a line of the feed does to it. Does not own: the lines (store/change-log/segment), when one counts
 * (store/change-log/change-log).
 */
import { asideOf, type ChangeSourceRecord, isAside } from '../../model/change.ts';

/** The sequence of the last record of each run that was taken, by project and run. */
export type Positions = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** What a line does to positions. */
export type PositionChange =
  | { readonly kind: 'head'; readonly positions: Positions }
  | { readonly kind: 'batch'; readonly source: ChangeSourceRecord | null }
  | { readonly kind: 'adopted'; readonly project: string; readonly positions: ReadonlyMap<string, number> }
  | { readonly kind: 'forgotten'; readonly project: string };

/** In the place of a run until the project's runs are followed. */
const ANNOUNCED = '';

/** Positions that move. */
export class FeedPositions {
  readonly #projects = new Map<string, Map<string, number>>();

  get all(): Positions {
    return this.#projects;
  }

  /** 0 where nothing of the run was taken. */
  get(project: string, system: string): number {
    return this.#projects.get(project)?.get(system) ?? 0;
  }

  /** The runs of the project of which anything was taken. */
  systems(project: string): readonly string[] {
    return [...(this.#projects.get(project)?.keys() ?? [])].filter((system) => !isAside(system));
  }

  /** False of one that was only announced. */
  knows(project: string): boolean {
    return this.#projects.get(project)?.has(ANNOUNCED) === false;
  }

  copy(): FeedPositions {
    const copy = new FeedPositions();
    copy.apply({ kind: 'head', positions: this.#projects });
    return copy;
  }

  apply(change: PositionChange): void {
    switch (change.kind) {
      case 'head':
        this.#projects.clear();
        for (const [project, systems] of change.positions) this.#projects.set(project, new Map(systems));
        break;
      case 'adopted':
        this.#projects.set(change.project, new Map(change.positions));
        break;
      case 'forgotten':
        this.#projects.delete(change.project);
        break;
      case 'batch':
        if (change.source !== null) this.#take(change.source);
    }
  }

  #take({ project, system, seq }: ChangeSourceRecord): void {
    const systems = this.#projects.get(project) ?? new Map<string, number>();
    if (seq > 0) systems.set(system, seq);
    else for (const each of [system, asideOf(system)]) systems.delete(each);
    this.#projects.set(project, systems);
  }
}
