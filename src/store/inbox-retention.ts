/**
 * Commands that were decided long ago are forgotten, with the batches that their packets were kept in.
 *
 * Owns: which ones, the order in which their files go. Does not own: leaving and deciding (store/inbox), when it is time (app/projects/inbox-keeper).
 *
 * Invariants: 1. Forgotten is only what was decided longer ago than `ageMs` and is not among the newest `count`. 2. First the batch goes, then its mark, then the command, then
 * its decision, each step durable before the next: whatever a kill or a power cut leaves, no command is without its decision. 3. A decision that such an end
 * has left alone counts for no later command: it goes before its key is taken again. 4. Only the owner of the registry forgets.
 */
import { setImmediate as othersTurn } from 'node:timers/promises';
import { systemCode } from '../model/error.ts';
import type { InboxRetention } from '../ports/inbox.ts';
import { batchIdOf } from './batches.ts';
import type { Files } from './files.ts';
import { DECIDED, type RegistryPaths } from './registry-paths.ts';
import { attempt, storeFailure } from './store-errors.ts';

/** What is kept: everything for the lifetime of a key, and the newest for ever. More than a desk remembers of decisions. */
export const INBOX_KEPT = { ageMs: 30 * 86_400_000, count: 10_000 } as const;

/** Files that are looked at before it is the turn of others. */
const LOOKS_IN_A_ROW = 500;
/** Commands whose files go together. */
const AT_ONCE_MAX = 100;

/**
 * The commands that need not be kept are gone, the oldest first and durably, as far as `mayGoOn` lets it come. `fence` throws where the registry has another owner.
 * Resolves to how many.
 */
export async function forgetDecided(
  files: Files,
  paths: RegistryPaths,
  fence: () => void,
  { ageMs, count, mayGoOn }: InboxRetention,
): Promise<number> {
  const past = await pastRetention(files, paths, { ageMs, count });
  let forgotten = 0;
  for (let at = 0; at < past.length && mayGoOn(); at += AT_ONCE_MAX) {
    const ids = past.slice(at, at + AT_ONCE_MAX).filter((id) => !isUnfinished(files, paths, id));
    await forgetAll(files, paths, fence, ids);
    forgotten += ids.length;
    await othersTurn();
  }
  return forgotten;
}

async function forgetAll(files: Files, paths: RegistryPaths, fence: () => void, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  fence();
  const batches = ids.map(batchIdOf);
  await removeAll(files, paths.batches, batches.map(paths.batch, paths));
  await removeAll(files, paths.batches, batches.map(paths.batchDone, paths));
  fence();
  await removeAll(files, paths.inbox, ids.map(paths.command, paths));
  fence();
  // Whoever has taken the key meanwhile has a new command under it.
  const alone = ids.filter((id) => !files.exists(paths.command(id)));
  await removeAll(files, paths.inbox, alone.map(paths.decision, paths));
}

/** These files of the folder are gone, durably: also those that somebody else has removed, who may have died before that was durable. */
async function removeAll(files: Files, folder: string, all: readonly string[]): Promise<void> {
  for (const path of all) remove(files, path);
  if (files.exists(folder)) await files.syncFolder(folder);
}

/** Nothing is left of a command of that id that was being forgotten: whoever takes its key begins anew. */
export async function forgetRest(files: Files, paths: RegistryPaths, commandId: string): Promise<void> {
  const decision = paths.decision(commandId);
  const isLeft = (): boolean => files.exists(decision) && !files.exists(paths.command(commandId));
  // A younger one stays: a power cut can have left it without its command, which has that decision when it comes again.
  if (!isLeft() || decidedAtMs(files, decision) > files.clock.nowMs() - INBOX_KEPT.ageMs) return;
  await files.syncFolder(paths.inbox);
  if (isLeft()) remove(files, decision);
}

/** The ids of those that need not be kept, the oldest first. */
async function pastRetention(
  files: Files,
  paths: RegistryPaths,
  { ageMs, count }: Pick<InboxRetention, 'ageMs' | 'count'>,
): Promise<readonly string[]> {
  const names = files.listNames(paths.inbox).filter((name) => name.endsWith(DECIDED));
  if (names.length <= count) return [];
  const decided: { readonly id: string; readonly atMs: number }[] = [];
  for (const [index, name] of names.entries()) {
    if (index % LOOKS_IN_A_ROW === LOOKS_IN_A_ROW - 1) await othersTurn();
    const id = name.slice(0, -DECIDED.length);
    decided.push({ id, atMs: decidedAtMs(files, paths.decision(id)) });
  }
  const latestMs = files.clock.nowMs() - ageMs;
  return decided
    .toSorted((a, b) => a.atMs - b.atMs)
    .slice(0, names.length - count)
    .flatMap(({ id, atMs }) => (atMs > latestMs ? [] : [id]));
}

/** A register is written once: when, its file says. One that is not there is young. */
function decidedAtMs({ fs }: Files, path: string): number {
  return attempt('stat', path, () => fs.stat(path))?.mtimeMs ?? Number.POSITIVE_INFINITY;
}

/** Its batch is not known to be carried out: the next start finishes it. */
function isUnfinished(files: Files, paths: RegistryPaths, id: string): boolean {
  const batchId = batchIdOf(id);
  return files.exists(paths.batch(batchId)) && !files.exists(paths.batchDone(batchId));
}

function remove(files: Files, path: string): void {
  try {
    files.fs.unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw storeFailure('remove', path, error);
  }
}
