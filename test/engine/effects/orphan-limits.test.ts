/** The limits of a worker whose host is dead: counted from its own start, whenever it was adopted, and whatever the wall clock does. */
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import { OrphanLimits } from '../../../src/engine/effects/orphan-limits.ts';
import { BOUNDS } from '../../../src/model/limits.ts';
import type { AgentRecord, TaskRequest } from '../../../src/model/request.ts';
import type { TurnRequest } from '../../../src/model/turn.ts';
import type { ClockPort } from '../../../src/ports/clock.ts';
import type { FileStat } from '../../../src/ports/fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { Files } from '../../../src/store/files.ts';
import { type FakeProcess, FakeProcesses, identityOf } from '../../host/fake-processes.ts';
import { plainRequest, plainTurn } from '../../host/plain-request.ts';

const TASK = '/task';
const DAY_MS = 86_400_000;
const START_MS = 5_000;
const DEADLINE_MS = 600_000;
const STALL_MS = 60_000;
const SILENCE_MS = 240_000;
/** How often a silent worker's processes are looked at. */
const LOOK_MS = STALL_MS / BOUNDS.activityLooks;
const FIRST_EVENT_MS = 20_000;
const LIMITS = {
  deadlineMs: DEADLINE_MS,
  stallMs: STALL_MS,
  silenceMaxMs: SILENCE_MS,
  graceMs: 0,
  outputBytesMax: 10_000_000,
};
const EVENT = JSON.stringify({ type: 'system', subtype: 'init', session_id: 's-1', model: 'm' });
const TURN: TurnRequest = { ...plainTurn, firstEventMs: FIRST_EVENT_MS };

/** A machine with one worker, started at START_MS after its boot; both of its clocks, and files that bear the wall clock's time. */
class Orphan extends MemoryFs {
  /** Since the boot. */
  monotonicMs = START_MS;
  /** Its worker, which waits unless a test has it work. */
  readonly worker: FakeProcess = { pid: 60, diesOf: [], cpuMs: 0 };
  readonly processes = new FakeProcesses([this.worker]);
  /** How far the wall clock is ahead of that. */
  aheadMs = 1_700_000_000_000;
  readonly #written = new Map<string, number>();
  readonly #agent: AgentRecord;
  readonly #request: TaskRequest;
  readonly #clock: ClockPort;

