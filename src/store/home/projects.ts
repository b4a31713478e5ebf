/**
 * The projects that a person has registered on this machine, as registers that any process may write at any time.
 *
 * Owns: records, their archiving, which of them counts. Does not own: whether a path is a repository (app/projects), driving (app/projects/project-engine).
 *
 * Invariants: 1. A record is never changed: an id has a sequence of records, each perhaps archived, and only the last one counts while it is not. 2. Of several that
 * register one id or one path at once, one does; the others are told. Free of zod.
 */
import { join } from 'node:path';
import { listed } from '../../base/listed.ts';
import { quote } from '../../base/sanitise.ts';
import { PawlError } from '../../model/error.ts';
import type { Files } from '../files.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from '../json-file.ts';
import { linkRegister, readRegister } from '../register.ts';
import type { HomePaths } from './home-paths.ts';

/** What an id may be. */
const PROJECT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const ID_CHARS_MAX = 100;
const NAME_CHARS_MAX = 200;
const PROJECTS_MAX = 1_000;
const IDS_SHOWN = 10;

/** A registered project. */
export interface ProjectRecord {
  readonly id: string;
  /** How often its id has been registered, this time included. */
  readonly ordinal: number;
  readonly name: string;
  /** The top level of its repository. */
  readonly path: string;
  readonly by: string;
  readonly atMs: number;
  /** Of a registration over the API: its key, and the hash of what was asked. */
  readonly key: string | null;
  readonly bodyHash: string | null;
}

/** What is registered. */
export type NewProject = Pick<ProjectRecord, 'id' | 'name' | 'path' | 'by' | 'key' | 'bodyHash'>;

/** The projects of one state folder. */
export class ProjectStore {
  readonly #files: Files;
  readonly #home: HomePaths;

  constructor(files: Files, home: HomePaths) {
    this.#files = files;
    this.#home = home;
  }

