/** `pawl validate` through the built command line: what it tells of each packet, and its exit code. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { type Plain, packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;

describe('validate', () => {
  beforeEach(() => {
    scenario = new Scenario();
  });
  afterEach(() => scenario.end());

  test('reports for every packet what it lacks and what would stop it, in order, and writes nothing', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({});
    const weak = packetOf('WEAK', { approved: false, scope: {}, conflict_surface: [] });
    const stopped = packetOf('STOPPED', {
      verification: { commands: 'make all' },
      agent: 'nobody',
      scm_target: { repo: 'acme/widget', issue_number: 9, intended_branch: 'work/stopped', base_branch: 'nowhere' },
    });
    const path = scenario.packets(packetOf('GOOD'), weak, 'no object', stopped);
    const before = fingerprint(scenario.path);
    const { code, document } = await scenario.json<Plain>('validate', path);
    expect(code).toBe(3);
    const nothing = {
      standing: 'new',
      done: false,
      missingFields: [],
      problems: [],
      actions: [],
      notes: [],
      warnings: [],
    };
    expect(document).toEqual({
      isRepository: true,
      actions: [],
      summary: {
        ...{ total: 4, sufficient: 2, insufficient: 2, ready: 1 },
        ...{ underWay: 0, parked: 0, setAside: 0, ended: 0 },
      },
      packets: [
        {
          taskId: 'GOOD',
          runId: expect.stringMatching(/^run_GOOD_[0-9a-f]{12}$/),
          sufficient: true,
          ready: true,
          ...nothing,
          agents: { implementer: 'worker', fixer: 'worker', reviewer: 'worker' },
        },
        expect.objectContaining({
          taskId: 'WEAK',
          sufficient: false,
          ready: false,
          missingFields: ['approval.approved', 'scope.goal_or_acceptance_criteria', 'conflict_surface'],
        }),
        expect.objectContaining({ taskId: 'packet-3', missingFields: ['packet_object'] }),
        expect.objectContaining({
          taskId: 'STOPPED',
          sufficient: true,
          ready: false,
          problems: ['PAWL_AGENT_MISSING', 'PAWL_VERIFICATION_NOT_ALLOWED', 'PAWL_WORKSPACE_BASE_MISSING'].map((each) =>
            expect.objectContaining({ code: each }),
          ),
        }),
      ],
    });
    expect(changedPaths(before, fingerprint(scenario.path))).toEqual([]);
    const good = scenario.packets(packetOf('GOOD'));
    expect((await scenario.json('validate', good)).code).toBe(0);
    const outside = join(scenario.repo.root, 'outside');
    mkdirSync(outside);
    const end = await scenario.callIn(outside, {}, 'validate', good);
    expect([end.code, end.stdout]).toEqual([0, expect.stringContaining('not a git repository')]);
  });

  test('counts as ready only what has not begun and could, and shows what fits everything else', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({});
    const stopped = packetOf('STOPPED', { verification: { commands: 'make all' } });
    const ended = packetOf('ENDED');
    const path = scenario.packets(stopped, ended);
    await scenario.call('intake', path);
    await scenario.call('cancel', 'ENDED');
    expect((await scenario.call('run')).code).toBe(3);
    const end = await scenario.call('validate', path);
    expect(end.code).toBe(3);
    expect(end.stdout).toContain('PAWL_VERIFICATION_NOT_ALLOWED');
    expect(end.stdout).toMatch(/its run \S+ has ended: cancelled/);
    expect(end.stdout).toContain('\n0 of 2 ready to run, 1 ended\n');
    expect(end.stdout).toContain(`again     pawl intake ${path} --again\n`);
  });

  test('finds nothing wrong with a packet that is done', { timeout: SLOW }, async () => {
    scenario.scripted({});
    const path = scenario.packets(packetOf('DONE'));
    expect((await scenario.call('run', '--packets', path)).code).toBe(0);
    const { code, document } = await scenario.json<{ packets: object[] }>('validate', path);
    expect([code, document.packets]).toEqual([
      0,
      [expect.objectContaining({ ready: false, done: true, standing: 'ended' })],
    ]);
  });
});
