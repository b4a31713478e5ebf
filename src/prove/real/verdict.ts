/**
 * What a crash site ended in, and every way in which that differs from a run that nobody killed.
 *
 * Owns: reading registry, repository, witnesses and processes from outside; the list of faults. Does not own: killing (trial).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { examine } from '../../engine/recovery/rehydrate.ts';
import type { JournalRecord } from '../../model/record.ts';
import { TASK_FILES } from '../../model/request.ts';
import type { RunView } from '../../run/run-view.ts';
import { storeToLookAt } from '../../store/file-store.ts';
import { readJournal } from '../../store/journal.ts';
import { CRASH_BRANCH, type CrashSite } from './site.ts';
import { documentOf, type Ended } from './start.ts';

/** What is the same for every run of one script, however often it was killed. */
export interface SiteEnd {
  readonly state: string;
  /** `<task id> <result>`, in the order of the journal. */
  readonly tasks: readonly string[];
  /** Lines of the witness file by task id. */
  readonly witnessed: Readonly<Record<string, number>>;
  readonly gates: readonly string[];
  readonly epoch: number;
  readonly commits: number;
  readonly tree: string;
  readonly handoffs: number;
  readonly refs: readonly string[];
}

/** Finding classes that a kill may leave; anything else is a fault. */
const EXPECTED_FINDINGS = [
  'intentBeforeSpawn',
  'spawnedBeforeResult',
  'resultBeforeEvent',
  'eventBeforeSnapshot',
  'interruptedAppend',
];

const LINGER_MS_MAX = 10_000;

/** The records of the site's run that verify; none before its intake. */
export function recordsAt(site: CrashSite): readonly JournalRecord[] {
  const runId = site.runId();
  if (runId === null) return [];
  const reading = readJournal(site.files, site.paths.journal(runId));
  return reading.kind === 'absent' ? [] : reading.records;
}

/** How often each task was witnessed. */
export function witnessedAt(site: CrashSite): Record<string, number> {
  const counts: Record<string, number> = {};
  if (!existsSync(site.witness)) return counts;
  for (const line of readFileSync(site.witness, 'utf8').split('\n')) {
    const taskId = line.split(' ')[1];
    if (taskId !== undefined) counts[taskId] = (counts[taskId] ?? 0) + 1;
  }
  return counts;
}

/** The tasks whose worker is on record. */
export function recordedAt(site: CrashSite): readonly string[] {
  const runId = site.runId();
  const folder = runId === null ? '' : site.paths.tasks(runId);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((task) => existsSync(join(folder, task, TASK_FILES.agent)));
}

/** The view of the site's one run in the output of `pawl run --json`. */
export function viewIn(ended: Ended): RunView {
  const [view] = documentOf<{ runs: RunView[] }>(ended).runs;
  if (view === undefined) throw new Error(`no run in ${ended.stdout}`);
  return view;
}

/** What the site ended in. */
export function endOf(site: CrashSite, view: RunView): SiteEnd {
  const tasks: string[] = [];
  for (const { actor, event } of recordsAt(site)) {
    if (event.type === 'workerEnded') tasks.push(`${actor} ${event.result}`);
  }
  const handoff = join(site.paths.artifacts(view.runId), 'handoff');
  return {
    state: view.state,
    tasks,
    witnessed: witnessedAt(site),
    gates: Object.entries(view.gates).map(([gate, record]) => `${gate} ${record?.status} of epoch ${record?.epoch}`),
    epoch: view.epoch,
    commits: Number(site.repo.git(['rev-list', '--count', `main..${CRASH_BRANCH}`])),
    tree: site.repo.git(['rev-parse', `${CRASH_BRANCH}^{tree}`]),
    handoffs: readdirSync(handoff).filter((name) => /^handoff-[0-9a-f]+\.json$/.test(name)).length,
    refs: site.repo.git(['for-each-ref', '--format=%(refname)']).split('\n'),
  };
}

/** The acknowledged history: every whole line of the journal as it lies there now. */
export function historyAt(site: CrashSite): string {
  const runId = site.runId();
  const path = runId === null ? '' : site.paths.journal(runId);
  if (!existsSync(path)) return '';
  const text = readFileSync(path, 'utf8');
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

/** What must hold after any run, however it was treated: the faults, each a sentence. */
export async function faultsOf(site: CrashSite, ended: Ended, histories: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  if (ended.isStuck) faults.push(`stuck: the start did not end; it said: ${ended.stderr.slice(-600)}`);
  if (ended.code !== 0) faults.push(`exit ${ended.code ?? ended.signal}: ${ended.stderr.slice(-1_500)}`);
  const runId = site.runId();
  if (runId === null) return [...faults, 'there is no run'];
  if (existsSync(site.paths.quarantined(runId))) {
    faults.push(`quarantine: ${readFileSync(site.paths.quarantined(runId), 'utf8').slice(0, 600)}`);
  }
  for (const [taskId, count] of Object.entries(witnessedAt(site))) {
    if (count > 1) faults.push(`duplicate: ${taskId} was started ${count} times`);
  }
  const journal = readFileSync(site.paths.journal(runId), 'utf8');
  histories.forEach((history, n) => {
    if (!journal.startsWith(history)) faults.push(`lost: the journal does not go on from what kill ${n + 1} left`);
  });
  const found = await examine({ ...site, paths: site.paths, ...storeToLookAt(site.files, site.paths) }, runId);
  if (found.kind !== 'live') faults.push(`rehydration: ${JSON.stringify(found)}`);
  else for (const { detail } of found.findings) faults.push(`finding left: ${detail}`);
  for (const { event } of recordsAt(site)) {
    if (event.type !== 'runRehydrated') continue;
    for (const finding of event.findings) {
      if (!EXPECTED_FINDINGS.includes(finding.class)) faults.push(`finding: ${finding.class} ${finding.detail}`);
    }
  }
  if (site.repo.git(['status', '--porcelain']) !== '')
    faults.push(`checkout: ${site.repo.git(['status', '--porcelain'])}`);
  if (site.repo.git(['symbolic-ref', 'HEAD']) !== 'refs/heads/main') faults.push('checkout: HEAD was moved');
  const left = processesLeft(site);
  if (left.length > 0) faults.push(`processes left: ${left.map(commandOf).join(' | ')}`);
  return faults;
}

/** What does not end by itself: a host that has written its outcome needs a moment to exit. */
function processesLeft(site: CrashSite): readonly number[] {
  const endMs = performance.now() + LINGER_MS_MAX;
  let left = site.processes();
  while (left.length > 0 && performance.now() < endMs) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    left = site.processes();
  }
  return left;
}

function commandOf(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').slice(0, 200)}`;
  } catch {
    return `${pid} (gone)`;
  }
}
