/** Runs that the release before has begun, in the inspector: shown by their snapshots and records, and never as damaged. */
import { appendFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { RunFold } from '../../src/inspector/hub/run-fold.ts';
import { RunList } from '../../src/inspector/hub/run-list.ts';
import { History } from '../../src/inspector/page/history.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { goodRun } from './good-run.ts';
import { InspectorBench, type Told } from './registry-kit.ts';

const JOURNALS = fileURLToPath(new URL('../fixtures/journals/2/', import.meta.url));
const RUNS = readdirSync(JOURNALS).filter((name) => name.startsWith('run_'));
const idOf = (taskId: string): string => RUNS.find((runId) => runId.startsWith(`run_${taskId}_`)) ?? taskId;
const CUT = idOf('OLD-3');

let bench = new InspectorBench();
afterEach(async () => {
  await bench.close();
  bench = new InspectorBench();
});

function withRuns(): void {
  for (const runId of RUNS) cpSync(join(JOURNALS, runId), join(bench.registry, 'runs', runId), { recursive: true });
}

const isReplayed = ({ type, isReplay }: Told): boolean => type === 'records' && isReplay === false;

describe('the inspector', () => {
  test('lists each as it stood, with the reason why it goes no further', async () => {
    withRuns();
    const client = await bench.client(await bench.hub());
    const { runs } = await client.until(({ type }) => type === 'runs');
    const blocked = { kind: 'blocked', earlierRules: 2, blockers: [{ code: 'PAWL_RULES_UNSUPPORTED' }] };
    expect(runs).toMatchObject([
      { runId: idOf('OLD-1'), kind: 'terminal', state: 'readyForManualReview', blockers: [] },
      { runId: idOf('OLD-2'), state: 'blockedNeedsHuman', ...blocked },
      { runId: CUT, state: 'queued', ...blocked, nextSafeAction: { kind: 'otherVersion' } },
      { runId: idOf('OLD-4'), state: 'unknown', ...blocked },
      { runId: idOf('OLD-5'), kind: 'terminal', state: 'failedExecution' },
    ]);
  });

  test('sends all records of one, and nothing as out of order', async () => {
    withRuns();
    const client = await bench.client(await bench.hub());
    client.say({ type: 'watch', runId: CUT, fromSeq: 1 });
    await client.until(isReplayed, 'the end of the replay');
    expect(client.records(CUT).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    const recovery = await client.until(({ type }) => type === 'recovery');
    expect(recovery).toMatchObject({ findings: [], quarantine: null, journalFault: null });
  });

  test('says of a last line that is cut off that it stays', async () => {
    withRuns();
    appendFileSync(join(bench.registry, 'runs', CUT, 'events.jsonl'), '{"actor":"run"');
    const client = await bench.client(await bench.hub());
    client.say({ type: 'watch', runId: CUT, fromSeq: 1 });
    const recovery = await client.until(({ type }) => type === 'recovery');
    expect(recovery.findings).toMatchObject([{ class: 'interruptedAppend', action: 'left as it is' }]);
  });

  test('shows it in the same way when it reads again', async () => {
    withRuns();
    const place = { files: new Files(nodeFs, systemClock), paths: new RegistryPaths(bench.registry) };
    const list = new RunList({ ...place, processes: systemProcesses() }, () => undefined);
    for (let look = 0; look < 3; look += 1) {
      for (const runId of RUNS) list.changed(runId, true);
      await list.settled();
      expect(list.views.map(({ kind }) => kind)).toEqual(['terminal', 'blocked', 'blocked', 'blocked', 'terminal']);
      expect(list.get(CUT)).toMatchObject({ state: 'queued', earlierRules: 2, seq: 6 });
    }
    list.close();
  });

  test('does not fold one, and says why', () => {
    withRuns();
    const place = { files: new Files(nodeFs, systemClock), paths: new RegistryPaths(bench.registry) };
    const fold = new RunFold(place, CUT);
    fold.advance(100);
    expect([fold.view(), fold.fault]).toEqual([
      null,
      'record 1: it was written under rules 2, which this version cannot fold',
    ]);
  });
});

describe('the history on the page', () => {
  const historyOf = (runId: string, records: readonly JournalRecord[]): History => {
    const history = new History(runId);
    history.append(records);
    history.fold(() => true);
    return history;
  };

  test('has the records of such a run, without the states between them, and says under which rules they are', () => {
    const lines = readFileSync(join(JOURNALS, idOf('OLD-1'), 'events.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const history = historyOf(
      idOf('OLD-1'),
      lines.map((line) => JSON.parse(line)),
    );
    const { earlierRules, divergence, isWhole, foldedSeq, shownSeq, records, places } = history;
    expect([earlierRules, divergence, isWhole, foldedSeq, shownSeq]).toEqual([2, null, true, 0, 17]);
    expect([records.length, places, history.at(17)]).toEqual([17, [], null]);
  });

  test('of any other run has no such rules', () => {
    const history = historyOf(
      'run_A_1',
      [...goodRun('run_A_1')].map(({ record }) => record),
    );
    const { earlierRules, shownSeq, foldedSeq, records } = history;
    expect([earlierRules, shownSeq, foldedSeq]).toEqual([null, records.length, records.length]);
  });
});
