/**
 * Commands to a live driver, left as registers by any process.
 *
 * Owns: leaving, finding and marking them. Does not own: what a command is (model/command), deciding (engine/commands), waiting for the decision (app/send-command),
 * remembering what is to be filed (store/recorded-commands).
 *
 * Invariants: 1. A command is decided once: the decision is a register too. 2. A command that cannot be read is reported.
 */
import { dirname } from 'node:path';
import type { Json } from '../base/canonical-json.ts';
import { sha256 } from '../base/sha256.ts';
import { AGENT_NAME } from '../model/agent-name.ts';
import {
  type CommandDecision,
  type CommandKey,
  type CommandRequest,
  DECISIONS,
  type InboxCommand,
  type InboxReading,
  type IntakeCommand,
  type KeyedCommand,
  type RecordedCommand,
  type ReplaceCommand,
  type RunCommand,
} from '../model/command.ts';
import { BOUNDS } from '../model/limits.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { Inbox } from '../ports/inbox.ts';
import type { Files } from './files.ts';
import { forgetRest } from './inbox-retention.ts';
import { isOrdinal, jsonBytes, parseJsonObject } from './json-file.ts';
import { linkRegister, linkUnsettledRegister, readRegister, readSettledRegister } from './register.ts';
import { DECIDED, type RegistryPaths } from './registry-paths.ts';

const TIME_DIGITS = 15;
/** What the ids of commands with keys begin with. */
export const KEYED = 'cmd_key_';
/** Of the hash of a key: 128 bits. */
const KEY_DIGITS = 32;

/** A command that was left under a key. */
export interface KeyedReading {
  readonly command: InboxCommand;
  readonly bodyHash: string;
}

/** The inbox of a registry that is kept as files. */
export function fileInbox(files: Files, paths: RegistryPaths): Inbox {
  return {
    leave: (request) => leaveCommand(files, paths, files.clock, request),
    leaveKeyed: async (request, key) => {
      await forgetRest(files, paths, keyedCommandId(key.key));
      return leaveKeyed(files, paths, request, key);
    },
    undecided: () => readCommands(files, paths),
    decide: (commandId, decision) => markDecided(files, paths, commandId, decision),
    decideAll: (decisions) => markAllDecided(files, paths, decisions),
    decision: (commandId) => readDecision(files, paths, commandId),
    has: (commandId) => files.exists(paths.command(commandId)) || files.exists(paths.decision(commandId)),
  };
}

/** The command is in the inbox, durably. Returns its id. */
export async function leaveCommand(
  files: Files,
  paths: RegistryPaths,
  clock: ClockPort,
  request: CommandRequest,
): Promise<string> {
  const atMs = clock.nowMs();
  const commandId = `cmd_${String(Math.max(0, Math.trunc(atMs))).padStart(TIME_DIGITS, '0')}_${clock.nonce()}`;
  await files.ensureFolders([paths.inbox]);
  const result = await linkRegister(
    files,
    paths.command(commandId),
    jsonBytes({ v: versionOf(request), commandId, atMs, ...request }),
    BOUNDS.batchBytes,
  );
  if (!result.isWinner) throw new Error(`bug: the command id ${commandId} came twice`);
  return commandId;
}

/** A version of Pawl that does not know conditions must not carry out a command that has one. */
function versionOf(request: CommandRequest): 1 | 2 {
  return 'ifSeq' in request ? 2 : 1;
}

/** The id of the command that has this key. */
export function keyedCommandId(key: string): string {
  return `${KEYED}${sha256(key).slice(0, KEY_DIGITS)}`;
}

async function leaveKeyed(
  files: Files,
  paths: RegistryPaths,
  request: CommandRequest,
  key: CommandKey,
): Promise<KeyedCommand> {
  const commandId = keyedCommandId(key.key);
  await files.ensureFolders([paths.inbox]);
  const linked = await linkKeyed(files, paths, { ...request, commandId, atMs: files.clock.nowMs() }, key);
  if (linked.command === null) return { kind: 'other', commandId };
  const settled = files.syncFolder(paths.inbox);
  settled.catch(() => undefined); // Whoever waits for it is told; nobody has to.
  return { kind: linked.isWinner ? 'left' : 'known', command: linked.command, settled };
}

