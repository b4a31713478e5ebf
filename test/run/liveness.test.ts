import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import {
  contraryStanding,
  livenessOf,
  type Standing,
  signWords,
  standingWords,
  type TaskSigns,
  taskStanding,
} from '../../src/run/liveness.ts';
import type { DriverFacts } from '../../src/run/next-actions.ts';

const NOW_MS = 1_000_000_000_000;
const NOBODY: DriverFacts = { kind: 'none' };
const SOMEBODY: DriverFacts = { kind: 'alive', pid: 7, hostname: 'here', sinceMs: NOW_MS - 60_000 };
const UNKNOWN: DriverFacts = { kind: 'unknown', pid: 7, hostname: 'elsewhere', sinceMs: NOW_MS - 60_000 };

const ALIVE: TaskSigns = {
  taskId: 'implementation-e0-a1',
  claim: 'host',
  host: 'alive',
  hostPid: 8,
  worker: 'alive',
  workerPid: 9,
  hasOutcome: false,
  startedAtMs: NOW_MS - 252_000,
  deadlineAtMs: NOW_MS - 252_000 + 3_600_000,
  heartbeatAtMs: NOW_MS - 1_000,
  outputAtMs: NOW_MS - 3_000,
  outputBytes: 12,
};

const look = (driver: DriverFacts, task: Partial<TaskSigns> | null) =>
  livenessOf({
    driver,
    task: task === null ? null : { ...ALIVE, ...task },
    updatedAtMs: NOW_MS - 300_000,
    leaseExpiresAtMs: null,
    inFiles: [],
    nowMs: NOW_MS,
  });

const DEAD: Partial<TaskSigns> = { host: 'dead', worker: 'dead' };
const SILENT: Partial<TaskSigns> = { heartbeatAtMs: NOW_MS - BOUNDS.hostSilenceMs - 1 };
const UNCLAIMED: Partial<TaskSigns> = { claim: 'none', host: 'none', worker: 'none', startedAtMs: null };

