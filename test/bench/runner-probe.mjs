/**
 * Loaded into a driving process (`node --import`): notes what it syncs, links, renames and starts, and the memory it took.
 *
 * Owns: the notes, written at its exit to the file that PAWL_BENCH_PROBE names. Does not own: what they mean (happy-path, memory).
 *
 * Invariant: every wrapped call does what it did. Processes started by the driver are not wrapped: they get no `--import`.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';

const { writeFileSync } = fs;
const target = process.env.PAWL_BENCH_PROBE;
const notes = [];
const pathOfFd = new Map();
const nowMs = () => performance.timeOrigin + performance.now();

function wrap(module, name, note) {
  const original = module[name];
  module[name] = (...args) => {
    const startMs = nowMs();
    const result = original(...args);
    note(args, result, startMs);
    return result;
  };
}

wrap(fs, 'openSync', ([path], fd) => pathOfFd.set(fd, String(path)));
const noteSync = (fd, startMs) =>
  notes.push({ kind: 'sync', path: pathOfFd.get(fd), isFolder: fs.fstatSync(fd).isDirectory(), startMs, endMs: null });
for (const name of ['fsyncSync', 'fdatasyncSync', 'fsync', 'fdatasync'])
  wrap(fs, name, ([fd], _, startMs) => noteSync(fd, startMs));
wrap(fs, 'linkSync', ([from, to]) => notes.push({ kind: 'link', from, to }));
wrap(fs, 'renameSync', ([from, to]) => notes.push({ kind: 'rename', from, to }));
wrap(childProcess, 'spawn', ([command, args], child, startMs) => {
  const note = { kind: 'spawn', command, args, startMs, endMs: null };
  notes.push(note);
  child.once('close', () => {
    note.endMs = nowMs();
  });
});
wrap(childProcess, 'spawnSync', ([command, args], _, startMs) => {
  notes.push({ kind: 'spawn', command, args, startMs, endMs: nowMs() });
});
syncBuiltinESMExports();

process.once('exit', () => {
  notes.push({ kind: 'memory', peakRssBytes: process.resourceUsage().maxRSS * 1_024 });
  writeFileSync(target, JSON.stringify(notes));
});
