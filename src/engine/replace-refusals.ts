/**
 * Why a packet does not replace the one that a run has: one reason per packet, and what to do instead.
 *
 * Owns: these reasons, in words. Does not own: when the state of a run allows it (machines/run/replacing), carrying it out (engine/replace-packet).
 *
 * Invariants: 1. What distinguishes a run's branch and worktree from another's is never replaced: branch, base, repository, issue. 2. A packet
 * for which no intake would start a worker replaces nothing.
 */
import { canonicalJson } from '../base/canonical-json.ts';
import { listed } from '../base/listed.ts';
import type { Action } from '../model/action.ts';
import type { PawlError } from '../model/error.ts';
import type { Packet, PacketReading } from '../model/packet.ts';
import { earlierRefusal, isHeldByEarlier } from '../run/earlier-view.ts';
import { cancelRun, lookAtRun } from '../run/error-actions.ts';
import { placeOf, type RunView } from '../run/run-view.ts';
import { type PacketRefusal, quarantined } from './intake.ts';
import type { LiveRun } from './live-run.ts';

const RUNS_NAMED = 3;
const AS_NEW = 'Submit it without --replace.';

/** No live run has a packet of that task, or several have and none is for its branch. */
export function noSuchRun(
  { packet }: PacketReading,
  views: readonly RunView[],
  options: readonly string[],
): PacketRefusal {
  const { taskId } = packet;
  const known = views.filter((view) => view.taskId === taskId);
  const aside = known.find(({ kind }) => kind === 'quarantined');
  if (aside !== undefined) return quarantined(aside.runId, options);
  const earlier = known.find(isHeldByEarlier);
  if (earlier !== undefined) return earlierRefusal(earlier, options);
  const live = known.filter(({ kind }) => kind !== 'terminal');
  if (live.length > 0) {
    const names = listed(
      live.map(({ runId, branch }) => `${runId} (${branch})`),
      RUNS_NAMED,
    );
    return refused(taskId, `Several runs have a packet ${taskId}, none of them for its branch: ${names}.`, NEW_RUN, []);
  }
  const ended = known.at(-1);
  if (ended === undefined) return refused(taskId, `No run has a packet ${taskId}.`, AS_NEW, []);
  const hint = `${AS_NEW} An edited packet becomes a run of its own; for an unchanged one, add --again.`;
  return refused(taskId, `The run of ${taskId}, ${ended.runId}, has ended.`, hint, [lookAtRun(ended.runId, options)]);
}

const NEW_RUN =
  'Let that run end, or cancel it; then submit the packet without --replace: it becomes a run of its own.';

/** What is wrong with the packet itself as a replacement of `old`, whatever the run's state. */
export function otherPacket(
  { runId, state }: LiveRun,
  { packet, packetHash, missingFields }: PacketReading,
  old: Packet,
  options: readonly string[],
): PacketRefusal | null {
  const { taskId } = packet;
  if (packetHash === state.root.context.packetHash) {
    const hint = 'Edit the packet first. To continue with the same one, decide on its run.';
    return refused(taskId, `${runId} has exactly this packet.`, hint, [lookAtRun(runId, options)]);
  }
  if (missingFields.length > 0) {
    const hint = 'Add what is named. An approval is part of the packet: an edited packet needs a new approval.';
    return refused(taskId, `The packet ${taskId} lacks ${missingFields.join(', ')}.`, hint, []);
  }
  const changed = Object.entries(TARGET).filter(([, part]) => canonicalJson(part(packet)) !== canonicalJson(part(old)));
  if (changed.length === 0) return null;
  const message = `${runId} already works on its branch and worktree, but the packet ${taskId} has a different ${changed
    .map(([name]) => name)
    .join(', ')}.`;
  return refused(taskId, message, NEW_RUN, [cancelRun(runId, options)]);
}

/** What a run's branch and worktree are made from, and where its work goes, by the names of the fields. */
const TARGET: Readonly<Record<string, (packet: Packet) => string | null>> = {
  'scm_target.intended_branch': ({ scm }) => scm.intendedBranch,
  'scm_target.base_branch': ({ scm }) => scm.baseBranch,
  'scm_target.repo': ({ scm }) => scm.repo,
  'scm_target.issue_number': ({ scm }) => scm.issueNumber,
  'scm_target.provider': ({ scm }) => scm.provider,
};

/** The run is doing something, or waits for something that is. */
export function atWork({ runId, state }: LiveRun, options: readonly string[]): PacketRefusal {
  const { openTask, packetTaskId } = state.root.context;
  const actions: readonly Action[] = [lookAtRun(runId, options), cancelRun(runId, options)];
  if (openTask !== null && (state.root.hasTag('parked') || state.root.matches('endingTask'))) {
    const message = `It is not yet known whether ${openTask} of ${runId} has ended.`;
    return refused(packetTaskId, message, 'Decide on that task first, then replace the packet.', [
      lookAtRun(runId, options),
    ]);
  }
  const [place] = placeOf(state.root.value);
  const what = openTask === null ? `${runId} is at work (${place})` : `${openTask} of ${runId} is at work`;
  const hint = 'Replace the packet once the run is parked; or cancel the run, and submit the packet without --replace.';
  return refused(packetTaskId, `${what}: its packet cannot be replaced now.`, hint, actions);
}

/** A file names one task more than once: it is unclear which packet is meant. */
export function twiceInFile({ packet: { taskId } }: PacketReading): PacketRefusal {
  const hint = 'Leave one packet of that task in the file.';
  return refused(taskId, `A packet before it in the same file is for ${taskId} too.`, hint, []);
}

/** The driving process does not support replacing packets, or cannot read this one. */
export function notReadThere({ packet: { taskId } }: PacketReading): PacketRefusal {
  const hint = 'Stop it and start it again with this version, or wait until it has ended.';
  return refused(taskId, 'The running pawl does not replace packets: it is a different version.', hint, []);
}

/** What must be known about the run cannot be read. */
export function unreadable({ runId, state, world }: LiveRun, error: PawlError): PacketRefusal {
  const { packetTaskId } = state.root.context;
  return refused(packetTaskId, `${runId} cannot be looked at: ${error.message}`, error.hint, [
    lookAtRun(runId, world.paths.commandOptions),
  ]);
}

function refused(subject: string, message: string, hint: string, actions: readonly Action[]): PacketRefusal {
  return { code: 'PAWL_REPLACE_REFUSED', message, subject, hint, actions };
}
