import { chmodSync, cpSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createBrowserReceiver, createWebSocketReceiver } from '@statelyai/inspect';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { type HubClient, InspectorBench, type Told, type WrittenRun } from './registry-kit.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const OTHER = 'run_T-2_bbbbbbbbbbbb';
/** More than the machines of a run that goes well take. */
const ALL = 1_000;
const LATENCY_MS_MAX = 200;

/** A file system whose watching never says anything: polling alone is left. */
const UNWATCHED: FsPort = { ...nodeFs, watch: () => () => undefined };

let bench = new InspectorBench();
afterEach(async () => {
  await bench.close();
  bench = new InspectorBench();
});

const caughtUp = (message: Told): boolean => message.type === 'records' && message.isReplay === false;

async function watching(run: WrittenRun, fs = nodeFs, fromSeq = 1): Promise<HubClient> {
  const client = await bench.client(await bench.hub({}, fs));
  client.say({ type: 'watch', runId: run.runId, fromSeq });
  await client.until(caughtUp, 'the end of the replay');
  return client;
}

/** How long it takes until records appended one by one are told, each. */
async function latencies(run: WrittenRun, client: HubClient, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const before = performance.now();
    const seq = run.append(1)[0]?.seq;
    await client.until(() => client.records(run.runId).some((record) => record.seq === seq), `record ${seq}`);
    took.push(performance.now() - before);
  }
  return took;
}

