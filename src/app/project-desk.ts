/**
 * What a person does with projects: registering, looking, archiving.
 *
 * Owns: who does it, what is shown of a project, what is open in its registry. Does not own: the checks (app/projects), the records (store/home/projects).
 */
import { userInfo } from 'node:os';
import { locateRepository } from '../adapters/git/locate.ts';
import { lookAtAll } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import { type ProjectRecord, ProjectStore } from '../store/home/projects.ts';
import { daemonHere } from './daemon/daemon-place.ts';
import { placesOf } from './options.ts';
import { type AddRequest, addProject, factsFrom, type ProjectFacts, removeProject } from './projects.ts';
import { gitToLookAt } from './wiring.ts';

/** A project as it is shown. */
export interface ShownProject extends Pick<ProjectRecord, 'id' | 'name' | 'path' | 'by'>, ProjectFacts {
  readonly addedAtMs: number;
  /** Why its repository cannot be read; null where it can. */
  readonly problem: string | null;
}

/** What can be done with projects. Each throws PAWL_PROJECT_* and what the store throws. */
export interface ProjectDesk {
  list(): Promise<readonly ShownProject[]>;
  get(id: string): Promise<ShownProject>;
  add(request: Pick<AddRequest, 'path' | 'id' | 'name'>): Promise<ShownProject>;
  /** Archives it. `isForced`: also while runs of it have not ended. */
  remove(id: string, isForced: boolean): Promise<ShownProject>;
}

/** Who does it: this process, over the files. The one place that decides that. */
export function projectDesk(): ProjectDesk {
  const { files, home } = daemonHere();
  return deskOver(new ProjectStore(files, home));
}

function deskOver(store: ProjectStore): ProjectDesk {
  const by = userInfo().username;
  return {
    list: () => Promise.all(store.list().map(shown)),
    get: async (id) => shown(store.get(id)),
    add: async (request) => {
      const added = await addProject(store, { ...request, by, key: null, bodyHash: null });
      if (added === null) throw new Error('bug: a registration without a key was refused for its key');
      return shown(added.record);
    },
    remove: async (id, isForced) => {
      const record = store.get(id);
      const open = isForced ? [] : await openRuns(record);
      await removeProject(store, { id, by, open, isForced });
      return shown(record);
    },
  };
}

async function shown({ id, name, path, by, atMs }: ProjectRecord): Promise<ShownProject> {
  const record = { id, name, path, by, addedAtMs: atMs };
  try {
    const facts = factsFrom(await gitToLookAt({ repository: locateRepository(path) }).facts());
    return { ...record, ...facts, problem: null };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { ...record, repo: null, defaultBranch: null, problem: error.message };
  }
}

/** Ids of its runs that have not ended; none where its repository has gone. */
async function openRuns({ path }: ProjectRecord): Promise<readonly string[]> {
  const place = placeOf(path);
  if (place === null) return [];
  const looks = await lookAtAll(place);
  return looks.flatMap(({ view }) => (view.kind === 'terminal' ? [] : [view.runId]));
}

function placeOf(path: string): Pick<ReturnType<typeof placesOf>, 'files' | 'paths'> | null {
  try {
    return placesOf({}, path);
  } catch (error) {
    if (error instanceof PawlError && error.code === 'PAWL_REPOSITORY_MISSING') return null;
    throw error;
  }
}
