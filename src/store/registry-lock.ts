/**
 * The registry lock: one driving process at a time, by a register with generations.
 *
 * Owns: taking, holding and releasing it; who holds it. Does not own: whether a process lives (ports/processes), flock(1)
 * (adapters/git).
 *
 * Invariants (L6): 1. A generation has one owner for ever: it is a register. 2. The next is linked only when the holder of the
 * highest one has released it, is proven dead, or, failing both, an operator asserts its death with a reason, which is kept.
 * A holder that is alive, however slow, keeps it. 3. Nobody drives before the former runner's helper processes are gone.
 */

import { isObject } from '../base/canonical-json.ts';
import type { ProcessIdentity } from '../base/process-identity.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { Ownership } from '../ports/ownership.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import { listRuns as lookAtAll } from '../run/error-actions.ts';
import { takeOver as takeOverAction } from '../run/next-actions.ts';
import type { Files } from './files.ts';
import type { Fence } from './journal-writer.ts';
import { isIdentity, isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkFleetingRegister, linkRegister, readRegister } from './register.ts';
import { lockGeneration, type RegistryPaths } from './registry-paths.ts';
import { attempt } from './store-errors.ts';

/** The kernel lock on `lock.alive`, held by the runner and inherited by every helper process that it starts. */
export interface HelperLock {
  /** Takes the lock of the file at `path` (made if absent), waiting at most `waitMs`. `unavailable`: this system has none. */
  take(path: string, waitMs: number): { readonly fd: number } | 'busy' | 'unavailable';
}

/** An operator's assertion that the holder is dead. */
export interface TakeOver {
  readonly reason: string;
  readonly by: string;
}

/** The content of `lock.<generation>`. */
export interface LockContent {
  readonly v: 1;
  readonly generation: number;
  readonly nonce: string;
  readonly holder: ProcessIdentity;
  readonly atMs: number;
  /** Null when the former holder had released it or was proven dead. */
  readonly takeOver: TakeOver | null;
}

/** Who holds the registry. `unknown` has no content when the lock file is unreadable. */
export type Holder =
  | { readonly kind: 'free'; readonly generation: number; readonly content: LockContent | null }
  | { readonly kind: 'alive'; readonly generation: number; readonly content: LockContent }
  | { readonly kind: 'unknown'; readonly generation: number; readonly content: LockContent | null };

/** The process that requests the lock, and of which registry. */
export interface LockRequest {
  readonly files: Files;
  readonly paths: RegistryPaths;
  readonly clock: ClockPort;
  readonly processes: ProcessesPort;
  /** Null: this system has no such lock, and helpers of a former runner are not waited for. */
  readonly helperLock: HelperLock | null;
  readonly takeOver?: TakeOver;
}

/** The lock as held by the calling process. */
export class RegistryLock implements Ownership {
  readonly generation: number;
  readonly content: LockContent;
  /** Descriptor of the lock that helper processes inherit; null where the system has none. */
  readonly helperFd: number | null;
  readonly #request: LockRequest;
  /** Nothing may be written under this lock any more. */
  #isReleased = false;
  /** The mark that it is released is there for others. */
  #isMarked = false;

  constructor(request: LockRequest, content: LockContent, helperFd: number | null) {
    this.#request = request;
    this.content = content;
    this.generation = content.generation;
    this.helperFd = helperFd;
  }

