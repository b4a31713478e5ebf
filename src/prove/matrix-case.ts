/**
 * Going on from a stop, once or with a second stop on the way, and comparing the end with that of the run that was never stopped.
 *
 * Owns: the comparison, which that of failing files uses as well (inject-faults). Does not own: the stops (matrix-stops), playing (sim).
 *
 * Invariants of every case: 1. It comes to the same state with the same gates, evidence, commit and blockers, over the same steps. 2. No worker
 * is started twice, and none that the other run did not start, unless the machine went down with one. 3. The chain is whole, and every event
 * that was acknowledged by any process is in it, in order; a thorough case is also checked as a start checks it, from its first record.
 */

import { systemClock } from '../adapters/system-clock.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import { counted } from '../base/counted.ts';
import { examine } from '../engine/recovery/rehydrate.ts';
import { quickView } from '../engine/run-look.ts';
import { BOUNDS } from '../model/limits.ts';
import type { JournalRecord } from '../model/record.ts';
import { FIRST_PREV } from '../model/system-record.ts';
import type { RunView } from '../run/run-view.ts';
import { storeToLookAt } from '../store/file-store.ts';
import { Files } from '../store/files.ts';
import { listRuns } from '../store/registry.ts';
import type { Stop } from './matrix-stops.ts';
import type { StopKind } from './memory/memory-machine.ts';
import type { Site } from './sim/outside.ts';
import { type Played, play } from './sim/play.ts';
import { SIM_PATHS } from './sim/sim-paths.ts';
import type { Story } from './sim/story.ts';

/** What a case must come to. */
export interface Reference {
  readonly end: string;
  readonly starts: ReadonlyMap<string, number>;
}

/** What a case came to. */
export interface CaseResult {
  readonly faults: readonly string[];
  /** Workers that should have been started, and those that were. */
  readonly expected: number;
  readonly witnessed: number;
  readonly eventsChecked: number;
  /** Calls that the processes made which continued from the stop. */
  readonly calls: number;
}

/** A second stop: at which call of the process that continues from the first. */
export interface SecondStop {
  readonly at: number;
  readonly kind: StopKind;
  readonly seed: number;
}

/** What the story came to that was never stopped, or why it is none to compare with. */
export async function referenceOf(
  story: Story,
  played: Played,
): Promise<Reference | { readonly faults: readonly string[] }> {
  const { problem, progress, outside } = played;
  if (problem !== null || !progress.isExact)
    return { faults: [problem ?? 'it took steps other than those of its path'] };
  const { end, faults } = await lookAt(story, played, true);
  return faults.length > 0 ? { faults } : { end, starts: outside.starts };
}

/** Continues from the stop, is stopped there once more if `second` says so, and compares. */
export async function playCase(
  story: Story,
  stop: Stop,
  reference: Reference,
  options: { readonly second: SecondStop | null; readonly isThorough: boolean },
): Promise<CaseResult> {
  const { second } = options;
  const eventsChecked = countOf(stop.left);
  let calls = 0;
  let left: Site | null = null;
  let played = await play(story, copyOf(stop.left), (_call, process) => {
    calls += 1;
    if (calls !== second?.at || left !== null) return;
    left = process.stopped(second.kind, second.seed);
    process.kill();
  });
  if (left !== null) played = await play(story, left);
  const isCut = stop.kind !== 'killed' || (second !== null && second.kind !== 'killed');
  const { faults, witnessed, expected } = await compare(story, played, reference, {
    isCut,
    isThorough: options.isThorough,
  });
  return { faults, witnessed, expected, eventsChecked, calls };
}

/** A stop may be gone on from more than once. */
function copyOf({ machine, outside }: Site): Site {
  return { machine: machine.copy(), outside: outside.copy() };
}

function countOf({ outside }: Site): number {
  return [...outside.acknowledged.values()].reduce((sum, sums) => sum + sums.length, 0);
}

/** The end of a story that was disturbed, held against that of the one that was not; `isCut`: the machine went down meanwhile. */
export async function compare(
  story: Story,
  played: Played,
  reference: Reference,
  { isCut, isThorough }: { readonly isCut: boolean; readonly isThorough: boolean },
): Promise<Pick<CaseResult, 'faults' | 'expected' | 'witnessed'>> {
  const { progress, outside, problem } = played;
  // A worker that went down with the machine is tried again, one that was to be ended is gone before it answers.
  const mayDiffer = isCut && !progress.isExact;
  const { end, faults } = await lookAt(story, played, isThorough);
  if (problem !== null) faults.unshift(problem);
  else if (progress.isOvertaken) {
    if (!end.includes('"state":"cancelled"')) faults.push(`it was cancelled and ends as ${end}`);
  } else if (mayDiffer ? withoutAttempts(end) !== withoutAttempts(reference.end) : end !== reference.end)
    faults.push(`it ends as ${end}, not as ${reference.end}`);
  faults.push(...unrecordedHosts(story, played));
  for (const [folder, count] of outside.starts)
    if (count > 1) faults.push(`${count} workers were started in ${folder}`);
  const started = [...outside.starts.keys()].sort().join(' ');
  const wanted = [...reference.starts.keys()].sort().join(' ');
  if (!mayDiffer && started !== wanted) faults.push(`workers were started in ${started}, not in ${wanted}`);
  const witnessed = [...outside.starts.values()].reduce((sum, count) => sum + count, 0);
  return { faults, witnessed, expected: mayDiffer ? outside.starts.size : reference.starts.size };
}

