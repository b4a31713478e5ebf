import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../src/model/event.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { runSequence, SEQUENCE_RECORDS } from '../../src/run/run-sequence.ts';
import { placeOf } from '../../src/run/run-view.ts';
import { goodRun } from '../inspector/good-run.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const steps = [...goodRun(RUN)];
const records = steps.map(({ record }) => record);
const stateAt = (seq: number): string | null => placeOf(steps[seq - 1]?.state.root.value)[0];
const drawn = (given: readonly JournalRecord[]): string[] =>
  runSequence({ runId: RUN, records: given, stateAt }).split('\n');

describe('the sequence diagram of a run', () => {
  it('shows every record, the tasks by name, and each state as it is entered', () => {
    const lines = drawn(records);
    expect(lines[0]).toBe('sequenceDiagram');
    expect(lines.filter((line) => line.startsWith('  participant T'))).toHaveLength(3);
    expect(lines.filter((line) => /->>[RT]/.test(line)).length).toBeGreaterThanOrEqual(records.length);
    expect(lines.filter((line) => line.startsWith('  Note over R: '))).toEqual(
      [
        'queued',
        'waitingForLock',
        'implementing',
        'verification',
        'internalReview',
        'handoffReady',
        'readyForManualReview',
      ].map((state) => `  Note over R: ${state}`),
    );
    expect(lines).toContain('  P->>R: review PASS (round 1, 0 findings)');
  });

  it('holds no line that Mermaid would read as another, whatever a reason says', () => {
    const reason = 'x; y # z\n  P->>R: forged %%{init}%% <script> password=hunter2hunter2';
    const event = { type: 'decisionMade', commandId: 'c', by: 'ann', decision: 'retry', reason } as const;
    const [first, ...rest] = records;
    if (first === undefined) throw new Error('no records');
    const line = drawn([{ ...first, event }, ...rest])[7];
    expect(line).toMatch(/^ {2}O->>R: retry: x#59; y #35; z P-#62;#62;R: forged #37;#37;/);
    expect(line?.replace('O->>R:', '')).not.toMatch(/hunter2|[<>%{};](?<!#\d+;)/);
  });

  it('says where another runner continued, and what it found', () => {
    const [first, second, ...rest] = records;
    if (first === undefined || second === undefined) throw new Error('no records');
    const finding = { class: 'eventBeforeSnapshot', detail: 'd', action: 'a' };
    const back = { ...second, gen: 2, actor: 'driver', event: { type: 'runRehydrated' as const, findings: [finding] } };
    const lines = drawn([first, back, ...rest]);
    expect(lines).toContain('  Note over P: started again (generation 2)');
    expect(lines).toContain('  Note over P: brought the run back: eventBeforeSnapshot');
  });

  it('says last that the journal continues and cannot be followed, and why', () => {
    const given = { runId: RUN, records: records.slice(0, 2), stateAt };
    const lines = runSequence({ ...given, journalFault: 'line 3: its sum is wrong' })
      .trimEnd()
      .split('\n');
    expect(lines.at(-1)).toMatch(
      /^ {2}Note over P: the journal cannot be followed any further: line 3: its sum is wrong$/,
    );
    expect(lines.slice(0, -1)).toEqual(runSequence(given).trimEnd().split('\n'));
  });

  it('leaves out the middle of a long history, and says how much', () => {
    const [first] = records;
    if (first === undefined) throw new Error('no records');
    const long = Array.from({ length: 10_000 }, (_, index) => ({ ...first, seq: index + 1 }));
    const lines = drawn(long);
    expect(lines).toContain(`  Note over R: ${10_000 - SEQUENCE_RECORDS} records are left out`);
    expect(lines.join('\n').length).toBeLessThan(50_000);
  });
});

const [FIRST] = records;
const LEASED = { type: 'leaseReclaimed', by: 'ann' } as JournalEvent;
const BLOCKER = { code: 'PAWL_WORKER_EXIT', message: 'm', hint: 'h', evidence: [] };
function record(seq: number, event: object = LEASED, actor = 'run', gen = 1): JournalRecord {
  if (FIRST === undefined) throw new Error('no records');
  return { ...FIRST, seq, gen, actor, event: event as JournalEvent };
}
const HEAD = ['sequenceDiagram', '  actor O as Operator', '  participant P as Pawl', '  participant R as r_1'];
const whole = (given: readonly JournalRecord[], states: readonly (string | null)[] = []): string[] =>
  runSequence({ runId: 'r_1', records: given, stateAt: (seq) => states[seq - 1] ?? null }).split('\n');

describe('a line of the diagram', () => {
  it.each<[string, object, string[], string?]>([
    [
      'what a runner found',
      {
        type: 'runRehydrated',
        findings: [
          { class: 'a', detail: '', action: '' },
          { class: 'b', detail: '', action: '' },
        ],
      },
      ['  Note over P: brought the run back: a, b'],
      'driver',
    ],
    [
      'that a runner found all well',
      { type: 'runRehydrated', findings: [] },
      ['  Note over P: brought the run back: as it was'],
      'driver',
    ],
    [
      'a refused settlement',
      { type: 'settlementRefused', code: 'PAWL_USAGE' },
      ['  Note over P: settlementRefused PAWL_USAGE'],
      'driver',
    ],
    [
      'a refused command',
      { type: 'commandRefused', code: 'PAWL_USAGE' },
      ['  Note over P: commandRefused PAWL_USAGE'],
      'driver',
    ],
    ['a cancel', { type: 'cancelRequested', reason: 'late' }, ['  O->>R: cancel: late']],
    ['a decision', { type: 'decisionMade', decision: 'accept', reason: 'fine' }, ['  O->>R: accept: fine']],
    ['another packet', { type: 'packetReplaced', reason: 'new' }, ['  O->>R: another packet: new']],
    [
      'a gate',
      { type: 'gateJudged', gate: 'review', status: 'FAIL', epoch: 2, findingCount: 1, blocker: null },
      ['  P->>R: review FAIL (round 2, 1 finding)'],
    ],
    [
      'a gate with several findings',
      { type: 'gateJudged', gate: 'verification', status: 'FAIL', epoch: 1, findingCount: 2, blocker: null },
      ['  P->>R: verification FAIL (round 1, 2 findings)'],
    ],
    [
      'a commit',
      { type: 'workCommitted', commit: '0123456789abcdef', fileCount: 1 },
      ['  P->>R: workCommitted 0123456789ab (1 file)'],
    ],
    [
      'an empty commit',
      { type: 'workCommitted', commit: '0123456789abcdef', fileCount: 0 },
      ['  P->>R: workCommitted 0123456789ab (0 files)'],
    ],
    [
      'a handoff',
      { type: 'handoffProjected', artifact: { path: 'artifacts/handoff/x.json', sha256: '' } },
      ['  P->>R: handoffProjected artifacts/handoff/x.json'],
    ],
    ['a refusal', { type: 'taskRefused', blocker: BLOCKER }, ['  P->>R: taskRefused PAWL_WORKER_EXIT']],
    ['no blocker where there is none', { type: 'taskRefused', blocker: null }, ['  P->>R: taskRefused']],
    ['any other event', { type: 'surfaceFreed' }, ['  P->>R: surfaceFreed']],
    ['an event of the driver', { type: 'surfaceFreed' }, ['  P->>R: surfaceFreed'], 'driver'],
  ])('tells %s', (_title, event, lines, actor) => {
    expect(whole([record(1, event, actor)])).toEqual([...HEAD, ...lines, '']);
  });

  it('tells of each task under a name of its own', () => {
    const requested = (taskId: string): object => ({ type: 'taskRequested', taskId, agent: 'a' });
    expect(
      whole([
        record(1, requested('build')),
        record(2, { type: 'workerSpawned', pid: 42 }, 'build'),
        record(3, { type: 'workerEnded', result: 'completed', blocker: null }, 'build'),
        record(4, requested('judge')),
        record(5, { type: 'workerEnded', result: 'failed', blocker: BLOCKER }, 'judge'),
        record(6, { type: 'hostDoubted', blocker: BLOCKER }, 'judge'),
      ]),
    ).toEqual([
      ...HEAD,
      '  participant T1 as build',
      '  participant T2 as judge',
      '  P->>R: taskRequested build',
      '  R->>T1: start (a)',
      '  P->>T1: workerSpawned pid 42',
      '  P->>T1: workerEnded',
      '  T1-->>R: completed',
      '  P->>R: taskRequested judge',
      '  R->>T2: start (a)',
      '  P->>T2: workerEnded',
      '  T2-->>R: failed, PAWL_WORKER_EXIT',
      '  P->>T2: hostDoubted PAWL_WORKER_EXIT',
      '',
    ]);
  });

  it.each([
    ['aé9 .,_/():=+|…[]-', 'aé9 .,_/():=+|…[]-'],
    ['a"b\'c*d😀', 'a#34;b#39;c#42;d#128512;'],
    [' \n a \t\n  b ', 'a b'],
    ['x'.repeat(90), 'x'.repeat(90)],
    ['x'.repeat(91), `${'x'.repeat(32)} [… 91 characters, cut …] ${'x'.repeat(32)}`],
  ])('writes %j as %j, whoever is named so', (text, words) => {
    const [, , , run, task, , state] = runSequence({
      runId: text,
      records: [record(1, LEASED, text)],
      stateAt: () => text,
    }).split('\n');
    expect([run, task, state]).toEqual([
      `  participant R as ${words}`,
      `  participant T1 as ${words}`,
      `  Note over R: ${words}`,
    ]);
  });
});

describe('between the lines of the diagram', () => {
  const line = '  P->>R: leaseReclaimed';

  it('a state is shown when it is entered, and not again while it is unknown or the same', () => {
    const given = [1, 2, 3, 4, 5].map((seq) => record(seq));
    expect(whole(given, ['a', 'a', null, 'a', 'b'])).toEqual([
      ...HEAD,
      line,
      '  Note over R: a',
      line,
      line,
      line,
      line,
      '  Note over R: b',
      '',
    ]);
  });

  it('a gap and another runner are shown before what follows them, and neither before the first record', () => {
    expect(whole([record(3, LEASED, 'run', 2), record(4, LEASED, 'run', 2), record(7, LEASED, 'run', 5)])).toEqual([
      ...HEAD,
      line,
      line,
      '  Note over R: 2 records are left out',
      '  Note over P: started again (generation 5)',
      line,
      '',
    ]);
  });

  it('nothing is left out of a history of 200 records, and of a longer one what follows the first 40', () => {
    const shownOf = (count: number): number[] => {
      const seqs: number[] = [];
      const given = Array.from({ length: count }, (_, index) => record(index + 1));
      const stateAt = (seq: number): null => {
        seqs.push(seq);
        return null;
      };
      runSequence({ runId: RUN, records: given, stateAt });
      return seqs;
    };
    const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
    expect(shownOf(200)).toEqual(from(1, 200));
    expect(shownOf(203)).toEqual([...from(1, 40), ...from(44, 160)]);
  });
});
