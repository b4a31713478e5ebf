/**
 * Commands to the driver: its decision on each is a record in the run's journal, or the batch of an intake.
 *
 * Owns: deciding on a command, the error of one that was refused. Does not own: leaving one (store/inbox), finding and marking it (engine/inbox-desk),
 * what it changes (machines).
 *
 * Invariant: a command is decided once, even if several processes check at once or one of them dies: its id is recorded in the journal (or
 * beside the quarantine), then a marker is placed beside it in the inbox.
 */
import { canonicalJson, type Json } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import type {
  CommandDecision,
  CommandKey,
  InboxCommand,
  IntakeCommand,
  RecordedCommand,
  ReplaceCommand,
  RunCommand,
} from '../model/command.ts';
import { PawlError } from '../model/error.ts';
import type { JournalEvent } from '../model/event.ts';
import type { PacketReading } from '../model/packet.ts';
import { type JournalRecord, RUN_ACTOR } from '../model/record.ts';
import { DRIVER_ACTOR } from '../model/system-record.ts';
import { readPacketsDocument } from '../packets/packets.ts';
import { decidedIn } from '../run/decided-commands.ts';
import { decisionEvent } from '../run/decision-event.ts';
import { earlierRefusal, isHeldByEarlier } from '../run/earlier-view.ts';
import { cancelRun, lookAtRun } from '../run/error-actions.ts';
import type { RunView } from '../run/run-view.ts';
import { readSettledQuarantine, resolveQuarantine } from '../store/quarantine.ts';
import type { Driver } from './driver.ts';
import type { PacketOutcome } from './intake.ts';
import { readRecords } from './journal-records.ts';
import { type LiveRun, stopsOneRun } from './live-run.ts';
import { recordPackets } from './record-packets.ts';
import { whyNotRevived } from './recovery/revive-run.ts';
import { replacePacket } from './replace-packet.ts';
import { unknownRun } from './run-look.ts';

/** The decision on the command: durable, where it is a record or a batch; marking it in the inbox is the caller's (engine/inbox-desk). */
export async function decisionOn(driver: Driver, command: InboxCommand): Promise<CommandDecision> {
  switch (command.command) {
    case 'intake':
      return decideIntake(driver, command);
    case 'replace':
      return decideReplace(driver, command);
    default:
      return decideOnRun(driver, command);
  }
}

/** Decides on the packet as this process reads it: the record in its run's journal is the decision, or nothing has changed. */
async function decideReplace(driver: Driver, command: InboxCommand<ReplaceCommand>): Promise<CommandDecision> {
  const { packet, commandId, by, reason, agentOverride = null } = command;
  const [reading] = readingsOf([packet]) ?? [];
  if (reading === undefined) return { isAccepted: false, code: 'PAWL_PACKETS_INVALID', seq: null };
  const outcome = await replacePacket(driver, { reading, commandId, by, reason, agentOverride });
  const { runId, refusal } = outcome;
  const seq = refusal === null ? (driver.view(runId)?.seq ?? null) : null;
  return { isAccepted: refusal === null, code: refusal?.code ?? null, seq, outcomes: [plain(outcome)] };
}

function plain(outcome: PacketOutcome): Json {
  return JSON.parse(canonicalJson(outcome)) as Json;
}

/** Decides on the packets as this process reads them, as if they had been given to it. */
async function decideIntake(driver: Driver, command: InboxCommand<IntakeCommand>): Promise<CommandDecision> {
  const readings = readingsOf(command.packets);
  if (readings === null) return { isAccepted: false, code: 'PAWL_PACKETS_INVALID', seq: null };
  const { outcomes, isRecorded } = await recordPackets(driver, readings, command, command.commandId);
  const code = isRecorded ? null : 'PAWL_COMMAND_REFUSED';
  return { isAccepted: isRecorded, code, seq: null, outcomes: outcomes.map(plain) };
}

/** Null where this Pawl refuses what another version has left. */
function readingsOf(packets: readonly Json[]): readonly PacketReading[] | null {
  try {
    return readPacketsDocument(packets, sha256).readings;
  } catch (error) {
    if (error instanceof PawlError && error.code.startsWith('PAWL_PACKETS_')) return null;
    throw error;
  }
}