async function lookAt(
  story: Story,
  { machine: { disk }, outside }: Played,
  isThorough: boolean,
): Promise<{ end: string; faults: string[] }> {
  const files = new Files(disk, systemClock);
  const place = { files, paths: SIM_PATHS, ...storeToLookAt(files, SIM_PATHS) };
  const faults: string[] = [];
  for (const runId of listRuns(place.files, SIM_PATHS)) {
    const found = isThorough ? await examine(place, runId) : null;
    if (found?.kind === 'doubtful') faults.push(`${runId} would be set aside: ${found.doubt.detail}`);
    const { records, rest } = linesOf(place.files, runId);
    if (records === null) {
      faults.push(`the journal of ${runId} is damaged`);
      continue;
    }
    const broken = records.findIndex(
      ({ seq, prev }, at) => seq !== at + 1 || prev !== (records[at - 1]?.sum ?? FIRST_PREV),
    );
    if (broken >= 0) faults.push(`the chain of ${runId} is broken at record ${broken + 1}`);
    // A run that has ended is not opened to append any more: what was cut off behind its end stays to be cut by `recover`.
    if (rest !== '' && quickView(place, runId)?.kind !== 'terminal') faults.push(`the journal of ${runId} is torn`);
    const sums = records.map(({ sum }) => sum);
    const lost = lostOf(outside.acknowledged.get(runId) ?? [], sums);
    if (lost > 0) faults.push(`lost of ${runId}: ${counted(lost, 'acknowledged event')}`);
  }
  const view = quickView(place, story.entry.runId);
  if (view === null) faults.push('its snapshot does not match the end of its journal');
  return { end: endOf(view), faults };
}

/** The lines of a journal, their sums unchecked, and what is behind the last newline; no records where one cannot be read. */
function linesOf(
  files: Files,
  runId: string,
): { readonly records: readonly JournalRecord[] | null; readonly rest: string } {
  const bytes = files.readBytes(SIM_PATHS.journal(runId), BOUNDS.snapshotBytes) ?? new Uint8Array();
  const lines = new TextDecoder().decode(bytes).split('\n');
  const rest = lines.pop() ?? '';
  try {
    return { records: lines.map((line): JournalRecord => JSON.parse(line)), rest };
  } catch (error) {
    if (error instanceof SyntaxError) return { records: null, rest };
    throw error;
  }
}

/** Tasks for which more hosts were started than their records say (L1). */
function unrecordedHosts({ entry: { runId } }: Story, { machine: { disk }, outside }: Played): readonly string[] {
  const { records } = linesOf(new Files(disk, systemClock), runId);
  return [...outside.hostStarts].flatMap(([folder, count]) => {
    const recorded = (records ?? []).filter(
      ({ actor, event }) => event.type === 'hostStartRepeated' && folder === SIM_PATHS.task(runId, actor),
    );
    return count > 1 + recorded.length
      ? [`${count} hosts were started in ${folder}, ${1 + recorded.length} recorded`]
      : [];
  });
}

/** How many of the acknowledged are not among `sums`, in their order. */
function lostOf(acknowledged: readonly string[], sums: readonly string[]): number {
  let at = 0;
  let lost = 0;
  for (const sum of acknowledged) {
    const found = sums.indexOf(sum, at);
    if (found < 0) lost += 1;
    else at = found + 1;
  }
  return lost;
}

/** All that a run came to, without what differs between any two runs: instants, process ids, hashes of requests. */
function endOf(view: RunView | null): string {
  if (view === null) return 'nothing';
  const { state, epoch, headCommit, gates, blockers, lease, handoff, kind } = view;
  const judged = (['verification', 'review'] as const).map((gate) => {
    const record = gates[gate];
    return record === null
      ? null
      : {
          status: record.status,
          epoch: record.epoch,
          commit: record.commit,
          by: record.by,
          evidence: record.evidence?.sha256 ?? null,
        };
  });
  return canonicalJson({
    state,
    kind,
    epoch,
    headCommit,
    gates: judged,
    blockers: blockers.map(({ code }) => code),
    holdsLease: lease !== null,
    isHandedOff: handoff !== null,
    results: view.tasks.map(({ purpose, epoch: of, result }) => `${purpose} ${of} ${result ?? 'open'}`),
  });
}

/** Attempts that the machine went down with are among the results, and shift the ordinals that evidence names. */
function withoutAttempts(end: string): string {
  const { results, ...rest } = JSON.parse(end.replace(/"evidence":"[0-9a-f]+"/g, '"evidence":null'));
  return canonicalJson(rest);
}
