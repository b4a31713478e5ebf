import { describe, expect, it } from 'vitest';
import { runSequence, SEQUENCE_RECORDS } from '../../src/core/run-sequence.ts';
import { placeOf } from '../../src/core/run-view.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { goodRun } from '../inspector/good-run.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const steps = [...goodRun(RUN)];
const records = steps.map(({ record }) => record);
const stateAt = (seq: number): string | null => placeOf(steps[seq - 1]?.state.run.value)[0];
const drawn = (given: readonly JournalRecord[]): string[] =>
  runSequence({ runId: RUN, records: given, stateAt }).split('\n');

describe('the sequence diagram of a run', () => {
  it('tells every record, the tasks by name, and each state as it is entered', () => {
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
    expect(lines).toContain('  P->>R: review PASS (epoch 1, 0 findings)');
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

  it('says where another runner went on, and what it found', () => {
    const [first, second, ...rest] = records;
    if (first === undefined || second === undefined) throw new Error('no records');
    const finding = { class: 'eventBeforeSnapshot', detail: 'd', action: 'a' };
    const back = { ...second, gen: 2, actor: 'driver', event: { type: 'runRehydrated' as const, findings: [finding] } };
    const lines = drawn([first, back, ...rest]);
    expect(lines).toContain('  Note over P: started again (generation 2)');
    expect(lines).toContain('  Note over P: brought the run back: eventBeforeSnapshot');
  });

  it('says last that the journal goes on and cannot be followed, and why', () => {
    const given = { runId: RUN, records: records.slice(0, 2), stateAt };
    const lines = runSequence({ ...given, journalFault: 'line 3: its sum is wrong' })
      .trimEnd()
      .split('\n');
    expect(lines.at(-1)).toMatch(/^ {2}Note over P: the journal can be followed no further: line 3: its sum is wrong$/);
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