async function decideOnRun(driver: Driver, command: InboxCommand<RunCommand>): Promise<CommandDecision> {
  const run = runThatDecides(driver, command);
  if (run === null) return decideWithoutRun(driver, command);
  // Looked up here, where nobody else decides on this run before the record is durable: a second decision on the same command then finds it.
  return run.quietly(
    async () =>
      (await decidedInRun(driver, run, command)) ??
      refusedAsStale(command, run.state.seq) ??
      refusedAtStandstill(run, command) ??
      (await record(run, command)),
  );
}

/** The run, if it is live; one that has failed in this process is treated like any other failed run. */
function runThatDecides(driver: Driver, { runId }: RunCommand): LiveRun | null {
  const run = driver.find(runId);
  return run === undefined || run.state.root.matches('failedExecution') ? null : run;
}

/**
 * The command, decided by a record that holds all of it, with its key: it need not lie in the inbox first. Null where no such record can be made at once: the run is not
 * live, is busy or refuses; then the command is left and decided like any other.
 */
export async function recordAtOnce(
  driver: Driver,
  command: InboxCommand<RunCommand>,
  key: CommandKey,
): Promise<RecordedCommand | null> {
  const run = runThatDecides(driver, command);
  if (run === null || run.hasShortWork()) return null;
  return run.quietly(async () => {
    const { commandId } = command;
    const isRefused = run.fault !== null || refusedAsStale(command, run.state.seq) !== null;
    if (isRefused || run.decisionOn(commandId) !== null) return null;
    await run.submit(RUN_ACTOR, { ...eventOf(command, run), sent: key });
    return driver.world.inbox.remembered(commandId);
  });
}

/** The run has moved on since whoever sent the command looked at it. */
function refusedAsStale({ ifSeq }: RunCommand, seq: number): CommandDecision | null {
  return ifSeq === undefined || ifSeq === seq ? null : { isAccepted: false, code: 'PAWL_COMMAND_STALE', seq: null };
}

/** A run that is halted in this process can record nothing any more: the others continue, and its command must be sent again. */
function refusedAtStandstill(run: LiveRun, command: InboxCommand<RunCommand>): CommandDecision | null {
  const { fault } = run;
  if (fault === null) return null;
  // Anything else ends the whole process, which reports it.
  if (!(fault instanceof PawlError) || !stopsOneRun(fault)) throw fault;
  run.world.log(`${run.runId}: refused to ${command.command}: it is halted: ${fault.code}: ${fault.message}`);
  return { isAccepted: false, code: fault.code, seq: null };
}

async function record(run: LiveRun, command: InboxCommand<RunCommand>): Promise<CommandDecision> {
  const accepted = await run.submit(RUN_ACTOR, eventOf(command, run));
  if (accepted.refusal === null) return { isAccepted: true, code: null, seq: accepted.seq };
  const state = JSON.stringify(run.state.root.value);
  const { seq } = await run.submit(DRIVER_ACTOR, {
    type: 'commandRefused',
    code: 'PAWL_COMMAND_REFUSED',
    commandId: command.commandId,
    command: wordOf(command),
    state,
  });
  return { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq };
}

/** A run that has ended takes no command but the retry of a failure; one that is set aside can be abandoned, which frees its leases. */
async function decideWithoutRun(driver: Driver, command: InboxCommand<RunCommand>): Promise<CommandDecision> {
  const view = driver.view(command.runId);
  if (view === null) return { isAccepted: false, code: 'PAWL_RUN_UNKNOWN', seq: null };
  if (view.state === 'quarantined') return decideOnQuarantine(driver, command, view);
  const before = (await decidedBefore(driver, command)) ?? refusedAsStale(command, view.seq);
  if (before !== null) return before;
  const isRetry = command.command === 'resolve' && command.decision === 'retry';
  if (isHeldByEarlier(view) || (isRetry && view.earlierRules !== undefined && view.state === 'failedExecution'))
    return { isAccepted: false, code: 'PAWL_RULES_UNSUPPORTED', seq: null };
  if (!isRetry || view.state !== 'failedExecution') return REFUSED;
  const reason = await whyNotRevived(driver, view);
  if (reason !== null) return { ...REFUSED, reason };
  const decision = await driver.revive(command.runId, (run) =>
    run.quietly(async () => (await decidedInRun(driver, run, command)) ?? (await record(run, command))),
  );
  return decision ?? REFUSED;
}

const REFUSED: CommandDecision = { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: null };

