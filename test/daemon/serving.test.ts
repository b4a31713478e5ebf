/** A daemon that drives a project: over its API, over kills and restarts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { DaemonCore } from '../../src/daemon/core.ts';
import { DAEMON_BOUNDS } from '../../src/daemon/daemon-bounds.ts';
import { Doors } from '../../src/daemon/doors.ts';
import { takeHomeLock } from '../../src/store/home/home-lock.ts';
import { startPawl } from '../support/pawl-cli.ts';
import { goodWork, packetOf, verdict } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace, Follower } from './daemon-kit.ts';

let place: DaemonPlace;
let scenario: Scenario;

beforeEach(() => {
  place = new DaemonPlace();
  scenario = new Scenario();
  scenario.scripted({});
});

afterEach(async () => {
  await place.end();
  await scenario.end();
});

/** From now on `place` is one whose programs are found in `bin` first, or there alone; `git` is the real one. */
async function withOwnBin(isAlone = false): Promise<{ readonly bin: string; readonly git: string }> {
  const bin = join(scenario.repo.root, 'bin');
  mkdirSync(bin);
  await place.end();
  place = new DaemonPlace({ PATH: isAlone ? bin : `${bin}:${process.env.PATH}` });
  return { bin, git: spawnSync('which', ['git'], { encoding: 'utf8' }).stdout.trim() };
}

const ended = async (count: number): Promise<boolean> => {
  const { runs } = await place.client.call('listRuns', { query: { kind: 'terminal' } });
  return runs.length === count;
};

it('a packet becomes a run that ends, and a follower sees each of its records once and in order, over a kill and a stop', async () => {
  await place.start();
  const follower = new Follower(place.client);
  const project = await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
  expect(project).toMatchObject({ id: 'widget', path: scenario.path, defaultBranch: 'main' });
  scenario.packets(packetOf('one'), packetOf('two'));
  const body = { project: 'widget', packets: [packetOf('one'), packetOf('two')] };
  const taken = await place.client.call('addRuns', { body, key: 'night-1' });
  expect(taken.packets.map(({ outcome }) => outcome)).toEqual(['recorded', 'recorded']);
  const seen = follower.changes.length;
  await place.until('some work', () => follower.changes.length > seen + 5);
  await place.kill();
  await place.start();
  // The same command again: the same answer, and no second run.
  const again = await place.client.call('addRuns', { body, key: 'night-1' });
  expect(again.packets).toEqual(taken.packets);
  await place.until('both runs to end', () => ended(2));
  expect(await place.kill('SIGTERM')).toBe(0);
  await place.start();
  const { cursor } = await place.client.call('getApi');
  await place.until('the follower to see all', () => (follower.changes.at(-1)?.seq ?? 0) >= cursor);
  await follower.end();
  expect(follower.faults).toEqual([]);
  expect(follower.resyncs).toEqual([]);
  const { runs } = await place.client.call('listRuns');
  for (const { runId, seq } of runs) {
    const records = follower.changes.filter(
      ({ system, type }) => system === runId && (type === 'run_created' || type === 'run_updated'),
    );
    expect(records.map(({ data }) => data.journalSeq)).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
  }
  // No worker was started twice.
  const starts = scenario.starts().map(({ runId, taskId }) => `${runId} ${taskId}`);
  expect(new Set(starts).size).toBe(starts.length);
});

it('a project whose folder has gone is degraded with its reason, and the others go on', async () => {
  await place.start();
  const broken = new Scenario('broken');
  broken.scripted({});
  await place.client.call('addProject', { body: { path: broken.path } });
  await place.client.call('addProject', { body: { path: scenario.path } });
  await broken.end();
  await place.kill();
  await place.start();
  const { projects } = await place.client.call('listProjects');
  expect(projects.map(({ id, state, code }) => [id, state, code])).toEqual([
    ['broken', 'degraded', 'PAWL_REPOSITORY_MISSING'],
    ['repo', 'driven', null],
  ]);
  scenario.packets(packetOf('one'));
  await place.client.call('addRuns', { body: { project: 'repo', packets: [packetOf('one')] } });
  await place.until('the run to end', () => ended(1));
});

it('one that is stopped while it asks git about a project says nothing of that any more', async () => {
  const { bin, git } = await withOwnBin();
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path } });
  await place.kill('SIGTERM');
  scenario.repo.git(['remote', 'add', 'origin', 'git@github.invalid:acme/widgets.git']);
  writeFileSync(join(bin, 'git'), `#!/bin/sh\nsleep 1\nexec ${git} "$@"\n`, { mode: 0o755 });
  await place.start();
  // That throws where it has tried to tell the closed feed.
  expect(await place.kill('SIGTERM')).toBe(0);
});

it('a project whose git does not answer keeps nobody from the others for long', async () => {
  const { bin, git } = await withOwnBin();
  const other = new Scenario('other');
  other.scripted({});
  try {
    await place.start();
    for (const { path } of [scenario, other]) await place.client.call('addProject', { body: { path } });
    await place.kill('SIGTERM');
    const hang = `case "$PWD" in ${other.path}*) exec sleep 40;; esac`;
    writeFileSync(join(bin, 'git'), `#!/bin/sh\n${hang}\nexec ${git} "$@"\n`, { mode: 0o755 });
    await place.start();
    expect(await place.client.call('getProject', { params: { id: 'repo' } })).toMatchObject({ defaultBranch: 'main' });
    // The first list waits for it, the next one does not.
    const branches = async () =>
      (await place.client.call('listProjects')).projects.map(({ id, defaultBranch }) => [id, defaultBranch]);
    const known = [
      ['other', null],
      ['repo', 'main'],
    ];
    expect(await branches()).toEqual(known);
    const beganMs = performance.now();
    expect(await branches()).toEqual(known);
    expect(performance.now() - beganMs).toBeLessThan(DAEMON_BOUNDS.lookMs);
  } finally {
    await place.end();
    await other.end();
  }
});

