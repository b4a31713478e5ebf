import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { CLOSE_CODES } from '../../src/inspector/wire/page-api.ts';
import { createSandboxRepo } from '../../src/prove/real/sandbox-repo.ts';
import { Files } from '../../src/store/files.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { rotateToken } from '../../src/store/home/token-file.ts';
import { startPawl } from '../support/pawl-cli.ts';
import { HubClient, InspectorBench } from './registry-kit.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const bench = new InspectorBench();
const repo = createSandboxRepo();
bench.run(RUN, 1_000);
cpSync(bench.registry, join(repo.path, '.pawl'), { recursive: true });
afterAll(async () => {
  repo.remove();
  await bench.close();
});

const env = { ...process.env, PAWL_HOME: join(bench.folder, 'home') };
const pawl = (...args: string[]): ReturnType<typeof startPawl> => startPawl(repo.path, env, args, 20_000);

describe('pawl inspect', () => {
  it('prints its address in one document, serves a copied registry without a repository, ends when interrupted, has the same address again, and lets go whoever shows a token that was replaced', async () => {
    const call = startPawl(bench.folder, env, ['inspect', RUN, '--json', '--registry', bench.registry], 20_000);
    const [said] = await once(call.child.stdout ?? call.child, 'data');
    const { url, port, runId } = JSON.parse(String(said));
    expect(runId).toBe(RUN);
    expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/#token=[\\w-]{43}&run=${RUN}$`));
    const client = new HubClient(`ws://127.0.0.1:${port}/ws${new URL(url).hash.replace('#', '?').split('&')[0]}`);
    expect((await client.until(({ type }) => type === 'runs')).runs).toMatchObject([{ runId: RUN }]);
    const taken = await pawl('inspect', '--json', '--port', String(port)).ended;
    expect([taken.code, JSON.parse(taken.stdout).error.message]).toEqual([2, expect.stringContaining(`Port ${port}`)]);
    call.child.kill('SIGINT');
    expect(await call.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    await client.closed;
    const again = startPawl(bench.folder, env, ['inspect', RUN, '--json', '--registry', bench.registry], 20_000);
    const [saidAgain] = await once(again.child.stdout ?? again.child, 'data');
    expect(JSON.parse(String(saidAgain)).url).toBe(url);
    const tab = new HubClient(`ws://127.0.0.1:${port}/ws${new URL(url).hash.replace('#', '?').split('&')[0]}`);
    await tab.until(({ type }) => type === 'hello');
    await rotateToken(new Files(nodeFs, systemClock), new HomePaths(env.PAWL_HOME));
    expect(await tab.closed).toBe(CLOSE_CODES.tokenUnknown);
    again.child.kill('SIGINT');
    await again.ended;
  });

  it('serves with a token of its own, and says so, where none can be kept', async () => {
    const homeless = { ...env, PAWL_HOME: join(bench.folder, 'outside.js') };
    const call = startPawl(repo.path, homeless, ['inspect', '--json'], 20_000);
    const [said] = await once(call.child.stdout ?? call.child, 'data');
    const { hash, host } = new URL(JSON.parse(String(said)).url);
    const client = new HubClient(`ws://${host}/ws${hash.replace('#', '?')}`);
    await client.until(({ type }) => type === 'runs');
    call.child.kill('SIGINT');
    expect(await call.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('changes with every start') });
  });

  it('refuses a run, a registry and a port that are none', async () => {
    const calls = [['run_x'], ['--registry', join(bench.folder, 'nothing')], ['--port', '65536']];
    const ends = await Promise.all(calls.map((args) => pawl('inspect', '--json', ...args).ended));
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(ends.map(({ stdout }) => JSON.parse(stdout).error.code)).toEqual([
      'PAWL_RUN_UNKNOWN',
      'PAWL_USAGE',
      'PAWL_USAGE',
    ]);
  });
});

describe('pictures in a terminal', () => {
  it('are a part of what status and events say', async () => {
    const [status, events, usage] = await Promise.all([
      pawl('status', RUN, '--picture').ended,
      pawl('events', RUN, '--mermaid', '--json').ended,
      pawl('status', '--picture').ended,
    ]);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('\n      ● readyForManualReview\n') });
    expect(JSON.parse(events.stdout).mermaid).toMatch(/^sequenceDiagram\n[\s\S]*Note over R: readyForManualReview\n$/);
    expect(usage).toMatchObject({ code: 2, stderr: expect.stringContaining('--picture shows one run') });
  });
});
