/**
 * Registering and archiving projects, and what is read of their repositories.
 *
 * Owns: the checks of a path, default id and name, remote and default branch. Does not own: the records (store/home/projects), driving
 * (app/projects/project-engine). Free of zod.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { locateRepository } from '../adapters/git/locate.ts';
import { canonicalPath } from '../adapters/git/worktree.ts';
import { counted } from '../base/counted.ts';
import { listed } from '../base/listed.ts';
import { PawlError } from '../model/error.ts';
import type { RepositoryFacts } from '../ports/git.ts';
import { invalid, type ProjectRecord, type ProjectStore } from '../store/home/projects.ts';

/** What is read of a project's repository, anew whenever it is needed. */
export interface ProjectFacts {
  /** The URL of `origin`, without credentials; null where there is none. */
  readonly repo: string | null;
  readonly defaultBranch: string | null;
}

/** What is asked for. */
export interface AddRequest {
  /** Absolute, or relative to the current folder. */
  readonly path: string;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly by: string;
  readonly key: string | null;
  readonly bodyHash: string | null;
}

const RUNS_NAMED = 5;

/**
 * The project is registered; under a key that did so before it is the same project, and null where that key asked for something else. Throws PAWL_PROJECT_EXISTS,
 * PAWL_PROJECT_INVALID.
 */
export async function addProject(
  store: ProjectStore,
  request: AddRequest,
): Promise<{ readonly record: ProjectRecord; readonly isNew: boolean } | null> {
  const { key, bodyHash, by } = request;
  const known = key === null ? null : store.withKey(key);
  if (known !== null) return known.bodyHash === bodyHash ? { record: known, isNew: false } : null;
  const path = topLevelOf(request.path);
  const folder = basename(path);
  const id = request.id ?? defaultId(folder);
  const record = await store.add({ id, name: request.name ?? folder, path, by, key, bodyHash });
  return { record, isNew: true };
}

/** The project is archived. Throws PAWL_PROJECT_UNKNOWN, PAWL_PROJECT_BUSY while runs of it have not ended, unless that is forced. */
export async function removeProject(
  store: ProjectStore,
  request: {
    readonly id: string;
    readonly by: string;
    /** Runs that have not ended. */
    readonly open: readonly string[];
    readonly isForced: boolean;
  },
): Promise<ProjectRecord> {
  const { id, by, open, isForced } = request;
  const record = store.get(id);
  if (open.length > 0 && !isForced)
    throw new PawlError({
      code: 'PAWL_PROJECT_BUSY',
      message: `${counted(open.length, 'run')} of ${record.id} have not ended: ${listed(open, RUNS_NAMED)}.`,
      subject: record.id,
      hint: 'Let them end or cancel them; --force archives the project all the same: its runs stay as they are, and nobody drives them.',
    });
  await store.remove(record.id, { by, reason: '' });
  return record;
}

/** What a repository's own word on itself comes to. */
export function factsFrom({ origin, defaultBranches }: RepositoryFacts): ProjectFacts {
  return { repo: origin === null ? null : withoutCredentials(origin), defaultBranch: defaultBranches[0] ?? null };
}

/** A URL may carry a name and a token; the short form of ssh carries a name, which is part of the address. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

/** The path, its links resolved. Throws PAWL_PROJECT_INVALID where it is not the top level of a git repository's main worktree. */
function topLevelOf(given: string): string {
  if (given.includes('\0'))
    throw invalid('path', 'A path holds no null character.', 'Name the folder that contains `.git`.');
  const path = canonicalPath(given);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalid(path, `There is no folder ${path}.`, 'Name the folder that contains `.git`.');
  let top: string;
  try {
    top = locateRepository(path).mainWorktree;
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    throw invalid(
      path,
      `${path} is not the top level of a git repository: ${error.message}`,
      'Name the folder that contains `.git`.',
    );
  }
  if (canonicalPath(top) === path) return path;
  throw invalid(path, `${path} is not the top level of its repository.`, `That is ${top}.`);
}

/** The lower-case name of the folder, as far as an id can hold it. */
function defaultId(folder: string): string {
  const id = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, DEFAULT_ID_CHARS);
  return id === '' ? 'project' : id;
}

const DEFAULT_ID_CHARS = 60;
