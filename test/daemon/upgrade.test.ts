/** A new version of Pawl takes over from an old one while workers work. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { processState } from '../../src/prove/real/moments.ts';
import { CLI } from '../support/pawl-cli.ts';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace } from './daemon-kit.ts';

const NAMES = ['one', 'two', 'three'] as const;
const NEW_VERSION = '9.8.7';
const PACKAGE = resolve(import.meta.dirname, '../..');

/** The built program as another version of it. */
let newer: string;
let place: DaemonPlace;
let scenario: Scenario;

beforeAll(() => {
  newer = mkdtempSync(join(tmpdir(), 'pawl-newer-'));
  cpSync(join(PACKAGE, 'dist'), join(newer, 'dist'), { recursive: true });
  symlinkSync(join(PACKAGE, 'node_modules'), join(newer, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as object;
  writeFileSync(join(newer, 'package.json'), JSON.stringify({ ...manifest, version: NEW_VERSION }));
});

afterAll(() => rmSync(newer, { recursive: true, force: true }));

beforeEach(() => {
  place = new DaemonPlace();
  scenario = new Scenario();
});

afterEach(async () => {
  await place.end();
  await scenario.end();
});

/** Each works until its file is there. */
function heldScripts(): Record<string, object> {
  const held = (name: string) => ({
    implementation: [
      { do: 'waitFor', path: join(scenario.repo.root, 'go') },
      write(`work-of/${name}/done.txt`),
      answer(),
    ],
  });
  return Object.fromEntries(NAMES.map((name) => [name, held(name)]));
}

/** The pids of the workers that are at work, by run. */
function workers(runIds: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    runIds.map((runId) => {
      const file = scenario.runFile(runId, 'tasks', 'implementation-e0-a1', 'agent.json');
      const { worker } = JSON.parse(readFileSync(file, 'utf8')) as { readonly worker: { readonly pid: number } };
      return [runId, worker.pid];
    }),
  );
}

it.each([
  ['stopped', 'SIGTERM'],
  ['killed', 'SIGKILL'],
] as const)(
  'three workers go on while the old daemon is %s and a new version takes over; each task ends once',
  async (_how, signal) => {
    scenario.scripted(heldScripts() as never, { limits: { parallelRunsMax: 3 } });
    await place.start();
    const { client } = place;
    const old = await client.call('getApi');
    await client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
    const packets = NAMES.map((name) => packetOf(name));
    scenario.packets(...packets);
    scenario.scripted(heldScripts() as never, { limits: { parallelRunsMax: 3 } });
    const { runs } = await client.call('addRuns', { body: { project: 'widget', packets }, key: 'upgrade' });
    const runIds = runs.map(({ runId }) => runId);
    await place.until('three workers', () => scenario.starts().length === NAMES.length);
    await place.until('their records', () => {
      try {
        return Object.keys(workers(runIds)).length === NAMES.length;
      } catch {
        return false; // Not yet.
      }
    });
    const before = workers(runIds);
    expect(await place.kill(signal)).toBe(signal === 'SIGTERM' ? 0 : null);
    for (const pid of Object.values(before)) expect(processState(pid)).not.toBeNull();

    await place.startProgram(join(newer, 'dist/src/cli/main.js'));
    const api = await client.call('getApi');
    expect([old.version, api.version, api.apiVersions]).toEqual([
      expect.not.stringMatching(NEW_VERSION),
      NEW_VERSION,
      old.apiVersions,
    ]);
    // The same command again, sent to the new version: the same answer.
    const again = await client.call('addRuns', { body: { project: 'widget', packets }, key: 'upgrade' });
    expect(again.packets.map(({ runId }) => runId)).toEqual(runIds);
    expect(workers(runIds)).toEqual(before);
    for (const pid of Object.values(before)) expect(processState(pid)).not.toBeNull();

    scenario.repo.write(join(scenario.repo.root, 'go'), '');
    await place.until('all runs to end', async () => {
      const { runs: ended } = await client.call('listRuns', { query: { kind: 'terminal' } });
      return ended.length === NAMES.length;
    });
    for (const runId of runIds) {
      const ends = scenario
        .journal(runId)
        .flatMap(({ actor, event }) => (event.type === 'workerEnded' ? [`${actor} ${event.result}`] : []));
      expect(ends.filter((end) => end.startsWith('implementation'))).toEqual(['implementation-e0-a1 completed']);
      expect(new Set(ends).size).toBe(ends.length);
      const starts = scenario.startsOf(runId);
      expect(new Set(starts).size).toBe(starts.length);
    }
    // And the old version after the new one.
    await place.kill('SIGTERM');
    await place.startProgram(CLI);
    expect((await client.call('listRuns', { query: { kind: 'terminal' } })).runs).toHaveLength(NAMES.length);
  },
);
