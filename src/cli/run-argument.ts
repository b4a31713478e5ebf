/**
 * The RUN argument of every command: which run a person means.
 *
 * Owns: what may name a run, refusing what names none or several. Does not own: the list of runs (store/registry), the form of ids
 * (packets/packet-run-id).
 *
 * Invariants: 1. A name that fits several runs is refused with their ids, never guessed at. 2. An empty name fits none: an unset variable of
 * a script never means the only run there is.
 */

import { listed } from '../base/listed.ts';
import { quote } from '../base/sanitise.ts';
import { visible } from '../base/visible.ts';
import { type Place, quickView, unknownRun } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import { taskPartOf, taskPartOfRun } from '../packets/packet-run-id.ts';
import { listRuns } from '../run/error-actions.ts';
import { listRuns as runIds } from '../store/registry.ts';
import { listRemovals } from '../store/removed-runs.ts';

const CANDIDATES_SHOWN = 10;

/**
 * The run that `argument` means: its id, else its packet's task id, else a prefix of either that fits no other run.
 * Throws PAWL_RUN_UNKNOWN for none, PAWL_USAGE for several.
 */
export function resolveRun(place: Place, argument: string): string {
  const candidates = runsMeant(runIds(place.files, place.paths), argument);
  // An edited packet leaves its earlier runs behind: the one that has not ended is meant.
  const unended = candidates.length > 1 ? candidates.filter((runId) => !hasEnded(place, runId)) : [];
  const [runId, ...others] = unended.length === 1 ? unended : candidates;
  if (runId === undefined) throw removedOf(place, argument) ?? unknownRun(argument, place.paths.commandOptions);
  if (others.length === 0) return runId;
  throw ambiguous(argument, candidates, place.paths.commandOptions);
}

/** The runs that `argument` may mean, of the first kind of name that fits any. Of one packet's runs only the last: it follows those that have ended. */
export function runsMeant(runIds: readonly string[], argument: string): readonly string[] {
  if (argument === '') return [];
  if (runIds.includes(argument)) return [argument];
  const task = taskPartOf(argument);
  const byTask = runIds.filter((runId) => taskPartOfRun(runId) === task);
  if (byTask.length > 0) return lastOfEachPacket(byTask);
  // What no id can hold has become one hyphen there; a last one may stand for more of it.
  const beginning = task.replace(/-$/, '');
  return lastOfEachPacket(
    runIds.filter(
      (runId) =>
        runId.startsWith(argument) ||
        runId.slice('run_'.length).startsWith(argument) ||
        (beginning !== '' && taskPartOfRun(runId)?.startsWith(beginning) === true),
    ),
  );
}

function lastOfEachPacket(runIds: readonly string[]): readonly string[] {
  const last = new Map<string, { readonly runId: string; readonly ordinal: number }>();
  for (const runId of runIds) {
    const [, packet = runId, repeat = '1'] = /^(.*?)(?:_r(\d+))?$/.exec(runId) ?? [];
    const ordinal = Number(repeat);
    if (ordinal >= (last.get(packet)?.ordinal ?? 0)) last.set(packet, { runId, ordinal });
  }
  return [...last.values()].map(({ runId }) => runId);
}

function hasEnded(place: Place, runId: string): boolean {
  return quickView(place, runId)?.kind === 'terminal';
}

/** The error of a name that only a run has whose folder was removed; null when none has. */
function removedOf({ files, paths }: Place, argument: string): PawlError | null {
  const removals = listRemovals(files, paths);
  const [runId] = runsMeant(
    removals.map((each) => each.runId),
    argument,
  );
  const removed = removals.find((each) => each.runId === runId);
  if (removed === undefined) return null;
  const time = (atMs: number): string => new Date(atMs).toISOString();
  return new PawlError({
    code: 'PAWL_RUN_REMOVED',
    message: `${removed.runId} ended in ${removed.state} at ${time(removed.endedAtMs)}; its folder was removed at ${time(removed.removedAtMs)}.`,
    subject: removed.runId,
    hint: 'Nothing else about it is kept. For a new run, submit its packet with --again.',
  });
}

function ambiguous(argument: string, candidates: readonly string[], options: readonly string[]): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `${quote(argument)} matches ${candidates.length} runs: ${listed(candidates, CANDIDATES_SHOWN)}.`,
    subject: visible(argument.slice(0, 80)),
    hint: 'Use a longer prefix.',
    actions: [listRuns(options)],
  });
}
