/**
 * What must hold once every run of a state folder has ended, however often its daemon was killed.
 *
 * Owns: holding commands, changes, views and workers against the journals. Does not own: what each client has seen by itself (daemon/follower, daemon/commander).
 */
import type { Change } from '../../model/change.ts';
import type { JournalRecord } from '../../model/record.ts';
import { keyedCommandId } from '../../store/inbox.ts';
import { readJournal } from '../../store/journal.ts';
import type { Commander, SeenRun, SentCommand } from './commander.ts';
import type { FeedFollower } from './follower.ts';
import { storyOf } from './packets.ts';
import type { DaemonSite } from './site.ts';

const REFUSED_FROM = 300;

/** What does not hold, each a sentence. `cursor`: the last change of the feed. */
export async function faultsAtEnd(
  site: DaemonSite,
  commander: Commander,
  followers: readonly FeedFollower[],
  cursor: number,
): Promise<readonly string[]> {
  const runs = await commander.runs();
  const journals = new Map(runs.map(({ runId }) => [runId, recordsOf(site, runId)]));
  const faults = [...faultsOfRuns(runs, site), ...faultsOfWorkers(site, journals)];
  for (const sent of commander.sent) faults.push(...(await faultsOfCommand(sent, commander, journals, runs)));
  for (const { name, changes, cursor: seen } of followers) {
    const told = [...(seen === cursor ? [] : [`saw changes up to ${seen} of ${cursor}`])];
    for (const run of runs) told.push(...faultsOfChanges(site, run, changes, journals.get(run.runId)?.length ?? 0));
    faults.push(...told.map((fault) => `follower over ${name}: ${fault}`));
  }
  return faults;
}

function recordsOf(site: DaemonSite, runId: string): readonly JournalRecord[] {
  const reading = readJournal(site.files, site.paths.journal(runId));
  return reading.kind === 'absent' ? [] : reading.records;
}

/** Each packet is one run, which has ended as its story ends. */
function faultsOfRuns(runs: readonly SeenRun[], site: DaemonSite): readonly string[] {
  const known = new Set(runs.map(({ runId }) => runId));
  const unseen = site.runIds().filter((runId) => !known.has(runId));
  const faults = unseen.map((runId) => `the API does not show ${runId}`);
  const byPacket = new Map<string, number>();
  for (const { taskId, state } of runs) {
    byPacket.set(taskId, (byPacket.get(taskId) ?? 0) + 1);
    const expected = storyOf(taskId) === 'isCancelled' ? 'cancelled' : 'readyForManualReview';
    if (state !== expected) faults.push(`${taskId} ended as ${state}, not ${expected}`);
  }
  for (const [taskId, count] of byPacket) if (count > 1) faults.push(`${taskId} has become ${count} runs`);
  return faults;
}

/** No task was started twice, and none was lost or interrupted. */
function faultsOfWorkers(site: DaemonSite, journals: ReadonlyMap<string, readonly JournalRecord[]>): readonly string[] {
  const starts = new Map<string, number>();
  for (const start of site.witnessed()) starts.set(start, (starts.get(start) ?? 0) + 1);
  const twice = [...starts].flatMap(([start, count]) => (count > 1 ? [`${start} was started ${count} times`] : []));
  const touched = [...journals].flatMap(([runId, records]) =>
    records.flatMap(({ actor, event }) =>
      event.type === 'workerEnded' && (event.result === 'lost' || event.result === 'interrupted')
        ? [`the worker of ${runId} ${actor} was ${event.result}`]
        : [],
    ),
  );
  return [...twice, ...touched];
}

/** An accepted command is on record once, a refused one has no effect; its key says the same for ever. */
async function faultsOfCommand(
  { key, what, status }: SentCommand,
  commander: Commander,
  journals: ReadonlyMap<string, readonly JournalRecord[]>,
  runs: readonly SeenRun[],
): Promise<readonly string[]> {
  const isAccepted = status < REFUSED_FROM;
  if (what === 'project') return isAccepted ? [] : [`the project was refused: ${status}`];
  const told = await commander.ask(`/api/v1/commands/${key}`);
  const faults =
    told.accepted === isAccepted ? [] : [`${key}: answered with ${status}, kept as ${JSON.stringify(told)}`];
  if (what === 'packets') {
    const taskId = key.replace('packets-', 'packet-');
    const count = runs.filter((run) => run.taskId === taskId).length;
    return isAccepted && count === 1 ? faults : [...faults, `${key}: answered with ${status}, and has ${count} runs`];
  }
  const commandId = keyedCommandId(key);
  const events = [...journals.values()].flat().flatMap(({ event }) => {
    return 'commandId' in event && event.commandId === commandId ? [event.type] : [];
  });
  const effects = events.filter((type) => type !== 'commandRefused').length;
  if (effects !== (isAccepted ? 1 : 0) || events.length > 1)
    faults.push(`${key}: answered with ${status}, and is on record as ${JSON.stringify(events)}`);
  return faults;
}

/** The records of a run, told once and in order; applied in order they give its view. */
function faultsOfChanges(
  site: DaemonSite,
  run: SeenRun,
  changes: readonly Change[],
  records: number,
): readonly string[] {
  const { runId } = run;
  const own = changes.filter(
    ({ system, type }) => system === runId && (type === 'run_created' || type === 'run_updated'),
  );
  const seqs = own.map(({ data }) => data.journalSeq);
  const faults: string[] = [];
  if (seqs.length !== records || seqs.some((seq, n) => seq !== n + 1))
    faults.push(`was told the records ${seqs.join(' ')} of ${runId}, which has ${records}`);
  const view = Object.assign({}, ...own.map(({ data }) => data.view)) as Readonly<Record<string, unknown>>;
  // The feed names files as the folder of the run knows them.
  const plain = (value: unknown): string => JSON.stringify(value ?? null).replaceAll(`${site.paths.run(runId)}/`, '');
  for (const [name, value] of Object.entries(view))
    if (plain(value) !== plain(run[name]))
      faults.push(`${runId}: ${name} is ${plain(value)} by the changes and ${plain(run[name])} by the API`);
  return faults;
}