  /** Every project that is not archived, by its id. */
  list(): readonly ProjectRecord[] {
    const names = this.#files.listNames(this.#home.projects);
    const last = new Map<string, { readonly id: string; readonly ordinal: number }>();
    for (const name of names) {
      const found = placeIn(name);
      if (found !== null && found.ordinal > (last.get(idKey(found.id))?.ordinal ?? 0)) last.set(idKey(found.id), found);
    }
    const removed = new Set(names);
    return [...last.values()]
      .filter((place) => !removed.has(removedName(place)))
      .map((place) => this.#read(place))
      .filter((record) => record !== null)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The project of that id, whatever its case; null where there is none. */
  find(id: string): ProjectRecord | null {
    return this.list().find((record) => idKey(record.id) === idKey(id)) ?? null;
  }

  /** Throws PAWL_PROJECT_UNKNOWN. */
  get(id: string): ProjectRecord {
    const record = this.find(id);
    if (record === null) throw this.unknown(id);
    return record;
  }

  /** The error of an id that names no project. */
  unknown(id: string): PawlError {
    const ids = this.list().map((record) => record.id);
    return new PawlError({
      code: 'PAWL_PROJECT_UNKNOWN',
      message: `Project not found: ${quote(id.slice(0, ID_CHARS_MAX))}.`,
      subject: id.slice(0, ID_CHARS_MAX),
      hint:
        ids.length === 0
          ? 'No project is registered; `pawl project add` registers one.'
          : `Projects: ${listed(ids, IDS_SHOWN)}.`,
    });
  }

  /** The project is registered, durably. Throws PAWL_PROJECT_EXISTS for an id or a path that is taken, PAWL_PROJECT_INVALID. */
  async add(project: NewProject): Promise<ProjectRecord> {
    assertNew(project);
    const { projects } = this.#home;
    await this.#files.ensureFolders([projects]);
    const present = this.list();
    const taken = present.find((other) => idKey(other.id) === idKey(project.id) || other.path === project.path);
    if (taken !== undefined) throw exists(project, taken);
    if (present.length >= PROJECTS_MAX) throw invalid(project.id, `There are ${PROJECTS_MAX} projects already.`);
    const ordinal = this.#lastOrdinal(project.id) + 1;
    const record: ProjectRecord = { ...project, ordinal, atMs: this.#files.clock.nowMs() };
    const nonce = this.#files.clock.nonce();
    const { isWinner } = await linkRegister(this.#files, this.#path(record), jsonBytes({ v: 1, nonce, ...record }));
    if (!isWinner) throw exists(project, this.get(project.id));
    const twin = this.list().find((other) => other.path === record.path && idKey(other.id) !== idKey(record.id));
    // Two registered one path at once under two ids: the one whose id comes first keeps it.
    if (twin !== undefined && twin.id < record.id) {
      await this.remove(record.id, { by: project.by, reason: `the path is that of ${twin.id}` });
      throw exists(project, twin);
    }
    return record;
  }

  /** The project is archived, durably: its record stays. Throws PAWL_PROJECT_UNKNOWN. */
  async remove(id: string, { by, reason }: { readonly by: string; readonly reason: string }): Promise<void> {
    const record = this.get(id);
    const atMs = this.#files.clock.nowMs();
    const bytes = jsonBytes({ v: 1, id: record.id, by, reason, atMs, nonce: this.#files.clock.nonce() });
    await linkRegister(this.#files, join(this.#home.projects, removedName(record)), bytes);
  }

  /** The records of an id that were registered under that key, archived ones included; null where none was. */
  withKey(key: string): ProjectRecord | null {
    for (const name of this.#files.listNames(this.#home.projects)) {
      const place = placeIn(name);
      const record = place === null ? null : this.#read(place);
      if (record?.key === key) return record;
    }
    return null;
  }

  #lastOrdinal(id: string): number {
    const ordinals = this.#files
      .listNames(this.#home.projects)
      .flatMap((name) => placeIn(name) ?? [])
      .filter((place) => idKey(place.id) === idKey(id))
      .map(({ ordinal }) => ordinal);
    return Math.max(0, ...ordinals);
  }

  #path({ id, ordinal }: Place): string {
    return join(this.#home.projects, `${idKey(id)}.${ordinal}`);
  }

  /** Null for a record that cannot be read: it is no project until somebody has looked at the file. */
  #read(place: Place): ProjectRecord | null {
    const bytes = readRegister(this.#files, this.#path(place));
    const value = bytes === null ? null : parseJsonObject(bytes);
    if (value === null || value.v !== 1) return null;
    const { id, name, path, by, atMs, key, bodyHash } = value;
    if (typeof id !== 'string' || typeof name !== 'string' || typeof path !== 'string' || typeof by !== 'string')
      return null;
    if (idKey(id) !== place.id || !isOrdinal(atMs)) return null;
    const texts = {
      key: typeof key === 'string' ? key : null,
      bodyHash: typeof bodyHash === 'string' ? bodyHash : null,
    };
    return { id, ordinal: place.ordinal, name, path, by, atMs, ...texts };
  }
}

interface Place {
  /** As in the file's name: in lower case. */
  readonly id: string;
  readonly ordinal: number;
}

/** Ids that differ in their case alone are one. */
function idKey(id: string): string {
  return id.toLowerCase();
}

function placeIn(name: string): Place | null {
  const [, id, digits] = /^([a-z0-9][a-z0-9._-]*)\.(\d{1,9})$/.exec(name) ?? [];
  return id === undefined || digits === undefined ? null : { id, ordinal: Number(digits) };
}

function removedName({ id, ordinal }: Place): string {
  return `${idKey(id)}.${ordinal}.removed`;
}

function assertNew({ id, name }: NewProject): void {
  if (!PROJECT_ID.test(id) || id.length > ID_CHARS_MAX || id.includes('..'))
    throw invalid(
      id,
      `${quote(id.slice(0, ID_CHARS_MAX))} is not a valid id for a project: letters, digits, ".", "_" and "-", at most ${ID_CHARS_MAX}, the first a letter or digit.`,
    );
  if (name.length === 0 || name.length > NAME_CHARS_MAX)
    throw invalid(id, `The name of a project has 1 to ${NAME_CHARS_MAX} characters.`);
}

/** The error of a project that cannot be registered. */
export function invalid(
  subject: string,
  message: string,
  hint = 'Choose another one with --id, or --name.',
): PawlError {
  return new PawlError({ code: 'PAWL_PROJECT_INVALID', message, subject: subject.slice(0, ID_CHARS_MAX), hint });
}

function exists({ id, path }: NewProject, taken: ProjectRecord): PawlError {
  const isPath = taken.path === path;
  return new PawlError({
    code: 'PAWL_PROJECT_EXISTS',
    message: isPath ? `${path} is registered already, as ${taken.id}.` : `The id ${id} is taken, by ${taken.path}.`,
    subject: isPath ? path : id,
    hint: isPath ? 'Nothing to do.' : 'Choose another one with --id.',
  });
}