/** The command that stands under the key, durable once the inbox is synced; null where that is another one. */
async function linkKeyed(
  files: Files,
  paths: RegistryPaths,
  command: InboxCommand,
  { key, bodyHash }: CommandKey,
): Promise<{ readonly isWinner: boolean; readonly command: InboxCommand | null }> {
  const { commandId } = command;
  const content = { v: versionOf(command), key, bodyHash, nonce: files.clock.nonce(), ...command };
  const path = paths.command(commandId);
  const { isWinner, bytes } = await linkUnsettledRegister(files, path, jsonBytes(content), BOUNDS.batchBytes);
  const kept = parseJsonObject(bytes);
  const isSame = kept?.key === key && kept.bodyHash === bodyHash;
  return { isWinner, command: isSame ? parseCommand(bytes, commandId) : null };
}

/** What becomes of a command that another process has left under a key while a record decided another one under it. */
const KEY_IN_USE: CommandDecision = {
  isAccepted: false,
  code: 'PAWL_COMMAND_REFUSED',
  seq: null,
  reason: 'Its key was used for another command: use a new one.',
};

/** The commands, which records have decided, lie in the inbox with their decisions, durably. */
export async function fileRecorded(
  files: Files,
  paths: RegistryPaths,
  recorded: readonly RecordedCommand[],
): Promise<void> {
  await files.ensureFolders([paths.inbox]);
  const links = recorded.map(async ({ command, key, decision }) => {
    const { commandId } = command;
    await forgetRest(files, paths, commandId);
    const standing = await linkKeyed(files, paths, command, key);
    const mark = markBytes(commandId, standing.command === null ? KEY_IN_USE : decision);
    await linkUnsettledRegister(files, paths.decision(commandId), mark);
  });
  await Promise.all(links);
  await files.syncFolder(paths.inbox);
}

/** The command of that id, which was left under a key, with the hash of what was asked; null when none was, or it cannot be read. */
export async function readKeyed(files: Files, paths: RegistryPaths, commandId: string): Promise<KeyedReading | null> {
  const bytes = await readSettledRegister(files, paths.command(commandId), BOUNDS.batchBytes);
  const command = bytes === null ? null : parseCommand(bytes, commandId);
  const bodyHash = bytes === null ? null : parseJsonObject(bytes)?.bodyHash;
  return command === null || typeof bodyHash !== 'string' ? null : { command, bodyHash };
}

/** The commands that nobody has decided yet, durable. */
export async function readCommands(files: Files, paths: RegistryPaths): Promise<InboxReading> {
  const names = files.listNames(paths.inbox);
  const decided = new Set(names.filter((name) => name.endsWith(DECIDED)).map((name) => name.slice(0, -DECIDED.length)));
  const undecided = names.filter((name) => name.startsWith('cmd_') && !name.endsWith(DECIDED) && !decided.has(name));
  const commands: InboxCommand[] = [];
  const unreadable: string[] = [];
  for (const name of undecided) {
    const bytes = readRegister(files, paths.command(name), BOUNDS.batchBytes);
    const command = bytes === null ? null : parseCommand(bytes, name);
    if (command === null) unreadable.push(name);
    else commands.push(command);
  }
  if (undecided.length > 0) await files.syncFolder(paths.inbox);
  // The names of those that have keys say nothing of when they were left.
  return { commands: commands.toSorted((a, b) => a.atMs - b.atMs), unreadable };
}

/** The command is decided, durably. Returns the decision that stands: the first one. */
export async function markDecided(
  files: Files,
  paths: RegistryPaths,
  commandId: string,
  decision: CommandDecision,
): Promise<CommandDecision> {
  const path = paths.decision(commandId);
  await files.ensureFolders([dirname(path)]);
  const result = await linkRegister(files, path, markBytes(commandId, decision));
  return parseDecision(result.bytes);
}

