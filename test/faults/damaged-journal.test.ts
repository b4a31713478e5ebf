/** A journal that was cut anywhere near its end, or has any one bit changed, is never taken for whole: told for what it is (L5). */
import { describe, expect, it } from 'vitest';
import { examine } from '../../src/engine/recovery/rehydrate.ts';
import { lookAtRun } from '../../src/engine/run-look.ts';
import type { World } from '../../src/engine/world.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE } from '../support/draw.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { bytesOf, putBytes, SIM_RUN, startSim } from '../support/sim-run.ts';

/** One run's files, at rest. */
interface Found {
  readonly fs: MemoryFs;
  readonly world: World;
  readonly journal: Uint8Array;
  readonly lines: readonly Line[];
  /** Of the stored snapshot; 0 when there is none. */
  readonly snapshotSeq: number;
}

interface Line {
  readonly record: JournalRecord;
  readonly start: number;
  /** After its newline. */
  readonly end: number;
}

const LAST = 3;

/** Every seventh place is cut at, every seventh bit changed: a week takes all. The step is odd: it comes by every bit of a byte. */
const STEP = IS_WHOLE ? 1 : DAYS_OF_WEEK;
/** Bytes on either side of the ends of a record that are always cut at. */
const EDGE = 2;

/** A run that waits for a person: its snapshot is at the journal's end. */
async function parked(): Promise<Found> {
  const machine = new SimMachine(new MemoryFs(), { 'verification-e1-a1': 'BLOCKED' });
  const { world, error } = await startSim(machine);
  if (world === null || error !== null) throw error;
  return foundOn(machine.disk, world);
}

/** The same run, its snapshot deleted: only the registers can tell what the journal has lost. */
async function withoutSnapshot(): Promise<Found> {
  const found = await parked();
  found.fs.unlink(found.world.paths.snapshot(SIM_RUN));
  return { ...found, snapshotSeq: 0 };
}

/** A run whose runner died after a reviewer had started: the request and the claim are there, and the journal ends with that request. */
async function atWork(): Promise<Found> {
  const machine = new SimMachine(new MemoryFs(), {});
  machine.disk.onCall = (op, path) => {
    if (op !== 'write' || !path.endsWith('/events.jsonl') || !machine.starts.has('review-e1-a1')) return;
    machine.disk.halt();
    throw new Halted('killed');
  };
  const { world, error } = await startSim(machine);
  if (world === null || !(error instanceof Halted)) throw error;
  machine.reboot(machine.disk.crash('everything'), false);
  return foundOn(machine.disk, await machine.boot());
}

function foundOn(fs: MemoryFs, world: World): Found {
  const journal = bytesOf(fs, world.paths.journal(SIM_RUN));
  const lines: Line[] = [];
  for (let start = 0; start < journal.length; ) {
    const end = journal.indexOf(10, start) + 1;
    lines.push({ record: JSON.parse(new TextDecoder().decode(journal.subarray(start, end))), start, end });
    start = end;
  }
  const snapshot = world.paths.snapshot(SIM_RUN);
  const snapshotSeq = world.files.exists(snapshot)
    ? Number(JSON.parse(new TextDecoder().decode(bytesOf(fs, snapshot))).seq)
    : 0;
  return { fs, world, journal, lines, snapshotSeq };
}

/** What a journal cut there must be told as, from the design alone: by what else is on disk. */
function expectedAt({ lines, snapshotSeq, world }: Found, cut: number): string {
  const whole = lines.filter(({ end }) => end <= cut).length;
  const open = lines[whole];
  const isComplete = open !== undefined && cut === open.end - 1;
  const kept = isComplete ? whole + 1 : whole;
  if (snapshotSeq > kept) return 'PAWL_HISTORY_LOST';
  for (const taskId of world.files.listNames(world.paths.tasks(SIM_RUN))) {
    const seqOf = (isIt: (record: JournalRecord) => boolean): number =>
      lines.find(({ record }) => isIt(record))?.record.seq ?? Number.POSITIVE_INFINITY;
    const requested = seqOf(({ event }) => event.type === 'taskRequested' && event.taskId === taskId);
    const asked = seqOf(({ effects }) =>
      effects.some((effect) => effect.kind === 'prepareTask' && effect.taskId === taskId),
    );
    if (requested > kept) return asked > kept ? 'PAWL_REGISTER_CONTRADICTION' : 'PAWL_HISTORY_LOST';
  }
  const isAtBoundary = open === undefined || cut === open.start;
  return `live at ${kept}${isAtBoundary ? '' : ', append interrupted'}`;
}

