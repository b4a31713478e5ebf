/** One contract for whoever reads runs: the files and the daemon give the same of the same registry. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { type Places, placesOf } from '../../src/app/options.ts';
import { FileRunReader } from '../../src/app/reading/file-run-reader.ts';
import type { RunReader, ToldRecord } from '../../src/app/reading/run-reader.ts';
import type { StreamReading } from '../../src/app/reading-output.ts';
import { drivingDaemon } from '../../src/cli/driving-daemon.ts';
import { DaemonRunReader } from '../../src/client/daemon-run-reader.ts';
import { answer, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace } from './daemon-kit.ts';

const place = new DaemonPlace();
const scenario = new Scenario();
const READERS = ['files', 'daemon'] as const;
const readers: Partial<Record<(typeof READERS)[number], RunReader>> = {};
const ids: Record<string, string> = {};
let places: Places;

function reader(name: (typeof READERS)[number]): RunReader {
  const found = readers[name];
  if (found === undefined) throw new Error(`no reader ${name}`);
  return found;
}

const packets = (...names: readonly string[]) => names.map((name) => packetOf(name));
const runId = (name: string): string => ids[name] ?? '';
const fileOf = (name: string, task: string, file = 'output.ndjson'): Buffer =>
  readFileSync(scenario.runFile(runId(name), 'tasks', task, file));

async function add(...names: readonly string[]): Promise<void> {
  const { runs } = await place.client.call('addRuns', { body: { project: 'widget', packets: packets(...names) } });
  for (const run of runs) ids[run.taskId] = run.runId;
}

const kindOf = async (name: string): Promise<string> =>
  (await place.client.call('getRun', { params: { id: runId(name) } })).kind;

beforeAll(async () => {
  const held = [
    { do: 'print', text: 'before' },
    { do: 'waitFor', path: join(scenario.repo.root, 'go') },
    { do: 'print', text: 'after' },
    write('work-of/held/done.txt'),
    answer(),
  ];
  const review = [{ do: 'print', text: 'Grüße' }, { do: 'print', text: 'zwei' }, verdict('BLOCKED')];
  scenario.scripted({ parked: { review }, held: { implementation: held } } as never);
  scenario.packets(...packets('ready', 'parked', 'held'));
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
  await add('ready', 'parked');
  await place.until('the first to end', async () => (await kindOf('ready')) === 'terminal');
  await place.until('the other to park', async () => (await kindOf('parked')) === 'blocked');
  const before = await place.client.call('getRun', { params: { id: runId('parked') } });
  const body = { command: 'resolve', decision: 'retry', reason: 'once more' } as const;
  await place.client.call('commandRun', { params: { id: runId('parked') }, body });
  await place.until('it to park again', async () => {
    const { kind, seq } = await place.client.call('getRun', { params: { id: runId('parked') } });
    return kind === 'blocked' && seq > before.seq + 2;
  });
  places = placesOf({}, scenario.path);
  process.env.PAWL_HOME = place.home.root;
  const found = drivingDaemon(places);
  delete process.env.PAWL_HOME;
  if (found === null) throw new Error('no daemon drives the registry');
  const { daemon, project, driver } = found;
  readers.files = new FileRunReader(places);
  readers.daemon = new DaemonRunReader({ socket: daemon.socket, project, driver, clock: systemClock });
});

afterAll(async () => {
  await place.end();
  await scenario.end();
});

/** All that a generator gives. */
async function all<T>(given: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of given) items.push(item);
  return items;
}

const bytesOf = async (of: RunReader, taskId: string, name: string, how: StreamReading = {}): Promise<Buffer> => {
  const pieces = await all(of.output({ runId: runId(name), taskId }, 'stdout', how));
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
};

const seqs = (records: readonly ToldRecord[]): readonly number[] => records.map(({ seq }) => seq);

