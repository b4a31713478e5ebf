/**
 * `npm run bench [NAME…]`: how Pawl performs, as figures of one run on this machine, each with the limit that it must keep.
 *
 * Owns: the limits, their judgement, the order. Does not own: a measurement (the other files of this folder; docs/benchmarks.md explains them).
 * Exits 1 when a limit is not kept.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os';
import { measureCommitPath, measureManyAtOnce } from './commit-path.mjs';
import { measureDaemon } from './daemon.mjs';
import { countSyncsByStrace, measureHappyPath } from './happy-path.mjs';
import { measureOpening } from './many-runs.mjs';
import { measureMemory } from './memory.mjs';
import { measureRehydration } from './rehydration.mjs';
import { measureHostStart, measureVersion } from './starts.mjs';
import { measureStatus } from './status.mjs';

const MIB = 1_048_576;
const MB = 1_000_000;
const HAPPY_PATHS = 5;
const SYSTEMS_AT_ONCE = 32;
const FINISHED_RUNS = 1_000;

const share = (value) => `${(value * 100).toFixed(1)} %`;
const share2 = (value) => `${(value * 100).toFixed(2)} %`;
const mb = (value) => `${(value / MB).toFixed(0)} MB`;
const times = (value) => `${value.toFixed(2)} ×`;
const ms = (value) => `${value.toFixed(0)} ms`;
const atMost = (limit, show) => ({ text: `≤ ${show(limit)}`, isKept: (value) => value <= limit });
const below = (limit, show) => ({ text: `< ${show(limit)}`, isKept: (value) => value < limit });
const atLeast = (limit, show) => ({ text: `≥ ${show(limit)}`, isKept: (value) => value >= limit });

/** Each gives lines: what was measured, the figure, the limit (null: told only), and what it is made of. */
const BENCHES = {
  async commit() {
    const { ratio, commitsPerSecond, rawPerSecond } = await measureCommitPath();
    const detail = `${commitsPerSecond.toFixed(0)} events/s of ${rawPerSecond.toFixed(0)} raw appends/s`;
    const many = await measureManyAtOnce(SYSTEMS_AT_ONCE);
    const both = `${many.allPerSecond.toFixed(0)} events/s of all, ${many.onePerSecond.toFixed(0)} of one`;
    return [
      line('Commit path / raw append + fdatasync', ratio, times, atLeast(0.6, times), detail),
      line(`${SYSTEMS_AT_ONCE} systems at once / one`, many.ratio, times, atLeast(3, times), both),
    ];
  },

  happy() {
    const runs = Array.from({ length: HAPPY_PATHS }, () => measureHappyPath());
    const all = runs.map(({ syncs }) => Object.values(syncs).reduce((sum, count) => sum + count, 0));
    const most = runs[all.indexOf(Math.max(...all))].syncs;
    const kinds = Object.entries(most).map(([kind, count]) => `${kind} ${count}`);
    const straced = countSyncsByStrace();
    const { times: middle } = byShare(runs)[Math.floor(HAPPY_PATHS / 2)];
    const parts = `own ${ms(middle.ownMs)}, hosts and workers ${ms(middle.hostsMs)}, git ${ms(middle.gitMs)}`;
    return [
      line('Syncs of the driver in a run', Math.max(...all), String, atMost(45, String), kinds.join(', ')),
      ...(straced === null ? [] : [line('  the same, counted by strace', straced, String, atMost(45, String), '')]),
      line('Time outside of workers, hosts and git', middle.ownShare, share, below(0.15, share), parts),
    ];
  },

  async rehydration() {
    const [short, middle, long] = await measureRehydration();
    const growth = long.ms / long.records / (middle.ms / middle.records);
    const detail = `${ms(short.ms)} for ${short.records}, ${ms(long.ms)} for ${long.records} records`;
    return [
      line(`Rehydration of ${middle.records} records`, middle.ms, ms, below(600, ms), detail),
      line(`Time a record, ${long.records} / ${middle.records} records`, growth, times, atMost(1.5, times), ''),
    ];
  },

  async opening() {
    const { emptyMs, fullMs } = await measureOpening(FINISHED_RUNS);
    const detail = `${ms(emptyMs)} without any`;
    return [line(`Start beside ${FINISHED_RUNS} finished runs`, fullMs - emptyMs, ms, below(300, ms), detail)];
  },

  starts() {
    const version = measureVersion();
    const host = measureHostStart();
    const ofVersion = `${ms(version.versionMs)} / ${ms(version.bareMs)}`;
    const ofHost = `${ms(host.hostMs)} / ${ms(host.bareMs)}`;
    return [
      line('pawl --version / node -e 0', version.ratio, times, atMost(1.3, times), ofVersion),
      line('Worker host, spawn to claim / node -e 0', host.ratio, times, atMost(1.5, times), ofHost),
    ];
  },

  async status() {
    const { plainRatio, jsonRatio, plainMs, jsonMs, bareMs } = await measureStatus();
    return [
      line(
        'pawl status, 100 runs / node -e 0',
        plainRatio,
        times,
        atMost(1.7, times),
        `${ms(plainMs)} / ${ms(bareMs)}`,
      ),
      line('pawl status --json / node -e 0', jsonRatio, times, atMost(1.7, times), `${ms(jsonMs)} / ${ms(bareMs)}`),
    ];
  },

  async memory() {
    const bytes = await measureMemory();
    const mib = (value) => `${(value / MIB).toFixed(0)} MiB`;
    return [line('Peak memory of pawl run, 100 queued runs', bytes, mib, atMost(200 * MIB, mib), '')];
  },

  async daemon() {
    const { startMs, rest, command, alone, beside, peakRssBytes } = await measureDaemon();
    const ofCommand = `${command.commandMs.toFixed(2)} / ${command.commitMs.toFixed(2)} ms`;
    const ofFeed = ({ changes, p50Ms }) => `${changes} changes, all delivered; p50 ${ms(p50Ms)}`;
    return [
      line('Command to durable answer / journal commit', command.ratio, times, atMost(3, times), ofCommand),
      line('A change with 100 clients of the feed, p99', alone.p99Ms, ms, below(250, ms), ofFeed(alone)),
      line('  the same beside one that never reads', beside.p99Ms, ms, below(250, ms), ofFeed(beside)),
      line('  peak memory of the daemon', peakRssBytes, mb, below(250 * MB, mb), ''),
      line('Start to ready, 10 projects, 2000 ended runs', startMs, ms, below(1_000, ms), 'median of 3'),
      line('Idle daemon with them, processor', rest.cpuShare, share2, below(0.005, share2), 'median of 3 times 20 s'),
      line('  its memory', rest.rssBytes, mb, below(120 * MB, mb), ''),
    ];
  },
};