/** How the run's files are classified as they are now. */
async function classified({ world }: Found): Promise<string> {
  const found = await examine(world, SIM_RUN);
  if (found.kind === 'absent') return 'absent';
  if (found.kind === 'doubtful') return found.doubt.code;
  if (found.kind === 'unsupported') return 'unsupported';
  const isInterrupted = found.findings.some((finding) => finding.class === 'interruptedAppend');
  return `live at ${found.state.seq}${isInterrupted ? ', append interrupted' : ''}`;
}

const RUNS = [
  ['a parked run', parked, ['PAWL_HISTORY_LOST', 'live']],
  ['a run at work', atWork, ['PAWL_HISTORY_LOST', 'PAWL_REGISTER_CONTRADICTION', 'live']],
] as const;

describe.each(RUNS)('the journal of %s', (_name, play, classes) => {
  it('cut at any byte of its last three records is what the design says, and status says so', async () => {
    const found = await play();
    const path = found.world.paths.journal(SIM_RUN);
    const from = found.lines.at(-LAST)?.start ?? 0;
    expect(found.journal.length - from).toBeGreaterThan(2_000);
    const wrong: unknown[] = [];
    const seen = new Set<string>();
    const ends = [from, ...found.lines.map(({ end }) => end)];
    const isAtEnd = (cut: number): boolean => ends.some((end) => Math.abs(end - cut) <= EDGE);
    for (let cut = from; cut <= found.journal.length; cut += 1) {
      if (cut % STEP !== DAY % STEP && !isAtEnd(cut)) continue;
      putBytes(found.fs, path, found.journal.subarray(0, cut));
      const is = await classified(found);
      const must = expectedAt(found, cut);
      seen.add(must.split(' ')[0] ?? '');
      if (is !== must) wrong.push({ cut, is, must });
      if (cut % 50 >= STEP) continue;
      const view = await lookAtRun(found.world, SIM_RUN);
      if ((view?.state === 'quarantined') !== must.startsWith('PAWL')) wrong.push({ cut, status: view?.state, must });
    }
    expect(wrong.slice(0, 5), `day ${DAY}`).toEqual([]);
    expect([...seen].sort()).toEqual([...classes]);
  });
});

describe('one bit changed', () => {
  it.each([
    ['first', 0],
    ['middle', 0.5],
    ['last', 1],
  ])('anywhere in the %s record is damage in its line, and status says so', async (_where, part) => {
    const found = await withoutSnapshot();
    const path = found.world.paths.journal(SIM_RUN);
    const n = Math.round(part * (found.lines.length - 1));
    const line = found.lines[n];
    if (line === undefined) throw new Error(`no record ${n}`);
    const wrong: unknown[] = [];
    for (let bit = line.start * 8 + (DAY % STEP); bit < line.end * 8; bit += STEP) {
      const bytes = found.journal.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      putBytes(found.fs, path, bytes);
      const is = await examine(found.world, SIM_RUN);
      const isDamaged = is.kind === 'doubtful' && is.doubt.code === 'PAWL_JOURNAL_DAMAGED';
      if (!isDamaged || !is.doubt.detail.startsWith(`line ${n + 1} `)) wrong.push({ bit, is });
      if (bit % 500 >= STEP) continue;
      expect(await lookAtRun(found.world, SIM_RUN)).toMatchObject({ state: 'quarantined' });
    }
    expect(wrong.slice(0, 5), `day ${DAY}`).toEqual([]);
  });
});

describe('a record', () => {
  it.each([
    ['removed', (lines: readonly Uint8Array[], n: number) => lines.filter((_, at) => at !== n)],
    [
      'written twice',
      (lines: readonly Uint8Array[], n: number) => lines.flatMap((line, at) => (at === n ? [line, line] : [line])),
    ],
    [
      'put behind the next one',
      (lines: readonly Uint8Array[], n: number) =>
        lines.map((line, at) => lines[at === n ? n + 1 : at === n + 1 ? n : at] ?? line),
    ],
  ])('that was %s anywhere but at the end is damage', async (_how, change) => {
    const found = await withoutSnapshot();
    const path = found.world.paths.journal(SIM_RUN);
    const lines = found.lines.map(({ start, end }) => found.journal.slice(start, end));
    for (let n = 0; n < lines.length - 1; n += 1) {
      putBytes(found.fs, path, Buffer.concat(change(lines, n)));
      expect([n, await classified(found)]).toEqual([n, 'PAWL_JOURNAL_DAMAGED']);
    }
  });
});
