/**
 * One registry: its layout on disk, its id, the list of its runs.
 *
 * Owns: making the layout, registry.json. Does not own: the lock (store/registry-lock), the contents of a run's folder.
 *
 * Invariants: 1. Opening twice, or after a kill in the middle, has the same result. 2. A registry of an unknown version is
 * never touched, nor is a folder that is not a registry. 3. registry.json is a register, so a file system without hard links is refused here.
 */
import { resolve } from 'node:path';
import { listed } from '../base/listed.ts';
import { quote } from '../base/sanitise.ts';
import { PawlError, systemCode } from '../model/error.ts';
import type { Files } from './files.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkUnsettledRegister, readRegister } from './register.ts';
import { RegistryPaths } from './registry-paths.ts';

/** The version of the layout that this Pawl makes and drives. */
export const REGISTRY_VERSION = 1;

/** The content of registry.json. */
export interface RegistryInfo {
  readonly registryId: string;
  readonly createdAtMs: number;
}

/** An open registry. */
class Registry {
  readonly paths: RegistryPaths;
  readonly registryId: string;
  readonly createdAtMs: number;
  readonly #files: Files;

  constructor(files: Files, paths: RegistryPaths, info: RegistryInfo) {
    this.#files = files;
    this.paths = paths;
    this.registryId = info.registryId;
    this.createdAtMs = info.createdAtMs;
  }

  /** Ids of the runs that have a folder, sorted. */
  listRuns(): string[] {
    return listRuns(this.#files, this.paths);
  }
}

/**
 * The registry at `root` exists with its layout; durably once its folder is synced, which taking its lock does (store/registry-lock).
 * Throws PAWL_REGISTRY_INVALID for one that this version cannot drive, PAWL_STORE_NO_LINKS where it cannot be kept.
 */
export function openRegistry(files: Files, root: string): Promise<Registry> {
  const { inbox, batches, runs, worktrees } = new RegistryPaths(resolve(root));
  return openRegistryWith(files, root, [inbox, batches, runs, worktrees]);
}

/** Like `openRegistry`, with these folders in it. */
export async function openRegistryWith(files: Files, root: string, folders: readonly string[]): Promise<Registry> {
  const paths = new RegistryPaths(resolve(root));
  const present = readRegistry(files, paths);
  await files.ensureFolders([paths.root, ...folders], paths.root);
  return new Registry(files, paths, present ?? (await createInfo(files, paths)));
}

/**
 * What registry.json says, null when there is no registry yet: nothing at all, an empty folder, or one whose creation was cut off. Writes nothing.
 * Throws PAWL_REGISTRY_INVALID for a registry of another version and for what is something else.
 */
export function readRegistry(files: Files, paths: RegistryPaths): RegistryInfo | null {
  const bytes = registryBytes(files, paths);
  if (bytes !== null) return parseInfo(bytes, paths);
  const foreign = files.listNames(paths.root).filter((name) => !paths.isOwnName(name));
  if (foreign.length === 0) {
    // Another process may have made it between the two reads.
    const made = registryBytes(files, paths);
    return made === null ? null : parseInfo(made, paths);
  }
  const content = listed(foreign.map(quote), FOREIGN_NAMED);
  throw notRegistry(paths, `${paths.root} is not a registry: it has no registry.json, but ${content}`);
}

function registryBytes(files: Files, paths: RegistryPaths): Uint8Array | null {
  try {
    return readRegister(files, paths.registryFile);
  } catch (error) {
    const code = error instanceof PawlError ? systemCode(error.cause) : undefined;
    if (code !== 'ENOTDIR') throw error;
    throw notRegistry(paths, `${paths.root} is not a registry: it is not a folder`, error);
  }
}

const FOREIGN_NAMED = 3;

function notRegistry({ root }: RegistryPaths, message: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_REGISTRY_INVALID',
    message,
    subject: root,
    hint: 'Name another folder with --registry DIR: one that holds a registry, is empty, or does not exist yet.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Ids of the runs that have a folder, sorted; none without a registry. */
export function listRuns(files: Files, paths: RegistryPaths): string[] {
  return files.listNames(paths.runs).filter((name) => /^run_[A-Za-z0-9._-]+$/.test(name));
}

async function createInfo(files: Files, paths: RegistryPaths): Promise<RegistryInfo> {
  const content = { v: REGISTRY_VERSION, registryId: files.clock.nonce(), createdAtMs: files.clock.nowMs() };
  return parseInfo((await linkUnsettledRegister(files, paths.registryFile, jsonBytes(content))).bytes, paths);
}

function parseInfo(bytes: Uint8Array, paths: RegistryPaths): RegistryInfo {
  const value = parseJsonObject(bytes);
  if (value === null) throw invalid(paths, 'holds no JSON object');
  if (value.v !== REGISTRY_VERSION) throw invalid(paths, `has the version ${JSON.stringify(value.v)?.slice(0, 40)}`);
  const { registryId, createdAtMs } = value;
  if (typeof registryId !== 'string' || !isOrdinal(createdAtMs)) throw invalid(paths, 'lacks its id or its time');
  return { registryId, createdAtMs };
}

function invalid(paths: RegistryPaths, detail: string): PawlError {
  return new PawlError({
    code: 'PAWL_REGISTRY_INVALID',
    message: `${paths.registryFile} ${detail}; this Pawl reads version ${REGISTRY_VERSION}`,
    subject: paths.root,
    hint: 'Use the Pawl that made it, or name another folder with --registry DIR.',
  });
}
