/**
 * The memory of a driver with 100 runs, of which one has a worker and the others wait for their turn.
 *
 * Owns: that measurement. Does not own: the limit (main).
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PROBE } from './happy-path.mjs';
import { CONFIG } from './packets.mjs';
import { createSandbox, PAWL } from './sandbox.mjs';

const RUNS = 100;
const SLEEP_MS = 4_000;
const WAIT_MS = 60_000;

/** Peak resident bytes of the driver. */
export async function measureMemory() {
  const implementation = [{ do: 'sleep', ms: SLEEP_MS }, ...CONFIG.agents.bench.steps.implementation];
  const steps = { ...CONFIG.agents.bench.steps, implementation };
  const sandbox = createSandbox({
    packets: RUNS,
    config: { ...CONFIG, agents: { bench: { kind: 'scripted', steps } } },
  });
  const target = join(sandbox.root, '.git', 'probe.json');
  const args = ['--import', PROBE, PAWL, 'run', '--packets', 'packets.json', '--max-parallel', '1'];
  const env = { ...process.env, PAWL_BENCH_PROBE: target };
  const driver = spawn(process.execPath, args, { cwd: sandbox.root, env, stdio: 'ignore' });
  const ended = new Promise((resolve) => driver.once('close', resolve));
  try {
    const task = await until(() => startedTask(sandbox.registry));
    // What it does not begin it releases; the worker continues under its host.
    driver.kill('SIGTERM');
    await ended;
    await until(() => existsSync(join(task, 'outcome')));
    const notes = JSON.parse(readFileSync(target, 'utf8'));
    return notes.find((note) => note.kind === 'memory').peakRssBytes;
  } finally {
    driver.kill('SIGKILL');
    await ended;
    sandbox.remove();
  }
}

/** The folder of a task whose worker has started, when all runs are there. */
function startedTask(registry) {
  const runs = join(registry, 'runs');
  if (!existsSync(runs) || readdirSync(runs).length < RUNS) return null;
  const tasks = readdirSync(runs).map((runId) => join(runs, runId, 'tasks', 'implementation-e0-a1'));
  return tasks.find((task) => existsSync(join(task, 'agent.json'))) ?? null;
}

async function until(look) {
  for (const endMs = Date.now() + WAIT_MS; Date.now() < endMs; await pause(50)) {
    const found = look();
    if (found) return found;
  }
  throw new Error('the bench is wrong: it waited for something that did not come');
}
