/**
 * A daemon with projects whose runs have ended, and one project in which runs can wait.
 *
 * Owns: making it, starting it, what it costs by the system's count, taking it away. Does not own: what is measured (daemon).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../../dist/src/client/client.js';
import { createBenchRegistry, createRuns, settleUntil } from './bench-registry.mjs';
import { CONFIG } from './packets.mjs';
import { createSandbox, PAWL } from './sandbox.mjs';

const KIB = 1_024;
const WAIT_MS = 60_000;
const LOOK_MS = 5;
const PACKETS_AT_ONCE = 250;
const QUIET_MS = 1_500;
/** One run is driven and its worker sleeps; all others wait for their turn. */
const WAITING_CONFIG = {
  ...CONFIG,
  agents: { bench: { kind: 'scripted', steps: { ...CONFIG.agents.bench.steps, implementation: [{ do: 'hang' }] } } },
  limits: { parallelRunsMax: 1 },
};

/** `projects` repositories with `runsEach` ended runs, registered; no daemon yet. */
export async function createDaemonPlace({ projects, runsEach }) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-bench-home-')));
  const home = join(root, 'home');
  const socket = join(home, 'sock');
  const env = { ...process.env, PAWL_HOME: home };
  const sandboxes = [];
  for (let n = 0; n < projects; n += 1) {
    const sandbox = createSandbox({ packets: 0, config: WAITING_CONFIG });
    sandboxes.push(sandbox);
    const registry = await createBenchRegistry({ isSynced: false, folder: sandbox.registry });
    for (const run of await createRuns(registry, runsEach)) {
      await settleUntil(run, null);
      await run.stop();
    }
    await registry.close();
    sandbox.run(process.execPath, [PAWL, 'project', 'add', '--path', sandbox.root, '--id', `p${n}`], env);
  }
  const client = new Client({ kind: 'socket', path: socket });
  let daemon = null;
  return {
    socket,
    client,
    root,
    /** Milliseconds from the start of the process until it is ready. */
    start: async () => {
      const startMs = performance.now();
      daemon = spawn(process.execPath, [PAWL, 'serve'], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      for (const endMs = startMs + WAIT_MS; performance.now() < endMs; await pause(LOOK_MS)) {
        const { state } = await client.call('getReadiness').catch(() => ({ state: 'starting' }));
        if (state === 'ready') return performance.now() - startMs;
      }
      throw new Error('the bench is wrong: the daemon is not ready');
    },
    /** It is ended in order. */
    stop: async () => {
      const ended = new Promise((resolve) => daemon.once('close', resolve));
      daemon.kill('SIGTERM');
      await ended;
    },
    cpuMs: () => cpuMs(daemon.pid),
    rssBytes: () => memory(daemon.pid, 'VmRSS'),
    /** The peak is counted from now on. */
    forgetPeak: () => writeFileSync(`/proc/${daemon.pid}/clear_refs`, '5'),
    peakRssBytes: () => memory(daemon.pid, 'VmHWM'),
    remove: async () => {
      daemon?.kill('SIGKILL');
      for (const sandbox of sandboxes) {
        endWorkers(sandbox.root);
        sandbox.remove();
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Runs that wait for their turn in that project; their ids. */
export async function addWaitingRuns({ client }, project, packets) {
  for (let at = 0; at < packets.length; at += PACKETS_AT_ONCE) {
    const body = { project, packets: packets.slice(at, at + PACKETS_AT_ONCE), agent: 'bench' };
    await client.call('addRuns', { body, timeoutMs: WAIT_MS });
  }
  await quiet(client);
  const waiting = (await runsOf(client, project)).filter(({ task, kind }) => task === null && kind === 'active');
  // One may be driven.
  if (waiting.length < packets.length - 1) throw new Error(`the bench is wrong: ${waiting.length} runs wait`);
  return waiting.map(({ runId }) => runId);
}

/** Resolves when nothing has changed for a while. */
async function quiet(client) {
  let last = -1;
  for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await pause(QUIET_MS)) {
    const { cursor } = await client.call('getApi');
    if (cursor === last) return;
    last = cursor;
  }
  throw new Error('the bench is wrong: something always changes');
}

async function runsOf(client, project) {
  const all = [];
  for (let page; page !== null; ) {
    const { runs, next } = await client.call('listRuns', { query: { project, limit: 1_000, ...(page && { page }) } });
    all.push(...runs);
    page = next;
  }
  return all;
}

/** Hosts and workers of a repository, found by their arguments or their working folder. */
function endWorkers(root) {
  const listed = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).stdout ?? '';
  for (const row of listed.split('\n')) {
    const [, pid, args] = /^\s*(\d+) (.*)$/.exec(row) ?? [];
    if (pid === undefined || Number(pid) === process.pid) continue;
    if (args.includes(root) || folderOf(pid).startsWith(root)) endProcess(Number(pid));
  }
}

/** Where a process works; empty where that cannot be told. */
function folderOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It has ended meanwhile, or is somebody else's.
    return '';
  }
}

/** One that has ended meanwhile is over. */
function endProcess(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function memory(pid, name) {
  const [, value] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(value) * KIB;
}

/** Processor time that the process has taken. */
function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const hertz = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / hertz;
}
