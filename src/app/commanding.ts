/**
 * An operator's command to one run: sent, decided, and awaited if it ends the run.
 *
 * Owns: that order. Does not own: sending (send-command, or a daemon), deciding (engine/commands), what is shown (cli/commands/resolve).
 */
import { systemClock } from '../adapters/system-clock.ts';
import { lookAtRun } from '../engine/run-look.ts';
import type { RunCommand } from '../model/command.ts';
import { BOUNDS } from '../model/limits.ts';
import type { RunView } from '../run/run-view.ts';
import type { Places } from './options.ts';
import { type SentCommand, sendCommand } from './send-command.ts';
import type { LineLog } from './session.ts';

/** How often to check whether a run has ended. */
const LOOK_MS = 100;

/** A command that was left, what was decided, and the run after that; the view is null where its folder holds no run. */
export interface Commanded extends SentCommand {
  readonly view: RunView | null;
}

/** Sends a command to whoever decides on it. */
export type Sender = (request: RunCommand) => Promise<SentCommand>;

/** The sender that leaves commands in the registry's inbox. */
export function inboxSender(output: LineLog, places: Places): Sender {
  return (request) => sendCommand(output, places, request);
}

/** Sends the command, and waits for the decision, and for the end of a run that is cancelled, each if that does not take too long. */
export async function commandRun(send: Sender, places: Places, request: RunCommand): Promise<Commanded> {
  const sent = await send(request);
  if (sent.decision?.isAccepted === true && request.command === 'cancel') await awaitEnd(places, request.runId);
  return { ...sent, view: await lookAtRun(places, request.runId) };
}

/** Resolves when the run has ended, or when the wait is over: its worker has its grace. */
async function awaitEnd(places: Places, runId: string): Promise<void> {
  const endMs = systemClock.monotonicMs() + BOUNDS.commandWaitMs;
  while ((await lookAtRun(places, runId))?.kind === 'active' && systemClock.monotonicMs() < endMs) {
    await new Promise<void>((done) => systemClock.timer(LOOK_MS, done));
  }
}
