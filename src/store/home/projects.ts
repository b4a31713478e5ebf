/**
 * The projects that a person has registered on this machine: one sequence of registers, which any process may continue at any time.
 *
 * Owns: what has been registered and archived, in which order, and what that comes to. Does not own: whether a path is a repository (app/projects), driving
 * (app/projects/project-engine).
 *
 * Invariants: 1. Nothing that was recorded is changed: an archived project stays in the sequence. 2. Whoever links the next number has seen all before it, so ids and
 * paths are unique, however many register at once. Free of zod.
 */
import { isAbsolute, join } from 'node:path';
import { listed } from '../../base/listed.ts';
import { quote } from '../../base/sanitise.ts';
import { PawlError } from '../../model/error.ts';
import type { Files } from '../files.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from '../json-file.ts';
import { linkRegister, readRegister } from '../register.ts';
import { generationDigits } from '../registry-paths.ts';
import { storeRefusal } from '../store-errors.ts';
import type { HomePaths } from './home-paths.ts';

/** What an id may be. */
const PROJECT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const ID_CHARS_MAX = 100;
const NAME_CHARS_MAX = 200;
const PROJECTS_MAX = 1_000;
/** Registrations and archivings ever. */
const ENTRIES_MAX = 10_000;
/** Each one lost is one that somebody else has won. */
const TRIES_MAX = 1_000;
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

/** What one register of the sequence says. */
type Entry =
  | ({ readonly kind: 'added' } & Omit<ProjectRecord, 'ordinal'>)
  | {
      readonly kind: 'removed';
      readonly id: string;
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    };

/** What the sequence comes to. */
interface Standing {
  /** The number of its last register. */
  readonly last: number;
  /** By `idKey`; archived ones are not in it. */
  readonly present: ReadonlyMap<string, ProjectRecord>;
  /** Every registration, archived ones included, in their order. */
  readonly added: readonly ProjectRecord[];
}

/** The projects of one state folder. */
export class ProjectStore {
  readonly #files: Files;
  readonly #home: HomePaths;
  /** By number; what was read once stays so. */
  readonly #entries = new Map<number, Entry>();
  /** Of the entries up to `#keysRead`. */
  readonly #keys = new Set<string>();
  #keysRead = 0;

  constructor(files: Files, home: HomePaths) {
    this.#files = files;
    this.#home = home;
  }

  /** Every project that is not archived, by its id. */
  list(): readonly ProjectRecord[] {
    return [...this.#standing().present.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The project of that id, whatever its case; null where there is none. */
  find(id: string): ProjectRecord | null {
    return this.#standing().present.get(idKey(id)) ?? null;
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
    await this.#files.ensureFolders([this.#home.projects]);
    const { id, name, path, by, key, bodyHash } = project;
    await this.#append(({ present }) => {
      const projects = [...present.values()];
      const taken = projects.find((other) => idKey(other.id) === idKey(id) || other.path === path);
      if (taken !== undefined) throw exists(project, taken);
      if (projects.length >= PROJECTS_MAX)
        throw invalid(id, `There are ${PROJECTS_MAX} projects already.`, 'Archive one first: `pawl project rm`.');
      return { kind: 'added', id, name, path, by, atMs: this.#files.clock.nowMs(), key, bodyHash };
    });
    return this.get(id);
  }

  /** The project is archived, durably: its record stays. Throws PAWL_PROJECT_UNKNOWN. */
  async remove(id: string, { by, reason }: { readonly by: string; readonly reason: string }): Promise<void> {
    await this.#append(({ present }) => {
      const record = present.get(idKey(id));
      if (record === undefined) throw this.unknown(id);
      return { kind: 'removed', id: record.id, by, reason, atMs: this.#files.clock.nowMs() };
    });
  }

