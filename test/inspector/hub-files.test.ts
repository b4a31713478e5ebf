/** What the hub shows of the files of a run besides its journal: bounded, shared between pages, and nothing that lies elsewhere. */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { LookPlace } from '../../src/engine/run-look.ts';
import { siteRefusalOf } from '../../src/inspector/hub/access.ts';
import { ArtifactIndex } from '../../src/inspector/hub/artifact-index.ts';
import { HUB_BOUNDS } from '../../src/inspector/hub/hub-bounds.ts';
import { artifactDocument } from '../../src/inspector/hub/run-documents.ts';
import { RunWatch } from '../../src/inspector/hub/run-watch.ts';
import { safeDocument } from '../../src/inspector/hub/safe-document.ts';
import { SharedTaskFiles } from '../../src/inspector/hub/shared-task-files.ts';
import { TaskFilesReader } from '../../src/inspector/hub/task-files-view.ts';
import { outputTail } from '../../src/inspector/hub/worker-output.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { writeArtifact } from '../../src/store/artifacts.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { InspectorBench, WrittenRun } from './registry-kit.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';

let bench = new InspectorBench();
afterEach(async () => {
  vi.useRealTimers();
  await bench.close();
  bench = new InspectorBench();
});

function place(fs: FsPort = nodeFs): LookPlace {
  const files = new Files(fs, systemClock);
  return { files, paths: new RegistryPaths(bench.registry), processes: systemProcesses() };
}

/** A file system that counts what is looked at. */
function counted(): { readonly fs: FsPort; readonly looks: string[] } {
  const looks: string[] = [];
  const stat = (path: string) => {
    looks.push(path);
    return nodeFs.stat(path);
  };
  return { fs: { ...nodeFs, stat }, looks };
}

describe('what is shown of a run', () => {
  it('is not the rest of a secret that the window of an output has cut', () => {
    const run = bench.run(RUN, 3);
    const rewound = '\u001b[2K\r'.repeat(Math.floor((HUB_BOUNDS.outputReadBytes - 30) / 5));
    run.taskFile('a', TASK_FILES.output, `first ghp_${'9QZz'.repeat(10)} ${rewound}end`);
    const tail = outputTail(place(), RUN, 'a');
    expect(tail).not.toContain('9QZz');
    expect(tail).toMatch(/^\[…\]\n\s*end$/);
  });

  it('is nothing to which a folder that is a link leads', () => {
    const run = bench.run(RUN, 3);
    run.taskFile('own', TASK_FILES.output, 'own output');
    const outside = join(bench.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, TASK_FILES.output), 'of somebody else');
    symlinkSync(outside, join(run.journal, '..', 'tasks', 'linked'));
    expect(Object.keys(new TaskFilesReader(place(), RUN, 0).look().tasks())).toEqual(['own']);
    expect(['own', 'linked'].map((taskId) => outputTail(place(), RUN, taskId))).toEqual(['own output', '']);
    symlinkSync(join(run.journal, '..'), join(bench.registry, 'runs', 'run_linked'));
    expect(new TaskFilesReader(place(), 'run_linked', 0).look().tasks()).toEqual({});
    expect(outputTail(place(), 'run_linked', 'own')).toBe('');
  });

  it('is no artifact below a folder that is a link, whatever its bytes', async () => {
    const run = bench.run(RUN, 3);
    const folder = join(run.journal, '..');
    const ref = await writeArtifact(place().files, folder, 'intake', 'packet', '{"n":1}');
    expect(artifactDocument(place(), RUN, ref)).toEqual({ document: { n: 1 }, problem: null });
    renameSync(join(folder, 'artifacts', 'intake'), join(bench.folder, 'moved'));
    symlinkSync(join(bench.folder, 'moved'), join(folder, 'artifacts', 'intake'));
    expect(artifactDocument(place(), RUN, ref)).toMatchObject({ document: null, problem: expect.any(String) });
  });

  it('is no member whose name says that it is a secret, whatever its kind; counts are no secrets', () => {
    const kept = { tokens: 7, usage: { outputTokens: 3 }, pass: 12, isSecret: true, token: null, tests: ['a'] };
    const masked = {
      DB_PASS: 'x',
      pwd: 'x',
      tokens: ['x'],
      password: { old: 'x' },
      dbPassword: 4711,
      apiKeys: [{ k: 'x' }],
    };
    expect(safeDocument(kept)).toEqual(kept);
    expect(safeDocument(masked)).toEqual(Object.fromEntries(Object.keys(masked).map((name) => [name, '[secret]'])));
  });
});