describe('files and daemon', () => {
  const LOOKS: Readonly<Record<string, (of: RunReader, id: string) => Promise<unknown>>> = {
    registry: (of) => of.registry(),
    story: (of, id) => of.story(id),
    standing: async (of, id) => (await of.standing(id))?.kind,
    // Of a record only what is told counts.
    records: async (of, id) =>
      (await of.records(id)).map(({ seq, atMs, actor, event, effects }) => {
        return { seq, atMs, actor, event, effects: effects.map(({ key, kind }) => ({ key, kind })) };
      }),
    tasks: (of, id) => of.tasks(id),
  };

  it.each(Object.keys(LOOKS))('give the same: %s', async (look) => {
    for (const name of ['ready', 'parked']) {
      const [files, daemon] = await Promise.all(READERS.map((each) => LOOKS[look]?.(reader(each), runId(name))));
      expect(JSON.stringify(daemon)).toBe(JSON.stringify(files));
      expect(JSON.stringify(files).length).toBeGreaterThan(5);
    }
  });
});

describe.each(READERS)('%s', (name) => {
  it('show all runs by their ids, and who drives them', async () => {
    const { driver, runs } = await reader(name).registry();
    expect(runs.map((run) => run.runId)).toEqual([runId('parked'), runId('ready')]);
    expect(driver).toMatchObject({ kind: 'alive', pid: place.pid });
  });

  it('tell of one run why it has stopped, and what was decided', async () => {
    const { run, decisions } = await reader(name).story(runId('parked'));
    expect(run?.failure?.gates.length).toBeGreaterThan(0);
    expect(decisions).toMatchObject([{ decision: 'retry', reason: 'once more' }]);
  });

  it('follow from any record on, to the end of what has ended', async () => {
    const written = seqs(scenario.journal(runId('ready')));
    for (const after of [0, 1, 7, written.length]) {
      expect(seqs(await all(reader(name).follow(runId('ready'), after)))).toEqual(written.slice(after));
    }
  });

  it('give every byte from any on, those of the last lines, and to the end of what has ended', async () => {
    const { tasks } = await reader(name).tasks(runId('parked'));
    const task = tasks.findLast(({ taskId }) => taskId.startsWith('review'))?.taskId ?? '';
    const whole = fileOf('parked', task);
    expect(whole.toString()).toMatch(/Grüße\nzwei\n/);
    // In the middle of a character, too.
    for (const from of [0, 3, whole.length, whole.length + 9])
      expect(await bytesOf(reader(name), task, 'parked', { from })).toEqual(whole.subarray(from));
    const last = whole.subarray(whole.lastIndexOf('\n', whole.length - 2) + 1);
    expect(await bytesOf(reader(name), task, 'parked', { lastLines: 1 })).toEqual(last);
    expect(await bytesOf(reader(name), task, 'parked', { follow: true })).toEqual(whole);
    expect(await bytesOf(reader(name), task, 'parked', { follow: true, lastLines: 1 })).toEqual(last);
    expect(await bytesOf(reader(name), task, 'parked', { follow: true, signal: AbortSignal.abort() })).toEqual(
      Buffer.alloc(0),
    );
  });
});

it('both follow a run to its end while it is driven', async () => {
  await add('held');
  await place.until('its worker', () => scenario.starts().some(({ runId: id }) => id === runId('held')));
  const task = 'implementation-e0-a1';
  const signal = new AbortController().signal;
  const following = READERS.map((name) => {
    const of = reader(name);
    return Promise.all([
      all(of.follow(runId('held'), 0)),
      bytesOf(of, task, 'held', { follow: true }),
      all(of.followTasks(runId('held'), signal)),
    ]);
  });
  writeFileSync(join(scenario.repo.root, 'go'), '');
  for (const [records, bytes, looks] of await Promise.all(following)) {
    expect(seqs(records)).toEqual(seqs(scenario.journal(runId('held'))));
    expect(bytes).toEqual(fileOf('held', task));
    const last = looks.at(-1);
    expect(last?.isOver).toBe(true);
    expect(last).toEqual(await reader('files').tasks(runId('held')));
  }
});