  /** Throws PAWL_REGISTRY_LOCKED when somebody has taken a higher generation: then nothing may be written any more. One stat. */
  readonly assertHighest: Fence = (generation) => {
    const { files, paths } = this.#request;
    if (this.#isReleased) throw new Error('bug: the registry lock was released');
    if (files.exists(paths.lock(generation + 1))) throw lockedError(paths, readHolder(this.#request));
  };

  /** The next taker need not prove anything. Idempotent; where the mark of it could not be stored, the next call tries again. */
  async release(): Promise<void> {
    const isFirst = !this.#isReleased;
    this.#isReleased = true;
    const { files, paths } = this.#request;
    const { helperFd } = this;
    if (isFirst && helperFd !== null) attempt('close', paths.aliveLock, () => files.fs.close(helperFd));
    if (this.#isMarked) return;
    await markReleased(this.#request, this.content);
    this.#isMarked = true;
  }
}

/**
 * The calling process holds the registry, and no helper process of a former runner is left.
 * Throws PAWL_REGISTRY_LOCKED when the lock cannot be taken, naming the holder.
 */
export async function takeLock(request: LockRequest): Promise<RegistryLock> {
  for (let tries = 0; tries < BOUNDS.lockTries; tries += 1) {
    const holder = readHolder(request);
    const isAsserted = holder.kind === 'unknown' && request.takeOver !== undefined;
    if (holder.kind !== 'free' && !isAsserted) throw lockedError(request.paths, holder);
    const content: LockContent = {
      v: 1,
      generation: holder.generation + 1,
      nonce: request.clock.nonce(),
      holder: request.processes.self(),
      atMs: request.clock.nowMs(),
      takeOver: isAsserted ? (request.takeOver ?? null) : null,
    };
    const result = await linkRegister(request.files, request.paths.lock(content.generation), jsonBytes(content));
    // Lost: another process holds that generation now, perhaps only for an instant. Check again.
    if (result.isWinner) return new RegistryLock(request, content, await takeHelperLock(request, content));
  }
  throw lockedError(request.paths, readHolder(request));
}

/** Throws PAWL_REGISTRY_LOCKED where it cannot be told from here whether the holder still runs: only a person's assertion frees such a registry. */
export function assertHolderKnown(request: Parameters<typeof readHolder>[0]): void {
  const holder = readHolder(request);
  if (holder.kind === 'unknown') throw lockedError(request.paths, holder);
}

/** Who holds the registry, seen from here; nothing is taken or synced (linking the next generation settles what was read). */
export function readHolder(
  request: Pick<LockRequest, 'files' | 'paths'> & { readonly processes: Pick<ProcessesPort, 'life'> },
): Holder {
  const { files, paths, processes } = request;
  const generation = highestGeneration(files, paths);
  if (generation === 0) return { kind: 'free', generation, content: null };
  const bytes = readRegister(files, paths.lock(generation));
  const content = bytes === null ? null : parseLock(bytes, generation);
  if (content === null) return { kind: 'unknown', generation, content };
  if (isReleased(files, paths, content)) return { kind: 'free', generation, content };
  const life = processes.life(content.holder);
  return { kind: life === 'dead' ? 'free' : life, generation, content };
}

/**
 * Since when the registry was held by runners before `generation`, one after the other, that never released it themselves: they died, and
 * what they were about to do may be undone. Null when the last one released it.
 */
export function abandonedSince(files: Files, paths: RegistryPaths, generation: number): number | null {
  let sinceMs: number | null = null;
  for (let former = generation - 1; former > 0 && generation - former <= BOUNDS.lockTries; former -= 1) {
    const bytes = readRegister(files, paths.lock(former));
    const content = bytes === null ? null : parseLock(bytes, former);
    if (content === null || isReleased(files, paths, content)) break;
    sinceMs = content.atMs;
  }
  return sinceMs;
}

function highestGeneration(files: Files, paths: RegistryPaths): number {
  let highest = 0;
  for (const name of files.listNames(paths.root)) highest = Math.max(highest, lockGeneration(name) ?? 0);
  return highest;
}

async function takeHelperLock(request: LockRequest, content: LockContent): Promise<number | null> {
  const { helperLock, paths } = request;
  if (helperLock === null) return null;
  const taken = await tryHelperLock(helperLock, request, content);
  if (taken === 'unavailable') return null;
  if (taken !== 'busy') return taken.fd;
  // Not driving after all: release it, or the next start would have to prove our death first.
  await markReleased(request, content);
  throw new PawlError({
    code: 'PAWL_REGISTRY_LOCKED',
    message: `helper processes of the former runner still hold ${paths.aliveLock} after ${BOUNDS.lockHelpersMs} ms`,
    subject: paths.root,
    hint: 'Wait until its git commands have ended, or end them, then start again.',
    kind: 'retryable',
  });
}

async function tryHelperLock(
  helperLock: HelperLock,
  request: LockRequest,
  content: LockContent,
): Promise<ReturnType<HelperLock['take']>> {
  try {
    return helperLock.take(request.paths.aliveLock, BOUNDS.lockHelpersMs);
  } catch (error) {
    await markReleased(request, content);
    throw error;
  }
}

/**
 * Informs the next taker. Not synced: if a power cut loses it, the next boot's id proves every earlier holder dead. Only where
 * machine or boot is unknown must it survive a power cut.
 */
async function markReleased(request: LockRequest, content: LockContent): Promise<void> {
  const { files, paths } = request;
  const { generation, nonce, holder } = content;
  const bytes = jsonBytes({ v: 1, generation, nonce });
  if (holder.bootId === '' || holder.machineId === '') await linkRegister(files, paths.released(generation), bytes);
  else await linkFleetingRegister(files, paths.released(generation), bytes);
}

function isReleased(files: Files, paths: RegistryPaths, content: LockContent): boolean {
  const bytes = readRegister(files, paths.released(content.generation));
  const value = bytes === null ? null : parseJsonObject(bytes);
  return value !== null && value.v === 1 && value.generation === content.generation && value.nonce === content.nonce;
}

function parseLock(bytes: Uint8Array, generation: number): LockContent | null {
  const value = parseJsonObject(bytes);
  if (value === null || value.v !== 1 || value.generation !== generation) return null;
  const { nonce, holder, atMs, takeOver } = value;
  if (typeof nonce !== 'string' || !isIdentity(holder) || !isOrdinal(atMs)) return null;
  if (takeOver !== null && !isTakeOver(takeOver)) return null;
  return { v: 1, generation, nonce, holder, atMs, takeOver };
}

function isTakeOver(value: unknown): value is TakeOver {
  return isObject(value) && typeof value.reason === 'string' && typeof value.by === 'string';
}

function lockedError(paths: RegistryPaths, holder: Holder): PawlError {
  return new PawlError({
    code: 'PAWL_REGISTRY_LOCKED',
    message: `${paths.root} ${describe(holder)}`,
    subject: paths.root,
    hint:
      holder.kind === 'unknown'
        ? 'Verify that it no longer runs, then assert its death.'
        : 'Let it finish, or end that process, then start again.',
    actions:
      holder.kind === 'unknown'
        ? [takeOverAction(paths.commandOptions, 'your confirmation is recorded')]
        : [lookAtAll(paths.commandOptions)],
    kind: holder.kind === 'unknown' ? 'needsHuman' : 'retryable',
  });
}

function describe(holder: Holder): string {
  const { content, generation } = holder;
  if (content === null) return `is held (generation ${generation}) by an unknown process: the lock file is unreadable`;
  const who = `process ${content.holder.pid} on ${content.holder.hostname}`;
  const since = `since ${isoTime(content.atMs)}`;
  if (holder.kind === 'free') return `was taken by other processes in the meantime, last by ${who}`;
  if (holder.kind === 'alive') return `is held by ${who} ${since}`;
  return `is held by ${who} ${since}, and from here it cannot be proven dead`;
}

function isoTime(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toISOString();
}