function line(what, value, show, limit, detail) {
  return { what, figure: show(value), limit: limit.text, isKept: limit.isKept(value), detail };
}

function byShare(runs) {
  return [...runs].sort((a, b) => a.times.ownShare - b.times.ownShare);
}

function facts() {
  const [cpu] = cpus();
  const git = spawnSync('git', ['--version'], { encoding: 'utf8' }).stdout.trim();
  const disk = spawnSync('stat', ['-f', '-c', '%T', tmpdir()], { encoding: 'utf8' }).stdout?.trim() || 'unknown';
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} usable, ${(totalmem() / MIB / 1_024).toFixed(1)} GiB`,
    `${platform()} ${release()}, Node ${process.version}, ${git}, file system ${disk}`,
    `load average ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
  ];
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}.\n`);
  process.exit(2);
}
for (const fact of facts()) process.stdout.write(`${fact}\n`);
process.stdout.write('\n| figure | measured | limit | | made of |\n|---|---|---|---|---|\n');
let isKept = true;
for (const [name, bench] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  for (const each of await bench()) {
    isKept &&= each.isKept;
    const cells = [each.what, each.figure, each.limit, each.isKept ? 'PASS' : 'FAIL', each.detail];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}
process.stdout.write(
  `\nload average at the end ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}\n`,
);
process.exitCode = isKept ? 0 : 1;
