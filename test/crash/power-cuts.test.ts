/**
 * The power is cut under real runs: the disk keeps what was synced, and of the rest what it pleases. Afterwards every run resumes automatically:
 * nothing recorded is lost, no worker runs twice, nobody is asked.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { IS_WHOLE, SEED } from '../support/draw.ts';
import { LoopDisk, whyNoLoopDisk } from '../support/loop-disk.ts';
import { type codesOf, documentOf } from '../support/pawl-cli.ts';
import { goodWork, type Plain, packetOf, witnessed, write } from '../support/scenario-packet.ts';
import { endAllOf, pidsOf } from '../support/scenario-processes.ts';
import { ALLOWED, Scenario } from '../support/scenario-repo.ts';
import { TreeDisk } from '../support/tree-disk.ts';

/** With `PAWL_SWEEP=whole` both kinds of cuts; else those of a disk, and where there is none the others. */
const CUTS = IS_WHOLE ? 50 : 1;
const CUT_MS = 300_000;
const SETTLE_MS = 50;
const MOMENTS_MAX = 20;
const TASKS = ['PLAIN', 'COMMITS', 'LARGE'];
const WHY_NOT = whyNoLoopDisk();
if (WHY_NOT !== null) console.info(`the power of a disk of our own cannot be cut here: ${WHY_NOT}`);

let disk: LoopDisk | TreeDisk;
let scenario: Scenario;
let packets: string;
let wholeMs: number;

/** Three runs that have not begun, and how long they take where nobody cuts anything. */
async function begin(made: LoopDisk | TreeDisk): Promise<void> {
  disk = made;
  disk.mount();
  const { TMPDIR, PATH } = process.env;
  try {
    process.env.TMPDIR = disk.path;
    if (disk instanceof TreeDisk) process.env.PATH = `${disk.programs}:${PATH}`;
    scenario = new Scenario();
  } finally {
    process.env.PATH = PATH;
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
  writeFileSync(join(disk.beside, 'witness'), '');
  const steps = Object.fromEntries(
    TASKS.map((taskId) => [taskId, witnessed(join(disk.beside, 'witness'), workOf(taskId))]),
  );
  const worker = {
    kind: 'scripted',
    steps: { ...witnessed(join(disk.beside, 'witness'), goodWork('any')), tasks: steps },
  };
  scenario.config({ agents: { worker }, verification: { allow: ALLOWED } });
  for (let n = 0; n < 60; n += 1) scenario.repo.write(`src/part-${n}/file.txt`, `${n}\n`.repeat(50));
  scenario.repo.git(['add', '-A']);
  scenario.repo.git(['commit', '--quiet', '-m', 'Many files']);
  packets = scenario.packets(...TASKS.map((taskId) => packetOf(taskId)));
  disk.unmount();
  disk.keep('begin');
  disk.mount();
  const fromMs = performance.now();
  expect(await drive()).toEqual([]);
  wholeMs = performance.now() - fromMs;
}

function workOf(taskId: string): Readonly<Record<string, readonly Plain[]>> {
  const files = Array.from({ length: taskId === 'LARGE' ? 40 : 3 }, (_, n) =>
    write(`work-of/${taskId}/${n}.txt`, `${taskId} ${n}\n`.repeat(200)),
  );
  const answer = { do: 'answer' };
  const commit = taskId === 'COMMITS' ? [{ do: 'commit', message: 'By the worker' }] : [];
  return { ...goodWork(taskId), implementation: [...files, ...commit, write(`work-of/${taskId}/last.txt`), answer] };
}

/** Drives all runs to their end. Returns those that are not ready for review, with their reasons. */
async function drive(): Promise<string[]> {
  // In a process of its own: one that stays would hold the disk.
  const end = await scenario.start('run', '--packets', packets, '--max-parallel', '3', '--json').ended;
  const { runs } = documentOf<{ runs?: Parameters<typeof codesOf>[0][] }>(end);
  if (runs === undefined) return [end.stdout];
  return runs.flatMap((run) =>
    run.state === 'readyForManualReview'
      ? []
      : [`${run.taskId} ${run.state}: ${run.blockers.map(({ code, message }) => `${code} ${message}`).join(' ')}`],
  );
}

/** The lines of every journal, by run. */
function journals(): ReadonlyMap<string, readonly string[]> {
  const folder = join(scenario.registry, 'runs');
  try {
    return new Map(readdirSync(folder).map((runId) => [runId, linesOf(join(folder, runId, 'events.jsonl'))]));
  } catch {
    return new Map(); // there is no registry yet
  }
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return []; // the run was being made
  }
}

