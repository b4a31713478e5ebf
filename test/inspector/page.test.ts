import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { activeIds, chartOf, edgeIdOf, mainChart, possibleEdges } from '../../src/inspector/page/chart-graph.ts';
import { graphOf, layOut, layoutFrom } from '../../src/inspector/page/chart-layout.ts';
import { waitAfterMs } from '../../src/inspector/page/connection.ts';
import { History } from '../../src/inspector/page/history.ts';
import { marksOf, stretchesOf } from '../../src/inspector/page/journal-marks.ts';
import { chosenRuns } from '../../src/inspector/page/run-choice.ts';
import { timeAxis } from '../../src/inspector/page/task-spans.ts';
import { boxToShow, broughtInSight, fitted, zoomed } from '../../src/inspector/page/viewport.ts';
import { age, bytes, duration, words } from '../../src/inspector/page/words.ts';
import { shownKind } from '../../src/inspector/wire/run-kind.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import type { Liveness, Standing } from '../../src/run/liveness.ts';
import type { RunKind, RunView } from '../../src/run/run-view.ts';
import { foldRun, type RunState } from '../../src/run/system.ts';
import { goodRun } from './good-run.ts';
import { longRun } from './long-run.ts';

const RECORDED = fileURLToPath(new URL('./recorded/runs/', import.meta.url));

function recorded(task: string): { runId: string; records: JournalRecord[] } {
  const runId = readdirSync(RECORDED).find((name) => name.includes(task)) ?? '';
  const lines = readFileSync(`${RECORDED}${runId}/events.jsonl`, 'utf8').trim().split('\n');
  return { runId, records: lines.map((line) => JSON.parse(line)) };
}

function historyOf(runId: string, records: readonly JournalRecord[]): History {
  const history = new History(runId);
  history.append(records);
  history.fold(() => true);
  return history;
}

const shape = (state: RunState | undefined): unknown =>
  state && {
    run: state.root.value,
    context: state.root.context,
    tasks: Object.entries(state.children).map(([name, task]) => [name, task.value, task.context]),
    owed: state.owed,
  };

