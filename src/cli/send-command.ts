/**
 * A command to whoever holds the registry: left in the inbox, decided by the driver that lives, or by this very process.
 *
 * Owns: leaving it, waiting for its decision. Does not own: deciding (runtime/commands), what is shown of it (cli/commands).
 *
 * Invariant: a command that was left is decided, whoever dies: by the driver, by this process, or by the next one that takes the lock.
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { emptyInbox } from '../runtime/commands.ts';
import { type CommandDecision, type CommandRequest, leaveCommand, readDecision } from '../store/inbox.ts';
import { readHolder } from '../store/registry-lock.ts';
import type { Places } from './options.ts';
import type { Output } from './output.ts';
import { withDriver } from './session.ts';

/** How often the decision is looked for. */
const LOOK_MS = 100;

/** A command that was left, and the decision on it; null while it takes longer than is waited for. */
export interface SentCommand {
  readonly commandId: string;
  readonly decision: CommandDecision | null;
}

/** The command lies in the inbox, durably, and is decided if that does not take too long. */
export async function sendCommand(output: Output, places: Places, request: CommandRequest): Promise<SentCommand> {
  const { files, paths } = places;
  const commandId = leaveCommand(files, paths, systemClock, request);
  const endMs = systemClock.monotonicMs() + BOUNDS.commandWaitMs;
  for (;;) {
    const decision = readDecision(files, paths, commandId);
    if (decision !== null || systemClock.monotonicMs() > endMs) return { commandId, decision };
    if (!hasDriver(places)) {
      const decided = await unlessLocked(places, () => decideHere(output, places, commandId));
      if (decided !== 'locked') return { commandId, decision: decided };
    }
    await new Promise<void>((done) => systemClock.timer(LOOK_MS, done));
  }
}

/** What `deed` comes to, which takes the registry; `locked` when a living process has taken it first. */
export async function unlessLocked<T>(places: Places, deed: () => Promise<T>): Promise<T | 'locked'> {
  try {
    return await deed();
  } catch (error) {
    if (error instanceof PawlError && error.code === 'PAWL_REGISTRY_LOCKED' && hasDriver(places)) return 'locked';
    throw error;
  }
}

/** True while a living process holds the registry. */
function hasDriver({ files, paths }: Places): boolean {
  return readHolder({ files, paths, processes: systemProcesses() }).kind === 'alive';
}

/** Nobody drives: this process takes the lock, decides, ends what is to be ended. */
async function decideHere(output: Output, places: Places, commandId: string): Promise<CommandDecision | null> {
  const { files, paths } = places;
  const request = { places, log: (line: string) => output.log(line) };
  return withDriver(request, { maxParallel: 1, agentOverride: null }, async (driver) => {
    await emptyInbox(driver);
    return readDecision(files, paths, commandId);
  });
}
