/** What the daemon tells of runs that are set aside, or whose folders have gone, on a disk in memory: over a full disk, over a kill between the removal and its telling. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChangeSource } from '../../src/daemon/change-source.ts';
import type { Place } from '../../src/engine/run-look.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { quarantinedView, type RunView } from '../../src/run/run-view.ts';
import type { ChangeLog } from '../../src/store/change-log/change-log.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { recordRemoval } from '../../src/store/removed-runs.ts';
import { openFeed } from '../store/change-log/feed-kit.ts';
import { filesOver } from '../store/store-kit.ts';

const paths = new RegistryPaths('/repo/.pawl');
const SPENT = { tokens: 0, usd: 0, isEstimate: false };
const view = (runId: string): RunView => ({ runId, seq: 3, updatedAtMs: 1 }) as RunView;
const P = { id: 'p', atMs: 1 };
const VIEWS = ['run_a', 'run_b'].map(view);

let fs: MemoryFs;
let place: Place;
let feed: ChangeLog;
let source: ChangeSource;
const lost: unknown[] = [];

async function begin(): Promise<void> {
  feed = await openFeed(fs);
  source = new ChangeSource(
    feed,
    () => undefined,
    (error) => lost.push(error),
  );
}

async function end(): Promise<void> {
  await source.close();
  await feed.close();
}

/** The folder is gone, with a record of it or by hand. */
async function remove(runId: string, by: string | null): Promise<void> {
  const facts = { runId, taskId: 'A', state: 'cancelled', branch: 'work/a', baseCommit: null, headCommit: null };
  if (by !== null)
    await recordRemoval(place.files, paths, { ...facts, spent: SPENT, endedAtMs: 1, removedAtMs: 5, by });
  fs.rename(paths.run(runId), `${paths.runs}/gone-${runId}`);
}

async function told(): Promise<readonly unknown[]> {
  const reading = await feed.read(0, { limit: 100 });
  if (reading.kind === 'resync') return expect.fail('a resync');
  return reading.changes.map(({ change: { type, system, atMs, data } }) => [type, system, atMs > 5, data.by]);
}

beforeEach(async () => {
  fs = new MemoryFs();
  place = { files: filesOver(fs), paths };
  await place.files.ensureFolders([paths.runs, ...VIEWS.map(({ runId }) => paths.run(runId))]);
  await begin();
  await source.loaded(P, place, VIEWS);
});

afterEach(async () => {
  await end();
  expect(lost).toEqual([]);
});

it('a removal is told once, whoever says it and however often', async () => {
  await remove('run_a', 'ann');
  source.runRemoved('p', place, 'run_a');
  source.runRemoved('p', place, 'run_a');
  await source.loaded(P, place, VIEWS.slice(1));
  expect(await told()).toEqual([['run_removed', 'run_a', false, 'ann']]);
});

it('a daemon that was killed after a removal has it told by the next one', async () => {
  await remove('run_a', 'ann');
  await remove('run_b', null);
  await end();
  for (let starts = 0; starts < 2; starts += 1) {
    await begin();
    await source.loaded(P, place, []);
    await end();
  }
  await begin();
  expect(await told()).toEqual([
    ['run_removed', 'run_a', false, 'ann'],
    ['run_removed', 'run_b', true, null],
  ]);
});

it('a run is not gone because its registry cannot be found', async () => {
  fs.rename('/repo', '/elsewhere');
  await source.loaded(P, place, []);
  expect(await told()).toEqual([]);
});

it('what a full disk refused is told when there is room again', async () => {
  await end();
  const faulty = new FaultFs(fs);
  feed = await openFeed(faulty);
  source = new ChangeSource(
    feed,
    () => undefined,
    (error) => lost.push(error),
  );
  await remove('run_a', 'ann');
  faulty.plan = { ops: ['write'], at: 1, fault: { code: 'ENOSPC' }, isLasting: true };
  source.runRemoved('p', place, 'run_a');
  await source.settled();
  expect([faulty.hasFired, source.problem === null, await told()]).toEqual([true, false, []]);
  faulty.plan = null;
  await source.loaded(P, place, VIEWS.slice(1));
  expect(await told()).toEqual([['run_removed', 'run_a', false, 'ann']]);
});

