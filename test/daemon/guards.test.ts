/** What the daemon relies on: how it is looked at, and what is told of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type GuardId, type GuardParts, Guards } from '../../src/daemon/guards.ts';
import type { Change, ChangeDraft } from '../../src/model/change.ts';
import { PawlError } from '../../src/model/error.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace, Follower } from './daemon-kit.ts';

/** Guards of which each holds until it is given a reason, at a time that only the test moves. */
function standing(tells: () => boolean = () => true) {
  const reasons = new Map<GuardId, string | Error>();
  const told: ChangeDraft[] = [];
  const lines: string[] = [];
  const lost: PawlError[] = [];
  const time = { ms: 0 };
  const look = (id: GuardId) => (): string | null => {
    const reason = reasons.get(id) ?? null;
    if (reason instanceof Error) throw reason;
    return reason;
  };
  const parts: GuardParts = {
    clock: { nowMs: () => time.ms, monotonicMs: () => time.ms, timer: () => () => undefined },
    looks: {
      lock: look('lock'),
      disk: look('disk'),
      feed: look('feed'),
      watch: look('watch'),
      projects: look('projects'),
    },
    tell: async (change) => {
      if (tells()) told.push(change);
      return tells();
    },
    onLockLost: (error) => lost.push(error),
    log: (line) => lines.push(line),
  };
  const guards = new Guards(parts);
  const postures = () => guards.list().map(({ id, posture }) => `${id} ${posture}`);
  return { guards, reasons, told, lines, lost, time, postures };
}

it('guards that hold from the start are no news; a change is logged and told once, with its reason and its instant', async () => {
  const { guards, reasons, told, lines, time, postures } = standing();
  expect(new Set(guards.list().map(({ posture, reason }) => `${posture}: ${reason}`))).toEqual(
    new Set(['off: the daemon is starting']),
  );
  await guards.look();
  expect(postures()).toEqual(['lock on', 'disk on', 'feed on', 'watch on', 'projects on']);
  reasons.set('projects', 'degraded: widget');
  time.ms = 1_000;
  await guards.look();
  await guards.look();
  expect(guards.list().at(-1)).toEqual({
    ...{ id: 'projects', posture: 'errored', reason: 'degraded: widget' },
    since: '1970-01-01T00:00:01.000Z',
  });
  reasons.clear();
  await guards.look();
  expect(told.map(({ type, data }) => [type, data])).toEqual([
    ['guard_changed', { guard: 'projects', posture: 'errored', reason: 'degraded: widget' }],
    ['guard_changed', { guard: 'projects', posture: 'on', reason: null }],
  ]);
  expect(lines).toEqual(['guard projects: errored: degraded: widget', 'guard projects: on']);
});

it('the disk is asked every 30 s, and a look that fails is a posture', async () => {
  const { guards, reasons, time, postures } = standing();
  await guards.look();
  reasons.set('disk', new Error('EACCES'));
  time.ms = 29_999;
  await guards.look();
  expect(postures()).toContain('disk on');
  time.ms = 30_000;
  await guards.look();
  expect(guards.list()[1]).toMatchObject({ posture: 'errored', reason: 'EACCES' });
});

it('what the feed could not take is told later, as it is then', async () => {
  let canTell = false;
  const { guards, reasons, told, time } = standing(() => canTell);
  await guards.look();
  reasons.set('feed', 'disk full');
  await guards.look();
  expect(told).toEqual([]);
  canTell = true;
  time.ms = 30_000;
  await guards.look();
  expect(told.map(({ data }) => data)).toEqual([{ guard: 'feed', posture: 'errored', reason: 'disk full' }]);
});

it('a lost lock is reported once, and nothing is told or looked at any more', async () => {
  const { guards, reasons, told, lost } = standing();
  await guards.look();
  reasons.set('lock', new PawlError({ code: 'PAWL_DAEMON_RUNNING', message: 'x', subject: '', hint: '' }));
  reasons.set('projects', 'degraded: widget');
  await guards.look();
  await guards.look();
  expect(lost.map(({ code }) => code)).toEqual(['PAWL_DAEMON_RUNNING']);
  expect(told).toEqual([]);
});

it('a daemon shows its guards, tells in its feed of one that changes, and ends with exit 6 when its lock is taken', async () => {
  const place = new DaemonPlace();
  const scenario = new Scenario();
  try {
    await place.start();
    const { client, home } = place;
    const follower = new Follower(client);
    const guards = async () => (await client.call('getApi')).guards;
    await place.until('every guard to be on', async () => (await guards()).every(({ posture }) => posture === 'on'));
    writeFileSync(join(scenario.path, 'pawl.config.json'), '{"agent": {}}');
    await client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
    const changed = (): readonly Change[] => follower.changes.filter(({ type }) => type === 'guard_changed');
    await place.until('the change', () => changed().length > 0);
    expect(changed()[0]).toMatchObject({
      ...{ project: '', system: null },
      data: { guard: 'projects', posture: 'errored', reason: 'degraded: widget (PAWL_CONFIG_INVALID)' },
    });
    expect((await guards()).filter(({ posture }) => posture !== 'on').map(({ id }) => id)).toEqual(['projects']);
    await follower.end();
    const { generation } = await client.call('getApi');
    const mine = JSON.parse(readFileSync(home.lock(generation), 'utf8'));
    writeFileSync(home.lock(generation + 1), JSON.stringify({ ...mine, generation: generation + 1, nonce: 'another' }));
    expect(await place.ended()).toBe(6);
    expect(place.said).toContain('ends at once: PAWL_DAEMON_RUNNING');
  } finally {
    await place.end();
    await scenario.end();
  }
});
