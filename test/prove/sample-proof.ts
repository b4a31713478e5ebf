/**
 * Proofs for tests of the report: one that holds, one with faults of every kind, one of a single cell.
 *
 * Owns: their made-up numbers. Does not own: the report.
 */
import {
  type CellResult,
  CLASSES,
  type KillClass,
  type KillResult,
  type Proof,
  STAGES,
  type Stage,
} from '../../src/prove/proof.ts';

const IMPOSSIBLE: Partial<Record<Stage, Partial<Record<KillClass, string>>>> = {
  handoffReady: {
    intentBeforeSpawn: 'The handoff is projected by the runner itself: no worker is started for it.',
    spawnedBeforeResult: 'The handoff is projected by the runner itself: no worker is started for it.',
    conflictingOrLate: 'The projection has one writer and is found again by its content: there is no second answer.',
  },
};
const MOMENTS: Readonly<Record<KillClass, readonly [moment: string, hit: string]>> = {
  intentBeforeSpawn: ['before the host is started', 'before spawn node host/main.js'],
  spawnedBeforeResult: ['the worker has written its first line', 'tasks/implementation-e0-a1/output.ndjson'],
  resultBeforeEvent: ['outcome linked, before its record', 'before writeSync events.jsonl workerEnded'],
  eventBeforeSnapshot: ['record synced, before the snapshot', 'before renameSync snapshot.json'],
  staleOrTimeout: ['the lease has run out', 'SIGSTOP for longer than the lease'],
  conflictingOrLate: ['a second answer after the outcome', 'late/6f1c.json'],
};
const VICTIMS = ['runner', 'host', 'worker', 'runnerAndHost', 'all'] as const;

function killAt(kind: KillClass, n: number): KillResult {
  const victim = VICTIMS[n % VICTIMS.length] ?? 'runner';
  const [moment, hit] = MOMENTS[kind];
  return {
    name: `${moment}: ${victim}${n >= VICTIMS.length ? `, then the next runner at operation ${n}` : ''}`,
    victim,
    moment,
    hit,
    end: 'readyForManualReview',
    starts: { recorded: 6, witnessed: 6 },
    eventsChecked: 14 + n,
    recoveryMs: n % 4 === 3 ? null : 96 + 7 * n,
    faults: [],
  };
}

function cellOf(stage: Stage, kind: KillClass): CellResult {
  const impossible = IMPOSSIBLE[stage]?.[kind] ?? null;
  const count = impossible === null ? 5 + ((STAGES.indexOf(stage) + 2 * CLASSES.indexOf(kind)) % 9) : 0;
  return { stage, class: kind, impossible, kills: Array.from({ length: count }, (_, n) => killAt(kind, n)) };
}

