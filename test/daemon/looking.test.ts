/** What only looks goes through a daemon that drives the registry, and shows what the files show; whatever becomes of that daemon. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliCall, type CliEnd, documentOf, startPawl } from '../support/pawl-cli.ts';
import { answer, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { ask } from './contract-kit.ts';
import { DaemonPlace } from './daemon-kit.ts';

let place: DaemonPlace;
let scenario: Scenario;

const pawl = (...args: readonly string[]): Promise<CliEnd> =>
  scenario.callIn(scenario.path, place.environment, ...args);
const started = (...args: readonly string[]): CliCall =>
  startPawl(scenario.path, { ...scenario.repo.environment, ...place.environment }, args);

/** How often the daemon was asked for each operation. */
async function asked(): Promise<Readonly<Record<string, number>>> {
  const { text } = await ask(place, { path: '/metrics' });
  const found = text.matchAll(/^pawl_requests_total\{operation="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, id = '', count]) => [id, Number(count)]));
}

/** A daemon drives the repository. `prepare`: before it does, since a config that changes makes it open the registry anew. */
async function begin<T>(prepare: () => T): Promise<T> {
  place = new DaemonPlace();
  scenario = new Scenario();
  const prepared = prepare();
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
  await place.until('it to be driven', async () => {
    const { projects } = await place.client.call('listProjects');
    return projects.every(({ state }) => state === 'driven');
  });
  return prepared;
}

async function end(): Promise<void> {
  await place.end();
  await scenario.end();
}

describe('of runs that have come to rest', () => {
  beforeAll(async () => {
    const packets = await begin(() => {
      scenario.scripted({ parked: { review: [{ do: 'print', text: 'Grüße' }, verdict('BLOCKED')] } });
      return scenario.packets(packetOf('ready'), packetOf('parked'));
    });
    await pawl('run', '--packets', packets);
    await pawl('resolve', 'parked', 'retry', '--reason', 'once more');
    await place.until('it to park again', async () => (await pawl('status', 'parked')).stdout.includes('blocked'));
  });
  afterAll(end);

  const LOOKS: readonly (readonly [operations: readonly string[], args: readonly string[]])[] = [
    [['listRuns', 'listProjects'], ['status']],
    [['getRun'], ['status', 'parked']],
    [['getRun'], ['status', 'parked', '--json', '--picture']],
    [['getRun'], ['status', 'ready', '--json']],
    [
      ['listRunEvents', 'getRun'],
      ['events', 'parked'],
    ],
    [['listRunEvents'], ['events', 'ready', '--raw']],
    [['listRunEvents'], ['events', 'ready', '--json']],
    [
      ['listRunEvents', 'getRun'],
      ['events', 'ready', '--follow'],
    ],
    [['listRunEvents'], ['events', 'ready', '--follow', '--json']],
    [
      ['listTasks', 'getOutput'],
      ['logs', 'parked'],
    ],
    [
      ['listTasks', 'getOutput'],
      ['logs', 'parked', 'review', '--raw'],
    ],
    [
      ['listTasks', 'getOutput'],
      ['logs', 'parked', 'review', '--raw', '--tail', '1'],
    ],
    [
      ['listTasks', 'getOutput'],
      ['logs', 'ready', 'verification', '--json'],
    ],
    [
      ['listTasks', 'getOutput'],
      ['logs', 'ready', '--follow', '--json'],
    ],
  ];

  it('every look asks the daemon; when it does not answer, the files give the same, byte for byte', async () => {
    const through: CliEnd[] = [];
    for (const [operations, args] of LOOKS) {
      const before = await asked();
      through.push(await pawl(...args));
      const after = await asked();
      for (const id of operations) expect([args, id, (after[id] ?? 0) > (before[id] ?? 0)]).toEqual([args, id, true]);
    }
    const without = await unreachable(() => Promise.all(LOOKS.map(([, args]) => pawl(...args))));
    for (const [n, [, args]] of LOOKS.entries()) {
      expect([args, shown(without[n])]).toEqual([args, shown(through[n])]);
      expect([args, through[n]?.code]).toEqual([args, 0]);
    }
  });

  it('a daemon that hangs, or speaks another version of the API, keeps nobody from looking', async () => {
    const args = ['status', 'parked', '--json'];
    const through = await pawl(...args);
    process.kill(place.pid, 'SIGSTOP');
    try {
      expect(await pawl(...args)).toEqual(through);
    } finally {
      process.kill(place.pid, 'SIGCONT');
    }
    const before = await asked();
    expect(await withDaemonFile({ api: { min: 9, max: 9 } }, () => pawl(...args))).toEqual(through);
    expect((await asked()).getRun).toBe(before.getRun);
  });

  it('what there is not is refused in the same words', async () => {
    const unknown = [
      ['status', 'nobody'],
      ['events', 'nobody'],
      ['logs', 'ready', 'fix'],
      ['logs', 'nobody'],
    ];
    const through = await Promise.all(unknown.map((args) => pawl(...args)));
    const without = await Promise.all(
      unknown.map((args) => scenario.callIn(scenario.path, { PAWL_HOME: join(place.root, 'none') }, ...args)),
    );
    expect(through).toEqual(without);
    expect(through.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  });
});

/** The result of `body` while `daemon.json` says something else. */
async function withDaemonFile<T>(changed: object, body: () => Promise<T>): Promise<T> {
  const { daemonFile } = place.home;
  const text = readFileSync(daemonFile, 'utf8');
  writeFileSync(daemonFile, JSON.stringify({ ...(JSON.parse(text) as object), ...changed }));
  try {
    return await body();
  } finally {
    writeFileSync(daemonFile, text);
  }
}

/** The result of `body` while the daemon holds the registry and cannot be reached. */
function unreachable<T>(body: () => Promise<T>): Promise<T> {
  return withDaemonFile({ socket: join(place.root, 'nothing-listens-here') }, body);
}

/** What was said, but for how the daemon stands, which differs. */
function shown(end: CliEnd | undefined): unknown {
  const { code, stdout = '', stderr } = end ?? {};
  return { code, stderr, stdout: stdout.replace(/^daemon .*$/m, '') };
}

describe('while the daemon is killed', () => {
  const go = (): string => join(scenario.repo.root, 'go');

  beforeEach(async () => {
    const packets = await begin(() => {
      const held = [
        { do: 'print', text: 'before' },
        { do: 'waitFor', path: go() },
        { do: 'print', text: 'after' },
        write('work-of/long/done.txt'),
        answer(),
      ];
      scenario.scripted({ long: { implementation: held } } as never);
      return scenario.packets(packetOf('long'));
    });
    await pawl('intake', packets);
    await place.until('its worker', () => scenario.starts().length > 0);
  });
  afterEach(end);

  it('events --follow tells every record once and in order to the end of the run, and logs --follow every byte', async () => {
    const events = started('events', 'long', '--follow', '--json');
    const logs = started('logs', 'long', 'implementation', '--follow', '--raw');
    // Each has had its first answer once it asks again.
    await place.until('both to follow', async () => {
      const { listRunEvents = 0, getOutput = 0 } = await asked();
      return listRunEvents > 1 && getOutput > 2;
    });
    await place.kill('SIGKILL');
    await place.start();
    writeFileSync(go(), '');
    const { code, stdout, stderr } = await events.ended;
    expect([code, stderr]).toEqual([0, '']);
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly seq: number });
    const [{ runId = '' } = {}] = scenario.starts();
    expect(told.map(({ seq }) => seq)).toEqual(scenario.journal(runId).map(({ seq }) => seq));
    expect(told).toEqual(documentOf<{ events: readonly object[] }>(await pawl('events', 'long', '--json')).events);
    const printed = await logs.ended;
    const output = readFileSync(scenario.runFile(runId, 'tasks', 'implementation-e0-a1', 'output.ndjson'), 'utf8');
    expect([printed.code, printed.stdout]).toEqual([0, output]);
    expect(output).toMatch(/before[\s\S]*after/);
  });
});