/**
 * The disk is kept as it is at a moment at which nothing that runs on it moves. What is being started has no name yet by which it could be found:
 * whoever shows up meanwhile may have gone on, and then another moment is kept.
 */
async function keepMoment(): Promise<ReadonlyMap<string, readonly string[]>> {
  for (let n = 1; n <= MOMENTS_MAX; n += 1) {
    await stopAll();
    const found = journals();
    disk.keep('cut');
    await sleep(SETTLE_MS);
    if (pidsOf(disk.path).every(isStopped)) return found;
  }
  throw new Error('something is started all the time');
}

/** Two looks in a row, some time apart, find nobody who moves. */
async function stopAll(): Promise<void> {
  for (let still = 0; still < 2; ) {
    const moving = pidsOf(disk.path).filter((pid) => !isStopped(pid));
    for (const pid of moving) signal(pid, 'SIGSTOP');
    still = moving.length === 0 ? still + 1 : 0;
    await sleep(SETTLE_MS);
  }
}

function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[TtZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return true; // it has ended by itself
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
}

/** One cut, at that part of the time that all takes. Returns what is wrong afterwards. */
async function cutAt(part: number): Promise<string[]> {
  await endAllOf(disk.path);
  disk.unmount();
  disk.goBack('begin');
  disk.mount();
  writeFileSync(join(disk.beside, 'witness'), '');
  const call = scenario.start('run', '--packets', packets, '--max-parallel', '3', '--json');
  await Promise.race([sleep(part * wholeMs), call.ended]);
  const before = await keepMoment();
  await endAllOf(disk.path);
  await call.ended;
  disk.unmount();
  disk.goBack('cut');
  disk.mount();
  const after = journals();
  const parked = await drive();
  return [...parked, ...lost(before, after), ...twice(), ...damaged()];
}

/** Records that were on the disk before. The last line may be one that was being written, and was acknowledged to nobody. */
function lost(before: ReadonlyMap<string, readonly string[]>, after: ReadonlyMap<string, readonly string[]>): string[] {
  return [...before].flatMap(([runId, lines]) => {
    const kept = after.get(runId) ?? [];
    const isKept = lines.slice(0, -1).every((line, n) => line === kept[n]);
    return isKept ? [] : [`${runId} lost records: ${lines.length} before, ${kept.length} after`];
  });
}

function twice(): string[] {
  const starts = linesOf(join(disk.beside, 'witness')).map((line) => line.split(' ').slice(0, 2).join(' '));
  return starts.filter((start, n) => starts.indexOf(start) !== n).map((start) => `${start} was started twice`);
}

/** Every branch holds what its worker wrote, and all of it can be read. */
function damaged(): string[] {
  const { git } = scenario.repo;
  return TASKS.flatMap((taskId) => {
    try {
      git(['rev-list', '--objects', `work/${taskId}`]);
      const files = git(['ls-tree', '-r', '--name-only', `work/${taskId}`, `work-of/${taskId}/`]).split('\n');
      return files.includes(`work-of/${taskId}/last.txt`) ? [] : [`${taskId} lost its work`];
    } catch (error) {
      return [`${taskId}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

describe.each([
  { kind: 'of a disk of its own', isThere: WHY_NOT === null, made: () => new LoopDisk() },
  { kind: 'that drops what was not synced', isThere: WHY_NOT !== null || IS_WHOLE, made: () => new TreeDisk() },
])('after a power cut $kind', ({ isThere, made }) => {
  beforeAll(async () => {
    if (isThere) await begin(made());
  }, CUT_MS);

  afterAll(async () => {
    if (!isThere) return;
    try {
      await endAllOf(disk.path);
    } finally {
      disk.remove();
    }
  }, CUT_MS);

  test.skipIf(!isThere)(
    'every run resumes automatically, nothing is lost and no worker runs twice',
    {
      timeout: CUTS * CUT_MS,
    },
    async () => {
      const faults: string[] = [];
      for (let n = 0; n < CUTS; n += 1) {
        const part = Number.parseInt(sha256(`${SEED} power cut ${n}`).slice(0, 8), 16) / 2 ** 32;
        const wrong = await cutAt(part);
        if (wrong.length > 0) faults.push(`cut ${n + 1} at ${(part * 100).toFixed(1)} %: ${wrong.join('; ')}`);
        if (IS_WHOLE)
          console.info(`cut ${n + 1} of ${CUTS}, at ${(part * 100).toFixed(1)} %: ${wrong.join('; ') || 'holds'}`);
      }
      expect(faults).toEqual([]);
      if (disk instanceof TreeDisk) console.info(`${disk.dropped} files dropped`);
    },
  );
});
