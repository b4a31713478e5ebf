/** What the change feed tells of each record of the golden journals. */
import { beforeAll, describe, expect, it } from 'vitest';
import { isObject } from '../../src/base/canonical-json.ts';
import { persist } from '../../src/kernel/image.ts';
import type { ChangeDraft, ChangeType } from '../../src/model/change.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { agentAfter } from '../../src/run/agent-override.ts';
import { ALONE } from '../../src/run/next-actions.ts';
import { changesOf } from '../../src/run/run-changes.ts';
import { type RunView, viewOf } from '../../src/run/run-view.ts';
import { shownRun } from '../../src/run/shown-run.ts';
import { runSystem } from '../../src/run/system.ts';
import { goldenProblem, goldenRecords, lastRecords } from '../support/golden-journals.ts';

type Members = Readonly<Record<string, unknown>>;

/** A record, what it changed, and the view after it. */
interface Told {
  readonly record: JournalRecord;
  readonly before: RunView | null;
  readonly after: RunView;
  readonly changes: readonly ChangeDraft[];
  /** What whoever has applied the changed members of all changes so far holds. */
  readonly applied: Members;
  readonly agentOverride: string | null;
}

const golden = goldenRecords(3);
const bySum = new Map<string, Told>();

beforeAll(() => {
  const problem = goldenProblem(runSystem, golden, ({ systemId, record }, state) => {
    const last = bySum.get(record.prev);
    const agentOverride = agentAfter(last?.agentOverride ?? null, record.event);
    const { actors } = persist(runSystem, state);
    const after = viewOf(systemId, actors, { seq: record.seq, updatedAtMs: record.atMs, agentOverride });
    const before = last?.after ?? null;
    const changes = changesOf(record, before, after, 'web');
    const view = changes[0]?.data.view;
    const applied = { ...last?.applied, ...(isObject(view) ? view : expect.fail('no view is told')) };
    bySum.set(record.sum, { record, before, after, changes, applied, agentOverride });
  });
  expect(problem).toBeNull();
});

/** The view as it is shown, but for what depends on more than the run. */
function shown(view: RunView): Members {
  const all = shownRun(view, ALONE, { folder: null, liveness: null });
  const { actions, nextSafeAction, liveness, failure, ...told } = all;
  expect([actions.length > 0 || nextSafeAction.kind === 'none', liveness, failure]).toEqual([true, null, undefined]);
  return JSON.parse(JSON.stringify(told)) as Members;
}

describe('the changes of a run', () => {
  it('give its view when their members are applied in order', () => {
    expect(bySum.size).toBe(golden.length);
    for (const { record } of lastRecords(golden)) {
      const { applied, after } = bySum.get(record.sum) ?? expect.fail('not folded');
      expect(applied).toEqual(shown(after));
    }
  });

  it('begin with its creation, and every later record is an update of what has changed alone', () => {
    let unchanged = 0;
    for (const { record, before, after, changes } of bySum.values()) {
      const [first] = changes;
      expect(first?.type).toBe(before === null ? 'run_created' : 'run_updated');
      const { taskId, state, substate, kind } = shown(after);
      expect(first?.data).toMatchObject({ taskId, state, substate, kind });
      if (before === null) continue;
      const [old, now] = [shown(before), shown(after)];
      const changed = Object.keys(now).filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
      expect(Object.keys(isObject(first?.data.view) ? first.data.view : {}).sort()).toEqual(changed.sort());
      unchanged += Object.keys(now).length - changed.length;
      expect(record.seq).toBeGreaterThan(1);
    }
    expect(unchanged).toBeGreaterThan(0);
  });

  it('name their project, run, record, event and instant', () => {
    for (const { record, after, changes } of bySum.values()) {
      for (const { project, system, atMs, data } of changes) {
        expect([project, system, atMs]).toEqual(['web', after.runId, record.atMs]);
        expect(data).toMatchObject({ runId: after.runId, journalSeq: record.seq, event: record.event.type });
      }
    }
  });
});

