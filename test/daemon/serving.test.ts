/** A daemon that drives a project: over its API, over kills and restarts. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { DaemonCore } from '../../src/daemon/core.ts';
import { Doors } from '../../src/daemon/doors.ts';
import { takeHomeLock } from '../../src/store/home/home-lock.ts';
import { packetOf, verdict } from '../support/scenario-packet.ts';
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
  await place.until('the follower to see all', () => follower.changes.at(-1)?.seq === cursor);
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