describe('a history', () => {
  test('shows at every sequence what the fold of the records up to it gives, in whatever order one asks', () => {
    const records = [...goodRun('run_A_1')].map(({ record }) => record);
    const states: RunState[] = [];
    const onRecord = (_: JournalRecord, state: RunState) => states.push(state);
    expect(foldRun('run_A_1', records, { hash: sha256, onRecord }).kind).toBe('whole');
    const history = historyOf('run_A_1', records);
    const order = records.map(({ seq }) => seq).sort((a, b) => ((a * 7) % 31) - ((b * 7) % 31));
    for (const seq of order) expect(shape(history.at(seq)?.state)).toEqual(shape(states[seq - 1]));
  });

  test('counts each path as often as it was taken up to the sequence', () => {
    const { runId, records } = recorded('SHOP-12');
    const history = historyOf(runId, records);
    const [toVerification, back] = [
      'run.implementing.committing→run.verification',
      'run.fixLoop.committing→run.verification',
    ];
    const counts = (seq: number) => history.pathOf('run', seq);
    expect(counts(30).get(toVerification)).toBe(1);
    expect(counts(30).get(back)).toBe(1);
    expect(counts(30).get('run.internalReview.judging→run.fixLoop')).toBe(1);
    expect(counts(30).get('run.verification.working→run.verification.judging')).toBe(2);
    expect(counts(16).has(back)).toBe(false);
    expect(history.takenBy('run', 17)).toEqual([
      { seq: 17, id: 'run.internalReview.judging→run.fixLoop', event: 'gateJudged' },
    ]);
    expect(history.pathOf('fix-e1-a1', 30).get('task.progress.open→task.progress.completed')).toBe(1);
    expect(history.pathOf('fix-e1-a1', 30).get('task.supervision.watching→task.supervision.over')).toBe(1);
  });

  test('takes records that come again for what they are, and others in their place for another journal', () => {
    const { runId, records } = recorded('SHOP-12');
    const history = historyOf(runId, records.slice(0, 20));
    expect(history.append(records.slice(10, 20))).toBe(false);
    expect(history.append(records.slice(15))).toBe(true);
    history.fold(() => true);
    expect(history.foldedSeq).toBe(30);
    const other = longRun(runId, 3).map(({ record }) => record);
    history.append(other);
    history.fold(() => true);
    expect(history.records).toEqual(other);
    expect(history.at(3)?.state.seq).toBe(3);
  });

  test('leaves out what would follow a gap, and stops where the journal and the machines part', () => {
    const { runId, records } = recorded('SHOP-12');
    const history = historyOf(runId, [...records.slice(0, 5), ...records.slice(6)]);
    expect(history.records).toHaveLength(5);
    const torn = records.map((record) => (record.seq === 9 ? { ...record, effects: [] } : record));
    const broken = historyOf(runId, torn);
    expect(broken.foldedSeq).toBe(8);
    expect(broken.divergence?.seq).toBe(9);
    expect(broken.isWhole).toBe(true);
    expect(broken.at(9)).toBeNull();
    const nonsense = JSON.parse('{"type":"runRehydrated"}');
    const odd = records.map((record) => (record.seq === 9 ? { ...record, actor: 'run', event: nonsense } : record));
    expect(historyOf(runId, odd).divergence?.seq).toBe(9);
  });

  test('steps through 10,000 records in well under 100 ms a step', () => {
    const records = longRun('run_long', 10_000).map(({ record }) => record);
    const history = historyOf('run_long', records);
    expect(history.foldedSeq).toBe(10_000);
    const times = Array.from({ length: 40 }, (_, n) => {
      const startMs = performance.now();
      const seq = ((n * 3_701) % 10_000) + 1;
      expect(history.at(seq)?.state.seq).toBe(seq);
      return performance.now() - startMs;
    });
    expect(times.sort((a, b) => a - b)[30]).toBeLessThan(100);
  });
});

describe('a chart', () => {
  const chart = chartOf(runMachine);

  test('has an arrow for every transition of the machine that leads somewhere', () => {
    for (const machine of [runMachine, taskMachine]) {
      const drawn = chartOf(machine);
      const ids = new Set([...drawn.edges, ...drawn.everywhere].map(({ id }) => id));
      const boxes = new Set(drawn.nodes.map(({ id }) => id));
      for (const state of [machine.root, ...drawn.nodes.map(({ id }) => machine.getStateNodeById(id))]) {
        for (const transition of [...[...state.transitions.values()].flat(), ...(state.always ?? [])]) {
          const id = edgeIdOf(transition);
          expect(id === null ? transition.target : ids.has(id)).toBe(id === null ? undefined : true);
        }
      }
      for (const { source, target } of drawn.edges)
        expect([boxes.has(source), boxes.has(target)]).toEqual([true, true]);
    }
  });

  test('of a run that goes well leaves stops and ways back out, and keeps those that were taken', () => {
    const taken = 'run.internalReview→run.blockedNeedsHuman';
    const main = mainChart(chart, new Set([taken]));
    expect(main.edges.filter(({ role }) => role !== 'way').map(({ id }) => id)).toEqual([taken]);
    expect(main.edges.map(({ id }) => id)).toContain('run.fixLoop.committing→run.verification');
    expect(main.hash).not.toBe(chart.hash);
    expect(mainChart(chart, new Set([taken])).hash).toBe(main.hash);
  });

  test('shows the active states and the paths that lead on from them', () => {
    const value = { fixLoop: 'working' };
    expect(activeIds('run', value)).toEqual(['run.fixLoop', 'run.fixLoop.working']);
    const possible = possibleEdges(chart, value);
    expect(possible.has('run.fixLoop.working→run.fixLoop.committing')).toBe(true);
    expect(possible.has('run.fixLoop→run.failedExecution')).toBe(true);
    expect(possible.has('run.fixLoop.committing→run.verification')).toBe(false);
  });

  test('is laid out once: the second time its hash finds the first layout', async () => {
    const kept = new Map<string, string>();
    const cache = {
      get: (key: string) => kept.get(key) ?? null,
      set: (key: string, text: string) => kept.set(key, text),
    };
    let runs = 0;
    const engine = async (graph: ReturnType<typeof graphOf>) => {
      runs += 1;
      return { ...graph, width: 100, height: 100 };
    };
    const first = await layOut(chart, engine, cache);
    expect(await layOut(chart, engine, cache)).toEqual(first);
    expect(runs).toBe(1);
    await layOut(mainChart(chart, new Set()), engine, cache);
    expect(runs).toBe(2);
    expect(Object.keys(first.boxes)).toEqual(expect.arrayContaining(chart.nodes.map(({ id }) => id)));
  });

  test('turns arrows that go back around for the engine, and back again for the eye', () => {
    const back = graphOf(chart).edges?.find(({ id }) => id === 'run.fixLoop.committing→run.verification');
    expect([back?.sources, back?.targets]).toEqual([['run.verification'], ['run.fixLoop.committing']]);
    const section = { id: 's', startPoint: { x: 0, y: 0 }, endPoint: { x: 5, y: 9 } };
    const { routes } = layoutFrom({
      id: 'run',
      edges: [{ id: 'b→a', sources: ['a'], targets: ['b'], sections: [section] }],
    });
    expect(routes['b→a']?.points).toEqual([
      { x: 5, y: 9 },
      { x: 0, y: 0 },
    ]);
  });
});

