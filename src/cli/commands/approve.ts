/**
 * `pawl approve`: a person's approval of one packet, written into the packets file.
 *
 * Owns: which packet is meant, who approves, its output. Does not own: where the approval stands in the text (packets/packets-editing).
 *
 * Invariants: 1. Nothing of the file changes but the approval. 2. An approval that is there stays as it is.
 */

import { configuredUser } from '../../adapters/git/user-settings.ts';
import type { CommonOptions } from '../../app/options.ts';
import { argumentPath } from '../../app/options.ts';
import { listed } from '../../base/listed.ts';
import { legible } from '../../base/sanitise.ts';
import { visible } from '../../base/visible.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { PacketReading } from '../../model/packet.ts';
import { differInApprovalOnly, withApproval } from '../../packets/packets-editing.ts';
import type { Output } from '../output.ts';
import { packetsText, packetsToEdit } from '../packets-argument.ts';
import { usageError } from '../usage-error.ts';
import { replaceUserFile } from '../user-file.ts';

/** Options of `pawl approve`. */
export interface ApproveOptions extends CommonOptions {
  readonly by?: string;
}

/** Where the command runs. */
export interface ApprovePlace {
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly nowMs: number;
}

const TASKS_SHOWN = 20;
const NAME_CHARS = 200;

/** Approves the packet. */
export async function approve(output: Output, options: ApproveOptions, args: readonly string[]): Promise<number> {
  return approveAt(output, options, args, { cwd: process.cwd(), environment: process.env, nowMs: Date.now() });
}

/** The same at a place of the caller's. */
export async function approveAt(
  output: Output,
  options: ApproveOptions,
  [file = '', task = '']: readonly string[],
  place: ApprovePlace,
): Promise<number> {
  const path = argumentPath(place, file);
  const before = packetsText(path);
  const { readings } = packetsToEdit(path, before);
  const { at, reading } = packetMeant(readings, task, path);
  const isFresh = !reading.packet.isApproved;
  const by = isFresh ? approver(options, place) : reading.packet.approvedBy;
  const approved = isFresh ? write(path, before, at, { by: by ?? '', at: isoSeconds(place.nowMs) }) : reading;
  const missing = approved.missingFields;
  const { packet } = approved;
  output.json({
    file: path,
    taskId: packet.taskId,
    runId: approved.runId,
    approvedBy: packet.approvedBy,
    approvedAt: packet.approvedAt,
    wasApproved: !isFresh,
    missingFields: missing,
  });
  const who = packet.approvedBy === null ? '' : ` by ${visible(packet.approvedBy)}`;
  const when = packet.approvedAt === null ? '' : ` at ${visible(packet.approvedAt)}`;
  const { colour } = output;
  output.line(
    `${colour.green('✓')} ${visible(packet.taskId)} ${isFresh ? 'is approved' : 'was already approved'}${who}${when}`,
  );
  if (missing.length > 0) {
    output.line(`    ${colour.yellow('warning')}  the packet is incomplete: its run would end before it starts`);
    for (const field of missing) output.line(`    ${colour.yellow('lacks')}  ${field}`);
  }
  return EXIT.done;
}

function packetMeant(
  readings: readonly PacketReading[],
  task: string,
  path: string,
): { readonly at: number; readonly reading: PacketReading } {
  const places = readings.flatMap((reading, at) => (reading.packet.taskId === task ? [{ at, reading }] : []));
  const [found, ...others] = places;
  if (found === undefined) {
    const known = readings.map(({ packet }) => visible(packet.taskId));
    const list = listed(known, TASKS_SHOWN);
    throw usageError('approve', `No packet ${visible(task)} in ${path}; it has ${list === '' ? 'none' : list}.`, {
      subject: task,
    });
  }
  if (others.length > 0)
    throw usageError('approve', `${path} has ${places.length} packets ${visible(task)}; give each an id of its own.`, {
      subject: task,
    });
  if (found.reading.missingFields.includes('packet_object'))
    throw usageError('approve', `Packet ${found.at + 1} of ${path} is not an object.`, { subject: task });
  return found;
}

/** The file holds the approval. Returns the packet as it is read from now on. */
function write(path: string, before: string, at: number, approval: { by: string; at: string }): PacketReading {
  const after = withApproval(before, at, approval);
  const old = packetsToEdit(path, before).readings;
  const fresh = packetsToEdit(path, after).readings;
  const reading = fresh[at];
  const isRight =
    reading?.packet.isApproved === true &&
    fresh.length === old.length &&
    fresh.every((each, n) =>
      n === at ? differInApprovalOnly(old[n]?.given, each.given) : each.packetHash === old[n]?.packetHash,
    );
  if (reading === undefined || !isRight) throw new Error('bug: the approval would change more of the file than itself');
  replaceUserFile(path, before, after);
  return reading;
}

function approver({ by }: ApproveOptions, { cwd, environment }: ApprovePlace): string {
  const name = legible(by ?? configuredUser(cwd, environment) ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, NAME_CHARS);
  if (name !== '') return name;
  if (by !== undefined) throw usageError('approve', "The approver's name is empty.", { subject: '--by' });
  throw usageError('approve', 'Git has no user.name or user.email here; name the approver.', { subject: '--by' });
}

function isoSeconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
