/** What an intake makes of a file's packets: every branch is claimed once, in one file as across files. */
import { expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { assertNoneRefused, type IntakePlan, type KnownRuns, planIntake } from '../../src/engine/intake.ts';
import { parseConfig } from '../../src/model/config.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { readPackets } from '../../src/packets/packets.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { goodPacket, without } from '../packets/good-packet.ts';

const CONFIG = parseConfig(null, 'pawl.config.json');
const REPOSITORY = { origin: 'git@github.com:acme/widgets.git', defaultBranches: ['main'] };
const NOTHING_KNOWN: KnownRuns = {
  view: () => null,
  withPacket: () => null,
  holders: () => [],
  options: [],
  repository: { ...REPOSITORY, origin: null },
};

function packet(taskId: string, branch: string, repo = 'acme/widgets'): Record<string, unknown> {
  return { ...goodPacket(), task_id: taskId, scm_target: { repo, issue_number: 1, intended_branch: branch } };
}

function readings(...packets: readonly unknown[]): readonly PacketReading[] {
  return readPackets(JSON.stringify(packets), sha256).readings;
}

function plan(given: readonly PacketReading[], known: KnownRuns = NOTHING_KNOWN): IntakePlan {
  return planIntake(given, CONFIG, known, { again: false });
}

/** What came of each packet of the file, by its task id. */
function outcomesOf(given: readonly PacketReading[], known: KnownRuns = NOTHING_KNOWN): readonly string[] {
  return plan(given, known).outcomes.map(
    ({ taskId, outcome, refusal }) => `${taskId} ${outcome}${refusal === null ? '' : ` ${refusal.code}`}`,
  );
}

function tasksOf(given: readonly PacketReading[], known: KnownRuns = NOTHING_KNOWN): readonly string[] {
  return plan(given, known).fresh.map((entry) => entry.reading.packet.taskId);
}

it.each([
  ['the same branch', 'work/x', 'work/x'],
  ['a branch below the branch of the first', 'work/x', 'work/x/y'],
  ['a branch above the branch of the first', 'work/x/y', 'work/x'],
])('of two packets of a file the second is refused when it is for %s, and the rest is recorded', (_, first, second) => {
  for (const repo of ['acme/widgets', 'other/name']) {
    const given = readings(packet('A', first), packet('B', second, repo), packet('C', 'work/z'));
    expect(outcomesOf(given)).toEqual(['A recorded', 'B refused PAWL_RUN_CONFLICT', 'C recorded']);
    expect(tasksOf(given)).toEqual(['A', 'C']);
    expect(plan(given).outcomes[1]?.refusal).toMatchObject({
      subject: 'B',
      message: expect.stringContaining('packet A'),
    });
  }
});

it('a packet is refused when its branch collides with that of a live run, whatever repository it names', () => {
  const known: KnownRuns = { ...NOTHING_KNOWN, holders: () => [{ runId: 'run_live', branch: 'work/x' }] };
  for (const branch of ['work/x', 'work/x/y', 'work']) {
    const { outcomes, fresh } = plan(readings(packet('B', branch, 'other/name')), known);
    expect(fresh).toEqual([]);
    expect(outcomes[0]?.refusal).toMatchObject({
      code: 'PAWL_RUN_CONFLICT',
      message: expect.stringContaining('run_live'),
    });
  }
  expect(tasksOf(readings(packet('B', 'work/xy')), known)).toEqual(['B']);
});

it('the same packet twice is one run, and a packet that lacks something claims no branch', () => {
  expect(outcomesOf(readings(packet('A', 'work/x'), packet('A', 'work/x')))).toEqual(['A recorded', 'A present']);
  const weak = without(packet('WEAK', 'work/x'), 'review');
  expect(tasksOf(readings(weak, packet('A', 'work/x'), packet('B', 'work/y')))).toEqual(['WEAK', 'A', 'B']);
});

it('a packet whose run is set aside is refused, and then an intake of all or nothing records nothing', () => {
  const [aside] = readings(packet('A', 'work/x'));
  const known: KnownRuns = {
    ...NOTHING_KNOWN,
    view: (runId) => (runId === aside?.runId ? ({ kind: 'quarantined' } as RunView) : null),
  };
  const given = readings(packet('A', 'work/x'), packet('B', 'work/y'));
  expect(outcomesOf(given, known)).toEqual(['A refused PAWL_RUN_QUARANTINED', 'B recorded']);
  expect(() => assertNoneRefused(plan(given, known).outcomes)).toThrow(
    expect.objectContaining({
      code: 'PAWL_RUN_QUARANTINED',
      hint: expect.stringContaining('Nothing of this file was recorded.'),
    }),
  );
  expect(() => assertNoneRefused(plan(readings(packet('B', 'work/y')), known).outcomes)).not.toThrow();
});

it('a packet for another repository or for the default branch is refused, unless it lacks something or the config allows it', () => {
  const known: KnownRuns = { ...NOTHING_KNOWN, repository: REPOSITORY };
  const elsewhere = packet('B', 'work/x', 'other/name');
  expect(outcomesOf(readings(elsewhere, packet('C', 'main'), packet('D', 'work/x')), known)).toEqual([
    'B refused PAWL_REPOSITORY_MISMATCH',
    'C refused PAWL_WORKSPACE_BRANCH_PROTECTED',
    'D recorded',
  ]);
  expect(tasksOf(readings(without(elsewhere, 'review')), known)).toEqual(['B']);
  const allowing = parseConfig('{"scm": {"allowRepos": ["other/name"]}}', 'pawl.config.json');
  expect(planIntake(readings(elsewhere), allowing, known, { again: false }).fresh).toHaveLength(1);
});
