/**
 * Commands to a run: the driver's decision on each is a record in the run's journal.
 *
 * Owns: deciding on a command, watching the inbox. Does not own: leaving one (store/inbox), what it changes (machines).
 *
 * Invariant: a command is decided once: its id in the journal, then a marker beside it in the inbox.
 */
import { lookAtRun } from '../core/error-actions.ts';
import { PawlError } from '../model/error.ts';
import type { JournalEvent } from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import { DRIVER_ACTOR, RUN_ACTOR } from '../model/record.ts';
import { type CommandDecision, type InboxCommand, markDecided, readCommands } from '../store/inbox.ts';
import { resolveQuarantine } from '../store/quarantine.ts';
import type { Driver } from './driver.ts';
import type { LiveRun } from './live-run.ts';
import { recordsOf, unknownRun } from './run-look.ts';
import { folderChange } from './task-folder.ts';

/** Decides on the command and marks it decided in the inbox. */
export async function decideCommand(driver: Driver, command: InboxCommand): Promise<CommandDecision> {
  const { files, paths } = driver.world;
  const decision = await decisionOn(driver, command);
  markDecided(files, paths, command.commandId, decision);
  return decision;
}

async function decisionOn(driver: Driver, command: InboxCommand): Promise<CommandDecision> {
  const run = driver.find(command.runId);
  if (run === undefined) return decideWithoutJournal(driver, command);
  const earlier = decidedBefore(run, command.commandId);
  if (earlier !== null) return earlier;
  return run.quietly(() => {
    const refusal = run.commit(RUN_ACTOR, eventOf(command));
    if (refusal === null) return { isAccepted: true, code: null, seq: run.state.seq };
    const state = JSON.stringify(run.state.run.value);
    run.commit(DRIVER_ACTOR, {
      type: 'commandRefused',
      code: 'PAWL_COMMAND_REFUSED',
      commandId: command.commandId,
      command: command.command === 'cancel' ? 'cancel' : command.decision,
      state,
    });
    return { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: run.state.seq };
  });
}

/** A run that has ended takes no command; one that is set aside can be abandoned, which frees its leases. */
function decideWithoutJournal(driver: Driver, command: InboxCommand): CommandDecision {
  const { files, paths, clock } = driver.world;
  const view = driver.view(command.runId);
  if (view?.kind === 'quarantined' && command.command === 'resolve' && command.decision === 'abandon') {
    const { reason, by } = command;
    resolveQuarantine(files, paths, command.runId, { decision: 'abandon', reason, by, atMs: clock.nowMs() });
    driver.releaseQuarantined(command.runId);
    return { isAccepted: true, code: null, seq: null };
  }
  return { isAccepted: false, code: view === null ? 'PAWL_RUN_UNKNOWN' : 'PAWL_COMMAND_REFUSED', seq: null };
}

function eventOf(command: InboxCommand): JournalEvent {
  const { commandId, by, reason } = command;
  if (command.command === 'cancel') return { type: 'cancelRequested', commandId, by, reason };
  return { type: 'decisionMade', commandId, by, decision: command.decision, reason };
}

/** The decision that an earlier process recorded and could not mark any more. */
function decidedBefore(run: LiveRun, commandId: string): CommandDecision | null {
  for (const { event, seq } of recordsOf(run.world, run.runId)) {
    if (!('commandId' in event) || event.commandId !== commandId) continue;
    if (event.type === 'commandRefused') return { isAccepted: false, code: event.code, seq };
    return { isAccepted: true, code: null, seq };
  }
  return null;
}

/** Decides on everything that lies in the inbox now. */
export async function emptyInbox(driver: Driver): Promise<void> {
  const { files, paths, log } = driver.world;
  const { commands, unreadable } = readCommands(files, paths);
  for (const name of unreadable) {
    log(`inbox/${name} is no command; it is refused`);
    markDecided(files, paths, name, { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: null });
  }
  for (const command of commands) {
    await decideCommand(driver, command);
    const run = driver.find(command.runId);
    if (run !== undefined) await driver.endTasks(run);
  }
}

/** Decides on commands as they come, until `signal` aborts. */
export async function watchInbox(driver: Driver, signal: AbortSignal): Promise<void> {
  const { paths } = driver.world;
  while (!signal.aborted && driver.failure === null) {
    await emptyInbox(driver);
    await folderChange(driver.world, paths.inbox, signal, BOUNDS.watchPollMs);
  }
}

/** The error of a command that was refused. */
export function commandRefused(
  runId: string,
  command: string,
  code: string | null,
  state: string,
  options: readonly string[] = [],
): PawlError {
  if (code === 'PAWL_RUN_UNKNOWN') return unknownRun(runId, options);
  return new PawlError({
    code: 'PAWL_COMMAND_REFUSED',
    message: `Cannot ${command} ${runId} while it is ${state}; nothing was changed.`,
    subject: runId,
    hint: 'See what fits its state.',
    actions: [lookAtRun(runId, options)],
  });
}
