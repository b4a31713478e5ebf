/** Cleaning and checking a project while a daemon drives it: over HTTP, from the command line, over a kill. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { type CliEnd, documentOf } from '../support/pawl-cli.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace, Follower } from './daemon-kit.ts';

const ENDED = ['one', 'two', 'three'];
const place = new DaemonPlace();
/** The daemon drives it. */
const driven = new Scenario('driven');
/** Nobody does, unless a command is called. */
const alone = new Scenario('alone');
let follower: Follower;
/** The runs that end, by their ids; and the one that is open. */
let [first, second, third, held] = ['', '', '', ''];
const ID = { id: 'driven' };

const pawl = (scenario: Scenario, ...args: readonly string[]): Promise<CliEnd> =>
  scenario.callIn(scenario.path, place.environment, ...args);

/** What was said, without what differs from one call to the next: sizes, times, names of folders. */
const plain = ({ code, stdout }: CliEnd): readonly unknown[] => [
  code,
  stdout
    .replaceAll(/\d+(?:\.\d+)? [KMG]?i?B\b/g, 'SIZE')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\dZ/g, 'TIME')
    .replaceAll(/("(?:endedAtMs|worktreeBytes|folderBytes|bytes)": ?)\d+/g, '$1N'),
];

const removed = (): readonly Change[] => follower.changes.filter(({ type }) => type === 'run_removed');
const seesAll = async (): Promise<void> => {
  const { cursor } = await place.client.call('getApi');
  await place.until('the follower to see all', () => (follower.changes.at(-1)?.seq ?? 0) >= cursor);
};
const isDriven = async (): Promise<boolean> =>
  (await place.client.call('getProject', { params: ID })).state === 'driven';

beforeAll(async () => {
  for (const scenario of [driven, alone]) {
    scenario.scripted({ held: { implementation: [{ do: 'hang' }] } });
    scenario.packets(...[...ENDED, 'held'].map((id) => packetOf(id)));
  }
  expect((await pawl(alone, 'run', '--packets', alone.packets(...ENDED.map((id) => packetOf(id))))).code).toBe(0);
  await place.start();
  await place.client.call('addProject', { body: { path: driven.path } });
  follower = new Follower(place.client);
  const packets = [...ENDED, 'held'].map((id) => packetOf(id));
  const taken = await place.client.call('addRuns', { body: { project: 'driven', packets } });
  held = taken.packets.find(({ taskId }) => taskId === 'held')?.runId ?? '';
  const ids = taken.packets.map(({ runId }) => runId).filter((runId) => runId !== held);
  [first = '', second = '', third = ''] = ids.toSorted();
  await place.until('all but one to end', async () => {
    const { runs: ended } = await place.client.call('listRuns', { query: { kind: 'terminal' } });
    return ended.length === ENDED.length && driven.startsOf(held).length === 1;
  });
});

afterAll(async () => {
  await follower.end();
  await place.end();
  await driven.end();
  await alone.end();
});

describe('pawl clean where a daemon drives', () => {
  it('says what it says without one; a run that is open stays', async () => {
    expect(plain(await pawl(driven, 'clean', '--dry-run'))).toEqual(plain(await pawl(alone, 'clean', '--dry-run')));
    const said = plain(await pawl(driven, 'clean'));
    expect(said).toEqual(plain(await pawl(alone, 'clean')));
    expect(said).toEqual([0, expect.stringMatching(/■ run_one_\w+ [\s\S]*3 runs, SIZE freed/)]);
    expect(plain(await pawl(driven, 'clean'))).toEqual([0, expect.stringMatching(/^Nothing to clean\.\s*$/)]);
    expect(driven.workersOf(held)).not.toEqual([]);
  });
});

