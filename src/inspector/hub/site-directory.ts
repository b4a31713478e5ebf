/**
 * Which registries a hub shows, and where they are.
 *
 * Owns: the interface, and the directory of a hub that shows one registry. Does not own: projects, and how they stand.
 */
import type { Place } from '../../engine/run-look.ts';
import type { ProjectFacts } from '../wire/page-api.ts';

/** A project with its registry. */
export interface ProjectEntry extends ProjectFacts {
  /** Absolute path of its registry. */
  readonly registry: string;
}

/** The projects of a hub. Nothing of it throws. */
export interface SiteDirectory {
  /** In the order in which they are shown. */
  list(): readonly ProjectEntry[];
  /** Where the project's registry is; null when there is no such project, or its registry cannot be looked at now. */
  get(id: string | null): Place | null;
  /** Calls `listener` when `list` or `get` answers differently; returns how to end that. */
  onChange(listener: () => void): () => void;
}

/** The directory of one registry that belongs to no project. */
export function onlyRegistry(place: Place): SiteDirectory {
  const registry = place.paths.root;
  return {
    list: () => [{ id: null, name: registry, state: 'ready', reason: null, registry }],
    get: (id) => (id === null ? place : null),
    onChange: () => () => undefined,
  };
}
