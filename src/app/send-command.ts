/**
 * A command to the process that holds the registry: left in the inbox, decided by the live driver, or by this process.
 *
 * Owns: leaving it, waiting for its decision. Does not own: deciding (engine/commands), what is shown of it (cli/commands).
 *
 * Invariant: a command that was left is decided, even if processes die: by the driver, by this process, or by the next one that takes the lock.
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { emptyInbox } from '../engine/inbox-desk.ts';
import type { CommandDecision, CommandRequest } from '../model/command.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { fileInbox } from '../store/inbox.ts';
import { assertOwnRegistry } from '../store/registry-binding.ts';
import { assertHolderKnown, readHolder } from '../store/registry-lock.ts';
import { type Places, registryUser } from './options.ts';
import { type LineLog, withIdleDriver } from './session.ts';

/** How often to check for the decision. */
const LOOK_MS = 100;

/** A command that was left, and the decision on it; null if the decision takes longer than the wait. */
export interface SentCommand {
  readonly commandId: string;
  readonly decision: CommandDecision | null;
}

/** The command is in the inbox, durably, and is decided if that does not take too long. */
export async function sendCommand(output: LineLog, places: Places, request: CommandRequest): Promise<SentCommand> {
  const [sent] = await sendCommands(output, places, [request]);
  if (sent === undefined) throw new Error('bug: a command was left and is not told of');
  return sent;
}

/**
 * All of the commands are in the inbox, each by itself, and are decided if that does not take too long. Nothing is left where it throws at once:
 * PAWL_REGISTRY_FOREIGN for the registry of another repository, PAWL_REGISTRY_LOCKED where it is unknown whether a process drives it.
 */
export async function sendCommands(
  output: LineLog,
  places: Places,
  requests: readonly CommandRequest[],
): Promise<readonly SentCommand[]> {
  const { files, paths } = places;
  assertOwnRegistry(files, paths, registryUser(places));
  // A refused command must not be left for a process that takes over the registry one day.
  assertHolderKnown({ files, paths, processes: systemProcesses() });
  const inbox = fileInbox(files, paths);
  const ids: string[] = [];
  for (const request of requests) ids.push(await inbox.leave(request));
  const look = () =>
    Promise.all(ids.map(async (commandId) => ({ commandId, decision: await inbox.decision(commandId) })));
  const endMs = systemClock.monotonicMs() + BOUNDS.commandWaitMs;
  for (;;) {
    const sent = await look();
    if (sent.every(({ decision }) => decision !== null) || systemClock.monotonicMs() > endMs) return sent;
    if (!hasDriver(places) && (await unlessLocked(places, () => decideHere(output, places))) !== 'locked')
      return look();
    await new Promise<void>((done) => systemClock.timer(LOOK_MS, done));
  }
}

/** The result of `body`, which takes the registry's lock; `locked` when a live process already holds it. */
export async function unlessLocked<T>(places: Places, body: () => Promise<T>): Promise<T | 'locked'> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof PawlError && error.code === 'PAWL_REGISTRY_LOCKED' && hasDriver(places)) return 'locked';
    throw error;
  }
}

/** True while a living process holds the registry. */
function hasDriver({ files, paths }: Places): boolean {
  return readHolder({ files, paths, processes: systemProcesses() }).kind === 'alive';
}

/** Nothing drives: this process takes the lock, decides, and ends what must be ended. */
async function decideHere(output: LineLog, places: Places): Promise<void> {
  await withIdleDriver(output, places, emptyInbox);
}