describe('a view of a chart', () => {
  const frame = { width: 400, height: 300 };
  const layout = { width: 1_000, height: 2_000, boxes: {}, routes: {} };

  test('fits all of it, and zooms around the pointer', () => {
    const view = fitted(layout, frame);
    expect(view.scale).toBeCloseTo((300 - 32) / 2_000);
    const at = { x: 120, y: 80 };
    const near = zoomed(view, 2, at);
    expect(near.x + at.x / near.scale).toBeCloseTo(view.x + at.x / view.scale);
  });

  test('brings a box into sight, and stays where the box is in sight already', () => {
    const box = { x: 500, y: 1_000, width: 90, height: 32 };
    const view = broughtInSight(fitted(layout, frame), box, frame, layout);
    expect(view.scale).toBeGreaterThan(0.8);
    expect((box.x - view.x) * view.scale).toBeGreaterThan(0);
    expect((box.y + box.height - view.y) * view.scale).toBeLessThan(frame.height);
    expect(broughtInSight(view, box, frame, layout)).toBe(view);
    expect(boxToShow([{ ...box, width: 900 }, box], frame)).toBe(box);
  });
});

describe('a journal', () => {
  test('shows restarts, what they found, verdicts and silences', () => {
    const { records } = recorded('SHOP-12');
    const marks = records.flatMap((record, n) =>
      marksOf(record, records[n - 1]).map(({ kind }) => `${record.seq} ${kind}`),
    );
    expect(marks).toEqual(['7 rehydrated', '7 takeover', '13 verdict', '17 verdict', '25 verdict', '29 verdict']);
    const [first, second] = records;
    if (first === undefined || second === undefined) throw new Error('the recorded run has records');
    expect(marksOf({ ...second, atMs: first.atMs + 3_600_000 }, first)[0]?.text).toBe('1 h without a record');
  });

  test('shows when each task was requested, ran and ended, up to the sequence', () => {
    const { records } = recorded('SHOP-12');
    const axis = timeAxis(records, 18);
    expect(axis.spans.map(({ taskId, result }) => [taskId, result])).toEqual([
      ['implementation-e0-a1', 'completed'],
      ['verification-e1-a1', 'completed'],
      ['review-e1-a1', 'completed'],
      ['fix-e1-a1', null],
    ]);
    expect(axis.takeoversAtMs).toEqual([records[6]?.atMs]);
    expect(axis.spans.every(({ requestedAtMs }) => requestedAtMs >= axis.fromMs && requestedAtMs <= axis.toMs)).toBe(
      true,
    );
  });

  test('is a row of stretches, one for each state that it stays in', () => {
    expect(stretchesOf(['queued', 'fixLoop.requested', 'fixLoop.working', 'queued'])).toEqual([
      { state: 'queued', fromSeq: 1, toSeq: 1 },
      { state: 'fixLoop', fromSeq: 2, toSeq: 3 },
      { state: 'queued', fromSeq: 4, toSeq: 4 },
    ]);
  });
});