  constructor(turn: TurnRequest | null, isOfOlderVersion = false) {
    super();
    this.makeFolder(TASK);
    this.#clock = {
      nowMs: () => this.monotonicMs + this.aheadMs,
      monotonicMs: () => this.monotonicMs,
      timer: () => () => undefined,
      nonce: () => 'n',
    };
    this.#request = { ...plainRequest, limits: LIMITS, ...(turn === null ? {} : { turn }) };
    this.#agent = {
      v: 1,
      requestHash: 'a'.repeat(64),
      nonce: 'n',
      worker: identityOf(60),
      isNamespaced: false,
      mark: 'm',
      sessionId: null,
      startedAtMs: this.#clock.nowMs(),
      ...(isOfOlderVersion ? {} : { startedMonotonicMs: START_MS }),
    };
  }

  override stat(path: string): FileStat | null {
    const found = super.stat(path);
    return found === null ? null : { ...found, mtimeMs: this.#written.get(path) ?? found.mtimeMs };
  }

  writes(text = `${EVENT}\n`): void {
    const path = `${TASK}/output.ndjson`;
    const fd = this.open(path, 'a+');
    this.write(fd, new TextEncoder().encode(text), null);
    this.close(fd);
    this.#written.set(path, this.#clock.nowMs());
  }

  /** The worker's age, from now on. */
  at(ageMs: number): this {
    this.monotonicMs = START_MS + ageMs;
    return this;
  }

  adopted(): OrphanLimits {
    const task = { folder: TASK, request: this.#request, requestHash: 'a'.repeat(64) };
    const place = { files: new Files(this, this.#clock), clock: this.#clock, adapterOf, processes: this.processes };
    return new OrphanLimits(place, task, this.#agent);
  }
}

/** What a worker that keeps writing to `untilMs` is ended for, by its age, when it is looked at every second. */
function endOf(orphan: Orphan, limits: OrphanLimits, fromMs: number, writesUntilMs = 0): string {
  for (let ageMs = fromMs; ageMs < 10 * DEADLINE_MS; ageMs += 1_000) {
    orphan.at(ageMs);
    if (ageMs <= writesUntilMs) orphan.writes();
    const reason = limits.overrun();
    if (reason !== null) return `${reason.forced} at ${ageMs}`;
  }
  return 'never';
}

const STEPS = [0, DAY_MS, -DAY_MS, 3_600_000, -3_600_000, 30_000, -30_000];

const WORKERS = [
  ['a command', null],
  ['a coding agent', TURN],
] as const;

describe.each(WORKERS)('the deadline of %s', (_name, turn) => {
  it.each(STEPS)(
    'has its deadline from its own start, with the wall clock set by %d ms before it is adopted',
    (step) => {
      for (const adoptedMs of [100_000, DEADLINE_MS - 1_000]) {
        const orphan = new Orphan(turn).at(adoptedMs - 1_000);
        orphan.writes();
        orphan.aheadMs += step;
        expect(endOf(orphan, orphan.at(adoptedMs).adopted(), adoptedMs, 2 * DEADLINE_MS)).toBe(
          `deadline at ${DEADLINE_MS}`,
        );
      }
    },
  );

  it.each(STEPS)('and with the wall clock set by %d ms after that', (step) => {
    const orphan = new Orphan(turn).at(100_000);
    orphan.writes();
    const limits = orphan.adopted();
    expect(limits.overrun()).toBeNull();
    orphan.aheadMs += step;
    expect(endOf(orphan, limits, 101_000, 2 * DEADLINE_MS)).toBe(`deadline at ${DEADLINE_MS}`);
  });

  it('is over at once when it is adopted after that', () => {
    const orphan = new Orphan(turn).at(DEADLINE_MS + 1);
    orphan.writes();
    expect(orphan.adopted().overrun()).toEqual({ forced: 'deadline' });
  });
});

describe.each(WORKERS)('the silence of %s', (_name, turn) => {
  it('counts from its last output, not from its adoption', () => {
    const orphan = new Orphan(turn).at(10_000);
    orphan.writes();
    expect(endOf(orphan, orphan.at(50_000).adopted(), 50_000)).toBe(`stalled at ${10_000 + STALL_MS}`);
  });

  it('counts from its last output after every adoption', () => {
    const orphan = new Orphan(turn).at(10_000);
    orphan.writes();
    for (const ageMs of [20_000, 40_000, 60_000]) expect(orphan.at(ageMs).adopted().overrun()).toBeNull();
    // What it does besides is seen first: whoever adopts it knows nothing of that.
    const adoptedMs = 10_000 + STALL_MS;
    expect(endOf(orphan, orphan.at(adoptedMs).adopted(), adoptedMs)).toBe(`stalled at ${adoptedMs + LOOK_MS}`);
  });

  it('is not silence while its processes work, until it is absolute', () => {
    const orphan = new Orphan(turn).at(10_000);
    orphan.writes();
    orphan.worker.cpuMs = 1_000;
    const limits = orphan.at(20_000).adopted();
    for (let ageMs = 20_000; ageMs < 10_000 + SILENCE_MS; ageMs += 1_000) {
      orphan.worker.cpuMs += 500;
      expect(orphan.at(ageMs).monotonicMs, String(ageMs)).toBeGreaterThan(0);
      expect(limits.overrun(), String(ageMs)).toBeNull();
    }
    expect(orphan.at(10_000 + SILENCE_MS) && limits.overrun()).toMatchObject({
      forced: 'stalled',
      obstacle: { kind: 'silent', ms: SILENCE_MS, hasSigns: true },
    });
  });

  it('counts anew after it has written again', () => {
    const orphan = new Orphan(turn).at(10_000);
    orphan.writes();
    expect(endOf(orphan, orphan.at(50_000).adopted(), 50_000, 55_000)).toBe(`stalled at ${55_000 + STALL_MS}`);
  });

  it.each(STEPS)('never ends it too soon, with the wall clock set by %d ms, and at last it does', (step) => {
    for (const [steppedMs, wroteMs] of [
      [5_000, 10_000],
      [20_000, 10_000],
    ] as const) {
      const orphan = new Orphan(turn);
      for (const ageMs of [steppedMs, wroteMs].sort((a, b) => a - b)) {
        orphan.at(ageMs);
        if (ageMs === steppedMs) orphan.aheadMs += step;
        else orphan.writes();
      }
      const adoptedMs = 50_000;
      const [, ended] = /^stalled at (\d+)$/.exec(endOf(orphan, orphan.at(adoptedMs).adopted(), adoptedMs)) ?? [];
      expect(Number(ended)).toBeGreaterThanOrEqual(wroteMs + STALL_MS);
      expect(Number(ended)).toBeLessThanOrEqual(adoptedMs + STALL_MS);
    }
  });

  it('counts on the wall clock where an older version wrote the record', () => {
    const orphan = new Orphan(turn, true).at(10_000);
    orphan.writes();
    expect(endOf(orphan, orphan.at(50_000).adopted(), 50_000)).toBe(`stalled at ${10_000 + STALL_MS}`);
    expect(endOf(orphan, orphan.at(50_000).adopted(), 50_000, 2 * DEADLINE_MS)).toBe(`deadline at ${DEADLINE_MS}`);
  });
});

it('a coding agent that has said nothing is held to its first event from its own start', () => {
  const orphan = new Orphan(TURN).at(10_000);
  expect(endOf(orphan, orphan.adopted(), 10_000)).toBe(`noEvent at ${FIRST_EVENT_MS}`);
});

it('a command that has written nothing is silent since its start', () => {
  const orphan = new Orphan(null).at(10_000);
  expect(endOf(orphan, orphan.adopted(), 10_000)).toBe(`stalled at ${STALL_MS}`);
});

it('a coding agent whose output takes many reads was silent before the first', () => {
  const orphan = new Orphan(TURN).at(10_000);
  const filler = JSON.stringify({ type: 'unknown', text: 'x'.repeat(900_000) });
  for (let n = 0; n < 6; n += 1) orphan.writes(`${filler}\n${EVENT}\n`);
  expect(endOf(orphan, orphan.at(50_000).adopted(), 50_000)).toBe(`stalled at ${10_000 + STALL_MS}`);
});