describe('what else a record tells', () => {
  const TYPES: Readonly<Record<string, ChangeType>> = {
    taskRequested: 'task_requested',
    workerSpawned: 'task_started',
    workerEnded: 'task_settled',
    gateJudged: 'gate_judged',
    cancelRequested: 'command_decided',
    decisionMade: 'command_decided',
    packetReplaced: 'command_decided',
    commandRefused: 'command_decided',
  };

  /** The changes of that type, each with its record. */
  function toldAs(type: ChangeType): readonly { readonly record: JournalRecord; readonly data: Members }[] {
    const all = [...bySum.values()].flatMap(({ record, changes }) => changes.map((change) => ({ record, change })));
    const found = all.filter(({ change }) => change.type === type);
    expect(found.length, `${type} in the golden journals`).toBeGreaterThan(0);
    return found.map(({ record, change }) => ({ record, data: change.data }));
  }

  it('follows from its event alone: a task, a verdict, a decision, or nothing', () => {
    for (const { record, changes } of bySum.values()) {
      const type = TYPES[record.event.type];
      expect(changes.slice(1).map((change) => change.type)).toEqual(type === undefined ? [] : [type]);
    }
  });

  it.each(['task_requested', 'task_started', 'task_settled'] as const)('is which task: %s', (type) => {
    for (const { record, data } of toldAs(type)) {
      const { actor, event } = record;
      const taskId = event.type === 'taskRequested' ? event.taskId : actor;
      const [, purpose, epoch, attempt] = /^(.+)-e(\d+)-a(\d+)$/.exec(taskId) ?? expect.fail(taskId);
      expect(data).toMatchObject({ task: taskId, purpose, epoch: Number(epoch), attempt: Number(attempt) });
    }
  });

  it('is of a task how it was asked for, as what it runs, and how it ended', () => {
    for (const { record, data } of toldAs('task_requested')) {
      expect(record.event.type === 'taskRequested' && record.event.agent).toBe(data.agent);
    }
    for (const { record, data } of toldAs('task_started')) {
      expect(record.event.type === 'workerSpawned' && record.event.pid).toBe(data.pid);
    }
    const results = new Set<unknown>();
    for (const { record, data } of toldAs('task_settled')) {
      const { event } = record;
      if (event.type !== 'workerEnded') return expect.fail(event.type);
      expect([data.result, data.code]).toEqual([event.result, event.blocker?.code ?? null]);
      results.add(data.result);
    }
    expect(results.size).toBeGreaterThan(2);
  });

  it('is of a gate its verdict', () => {
    for (const { record, data } of toldAs('gate_judged')) {
      if (record.event.type !== 'gateJudged') return expect.fail(record.event.type);
      const { gate, epoch, status, commit, findingCount } = record.event;
      expect(data).toMatchObject({ gate, epoch, status, commit, findingCount });
    }
  });

  it('is of a command how it was decided', () => {
    const commands = new Set<string>();
    for (const { record, data } of toldAs('command_decided')) {
      const { event } = record;
      if (!('commandId' in event)) return expect.fail(event.type);
      const isAccepted = event.type !== 'commandRefused';
      expect(data).toMatchObject({ commandId: event.commandId, isAccepted, code: isAccepted ? null : event.code });
      commands.add(`${data.command} ${isAccepted}`);
    }
    expect([...commands]).toEqual(expect.arrayContaining(['cancel true', 'retry true', 'abandon true']));
  });
});

it('shows names as views do, with nothing that a terminal obeys', () => {
  const [{ record, after } = expect.fail('no record')] = bySum.values();
  const hostile = { ...after, branch: 'a\u202eb\u001b[2J', taskId: 'x\u0007' };
  const event = {
    type: 'commandRefused',
    code: 'PAWL_COMMAND_REFUSED',
    commandId: 'c',
    command: 'x\u001b',
    state: 's',
  } as const;
  const text = JSON.stringify(changesOf({ ...record, event }, null, hostile, 'web'));
  expect(text).toContain('run_created');
  expect(text).toContain('command_decided');
  expect(text).not.toMatch(/\\u00[01]|\u202e/);
});