/** Of an odd or even count the upper one: a busy machine may be late once. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.POSITIVE_INFINITY;
}

/** Every file below the folder with its bytes and times. */
function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ parentPath, name }) => {
    const stat = statSync(join(parentPath, name));
    return `${parentPath}/${name} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
  });
}

describe('a page', () => {
  it('is sent what the hub is, then the state of every run, then changes', async () => {
    const run = bench.run(RUN, 4);
    bench.run(OTHER, ALL);
    const client = await bench.client(await bench.hub({ runId: RUN }));
    const runs = await client.until(({ type }) => type === 'runs');
    expect(client.told[0]).toMatchObject({
      type: 'hello',
      runId: RUN,
      hasProof: false,
      machines: { run: { id: 'run' } },
    });
    expect(runs.runs).toMatchObject([
      { runId: RUN, kind: 'active', seq: 4 },
      { runId: OTHER, state: 'readyForManualReview' },
    ]);
    run.append(ALL);
    const changed = await client.until(({ type, run: view }) => type === 'run' && Object(view).kind === 'terminal');
    expect(changed.run).toMatchObject({ runId: RUN, state: 'readyForManualReview' });
    bench.run('run_T-3_cccccccccccc', 2);
    await client.until(
      ({ type, run: view }) => type === 'run' && Object(view).taskId === 'T-1' && Object(view).seq === 2,
    );
  });

  it('is sent the history of the run it watches, then each record within 200 ms of its append', async () => {
    const run = bench.run(RUN, 3);
    const watched: string[] = [];
    const client = await watching(run, {
      ...nodeFs,
      watch: (folder, onChange) => {
        watched.push(folder);
        return nodeFs.watch(folder, onChange);
      },
    });
    expect(watched).toEqual([join(bench.registry, 'runs'), join(bench.registry, 'runs', RUN)]);
    expect(median(await latencies(run, client, 8))).toBeLessThan(LATENCY_MS_MAX);
    expect(client.records(RUN).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('is sent them within 200 ms even where folders cannot be watched', async () => {
    const run = bench.run(RUN, 3);
    const client = await watching(run, UNWATCHED);
    expect(median(await latencies(run, client, 5))).toBeLessThan(LATENCY_MS_MAX);
  });

  it('continues from the record that it has when it comes back', async () => {
    const client = await watching(bench.run(RUN, 9), nodeFs, 7);
    expect(client.records(RUN).map(({ seq }) => seq)).toEqual([7, 8, 9]);
  });

  it('is told that the journal is another one, and is sent all of it', async () => {
    const run = bench.run(RUN, 9);
    const client = await watching(run);
    truncateSync(run.journal, readFileSync(run.journal, 'utf8').split('\n').slice(0, 4).join('\n').length + 1);
    await client.until(({ type }) => type === 'recordsReset');
    await client.until(() => client.told.filter(caughtUp).length === 2);
    expect(client.records(RUN).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4]);
  });
});

describe('a run that nobody drives', () => {
  it('is told as halted with what to do about it, and as driven once somebody holds the registry', async () => {
    const run = bench.run(RUN, 4);
    const client = await bench.client(await bench.hub());
    const runs = await client.until(({ type }) => type === 'runs');
    expect(runs.runs).toMatchObject([
      { liveness: { standing: 'halted' }, actions: [{ kind: 'run', command: `pawl run ${run.runId}` }] },
    ]);
    expect(await client.until(({ type }) => type === 'liveness')).toMatchObject({
      driver: { kind: 'none' },
      runs: { [RUN]: { standing: 'halted', task: null } },
    });
    const holder = systemProcesses().self();
    const lock = { v: 1, generation: 1, nonce: 'n'.repeat(32), holder, atMs: Date.now(), takeOver: null };
    writeFileSync(join(bench.registry, 'lock.000001'), JSON.stringify(lock));
    const driven = await client.until(({ type, driver }) => type === 'liveness' && Object(driver).kind === 'alive');
    expect(driven.runs).toMatchObject({ [RUN]: { standing: 'working' } });
    const view = await client.until(({ type }) => type === 'run');
    expect(view.run).toMatchObject({
      actions: [{ kind: 'driven', command: null, label: expect.stringContaining(`driven by pid ${process.pid}`) }],
    });
  });
});

describe('a run that has not ended well', () => {
  it('is shown up to a last line that was never finished, and that is said', async () => {
    const run = bench.run(RUN, 4);
    writeFileSync(run.journal, `${readFileSync(run.journal, 'utf8')}{"actor":"ru`);
    const client = await watching(run);
    expect(client.records(RUN)).toHaveLength(4);
    const recovery = await client.until(({ type }) => type === 'recovery');
    expect(recovery.journalFault).toBeNull();
    expect(recovery.findings).toContainEqual(expect.objectContaining({ class: 'interruptedAppend' }));
  });

  it('is shown with its last record though the newline of that is missing, and continues from there', async () => {
    const run = bench.run(RUN, 5);
    truncateSync(run.journal, statSync(run.journal).size - 1);
    const client = await watching(run);
    expect(client.records(RUN)).toHaveLength(5);
    writeFileSync(run.journal, `${readFileSync(run.journal, 'utf8')}\n`);
    run.append(1);
    await client.until(() => client.records(RUN).length === 6);
  });

  it.each([
    ['was changed', (line: string) => [line.replace('"gen":1', '"gen":2')], 'its sum is wrong'],
    ['is missing', () => [], 'its seq is 8 and should be 7'],
  ])('is shown up to a line that %s, and why', async (_what, damage, why) => {
    const run = bench.run(RUN, 9);
    const lines = readFileSync(run.journal, 'utf8').split('\n');
    writeFileSync(run.journal, lines.flatMap((line, index) => (index === 6 ? damage(line) : [line])).join('\n'));
    const client = await watching(run);
    expect(client.records(RUN).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    const recovery = await client.until(({ type }) => type === 'recovery');
    expect(recovery.journalFault).toBe(`line 7 of the journal: ${why}`);
  });

  it('is shown with the report of its quarantine', async () => {
    const run = bench.run(RUN, 5);
    const why = { v: 1, code: 'PAWL_JOURNAL_DAMAGED', detail: 'line 3', findings: [], surfaces: ['path:a/b'], atMs: 7 };
    writeFileSync(join(run.journal, '..', 'quarantined'), JSON.stringify(why));
    const client = await watching(run);
    expect(await client.until(({ type }) => type === 'recovery')).toMatchObject({
      quarantine: { code: 'PAWL_JOURNAL_DAMAGED', detail: 'line 3', resolved: null },
    });
    expect((await client.until(({ type }) => type === 'runs')).runs).toMatchObject([{ kind: 'quarantined' }]);
  });
});