describe('a run whose folder was removed', () => {
  it('is told once, behind everything else of it, and is unknown then', async () => {
    const body = { dryRun: true, removesFolders: true, largerThanBytes: 0, after: second };
    const looked = await place.client.call('cleanProject', { params: ID, body });
    expect(looked).toMatchObject({ dryRun: true, next: null, runs: [{ runId: third, removesFolder: true }] });
    const done = await place.client.call('cleanProject', { params: ID, body: { ...body, dryRun: false } });
    expect(done).toMatchObject({ dryRun: false, next: null, runs: [{ runId: third, problem: null }] });
    const again = await place.client.call('cleanProject', { params: ID, body: { ...body, dryRun: false } });
    expect(again).toMatchObject({ next: null, runs: [] });
    await seesAll();
    expect(removed()).toMatchObject([
      { system: third, project: 'driven', data: { runId: third, state: 'readyForManualReview' } },
    ]);
    expect(follower.changes.filter(({ system }) => system === third).at(-1)?.type).toBe('run_removed');
    await expect(place.client.call('getRun', { params: { id: third } })).rejects.toMatchObject({
      problem: { status: 404, code: 'PAWL_RUN_UNKNOWN' },
    });
  });

  it('while no daemon ran, or by hand, is told by the next one, and by no later one again', async () => {
    await place.kill();
    rmSync(driven.runFile(second), { recursive: true });
    const { code } = await pawl(driven, 'clean', '--folders', '--older-than', '0s');
    expect(code).toBe(0);
    for (let starts = 0; starts < 2; starts += 1) {
      await place.start();
      await place.until('the project to be driven', isDriven);
      await seesAll();
      const told = removed().map(({ system, data }) => [system, data.state]);
      expect(told.toSorted()).toEqual([
        [first, 'readyForManualReview'],
        [second, null],
        [third, 'readyForManualReview'],
      ]);
      await place.kill();
    }
    await place.start();
    expect([follower.faults, follower.resyncs]).toEqual([[], []]);
  });
});

describe('pawl recover where a daemon drives', () => {
  it('has the daemon check every run, sets aside one that is damaged, and goes on with the others', async () => {
    const packets = [packetOf('late')];
    driven.packets(...packets);
    const taken = await place.client.call('addRuns', { body: { project: 'driven', packets } });
    const late = taken.packets[0]?.runId ?? '';
    await place.until('it to end', async () => {
      return (await place.client.call('getRun', { params: { id: late } })).kind === 'terminal';
    });
    // A run has ended a moment before the feed has that.
    const toldEnd = () => follower.changes.find(({ system, data }) => system === late && data.kind === 'terminal');
    await place.until('the feed to have its end', () => toldEnd() !== undefined);
    const cursor = toldEnd()?.seq ?? 0;
    expect((await pawl(driven, 'recover')).code).toBe(0);
    const journal = driven.runFile(late, 'events.jsonl');
    const lines = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, [lines[0], ...lines.slice(2)].join('\n'));
    expect((await pawl(driven, 'status')).code).toBe(0);
    const end = await pawl(driven, 'recover', '--json');
    const { quarantined } = documentOf<{ quarantined: readonly RunView[] }>(end);
    expect([end.code, quarantined.map(({ runId }) => runId)]).toEqual([5, [late]]);
    expect(await place.client.call('getRun', { params: { id: late } })).toMatchObject({ kind: 'quarantined' });
    expect(driven.startsOf(held)).toHaveLength(1);
    expect(driven.workersOf(held)).not.toEqual([]);
    const given = { command: 'resolve', decision: 'abandon', reason: 'it is damaged' } as const;
    await place.client.call('commandRun', { params: { id: late }, query: { project: 'driven' }, body: given });
    expect(await place.client.call('getRun', { params: { id: late } })).toMatchObject({ kind: 'terminal' });
    await seesAll();
    const since = follower.changes.filter(({ seq }) => seq > cursor);
    expect(since.filter(({ type }) => type === 'run_removed')).toEqual([]);
    expect(since.filter(({ system }) => system === late).map(({ data }) => [data.event, data.kind])).toEqual([
      ['setAside', 'quarantined'],
      ['givenUp', 'terminal'],
    ]);
  });

  it('takes nothing over from it, and looks without it', async () => {
    const over = await pawl(driven, 'recover', '--take-over', '--reason', 'it looks dead');
    expect([over.code, over.stderr]).toEqual([6, expect.stringContaining('PAWL_REGISTRY_LOCKED')]);
    const dry = await pawl(driven, 'recover', '--dry-run', '--json');
    expect(documentOf<{ dryRun: boolean }>(dry).dryRun).toBe(true);
  });
});
