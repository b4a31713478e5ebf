/**
 * `pawl new`: one packet more, from answers, a Markdown file or an issue; unapproved.
 *
 * Owns: where its parts come from, its output. Does not own: reading them (packets/packet-*), the text of the file (packets/packets-editing).
 *
 * Invariants: 1. What would be invalid is not written, nor is a second packet of a task id that the file has. 2. What is written is never approved.
 */

import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { originRepository } from '../../adapters/git/user-settings.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { readConfig } from '../../app/wiring.ts';
import { shellCommand } from '../../base/shell-words.ts';
import { visible } from '../../base/visible.ts';
import type { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { PacketReading } from '../../model/packet.ts';
import { isAllowed, splitCommand } from '../../packets/allow-list.ts';
import {
  branchOf,
  EMPTY_DRAFT,
  overlaid,
  type PacketDraft,
  packetOfDraft,
  taskIdOf,
} from '../../packets/packet-draft.ts';
import { draftOfIssue } from '../../packets/packet-issue.ts';
import { draftOfMarkdown } from '../../packets/packet-markdown.ts';
import { firstPacket, withPacket } from '../../packets/packets-editing.ts';
import type { Output } from '../output.ts';
import { askForRest, draftOfFlags, type PacketFlags } from '../packet-questions.ts';
import { packetsText, packetsToEdit } from '../packets-argument.ts';
import { type Questions, terminalQuestions } from '../questions.ts';
import { textArgument } from '../text-argument.ts';
import { usageError } from '../usage-error.ts';
import { createUserFile, replaceUserFile } from '../user-file.ts';

/** Options of `pawl new`. */
export interface NewOptions extends CommonOptions, PacketFlags {
  readonly from?: string;
  readonly fromIssue?: string;
  readonly out?: string;
}

/** Where the command runs, and whom it can ask. */
export interface NewPlace {
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly questions: () => Questions | null;
}

const OUT_DEFAULT = 'packets.json';

/** Writes the packet. */
export async function newPacket(output: Output, options: NewOptions): Promise<number> {
  return newPacketAt(output, options, { cwd: process.cwd(), environment: process.env, questions: terminalQuestions });
}

/** The same at a place of the caller's. */
export async function newPacketAt(output: Output, options: NewOptions, place: NewPlace): Promise<number> {
  const places = placesOf(options, place.cwd);
  const { allow } = readConfig(places).verification;
  const given = draftOf(places.cwd, options, allow);
  const offers = {
    repo: originRepository(places.repository.mainWorktree, place.environment),
    commands: allow.filter((pattern) => !pattern.includes('*')).slice(0, 1),
  };
  const questions = isFromFile(options) || output.isJson ? null : place.questions();
  if (questions === null && given === EMPTY_DRAFT) throw nothingSaid();
  const asked = questions === null ? given : await askForRest(questions, given, offers);
  questions?.close();
  if (asked === null) {
    output.line('Nothing was written.');
    return questions?.exitCode() ?? EXIT.usage;
  }
  const draft = withDefaults(asked, offers.repo);
  const path = resolve(places.cwd, options.out ?? OUT_DEFAULT);
  const { reading, isNew } = write(path, draft);
  show(output, places, path, reading, isNew, warningsOf(reading, allow));
  return EXIT.done;
}

function isFromFile({ from, fromIssue }: NewOptions): boolean {
  return from !== undefined || fromIssue !== undefined;
}

function draftOf(cwd: string, options: NewOptions, allow: readonly string[]): PacketDraft {
  const { from, fromIssue } = options;
  const isCommand = (text: string): boolean => {
    const split = splitCommand(text);
    return (
      split.kind === 'split' &&
      isAllowed(
        split.argv,
        allow.filter((pattern) => pattern.trim() !== '*'),
      )
    );
  };
  if (from !== undefined && fromIssue !== undefined)
    throw usageError('new', 'Give only one source for the packet.', { subject: '--from --from-issue' });
  const flags = draftOfFlags(options);
  if (from !== undefined) return overlaid(draftOfMarkdown(textArgument(cwd, '--from', from), isCommand), flags);
  if (fromIssue !== undefined)
    return overlaid(draftOfIssue(textArgument(cwd, '--from-issue', fromIssue), isCommand), flags);
  return Object.keys(flags).length === 0 ? EMPTY_DRAFT : overlaid(EMPTY_DRAFT, flags);
}

function withDefaults(draft: PacketDraft, repo: string | null): PacketDraft {
  const taskId = draft.taskId ?? taskIdOf(draft.goal ?? '');
  if (taskId === null)
    throw usageError('new', 'A packet needs a task id, or a goal to derive one from.', { subject: '--task' });
  return { ...draft, taskId, repo: draft.repo ?? repo, branch: draft.branch ?? branchOf(taskId) };
}

/** The packet stands at the end of the file. Throws PAWL_PACKETS_INVALID for what would be invalid, PAWL_USAGE for a task id that is there. */
function write(path: string, draft: PacketDraft): { readonly reading: PacketReading; readonly isNew: boolean } {
  const packet = packetOfDraft(draft);
  const before = existsSync(path) ? packetsText(path) : null;
  if (before !== null && packetsToEdit(path, before).readings.some((each) => each.packet.taskId === draft.taskId)) {
    throw usageError('new', `${path} already has a packet ${visible(draft.taskId ?? '')}; nothing was written.`, {
      subject: '--task',
    });
  }
  const after = before === null ? firstPacket(packet) : withPacket(before, packet);
  const reading = packetsToEdit(path, after, 'The packet').readings.at(-1);
  if (reading === undefined) throw new Error('bug: the packet was not written');
  if (before !== null) replaceUserFile(path, before, after);
  else if (!createUserFile(path, after))
    throw usageError('new', `${path} was created by another process in the meantime.`, { subject: '--out' });
  return { reading, isNew: before === null };
}

/** What of its commands could not run. */
function warningsOf({ packet }: PacketReading, allow: readonly string[]): readonly string[] {
  return packet.verification.commands.flatMap((command) => {
    const split = splitCommand(command);
    if (split.kind === 'refused') return [`"${visible(command)}" cannot be run without a shell: ${split.message}`];
    return isAllowed(split.argv, allow)
      ? []
      : [`"${visible(command)}" is not allowed by verification.allow in the config`];
  });
}

function show(
  output: Output,
  { configFile, cwd }: Places,
  path: string,
  { given, packet, missingFields }: PacketReading,
  isNew: boolean,
  warnings: readonly string[],
): void {
  const lacking = missingFields.filter((field) => field !== 'approval.approved');
  output.json({ file: path, isNew, taskId: packet.taskId, packet: given, missingFields, warnings, configFile });
  const { colour } = output;
  for (const line of JSON.stringify(given, null, 2).split('\n')) output.line(`  ${visible(line)}`);
  output.line();
  output.line(`${isNew ? 'Written' : 'Added'}: ${visible(packet.taskId)} in ${visible(path)}, not approved`);
  for (const field of lacking) output.line(`    ${colour.yellow('lacks')}  ${field}`);
  for (const warning of warnings) output.line(`    ${colour.yellow('warning')}  ${warning}`);
  const approving = shellCommand(['pawl', 'approve', relative(cwd, path) || path, packet.taskId]);
  output.line(colour.dim(`Next: read it, then approve it: ${approving}`));
}

function nothingSaid(): PawlError {
  return usageError('new', 'Cannot prompt without a terminal or with --json, and no packet content was given.', {
    subject: 'new',
    hint: 'Give a Markdown file with --from, an issue with --from-issue, or the answers as flags.',
  });
}