  /** The project that was registered under that key, archived or not; null where none was. */
  withKey(key: string): ProjectRecord | null {
    if (this.#areKeysRead() && !this.#keys.has(key)) return null;
    return this.#standing().added.find((record) => record.key === key) ?? null;
  }

  /** What `next` makes of how things stand is the next of the sequence, durably; asked again whenever somebody else was faster. */
  async #append(next: (standing: Standing) => Entry): Promise<void> {
    const { projects } = this.#home;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const standing = this.#standing();
      const entry = next(standing);
      const number = standing.last + 1;
      if (number > ENTRIES_MAX) throw full(projects);
      const bytes = jsonBytes({ v: 1, nonce: this.#files.clock.nonce(), ...entry });
      if ((await linkRegister(this.#files, this.#path(number), bytes)).isWinner) return;
    }
    throw storeRefusal(projects, `${projects} was changed by others ${TRIES_MAX} times in a row`, 'Try again.');
  }

  /** The keys of the sequence as it is now are known: it only grows. False where some of it cannot be read. */
  #areKeysRead(): boolean {
    for (;;) {
      const number = this.#keysRead + 1;
      if (!this.#files.exists(this.#path(number))) return true;
      const entry = this.#entry(number);
      if (entry === null) return false;
      if (entry.kind === 'added' && entry.key !== null) this.#keys.add(entry.key);
      this.#keysRead = number;
    }
  }

  #standing(): Standing {
    const last = Math.max(0, ...this.#files.listNames(this.#home.projects).map(numberIn));
    const present = new Map<string, ProjectRecord>();
    const added: ProjectRecord[] = [];
    const ordinals = new Map<string, number>();
    // By number and not by what was listed: a folder that grows while it is listed may show a name and leave out an earlier one.
    for (let number = 1; number <= last; number += 1) {
      const entry = this.#entry(number);
      if (entry === null) continue;
      const id = idKey(entry.id);
      if (entry.kind === 'removed') present.delete(id);
      else {
        const ordinal = (ordinals.get(id) ?? 0) + 1;
        ordinals.set(id, ordinal);
        const { kind, ...facts } = entry;
        const record = { ...facts, ordinal };
        added.push(record);
        present.set(id, record);
      }
    }
    return { last, present, added };
  }

  /** Null for one that cannot be read: it says nothing until somebody has looked at the file. */
  #entry(number: number): Entry | null {
    const known = this.#entries.get(number);
    if (known !== undefined) return known;
    const bytes = readRegister(this.#files, this.#path(number));
    const value = bytes === null ? null : parseJsonObject(bytes);
    const entry = value === null || value.v !== 1 ? null : entryIn(value);
    if (entry !== null) this.#entries.set(number, entry);
    return entry;
  }

  #path(number: number): string {
    return join(this.#home.projects, generationDigits(number));
  }
}

function entryIn({ kind, id, by, atMs, ...more }: Record<string, unknown>): Entry | null {
  if (typeof id !== 'string' || !isId(id) || typeof by !== 'string' || !isOrdinal(atMs)) return null;
  const { reason, name, path, key, bodyHash } = more;
  if (kind === 'removed') return typeof reason === 'string' ? { kind, id, by, reason, atMs } : null;
  if (kind !== 'added' || typeof name !== 'string' || typeof path !== 'string' || !isAbsolute(path)) return null;
  if (!isTextOrNull(key) || !isTextOrNull(bodyHash)) return null;
  return { kind, id, name, path, by, atMs, key, bodyHash };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** Ids that differ in their case alone are one. */
function idKey(id: string): string {
  return id.toLowerCase();
}

/** The number that is the name of a register; 0 for any other name. */
function numberIn(name: string): number {
  const number = /^\d{6,9}$/.test(name) ? Number(name) : 0;
  return name === generationDigits(number) ? number : 0;
}

function isId(id: string): boolean {
  return PROJECT_ID.test(id) && id.length <= ID_CHARS_MAX && !id.includes('..');
}

function assertNew({ id, name }: NewProject): void {
  if (!isId(id))
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

function full(projects: string): PawlError {
  return storeRefusal(
    projects,
    `${projects} holds ${ENTRIES_MAX} registrations and archivings`,
    'Move that folder away, then register your projects again.',
  );
}