describe('a run that is set aside, which no record says,', () => {
  const aside = (runId: string, isGivenUp: boolean): RunView =>
    quarantinedView(runId, 'A', {
      ...{ atMs: 9, surfaces: [], isResolved: isGivenUp },
      blocker: { code: 'PAWL_JOURNAL_DAMAGED', message: 'm', hint: 'h', evidence: [] },
    });
  const events = async (): Promise<readonly unknown[]> => {
    const reading = await feed.read(0, { limit: 100 });
    if (reading.kind === 'resync') return expect.fail('a resync');
    return reading.changes.map(({ change: { type, system, data } }) => [type, system, data.event, data.kind]);
  };
  const SET_ASIDE = ['run_updated', 'run_a', 'setAside', 'quarantined'];
  const GIVEN_UP = ['run_updated', 'run_a', 'givenUp', 'terminal'];
  const others = VIEWS.slice(1);

  it('is told of once, however often it is seen and the daemon is started, and once when it is given up', async () => {
    for (const isGivenUp of [false, true])
      for (let starts = 0; starts < 2; starts += 1) {
        source.runAside('p', aside('run_a', isGivenUp));
        await source.loaded(P, place, [aside('run_a', isGivenUp), ...others]);
        await end();
        await begin();
      }
    expect(await events()).toEqual([SET_ASIDE, GIVEN_UP]);
  });

  it('is told of once where a daemon finds it given up already', async () => {
    for (let starts = 0; starts < 2; starts += 1) {
      await source.loaded(P, place, [aside('run_a', true), ...others]);
      await end();
      await begin();
    }
    expect(await events()).toEqual([GIVEN_UP]);
  });

  it('is history in a project that is new here, and is told of when it changes', async () => {
    source.runAside('new', aside('run_a', false));
    await source.loaded({ ...P, id: 'new', atMs: 9 }, place, [aside('run_a', false), ...others]);
    await source.settled();
    expect(await events()).toEqual([]);
    source.runAside('new', aside('run_a', true));
    await source.settled();
    expect(await events()).toEqual([GIVEN_UP]);
  });

  it('is told of as any other run when its folder goes, and as a new one if it comes again', async () => {
    source.runAside('p', aside('run_a', false));
    await remove('run_a', 'ann');
    source.runRemoved('p', place, 'run_a');
    await source.settled();
    expect(feed.systems('p')).toEqual(['run_b']);
    source.runAside('p', aside('run_a', false));
    await source.settled();
    expect(await events()).toEqual([SET_ASIDE, ['run_removed', 'run_a', undefined, undefined], SET_ASIDE]);
  });
});

it('a project is announced once, however often the daemon is killed before its runs are followed', async () => {
  const added = { type: 'project_added', project: 'q', system: null, atMs: 9, data: {} } as const;
  for (let starts = 0; starts < 3; starts += 1) {
    source.added(added);
    source.added(added);
    await end();
    await begin();
  }
  expect(feed.knows('q')).toBe(false);
  await source.loaded({ ...P, id: 'q' }, place, VIEWS);
  source.added(added);
  await source.settled();
  expect([feed.knows('q'), feed.position('q', 'run_a'), await told()]).toEqual([
    true,
    3,
    [['project_added', null, true, undefined]],
  ]);
});

it('a feed that was lost is told all runs anew of the projects that were there, over any number of starts', async () => {
  await end();
  const feedOf = (): Promise<ChangeLog> => openFeed(fs, { folder: '/other', isFresh: false });
  const lostAtMs = (await feedOf()).lostAtMs ?? 0;
  for (let starts = 0; starts < 2; starts += 1) await (await feedOf()).close();
  feed = await feedOf();
  source = new ChangeSource(
    feed,
    () => undefined,
    (error) => lost.push(error),
  );
  await source.loaded({ id: 'there', atMs: lostAtMs - 1 }, place, VIEWS);
  await source.loaded({ id: 'later', atMs: lostAtMs + 1 }, place, VIEWS);
  expect(['there', 'later'].map((project) => feed.position(project, 'run_a'))).toEqual([0, 3]);
});
