/**
 * The registry lock: one driving process at a time.
 *
 * Owns: what is particular to a registry: the lock that helper processes inherit, the words about its holder. Does not own: generations (store/generation-lock),
 * whether a process lives (ports/processes), flock(1) (adapters/git).
 *
 * Invariants (L6): those of store/generation-lock, and nobody drives before the former runner's helper processes are gone.
 */
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { Ownership } from '../ports/ownership.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import { listRuns as lookAtAll } from '../run/error-actions.ts';
import { takeOver as takeOverAction } from '../run/next-actions.ts';
import type { Files } from './files.ts';
import {
  type GenerationLock,
  type Holder,
  isReleased,
  type LockContent,
  readGeneration,
  readLock,
  type TakeOver,
  takeGeneration,
} from './generation-lock.ts';
import type { Fence } from './journal-writer.ts';
import type { RegistryPaths } from './registry-paths.ts';
import { attempt } from './store-errors.ts';

/** The lock as taken; `busy`: helpers of a former runner still hold it; `unavailable`: this system has none. */
export type HelperLockTaken = { readonly fd: number } | 'busy' | 'unavailable';

/** The kernel lock on `lock.alive`, held by the runner and inherited by every helper process that it starts. */
export interface HelperLock {
  /** Takes the lock of the file at `path` (made if absent), waiting at most `waitMs`. */
  take(path: string, waitMs: number): Promise<HelperLockTaken>;
}

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
  /** Descriptor of the lock that helper processes inherit; null where the system has none. */
  readonly helperFd: number | null;
  readonly #request: LockRequest;
  readonly #lock: GenerationLock;
  #isHelperLockOpen: boolean;

  constructor(request: LockRequest, lock: GenerationLock, helperFd: number | null) {
    this.#request = request;
    this.#lock = lock;
    this.helperFd = helperFd;
    this.#isHelperLockOpen = helperFd !== null;
  }

  get generation(): number {
    return this.#lock.generation;
  }

  get content(): LockContent {
    return this.#lock.content;
  }

  /** Throws PAWL_REGISTRY_LOCKED when somebody has taken a higher generation: then nothing may be written any more. One stat. */
  readonly assertHighest: Fence = (generation) => this.#lock.assertHighest(generation);

  /** The next taker need not prove anything. Idempotent; where the mark of it could not be stored, the next call tries again. */
  async release(): Promise<void> {
    const { files, paths } = this.#request;
    const { helperFd } = this;
    if (this.#isHelperLockOpen && helperFd !== null) {
      this.#isHelperLockOpen = false;
      attempt('close', paths.aliveLock, () => files.fs.close(helperFd));
    }
    await this.#lock.release();
  }
}

/**
 * The calling process holds the registry, and no helper process of a former runner is left.
 * Throws PAWL_REGISTRY_LOCKED when the lock cannot be taken, naming the holder.
 */
export async function takeLock(request: LockRequest): Promise<RegistryLock> {
  const { files, paths: place, clock, processes, takeOver } = request;
  const lock = await takeGeneration({
    ...{ files, place, clock, processes },
    ...(takeOver === undefined ? {} : { takeOver }),
    locked: (holder) => lockedError(place, holder),
  });
  return new RegistryLock(request, lock, await takeHelperLock(request, lock));
}

/** Where a registry is, and what judges its holder. */
type HeldRegistry = Pick<LockRequest, 'files' | 'paths'> & { readonly processes: Pick<ProcessesPort, 'life'> };

/** Throws PAWL_REGISTRY_LOCKED where it cannot be told from here whether the holder still runs: only a person's assertion frees such a registry. */
export function assertHolderKnown(request: HeldRegistry): void {
  const holder = readHolder(request);
  if (holder.kind === 'unknown') throw lockedError(request.paths, holder);
}

/** Who holds the registry, seen from here; nothing is taken or synced. */
export function readHolder({ files, paths, processes }: HeldRegistry): Holder {
  return readGeneration({ files, place: paths, processes });
}

/**
 * Since when the registry was held by runners before `generation`, one after the other, that never released it themselves: they died, and
 * what they were about to do may be undone. Null when the last one released it.
 */
export function abandonedSince(files: Files, paths: RegistryPaths, generation: number): number | null {
  let sinceMs: number | null = null;
  for (let former = generation - 1; former > 0 && generation - former <= BOUNDS.lockTries; former -= 1) {
    const content = readLock(files, paths, former);
    if (content === null || isReleased(files, paths, content)) break;
    sinceMs = content.atMs;
  }
  return sinceMs;
}

async function takeHelperLock(request: LockRequest, lock: GenerationLock): Promise<number | null> {
  const { helperLock, paths } = request;
  if (helperLock === null) return null;
  const taken = await tryHelperLock(helperLock, request, lock);
  if (taken === 'unavailable') return null;
  if (taken !== 'busy') return taken.fd;
  // Not driving after all: release it, or the next start would have to prove our death first.
  await lock.release();
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
  lock: GenerationLock,
): Promise<HelperLockTaken> {
  try {
    return await helperLock.take(request.paths.aliveLock, BOUNDS.lockHelpersMs);
  } catch (error) {
    await lock.release();
    throw error;
  }
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