async function decideOnQuarantine(
  driver: Driver,
  command: InboxCommand<RunCommand>,
  view: Pick<RunView, 'seq'>,
): Promise<CommandDecision> {
  const { files, paths, clock } = driver.world;
  const { commandId, runId } = command;
  const resolved = (await readSettledQuarantine(files, paths, runId))?.resolved ?? null;
  const stale = resolved?.commandId === commandId ? null : refusedAsStale(command, view.seq);
  if (stale !== null) return stale;
  const mayResolve = resolved === null && command.command === 'resolve' && command.decision === 'abandon';
  const resolution = mayResolve
    ? { decision: 'abandon' as const, reason: command.reason, by: command.by, atMs: clock.nowMs(), commandId }
    : null;
  const standing = resolution === null ? resolved : await resolveQuarantine(files, paths, runId, resolution);
  if (resolution !== null) await driver.releaseQuarantined(runId);
  if (standing?.commandId === commandId) return { isAccepted: true, code: null, seq: null };
  return { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: null };
}

function eventOf(command: InboxCommand<RunCommand>, run: LiveRun): CommandEvent {
  const { commandId, by, reason } = command;
  if (command.command === 'cancel') return { type: 'cancelRequested', commandId, by, reason };
  return decisionEvent(run.state.root.context, { commandId, by, decision: command.decision, reason });
}

type CommandEvent = Extract<JournalEvent, { type: 'cancelRequested' | 'decisionMade' }>;

/** The decision on this command that a live run has recorded. */
async function decidedInRun(
  driver: Driver,
  run: LiveRun,
  command: InboxCommand<RunCommand>,
): Promise<CommandDecision | null> {
  return run.decisionOn(command.commandId) === null ? null : decidedBefore(driver, command);
}

/** The decision on this command that the run's journal holds. Refused where its key has named another command, which the inbox has forgotten since. */
async function decidedBefore({ world }: Driver, command: InboxCommand<RunCommand>): Promise<CommandDecision | null> {
  const { runId, commandId } = command;
  const records = await readRecords(world, runId);
  const own = records.find(({ event }) => 'commandId' in event && event.commandId === commandId);
  if (own === undefined) return null;
  if (wordIn(own.event) !== wordOf(command))
    return { ...REFUSED, reason: 'Its key was used for another command to this run: use a new one.' };
  return decidedIn([own]).get(commandId) ?? null;
}

function wordOf(command: RunCommand): string {
  return command.command === 'cancel' ? 'cancel' : command.decision;
}

/** What the command asked for whose decision the record holds. */
function wordIn(event: JournalRecord['event']): string | null {
  if (event.type === 'cancelRequested') return 'cancel';
  if (event.type === 'decisionMade') return event.decision;
  return event.type === 'commandRefused' ? event.command : null;
}

/** The error of a command that was refused. */
export function commandRefused(
  runId: string,
  command: string,
  code: string | null,
  view: Pick<RunView, 'state' | 'kind' | 'earlierRules'> | null,
  options: readonly string[] = [],
  reason = '',
): PawlError {
  if (code === 'PAWL_RUN_UNKNOWN') return unknownRun(runId, options);
  if (code === 'PAWL_RULES_UNSUPPORTED') return new PawlError(earlierRefusal({ ...view, runId }, options));
  if (code === 'PAWL_COMMAND_STALE')
    return new PawlError({
      code,
      message: `Cannot ${command} ${runId}: it has moved on since you looked at it; nothing was changed.`,
      subject: runId,
      hint: 'Look at it again, then decide.',
      actions: [lookAtRun(runId, options)],
    });
  const isAtStandstill = code !== null && code !== 'PAWL_COMMAND_REFUSED';
  const isCancelMeant = !isAtStandstill && command === 'abandon' && view?.kind === 'active';
  return new PawlError({
    code: 'PAWL_COMMAND_REFUSED',
    message: isAtStandstill
      ? `Cannot ${command} ${runId} while it is halted (${code}; see the log above or that of \`pawl run\`); nothing was changed.`
      : `Cannot ${command} ${runId} while it is ${view?.state ?? '?'}; nothing was changed.${reason === '' ? '' : ` ${reason}`}`,
    subject: runId,
    hint: isAtStandstill
      ? 'Fix the cause, then run the command again.'
      : isCancelMeant
        ? 'Only a parked run can be abandoned; cancel a run that is under way.'
        : 'See what fits its state.',
    actions: [...(isCancelMeant ? [cancelRun(runId, options)] : []), lookAtRun(runId, options)],
  });
}