function markBytes(commandId: string, decision: CommandDecision): Uint8Array {
  return jsonBytes({ v: 1, commandId, ...decision });
}

async function markAllDecided(
  files: Files,
  paths: RegistryPaths,
  decisions: ReadonlyMap<string, CommandDecision>,
): Promise<void> {
  const [first] = decisions.keys();
  if (first === undefined) return;
  const folder = dirname(paths.decision(first));
  await files.ensureFolders([folder]);
  const marks = [...decisions].map(([commandId, decision]) =>
    linkUnsettledRegister(files, paths.decision(commandId), markBytes(commandId, decision)),
  );
  await Promise.all(marks);
  await files.syncFolder(folder);
}

/** The decision on a command, null while there is none. */
export async function readDecision(
  files: Files,
  paths: RegistryPaths,
  commandId: string,
): Promise<CommandDecision | null> {
  const bytes = await readSettledRegister(files, paths.decision(commandId));
  return bytes === null ? null : parseDecision(bytes);
}

function parseCommand(bytes: Uint8Array, name: string): InboxCommand | null {
  const value = parseJsonObject(bytes);
  if (value === null || value.v !== (value.ifSeq === undefined ? 1 : 2) || value.commandId !== name) return null;
  const { atMs, by } = value;
  if (typeof by !== 'string' || !isOrdinal(atMs)) return null;
  const request = parseRequest(value, by);
  return request === null ? null : { ...request, commandId: name, atMs };
}

function parseRequest(value: Record<string, unknown>, by: string): CommandRequest | null {
  if (value.command === 'intake') return parseIntake(value, by);
  return value.command === 'replace' ? parseReplace(value, by) : parseRunCommand(value, by);
}

/** The bytes were JSON. */
function parseReplace({ packet, reason, agentOverride }: Record<string, unknown>, by: string): ReplaceCommand | null {
  if (packet === undefined || typeof reason !== 'string' || !isAgentOrAbsent(agentOverride)) return null;
  return { command: 'replace', packet: packet as Json, reason, by, ...(agentOverride && { agentOverride }) };
}

function isAgentOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && AGENT_NAME.test(value));
}

function parseIntake(value: Record<string, unknown>, by: string): IntakeCommand | null {
  const { packets, again, isAllOrNothing, agentOverride } = value;
  if (!Array.isArray(packets) || typeof again !== 'boolean' || typeof isAllOrNothing !== 'boolean') return null;
  if (!isAgentOrAbsent(agentOverride)) return null;
  return { command: 'intake', packets, again, isAllOrNothing, by, ...(agentOverride && { agentOverride }) };
}

function parseRunCommand(value: Record<string, unknown>, by: string): RunCommand | null {
  const { runId, reason, command, ifSeq } = value;
  if (typeof runId !== 'string' || typeof reason !== 'string') return null;
  if (ifSeq !== undefined && !isOrdinal(ifSeq)) return null;
  const body = { runId, reason, by, ...(ifSeq === undefined ? {} : { ifSeq }) };
  if (command === 'cancel') return { ...body, command };
  const decision = DECISIONS.find((known) => known === value.decision);
  return command === 'resolve' && decision !== undefined ? { ...body, command, decision } : null;
}

/** An unreadable decision counts as a refusal without a record: the driver has seen the command. */
function parseDecision(bytes: Uint8Array): CommandDecision {
  const value = parseJsonObject(bytes);
  return {
    isAccepted: value?.isAccepted === true,
    code: typeof value?.code === 'string' ? value.code : null,
    seq: isOrdinal(value?.seq) ? value.seq : null,
    ...(typeof value?.reason === 'string' ? { reason: value.reason } : {}),
    ...(Array.isArray(value?.outcomes) ? { outcomes: value.outcomes } : {}),
  };
}