describe('looking at task folders', () => {
  it('is done once for all pages of a run, and again once nobody watches any more', () => {
    const { fs, looks } = counted();
    bench.run(RUN, 3).taskFile('a', TASK_FILES.output, 'x');
    const shared = new SharedTaskFiles(place(fs));
    const [one, two] = [shared.use(RUN), shared.use(RUN)];
    one.reader.look();
    const { length } = looks;
    two.reader.look();
    expect(two.reader).toBe(one.reader);
    expect(looks).toHaveLength(length);
    one.end();
    one.end();
    expect(shared.use(RUN).reader).toBe(two.reader);
  });

  it('checks an ended task by its folder alone, most of the times', () => {
    const { fs, looks } = counted();
    const run = bench.run(RUN, 3);
    for (let n = 0; n < HUB_BOUNDS.endedTasksTurn; n += 1) run.taskFile(`t${n}`, TASK_FILES.outcome, '{}');
    const reader = new TaskFilesReader(place(fs), RUN, 0);
    reader.look();
    const { length } = looks;
    reader.look();
    expect(looks.length - length).toBeLessThan(length / 4);
  });

  it('distinguishes a grown output from a new register', () => {
    const run = bench.run(RUN, 3);
    const reader = new TaskFilesReader(place(), RUN, 0);
    run.taskFile('a', TASK_FILES.output, 'x');
    const first = reader.look();
    run.taskFile('a', TASK_FILES.output, 'xyz');
    const grown = reader.look();
    expect([grown.mark, grown.sizesMark]).toEqual([first.mark, first.sizesMark + 1]);
    expect(grown.tasks()).toMatchObject({ a: { outputBytes: 3, unreadable: [] } });
    run.taskFile('a', TASK_FILES.outcome, '{}');
    const ended = reader.look();
    expect([ended.mark, ended.sizesMark]).toEqual([first.mark + 1, first.sizesMark + 1]);
    expect(ended.tasks()).toMatchObject({ a: { unreadable: [TASK_FILES.outcome] } });
  });

  it('sends files again at once for a register, and for an output that only grows after a while at the earliest', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const run = bench.run(RUN, 3);
    const files = new TaskFilesReader(place(), RUN, 0);
    const watch = new RunWatch({ place: place(), runId: RUN, fromSeq: 1, view: () => null, files });
    const isTold = async (): Promise<boolean> => {
      watch.lookAtFiles();
      return (await watch.nextFiles())?.type === 'files';
    };
    run.taskFile('a', TASK_FILES.output, 'x');
    expect(await isTold()).toBe(true);
    run.taskFile('a', TASK_FILES.output, 'xyz');
    expect([await isTold(), await isTold()]).toEqual([false, false]);
    vi.advanceTimersByTime(HUB_BOUNDS.sizesMs);
    expect([await isTold(), await isTold()]).toEqual([true, false]);
    run.taskFile('a', TASK_FILES.outcome, '{}');
    expect(await isTold()).toBe(true);
  });

  it('that fails is reported once, not at every check', async () => {
    const run = bench.run(RUN, 3);
    writeFileSync(join(run.journal, '..', 'tasks'), '');
    const client = await bench.client(await bench.hub());
    client.say({ type: 'watch', runId: RUN, fromSeq: 1 });
    await client.until(({ type }) => type === 'problem');
    await new Promise((resolve) => setTimeout(resolve, 3 * HUB_BOUNDS.filesPollMs));
    expect(client.told.filter(({ type }) => type === 'problem')).toHaveLength(1);
  });
});

describe('artifacts of a run', () => {
  it('are found by reading the journal once, piece by piece, whatever is asked', () => {
    const reads: number[] = [];
    const read: FsPort['read'] = (fd, position, length) => {
      reads.push(length);
      return nodeFs.read(fd, position, length);
    };
    const run = bench.run(RUN, 12);
    const index = new ArtifactIndex(place({ ...nodeFs, read }), RUN);
    expect(index.advance()).toBe(true);
    const named = Object.values(run.last?.state.root.context.packet ?? {}).find((value) => String(value).includes('/'));
    expect(index.get(String(named))).toMatchObject({ path: named });
    expect(index.get('artifacts/none')).toBeNull();
    reads.length = 0;
    expect(index.advance()).toBe(true);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(200);
    run.append(1);
    expect(index.advance()).toBe(true);
  });
});

it('a run whose task folder is missing stays doubtful, however its journal continues', async () => {
  const run = bench.run(RUN, 12);
  const client = await bench.client(await bench.hub());
  const runs = await client.until(({ type }) => type === 'runs');
  rmSync(join(run.journal, '..', 'tasks'), { recursive: true });
  const ahead = new WrittenRun(join(bench.folder, 'ahead'), RUN);
  ahead.append(13);
  appendFileSync(run.journal, readFileSync(ahead.journal, 'utf8').slice(statSync(run.journal).size));
  const moved = await client.until(({ type }) => type === 'run');
  expect([Object(runs.runs)[0].kind, Object(moved.run).kind]).toEqual(['active', 'quarantined']);
  expect(JSON.stringify(Object(moved.run).blockers)).toContain('is missing');
});

it('at the port of HTTP itself the names without a port are ours as well, and at no other', () => {
  const asked = (host: string) => ({ headers: { host, origin: `http://${host}` } }) as IncomingMessage;
  expect(siteRefusalOf(asked('127.0.0.1'), 80)).toBeNull();
  expect(siteRefusalOf(asked('localhost'), 80)).toBeNull();
  expect(siteRefusalOf(asked('127.0.0.1'), 8080)).toBe(403);
  expect(siteRefusalOf(asked('evil.example'), 80)).toBe(403);
});
