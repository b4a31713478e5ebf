/**
 * The projects as the page sees them.
 *
 * Owns: that view of the directory. Does not own: the page (inspector/hub/page-host), the projects (daemon/project-directory).
 */
import type { Place } from '../engine/run-look.ts';
import type { ProjectEntry, SiteDirectory } from '../inspector/hub/site-directory.ts';
import type { Project, ProjectDirectory } from './project-directory.ts';

/** The directory of the page; `changed` tells it that a project is another one. */
export class PageDirectory implements SiteDirectory {
  readonly #projects: ProjectDirectory;
  readonly #listeners = new Set<() => void>();

  constructor(projects: ProjectDirectory) {
    this.#projects = projects;
  }

  list(): readonly ProjectEntry[] {
    return this.#projects.list().map(entryOf);
  }

  get(id: string | null): Place | null {
    return (
      this.#projects
        .list()
        .find((project) => project.id === id)
        ?.place() ?? null
    );
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function entryOf({ id, record, engine, registry }: Project): ProjectEntry {
  const { state } = engine;
  const isDegraded = state.kind === 'degraded';
  return {
    id,
    name: record.name,
    state: isDegraded ? 'degraded' : 'ready',
    reason: isDegraded ? state.reason : null,
    registry,
  };
}
