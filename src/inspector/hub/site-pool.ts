/**
 * The sites of the projects that somebody looks at.
 *
 * Owns: making a site when it is first used, closing it a while after its last use, and when its registry is another one. Does not own:
 * what a site is (hub/hub-site), where registries are (hub/site-directory).
 *
 * Invariants: 1. There is at most one site of a project. 2. A project that nobody looks at has none, but for `restMs`: nothing is watched
 * for nobody.
 */
import type { Place } from '../../engine/run-look.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import { CLOSE_CODES } from '../wire/page-api.ts';
import type { HubSite } from './hub-site.ts';

/** What a pool is made from. */
export interface SitePoolParts {
  /** Where the project's registry is now; null: nowhere. */
  readonly placeOf: (id: string | null) => Place | null;
  readonly make: (id: string | null, place: Place) => HubSite;
  readonly restMs: number;
}

/** The use of a site; end it. */
export interface SiteUse {
  readonly site: HubSite;
  end(): void;
}

interface Held {
  readonly site: HubSite;
  readonly root: string;
  users: number;
  rest: NodeJS.Timeout | null;
}

/** The sites by the ids of their projects; `close` it. */
export class SitePool {
  readonly #parts: SitePoolParts;
  readonly #held = new Map<string | null, Held>();

  constructor(parts: SitePoolParts) {
    this.#parts = parts;
  }

  /** The site of the project, the one in use where there is one; null where its registry cannot be looked at. */
  use(id: string | null): SiteUse | null {
    this.#dropIfMoved(id);
    const held = this.#held.get(id) ?? this.#make(id);
    if (held === null) return null;
    held.users += 1;
    if (held.rest !== null) clearTimeout(held.rest);
    held.rest = null;
    let isEnded = false;
    return {
      site: held.site,
      end: () => {
        if (isEnded) return;
        isEnded = true;
        held.users -= 1;
        if (held.users === 0) this.#rest(id, held);
      },
    };
  }

  /** Registries may have moved, come or gone. */
  review(): void {
    for (const id of [...this.#held.keys()]) this.#dropIfMoved(id);
  }

  /** The sites that there are. */
  get sites(): readonly HubSite[] {
    return [...this.#held.values()].map(({ site }) => site);
  }

  close(): void {
    for (const [id, held] of [...this.#held]) this.#drop(id, held, CLOSE_CODES.leaving);
  }

  #make(id: string | null): Held | null {
    const place = this.#parts.placeOf(id);
    if (place === null) return null;
    try {
      const held = { site: this.#parts.make(id, place), root: place.paths.root, users: 0, rest: null };
      this.#held.set(id, held);
      return held;
    } catch (error) {
      // A registry that cannot be read is the trouble of its own project alone.
      if (error instanceof PawlError || systemCode(error) !== undefined) return null;
      throw error;
    }
  }

  #rest(id: string | null, held: Held): void {
    if (this.#held.get(id) !== held) return;
    held.rest = setTimeout(() => this.#drop(id, held, CLOSE_CODES.moved), this.#parts.restMs);
    held.rest.unref();
  }

  #dropIfMoved(id: string | null): void {
    const held = this.#held.get(id);
    if (held !== undefined && this.#parts.placeOf(id)?.paths.root !== held.root)
      this.#drop(id, held, CLOSE_CODES.moved);
  }

  #drop(id: string | null, held: Held, code: typeof CLOSE_CODES.moved | typeof CLOSE_CODES.leaving): void {
    if (held.rest !== null) clearTimeout(held.rest);
    this.#held.delete(id);
    held.site.close(code, code === CLOSE_CODES.moved ? 'connect again' : 'the hub ends');
  }
}
