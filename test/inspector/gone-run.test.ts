/** A run whose folder is cleaned away while the hub shows it. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { RunList } from '../../src/inspector/hub/run-list.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { InspectorBench, type Told } from './registry-kit.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const OTHER = 'run_T-2_bbbbbbbbbbbb';
const ALL = 1_000;

let bench = new InspectorBench();
afterEach(async () => {
  await bench.close();
  bench = new InspectorBench();
});

/** In one step, as cleaning does it. */
const clean = (runId: string): void =>
  renameSync(join(bench.registry, 'runs', runId), join(bench.folder, `trash-${runId}`));

it('is told to every page, also to one that looks at it closely; the others are shown as before', async () => {
  bench.run(RUN, ALL);
  const other = bench.run(OTHER, 4);
  const hub = await bench.hub();
  const [close, far] = [await bench.client(hub), await bench.client(hub)];
  const outside = await bench.client(hub, '/inspect');
  close.say({ type: 'watch', runId: RUN, fromSeq: 1 });
  far.say({ type: 'watch', runId: OTHER, fromSeq: 1 });
  for (const client of [close, far])
    await client.until(({ type, isReplay }) => type === 'records' && isReplay === false);
  clean(RUN);
  const isGone = ({ type, runId }: Told): boolean => type === 'runGone' && runId === RUN;
  for (const client of [close, far]) await client.until(isGone, 'that it is gone');
  const [next] = other.append(1);
  await far.until(() => far.records(OTHER).at(-1)?.seq === next?.seq, 'the next record of the other run');
  close.say({ type: 'watch', runId: RUN, fromSeq: 1 });
  const late = await bench.client(hub);
  const { runs } = await late.until(({ type }) => type === 'runs');
  expect((runs as { runId: string }[]).map(({ runId }) => runId)).toEqual([OTHER]);
  for (const client of [close, far, outside]) expect(client.socket.readyState).toBe(client.socket.OPEN);
});

it('is not shown again where it went while it was looked at', async () => {
  const run = bench.run(RUN, ALL);
  const told: (string | null)[] = [];
  let goes = (): void => undefined;
  const fs: FsPort = {
    ...nodeFs,
    open: (path, mode) => {
      if (path === run.journal) goes();
      return nodeFs.open(path, mode);
    },
  };
  const place = { files: new Files(fs, systemClock), paths: new RegistryPaths(bench.registry) };
  const list = new RunList({ ...place, processes: systemProcesses() }, (runId, view) => {
    told.push(view === null ? null : runId);
  });
  goes = () => list.changed(RUN, false);
  list.changed(RUN, true);
  await list.settled();
  expect([list.views, told]).toEqual([[], []]);
  goes = () => undefined;
  list.changed(RUN, true);
  await list.settled();
  expect([list.views.length, told]).toEqual([1, [RUN]]);
  list.close();
});