/** A whole proof that holds. */
export const HOLDING: Proof = {
  v: 1,
  level: 'full',
  only: null,
  seed: 7,
  startedAt: '2026-03-14T09:26:53.589Z',
  tookMs: 431_270,
  circumstances: {
    pawl: '0.1.0',
    node: '20.19.4',
    git: '2.39.5',
    system: 'Linux 6.12.9, Debian GNU/Linux 12',
    cores: 2,
    memoryMiB: 7_962,
    isolation: 'PID namespaces, lock of the process tree',
    configuration: 'pawl.config.json',
    roles: { implementer: 'mine', reviewer: 'strict' },
    limits: { graceMs: 10_000, fixEpochsMax: 3 },
  },
  cells: STAGES.flatMap((stage) => CLASSES.map((kind) => cellOf(stage, kind))),
  model: {
    systems: [
      {
        kind: 'run',
        states: 2_263,
        steps: 14_762,
        paths: 24,
        stepsUnplayed: 14_562,
        stops: { tried: 60, of: 1_606 },
        failures: { tried: 60, of: 1_704 },
        statesNeverReached: [],
        effectsNeverAsked: [],
        broken: [],
        seed: 7,
        tookMs: 14_210,
      },
    ],
    worlds: [
      { name: 'fix limit 1, one attempt each', states: 21_242, steps: 96_310 },
      { name: 'default limits, commands left out', states: 8_412, steps: 30_007 },
    ],
    faults: [],
    tookMs: 12_480,
  },
  matrix: {
    stories: 61,
    edges: { walked: 498, of: 506 },
    cases: { single: 4_812, double: 1_604 },
    byCall: {
      'journal.write': 1_402,
      'journal.sync': 1_402,
      'register.link': 911,
      'snapshot.rename': 402,
      'effect.startHost': 388,
      'artifact.rename': 307,
    },
    starts: { expected: 22_110, witnessed: 22_110 },
    eventsChecked: 104_882,
    faults: [],
    tookMs: 48_120,
  },
  injections: { injected: { ENOSPC: 412, EIO: 412, EACCES: 398, short: 131 }, faults: [], tookMs: 17_020 },
  daemon: {
    kills: 320,
    byMoment: { 'before the write of a change': 14, 'after the link of the lock': 13, 'at a drawn time': 293 },
    workersAtWork: 402,
    commands: { sent: 3_120, accepted: 402, repeated: 118 },
    changes: { followed: 21_004, reconnections: 1_870 },
    starts: { recorded: 612, witnessed: 612 },
    ready: { count: 190, p50Ms: 912, slowestMs: 1_870 },
    faults: [],
    tookMs: 402_000,
  },
  outside: {
    guards: [
      'Loaded into 4,212 Node processes (runners, hosts, workers): reported every use of the network and every call that changes a file outside the sandbox.',
      'In a jail of the kernel, with all that they started: 6 of the starts of Pawl.',
    ],
    wrote: ['18,402 files in the registry', '912 files in worktrees of runs', '304 branches of runs'],
    violations: [],
  },
  recovery: {
    count: 268,
    p50Ms: 121,
    p99Ms: 248,
    slowestMs: 301,
    growth: [
      { records: 100, ms: 9 },
      { records: 1_000, ms: 58 },
      { records: 10_000, ms: 447 },
    ],
  },
  holds: true,
};

/** Text that a page or a terminal would obey. */
export const HOSTILE = '<script>alert("1")</script>\u001b[31m\u202e\' onclick=\'x';

/** The same with a fault of every kind. */
export const FAULTY: Proof = {
  ...HOLDING,
  cells: HOLDING.cells.map((cell) => {
    if (cell.stage === 'verification' && cell.class === 'spawnedBeforeResult') return { ...cell, kills: [] };
    if (cell.stage !== 'internalReview' || cell.class !== 'resultBeforeEvent') return cell;
    return {
      ...cell,
      kills: cell.kills.map((kill, n) => {
        if (n === 1) return { ...kill, faults: ['duplicate: review-e1-a1 was started 2 times', `finding: ${HOSTILE}`] };
        if (n === 2) return { ...kill, end: null, recoveryMs: null };
        return n === 3 ? { ...kill, hit: null } : kill;
      }),
    };
  }),
  matrix: HOLDING.matrix && {
    ...HOLDING.matrix,
    faults: ['story 12, journal.sync 4, power cut: task fix-e1-a1 was started twice'],
  },
  outside: { ...HOLDING.outside, violations: ['main.js (pid 4711) connects to 192.0.2.1:443'] },
  holds: false,
};

/** One cell alone. */
export const ONE_CELL: Proof = {
  ...HOLDING,
  level: 'smoke',
  only: ['internalReview/resultBeforeEvent'],
  tookMs: 4_210,
  cells: HOLDING.cells.filter(({ stage, class: kind }) => stage === 'internalReview' && kind === 'resultBeforeEvent'),
  model: null,
  matrix: null,
  injections: null,
  daemon: null,
  recovery: HOLDING.recovery && { ...HOLDING.recovery, growth: [] },
};