describe('a run', () => {
  test.each<[string, DriverFacts, Partial<TaskSigns> | null, Standing]>([
    ['driven, between tasks', SOMEBODY, null, 'working'],
    ['driven, its host and worker alive', SOMEBODY, {}, 'working'],
    ['driven, its task not claimed yet', SOMEBODY, UNCLAIMED, 'working'],
    ['driven, its worker just ended', SOMEBODY, { ...DEAD, hasOutcome: true }, 'working'],
    ['driven, its host silent', SOMEBODY, SILENT, 'silent'],
    ['driven, its host and worker dead', SOMEBODY, DEAD, 'gone'],
    ['driven by nobody, between tasks', NOBODY, null, 'halted'],
    ['driven by nobody, its task not claimed yet', NOBODY, UNCLAIMED, 'halted'],
    ['driven by nobody, its host alive', NOBODY, {}, 'unattended'],
    ['driven by nobody, its host silent', NOBODY, SILENT, 'silent'],
    ['driven by nobody, its host dead and its worker alive', NOBODY, { host: 'dead' }, 'orphaned'],
    ['driven by nobody, its host dead before the worker ran', NOBODY, { host: 'dead', worker: 'none' }, 'gone'],
    ['driven by nobody, its host and worker dead', NOBODY, DEAD, 'gone'],
    ['driven by nobody, its outcome left', NOBODY, { ...DEAD, hasOutcome: true }, 'ended'],
    ['driven by nobody, its host not to be judged', NOBODY, { host: 'unknown' }, 'unclear'],
    ['driven by nobody, its worker not to be judged', NOBODY, { host: 'dead', worker: 'unknown' }, 'unclear'],
    ['driven by somebody who cannot be judged', UNKNOWN, {}, 'unclear'],
    ['driven by somebody who cannot be judged, between tasks', UNKNOWN, null, 'unclear'],
    ['driven by nobody, its task given up before a start', NOBODY, { ...UNCLAIMED, claim: 'revoked' }, 'ended'],
    ['driven, its host without a heartbeat yet', SOMEBODY, { heartbeatAtMs: null }, 'working'],
    ['driven, its host just within its silence', SOMEBODY, { heartbeatAtMs: NOW_MS - BOUNDS.hostSilenceMs }, 'working'],
  ])('%s is %3$s', (_what, driver, task, standing) => {
    expect(look(driver, task).standing).toBe(standing);
  });

  test('that nobody drives has the findings of the next start, as recovery words them', () => {
    expect(look(NOBODY, DEAD).findings).toEqual([
      {
        class: 'spawnedBeforeResult',
        detail: 'implementation-e0-a1: host and worker are gone',
        action: 'concluded from its files at the next start',
      },
    ]);
    expect(look(NOBODY, null).findings).toEqual([]);
  });

  test.each<[Partial<TaskSigns>, string]>([
    [UNCLAIMED, 'no host has claimed it'],
    [{}, 'its host lives'],
    [{ host: 'dead' }, 'its host is dead, its worker lives'],
    [{ host: 'dead', worker: 'none' }, 'its host died before the worker ran'],
    [DEAD, 'host and worker are gone'],
    [{ host: 'unknown' }, 'cannot tell whether it is still running'],
    [{ host: 'dead', worker: 'unknown' }, 'cannot tell whether it is still running'],
    [{ ...DEAD, hasOutcome: true }, 'its end was not recorded yet'],
    [{ hasOutcome: true }, 'ended, but some of its processes remain'],
  ])('of which nobody knows more than %j is found so', (signs, found) => {
    expect(look(NOBODY, signs).findings.map(({ detail }) => detail)).toEqual([`implementation-e0-a1: ${found}`]);
  });

  test('that is driven has none: what is between two records is no finding', () => {
    expect(look(SOMEBODY, DEAD).findings).toEqual([]);
  });

  test('that is not working says when it last gave a sign of life, one that works how far it is', () => {
    expect(signWords(look(SOMEBODY, {}), NOW_MS)).toEqual(['4m12s of 1h00m', 'last output 3s ago']);
    expect(signWords(look(NOBODY, DEAD), NOW_MS).at(-1)).toMatch(/^last sign of life \d\d:\d\d \(1s ago\)$/);
    expect(standingWords('gone')).toBe('not running: its host and worker are gone');
  });

  test('whose lease has expired is reported as such while nothing drives, from that instant on', () => {
    const found = (leaseExpiresAtMs: number | null, driver: DriverFacts = NOBODY): readonly string[] =>
      livenessOf({ driver, task: null, updatedAtMs: null, leaseExpiresAtMs, inFiles: [], nowMs: NOW_MS }).findings.map(
        (finding) => finding.class,
      );
    expect([found(NOW_MS + 1), found(NOW_MS), found(null), found(NOW_MS, SOMEBODY)]).toEqual([
      [],
      ['staleLease'],
      [],
      [],
    ]);
  });

  test('gave its last sign by whatever was last, and none where nothing is known', () => {
    const last = (task: TaskSigns | null, updatedAtMs: number | null): number | null =>
      livenessOf({ driver: NOBODY, task, updatedAtMs, leaseExpiresAtMs: null, inFiles: [], nowMs: NOW_MS })
        .lastSignAtMs;
    expect(last(ALIVE, 5)).toBe(NOW_MS - 1_000);
    expect(last({ ...ALIVE, heartbeatAtMs: null }, 5)).toBe(NOW_MS - 3_000);
    expect(last({ ...ALIVE, heartbeatAtMs: null, outputAtMs: null }, 5)).toBe(5);
    expect([last(null, 5), last(null, null)]).toEqual([5, null]);
  });

  test('says only what is known of its task', () => {
    const told = (task: Partial<TaskSigns> | null, driver: DriverFacts = SOMEBODY) =>
      signWords(look(driver, task), NOW_MS);
    expect(told(null)).toEqual([]);
    expect(told({ deadlineAtMs: null, outputAtMs: null })).toEqual(['4m12s', 'no output yet']);
    expect(told(UNCLAIMED)).toEqual(['last output 3s ago']);
    expect(told(DEAD, NOBODY)).toHaveLength(2);
    expect(told({ ...DEAD, hasOutcome: true }, NOBODY)).toHaveLength(2);
    expect(signWords({ ...look(NOBODY, null), lastSignAtMs: null }, NOW_MS)).toEqual([]);
  });

  test('whose task has ended is described by that end, one with an open task by its state', () => {
    const open = { endedAtMs: null };
    expect(taskStanding(null, open)).toBeNull();
    expect(taskStanding(look(NOBODY, DEAD), { endedAtMs: 1 })).toBeNull();
    expect(
      [look(NOBODY, DEAD), look(SOMEBODY, {}), look(NOBODY, { host: 'dead' })].map((at) => taskStanding(at, open)),
    ).toEqual(['gone', null, 'running without its host']);
  });

  test('takes something back of what its state says, unless it works', () => {
    expect([null, look(SOMEBODY, {}), look(NOBODY, DEAD)].map(contraryStanding)).toEqual([null, null, 'gone']);
  });
});
