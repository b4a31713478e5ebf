/**
 * A lock on a folder: one process at a time, by a register with generations.
 *
 * Owns: taking, holding and releasing it; who holds it. Does not own: whether a process lives (ports/processes), what is locked and how that is told
 * (store/registry-lock, store/home/home-lock).
 *
 * Invariants (L6): 1. A generation has one owner for ever: it is a register. 2. The next is linked only when the holder of the highest one has released it, is proven
 * dead, or, failing both, an operator asserts its death with a reason, which is kept. A holder that is alive, however slow, keeps it.
 */
import { isObject } from '../base/canonical-json.ts';
import type { ProcessIdentity } from '../base/process-identity.ts';
import type { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import type { Files } from './files.ts';
import { isIdentity, isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkFleetingRegister, linkRegister, readRegister } from './register.ts';
import { lockGeneration } from './registry-paths.ts';

/** The folder that is locked, and the names of its generations. */
export interface LockPlace {
  readonly root: string;
  lock(generation: number): string;
  released(generation: number): string;
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

/** Who holds the lock. `unknown` has no content when the lock file is unreadable. */
export type Holder =
  | { readonly kind: 'free'; readonly generation: number; readonly content: LockContent | null }
  | { readonly kind: 'alive'; readonly generation: number; readonly content: LockContent }
  | { readonly kind: 'unknown'; readonly generation: number; readonly content: LockContent | null };

/** Where the lock is, and what judges its holder. */
export interface HolderRequest {
  readonly files: Files;
  readonly place: LockPlace;
  readonly processes: Pick<ProcessesPort, 'life'>;
}

/** A process that requests the lock. */
export interface GenerationRequest extends HolderRequest {
  readonly clock: ClockPort;
  readonly processes: ProcessesPort;
  readonly takeOver?: TakeOver;
  /** The error of a lock that somebody holds. */
  readonly locked: (holder: Holder) => PawlError;
}

/** The lock as held by the calling process. */
export class GenerationLock {
  readonly content: LockContent;
  readonly #request: GenerationRequest;
  /** Nothing may be written under this lock any more. */
  #isReleased = false;
  /** The mark that it is released is there for others. */
  #isMarked = false;

  constructor(request: GenerationRequest, content: LockContent) {
    this.#request = request;
    this.content = content;
  }

  get generation(): number {
    return this.content.generation;
  }

  /** Throws the error of a held lock when somebody has taken a higher generation: then nothing may be written any more. One stat. */
  assertHighest(generation: number): void {
    const { files, place, locked } = this.#request;
    if (this.#isReleased) throw new Error(`bug: the lock of ${place.root} was released`);
    if (files.exists(place.lock(generation + 1))) throw locked(readGeneration(this.#request));
  }

  /** The next taker need not prove anything. Idempotent; where the mark of it could not be stored, the next call tries again. */
  async release(): Promise<void> {
    this.#isReleased = true;
    if (this.#isMarked) return;
    await markReleased(this.#request, this.content);
    this.#isMarked = true;
  }
}

/** The calling process holds the lock. Throws the request's error when it cannot be taken. */
export async function takeGeneration(request: GenerationRequest): Promise<GenerationLock> {
  const { files, place, clock, processes, locked } = request;
  for (let tries = 0; tries < BOUNDS.lockTries; tries += 1) {
    const holder = readGeneration(request);
    const isAsserted = holder.kind === 'unknown' && request.takeOver !== undefined;
    if (holder.kind !== 'free' && !isAsserted) throw locked(holder);
    const content: LockContent = {
      v: 1,
      generation: holder.generation + 1,
      nonce: clock.nonce(),
      holder: processes.self(),
      atMs: clock.nowMs(),
      takeOver: isAsserted ? (request.takeOver ?? null) : null,
    };
    const result = await linkRegister(files, place.lock(content.generation), jsonBytes(content));
    // Lost: another process holds that generation now, perhaps only for an instant. Check again.
    if (result.isWinner) return new GenerationLock(request, content);
  }
  throw locked(readGeneration(request));
}

/** Who holds the lock, seen from here; nothing is taken or synced (linking the next generation settles what was read). */
export function readGeneration({ files, place, processes }: HolderRequest): Holder {
  const generation = highestGeneration(files, place);
  if (generation === 0) return { kind: 'free', generation, content: null };
  const content = readLock(files, place, generation);
  if (content === null) return { kind: 'unknown', generation, content };
  if (isReleased(files, place, content)) return { kind: 'free', generation, content };
  const life = processes.life(content.holder);
  return { kind: life === 'dead' ? 'free' : life, generation, content };
}

/** The content of a generation; null where there is none, or it cannot be read. */
export function readLock(files: Files, place: LockPlace, generation: number): LockContent | null {
  const bytes = readRegister(files, place.lock(generation));
  return bytes === null ? null : parseLock(bytes, generation);
}

/** True when that generation was released by its holder. */
export function isReleased(files: Files, place: LockPlace, content: LockContent): boolean {
  const bytes = readRegister(files, place.released(content.generation));
  const value = bytes === null ? null : parseJsonObject(bytes);
  return value !== null && value.v === 1 && value.generation === content.generation && value.nonce === content.nonce;
}

function highestGeneration(files: Files, { root }: LockPlace): number {
  let highest = 0;
  for (const name of files.listNames(root)) highest = Math.max(highest, lockGeneration(name) ?? 0);
  return highest;
}

/**
 * Informs the next taker. Not synced: if a power cut loses it, the next boot's id proves every earlier holder dead. Only where
 * machine or boot is unknown must it survive a power cut.
 */
async function markReleased({ files, place }: HolderRequest, content: LockContent): Promise<void> {
  const { generation, nonce, holder } = content;
  const bytes = jsonBytes({ v: 1, generation, nonce });
  if (holder.bootId === '' || holder.machineId === '') await linkRegister(files, place.released(generation), bytes);
  else await linkFleetingRegister(files, place.released(generation), bytes);
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