it('where git is missing a project is degraded and says so, until it is there', async () => {
  const { bin, git } = await withOwnBin(true);
  symlinkSync(git, join(bin, 'git'));
  await place.start();
  const project = async () => place.client.call('getProject', { params: { id: 'repo' } });
  await place.client.call('addProject', { body: { path: scenario.path } });
  await place.kill();
  rmSync(join(bin, 'git'));
  await place.start();
  await place.until('the missing git to be told', async () => (await project()).state === 'degraded');
  expect(await project()).toMatchObject({
    code: 'PAWL_GIT_FAILED',
    reason: expect.stringContaining('git was not found'),
  });
  symlinkSync(git, join(bin, 'git'));
  await place.until('the project to be driven', async () => (await project()).state === 'driven');
});

it('a registry that another process drives is followed, and taken over once that has gone', async () => {
  scenario.packets(packetOf('one'), packetOf('two'));
  await place.start();
  const follower = new Follower(place.client);
  const file = scenario.packets(packetOf('one'));
  scenario.scripted({
    one: { implementation: [{ do: 'sleep', ms: 3_000 }, ...(goodWork('one').implementation ?? [])] },
  });
  const call = startPawl(scenario.path, { ...scenario.repo.environment, ...place.environment }, [
    'run',
    '--packets',
    file,
  ]);
  await place.until('its worker', () => scenario.starts().length > 0);
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
  await place.until('it to be known as driven elsewhere', async () => {
    const { projects } = await place.client.call('listProjects');
    return projects[0]?.state === 'elsewhere' && projects[0].reason?.includes(String(call.pid)) === true;
  });
  const { runs } = await place.client.call('listRuns');
  expect(runs.map(({ state }) => state)).toEqual(['implementing']);
  expect((await call.ended).code).toBe(0);
  await place.until('it to be taken over', async () => {
    const { projects } = await place.client.call('listProjects');
    return projects[0]?.state === 'driven';
  });
  const states = (): readonly unknown[] =>
    follower.changes.filter(({ type }) => type === 'run_updated').map(({ data }) => data.state);
  await place.until('its end to be told', () => states().at(-1) === 'readyForManualReview');
  expect(states()[0]).toBe('implementing');
  await follower.end();
  expect(follower.faults).toEqual([]);
});

it('a feed whose files are lost is told anew from the journals, and whoever followed the old one is told to read again', async () => {
  scenario.packets(packetOf('one'));
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
  await place.client.call('addRuns', { body: { project: 'widget', packets: [packetOf('one')] } });
  await place.until('the run to end', () => ended(1));
  const before = (await place.client.call('getApi')).cursor;
  await place.kill('SIGTERM');
  rmSync(place.home.changes, { recursive: true });
  await place.start();
  const old = new Follower(place.client, before);
  await place.until('it to be told', () => old.resyncs.length > 0);
  expect(old.resyncs).toEqual(['behind']);
  await old.end();
  const { oldestCursor } = await place.client.call('getApi');
  expect(oldestCursor).toBeGreaterThan(before);
  const { runs } = await place.client.call('listRuns');
  const { seq = 0 } = runs[0] ?? {};
  const all = new Follower(place.client, oldestCursor);
  await place.until(
    'every record to be told again',
    () => all.changes.filter(({ type }) => type.startsWith('run_')).length >= seq,
  );
  await all.end();
  const told = all.changes.filter(({ type }) => type.startsWith('run_')).map(({ data }) => data.journalSeq);
  expect(told).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
});

it('a run that waits for a person is shown after a kill as it was before', async () => {
  scenario.scripted({ one: { review: [verdict('BLOCKED')] } });
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
  await place.client.call('addRuns', { body: { project: 'widget', packets: [packetOf('one')] } });
  const blocked = async () => (await place.client.call('listRuns', { query: { kind: 'blocked' } })).runs;
  await place.until('the run to wait', async () => (await blocked()).length === 1);
  const [before] = await blocked();
  await place.kill();
  await place.start();
  expect(await blocked()).toEqual([before]);
});

it('a daemon that knows no project yet says so, and does not say that there is none', async () => {
  const { files, home, socket } = place;
  await files.ensureFolders([home.root, home.projects, home.changes]);
  const lock = await takeHomeLock({ files, home, clock: systemClock, processes: systemProcesses() });
  const core = await DaemonCore.open({ files, home, lock, version: '0', log: () => undefined });
  const doors = await Doors.open(core, { socket, port: 0, pageFolder: home.root });
  const starting = { problem: { status: 503, code: 'DAEMON_STARTING' } };
  await expect(place.client.call('listRuns')).rejects.toMatchObject(starting);
  await expect(place.client.call('getCommand', { params: { key: 'k' } })).rejects.toMatchObject(starting);
  await core.recover();
  expect((await place.client.call('listRuns')).runs).toEqual([]);
  await core.giveBack();
  await doors.close();
  await core.close();
  await lock.release();
});
