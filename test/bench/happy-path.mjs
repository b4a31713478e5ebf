/**
 * One whole run (implement, verify, review) with scripted workers: what its driver syncs, and where its time goes.
 *
 * Owns: that measurement. Does not own: the notes that it reads (runner-probe), the limits (main).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSandbox, PAWL } from './sandbox.mjs';

/** The notes of a driving process are taken by this file. */
export const PROBE = fileURLToPath(new URL('runner-probe.mjs', import.meta.url));

/** Syncs of the driver by kind, and the time between the first and the last record by who had it. */
export function measureHappyPath() {
  const sandbox = createSandbox({ packets: 1 });
  try {
    const target = join(sandbox.root, '.git', 'probe.json');
    const args = ['--import', PROBE, PAWL, 'run', '--packets', 'packets.json', '--json'];
    const { runs } = JSON.parse(sandbox.run(process.execPath, args, { PAWL_BENCH_PROBE: target }));
    if (runs[0].state !== 'readyForManualReview') throw new Error(`the bench is wrong: ${runs[0].state}`);
    const notes = JSON.parse(readFileSync(target, 'utf8'));
    const folder = join(sandbox.registry, 'runs', runs[0].runId);
    return { syncs: syncsByKind(notes), times: timesOf(notes, folder) };
  } finally {
    sandbox.remove();
  }
}

/** Syncs of the driver as the kernel sees them, from strace(1); null where it cannot be used. */
export function countSyncsByStrace() {
  if (spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 0) return null;
  const sandbox = createSandbox({ packets: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'pawl-strace-'));
  try {
    const trace = ['-f', '-o', join(folder, 'trace'), '-e', `trace=${SYNCS.join(',')},clone,clone3`];
    sandbox.run('strace', [...trace, process.execPath, PAWL, 'run', '--packets', 'packets.json', '--json']);
    return syncsOfFirstProcess(readFileSync(join(folder, 'trace'), 'utf8').split('\n'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    sandbox.remove();
  }
}

const SYNCS = ['fsync', 'fdatasync', 'sync', 'syncfs', 'msync', 'sync_file_range'];

/** Syncs by the threads of the process that was traced first: hosts and git are its children, and not its threads. */
function syncsOfFirstProcess(lines) {
  const threads = new Set([lines[0]?.split(' ', 1)[0]]);
  let count = 0;
  for (const line of lines) {
    const [, thread, call] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (!threads.has(thread)) continue;
    const [, child] = /CLONE_THREAD.* = (\d+)$/.exec(call) ?? [];
    if (child !== undefined) threads.add(child);
    if (SYNCS.some((name) => call.startsWith(`${name}(`))) count += 1;
  }
  return count;
}

function syncsByKind(notes) {
  const becameOf = new Map();
  for (const note of notes) {
    if (note.kind === 'link') becameOf.set(note.from, 'register');
    if (note.kind === 'rename')
      becameOf.set(note.from, basename(note.to) === 'snapshot.json' ? 'snapshot' : 'artifact');
  }
  const counts = { journal: 0, snapshot: 0, register: 0, artifact: 0, folder: 0, other: 0 };
  for (const { kind, path, isFolder } of notes) {
    if (kind !== 'sync') continue;
    const file = basename(path) === 'events.jsonl' ? 'journal' : (becameOf.get(path) ?? 'other');
    counts[isFolder ? 'folder' : file] += 1;
  }
  return counts;
}

/** Milliseconds from the first to the last record, and of these: hosts and their workers, git, the driver alone. */
function timesOf(notes, runFolder) {
  const records = readFileSync(join(runFolder, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const from = records[0].atMs;
  const to = records.at(-1).atMs;
  const hosts = [];
  const git = [];
  for (const { kind, command, args, startMs, endMs } of notes) {
    if (kind !== 'spawn') continue;
    if (command === 'git') git.push([startMs, endMs]);
    // A host is over when its outcome is linked: its own last steps come after that.
    else if (args?.[0]?.endsWith('host/main.js')) hosts.push([startMs, statSync(join(args[1], 'outcome')).ctimeMs]);
  }
  if (hosts.length !== readdirSync(join(runFolder, 'tasks')).length)
    throw new Error('the bench is wrong: hosts are missing');
  const totalMs = to - from;
  const othersMs = covered([...hosts, ...git], from, to);
  const hostsMs = covered(hosts, from, to);
  return {
    totalMs,
    hostsMs,
    gitMs: othersMs - hostsMs,
    ownMs: totalMs - othersMs,
    ownShare: (totalMs - othersMs) / totalMs,
  };
}

/** Length of the union of the intervals, within `from` and `to`. */
function covered(intervals, from, to) {
  let length = 0;
  let end = from;
  for (const [start, stop] of intervals.sort((a, b) => a[0] - b[0])) {
    const begin = Math.max(start, end);
    const last = Math.min(stop ?? to, to);
    if (last > begin) length += last - begin;
    end = Math.max(end, last);
  }
  return length;
}
