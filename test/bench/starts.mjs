/**
 * Starts of the programs against a bare start of Node: `pawl --version`, and a worker host from its spawn to its claim.
 *
 * Owns: these measurements. Does not own: the notes of a run (runner-probe), the limits (main).
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { PROBE } from './happy-path.mjs';
import { createSandbox, PAWL } from './sandbox.mjs';
import { median } from './statistics.mjs';

const PAIRS = 25;
const RUNS = 7;
/** Bare starts before a run and as many after it. */
const BARE_STARTS = 4;

/** Medians over pairs of starts: milliseconds of a bare Node and of `pawl --version`, and the ratio. */
export function measureVersion() {
  const sandbox = createSandbox({ packets: 0 });
  try {
    const pairs = Array.from({ length: PAIRS }, () => ({
      bare: startMs(sandbox, ['-e', '0']),
      version: startMs(sandbox, [PAWL, '--version']),
    }));
    return {
      bareMs: median(pairs.map(({ bare }) => bare)),
      versionMs: median(pairs.map(({ version }) => version)),
      ratio: median(pairs.map(({ bare, version }) => version / bare)),
    };
  } finally {
    sandbox.remove();
  }
}

/** Medians over whole runs: milliseconds from a host's spawn to its durable claim, of bare starts around that run, and the ratio. */
export function measureHostStart() {
  const runs = Array.from({ length: RUNS }, () => {
    const sandbox = createSandbox({ packets: 1 });
    try {
      const bare = () => Array.from({ length: BARE_STARTS }, () => startMs(sandbox, ['-e', '0']));
      const before = bare();
      const target = join(sandbox.root, '.git', 'probe.json');
      const args = ['--import', PROBE, PAWL, 'run', '--packets', 'packets.json', '--json'];
      sandbox.run(process.execPath, args, { PAWL_BENCH_PROBE: target });
      const hosts = JSON.parse(readFileSync(target, 'utf8')).filter(({ args }) => args?.[0]?.endsWith('host/main.js'));
      if (hosts.length < 3) throw new Error('the bench is wrong: hosts are missing');
      const claimMs = hosts.map(({ args, startMs }) => statSync(join(args[1], 'claim')).ctimeMs - startMs);
      return { bareMs: median([...before, ...bare()]), hostMs: median(claimMs) };
    } finally {
      sandbox.remove();
    }
  });
  return {
    bareMs: median(runs.map(({ bareMs }) => bareMs)),
    hostMs: median(runs.map(({ hostMs }) => hostMs)),
    ratio: median(runs.map(({ bareMs, hostMs }) => hostMs / bareMs)),
  };
}

function startMs(sandbox, args) {
  const from = performance.now();
  sandbox.run(process.execPath, args);
  return performance.now() - from;
}