describe('what a worker has left', () => {
  it('is text: without escapes and secrets, markup as it is', async () => {
    const run = bench.run(RUN, 12);
    const taskId = Object.keys(run.last?.state.children ?? {})[0] ?? '';
    const output = run.taskFile(
      taskId,
      TASK_FILES.output,
      'password=hunter2hunter2 \u001b[31m<script>alert(1)</script>\u001b]0;x\u0007',
    );
    run.taskFile(taskId, TASK_FILES.completion, JSON.stringify({ summary: 'token: abcdef123456', apiKey: 'k', n: 1 }));
    const client = await watching(run);
    const files = await client.until(({ type }) => type === 'files');
    expect(files.tasks).toMatchObject({
      [taskId]: { completion: { summary: 'token: [secret]', apiKey: '[secret]', n: 1 } },
    });
    client.say({ type: 'tail', runId: RUN, taskId, isOn: true });
    const tail = await client.until(({ type }) => type === 'output');
    expect(tail.text).toBe('password=[secret] <script>alert(1)</script>');
    writeFileSync(output, 'more');
    await client.until(({ type, text }) => type === 'output' && text === 'more');
  });

  it('is not shown where it is a link to something else, nor where no record names it', async () => {
    const run = bench.run(RUN, 12);
    const taskId = Object.keys(run.last?.state.children ?? {})[0] ?? '';
    run.taskFile(taskId, 'x', '');
    cpSync(join(bench.folder, 'outside.js'), join(run.journal, '..', 'artifact.json'));
    const { symlinkSync } = await import('node:fs');
    symlinkSync(join(bench.folder, 'outside.js'), join(run.journal, '..', 'tasks', taskId, TASK_FILES.output));
    const client = await watching(run);
    client.say({ type: 'tail', runId: RUN, taskId, isOn: true });
    expect((await client.until(({ type }) => type === 'output')).text).toBe('');
    for (const path of ['artifact.json', '../../../outside.js', 'artifacts/intake/packet-aaaaaaaaaaaa.json']) {
      client.say({ type: 'artifact', runId: RUN, path });
      const answer = await client.until((message) => message.type === 'artifact' && message.path === path);
      expect(answer).toMatchObject({ document: null, problem: expect.any(String) });
    }
    expect(JSON.stringify(client.told)).not.toContain('"secret"');
  });
});

describe('the hub', () => {
  it('has the same port each time for the same registry, another one while that is in use, and any that it is told to use', async () => {
    const first = await bench.hub();
    expect(first.port).toBeGreaterThanOrEqual(49_152);
    const second = await bench.hub();
    expect(second.port).not.toBe(first.port);
    await first.close();
    const again = await bench.hub();
    expect(again.port).toBe(first.port);
    await expect(bench.hub({ port: second.port })).rejects.toThrow(`Port ${second.port} cannot be used`);
  });

  it('changes nothing, and works where it may not write', async () => {
    const run = bench.run(RUN, 9);
    const folders = [bench.registry, join(bench.registry, 'runs'), join(run.journal, '..')];
    for (const folder of folders) chmodSync(folder, 0o500);
    const before = treeOf(bench.registry);
    await watching(run);
    expect(treeOf(bench.registry)).toEqual(before);
    for (const folder of folders) chmodSync(folder, 0o700);
  });

  it('gives a client that comes late everything from the first definition on, then what is live', async () => {
    const run = bench.run(RUN, 6);
    bench.run(OTHER, 3);
    const hub = await bench.hub();
    const one = await bench.client(hub, '/inspect', `&run=${RUN}`);
    await one.until(
      ({ type, event }) => type === '@xstate.snapshot' && Object(event).type === run.last?.record.event.type,
    );
    run.append(ALL);
    const end = ({ type, sessionId, snapshot }: Told): boolean =>
      type === '@xstate.snapshot' && sessionId === RUN && Object(snapshot).value === 'readyForManualReview';
    await one.until(end);
    const late = await bench.client(hub, '/inspect', `&run=${RUN}`);
    await late.until(end);
    expect(late.told).toEqual(one.told);
    expect(late.told[0]).toMatchObject({
      type: '@xstate.actor',
      sessionId: RUN,
      definition: expect.stringContaining('"run"'),
    });
    const all = await bench.client(hub, '/inspect');
    await all.until(({ sessionId }) => sessionId === OTHER);
    await all.until(end);
  });

  it("sends what @statelyai/inspect's own receivers take", async () => {
    bench.run(RUN, ALL);
    const hub = await bench.hub();
    const plain = await bench.client(hub, '/inspect');
    const taken: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      createWebSocketReceiver({ server: `ws://127.0.0.1:${hub.port}/inspect?token=${hub.token}` }).subscribe(
        (event) => {
          taken.push(event);
          if (Object(Object(event).snapshot).value === 'readyForManualReview') resolve();
        },
      );
    });
    await done;
    await plain.until(() => plain.told.length === taken.length);
    expect(taken).toEqual(plain.told);
    expect(inBrowserReceiver(plain.told)).toEqual(plain.told);
  });
});

/** What the receiver of a browser's page lets through. */
function inBrowserReceiver(messages: readonly unknown[]): unknown[] {
  const taken: unknown[] = [];
  const target = new EventTarget();
  const page = Object.assign(target, { opener: null, parent: null, self: target, top: target });
  createBrowserReceiver({ window: page as object as Window }).subscribe((event) => taken.push(event));
  for (const data of messages) page.dispatchEvent(Object.assign(new Event('message'), { data }));
  return taken;
}