describe('the table of runs', () => {
  const run = (runId: string, kind: RunKind, updatedAtMs: number, state = 'queued') =>
    ({
      runId,
      taskId: runId,
      kind,
      updatedAtMs,
      state,
      substate: null,
      branch: `pawl/${runId}`,
      blockers: [],
    }) as Partial<RunView> as RunView;
  const kindOf = ({ kind }: RunView): RunKind => kind;
  const runs = [
    run('A', 'terminal', 9),
    run('B', 'active', 1, 'implementing'),
    run('C', 'active', 5),
    run('D', 'quarantined', 0),
  ];

  test('puts what needs a person first, then what moves, each with the newest first', () => {
    expect(chosenRuns(runs, kindOf, 'all', '').map(({ runId }) => runId)).toEqual(['D', 'C', 'B', 'A']);
  });

  test('files a run of which nothing is at work, and that nobody drives, under what needs a person', () => {
    const liveness = (standing: Standing, kind: 'none' | 'alive'): Liveness => ({
      standing,
      driver: kind === 'none' ? { kind } : { kind, pid: 1, hostname: '', sinceMs: null },
      task: null,
      lastSignAtMs: null,
      findings: [],
    });
    const moving = run('B', 'active', 1);
    const filed = (standing: Standing, kind: 'none' | 'alive' = 'none') => shownKind(moving, liveness(standing, kind));
    expect([filed('gone'), filed('ended'), filed('halted')]).toEqual(['blocked', 'blocked', 'blocked']);
    expect([filed('unattended'), filed('orphaned'), filed('unclear')]).toEqual(['active', 'active', 'active']);
    expect([filed('working', 'alive'), filed('gone', 'alive')]).toEqual(['active', 'active']);
    expect([shownKind(moving, null), shownKind(run('A', 'terminal', 9), null)]).toEqual(['active', 'terminal']);
  });

  test('finds runs by every word of a search, within a filter', () => {
    expect(chosenRuns(runs, kindOf, 'all', ' IMPLEM pawl/b ').map(({ runId }) => runId)).toEqual(['B']);
    expect(chosenRuns(runs, kindOf, 'terminal', 'pawl/b')).toEqual([]);
  });
});

describe('the line to the hub', () => {
  test('waits longer after every failure, up to five seconds', () => {
    expect([0, 1, 2, 3, 20].map(waitAfterMs)).toEqual([250, 500, 1_000, 2_000, 5_000]);
  });
});

describe('values', () => {
  test('are written as people read them', () => {
    expect([12, 1_234, 59_000, 61_000, 3_600_000, 90_000_000].map(duration)).toEqual([
      '12 ms',
      '1.2 s',
      '59 s',
      '1 m 1 s',
      '1 h',
      '1 d 1 h',
    ]);
    expect([1_000, 30_000, 120_000, 7_200_000, 999_000_000].map((ms) => age(0, ms))).toEqual([
      'just now',
      '30 s ago',
      '2 min ago',
      '2 h ago',
      '11 d ago',
    ]);
    expect([bytes(12), bytes(2_048), bytes(3_145_728)]).toEqual(['12 B', '2.0 KiB', '3.0 MiB']);
    expect(words('readyForManualReview')).toBe('ready for manual review');
  });
});
