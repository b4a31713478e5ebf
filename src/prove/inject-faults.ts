/**
 * Every file operation of a whole run, refused by the system once, or from there on: told with its code, nothing acknowledged lost, and the
 * next start finishes.
 *
 * Owns: disturbing a run in a simulated machine; what must hold after it. Does not own: the machine (prove/sim), the faults and which of them are
 * tried (fault-cases), the operations of worker hosts (host-faults).
 */

import { sha256 } from '../base/sha256.ts';
import { emptyInbox } from '../engine/commands.ts';
import { Driver } from '../engine/driver.ts';
import { recordsOf } from '../engine/run-look.ts';
import type { World } from '../engine/world.ts';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, EXIT } from '../model/error-codes.ts';
import type { PacketReading } from '../model/packet.ts';
import type { JournalRecord } from '../model/record.ts';
import { readPackets } from '../packets/packets.ts';
import type { FsPort } from '../ports/fs.ts';
import { resolveLimits } from '../run/limits.ts';
import { allCases, chooseCases, type FaultCase, type FaultChoice, planOf } from './fault-cases.ts';
import { FaultFs } from './memory/fault-fs.ts';
import { type FsOp, MemoryFs } from './memory/memory-fs.ts';
import type { InjectionResult } from './proof.ts';
import { SimMachine, type Verdicts } from './sim/sim-world.ts';

/** What is injected, and how it goes. */
export interface InjectionOptions extends FaultChoice {
  /** Told before each case. */
  onProgress(done: number, of: number): void;
}

/** One run that comes by every stage: its review fails once and is fixed. */
const VERDICTS: Verdicts = { 'review-e1-a1': 'FAIL' };

/** Records that a second start of the same work leaves. */
const REPEATED: readonly string[] = ['runRehydrated', 'hostStartRepeated'];
/** A start in memory takes milliseconds; one that waits has nothing left to wait for. */
const START_MS_MAX = 20_000;

/** What one start of Pawl came to. */
interface Started {
  /** What it would have told the operator as its error, null when it went through. */
  readonly error: unknown;
  readonly state: string | null;
  /** Where its files are, null when it came to nothing. */
  readonly place: World | null;
  /** Sums of the records that were acknowledged. */
  readonly acknowledged: readonly string[];
}

/** What a run comes to that meets no fault. */
interface Reference {
  readonly state: string | null;
  readonly history: string;
  readonly starts: string;
}

/** The part `share` of all cases was tried; the faults say which of them does not hold, and why. */
export async function injectFaults(options: InjectionOptions): Promise<InjectionResult> {
  const beganMs = performance.now();
  const { reference, calls } = await undisturbed();
  const cases = allCases(calls, options.turn);
  const chosen = chooseCases(cases, options);
  const injected: Record<string, number> = {};
  const faults: string[] = [];
  for (const [done, one] of chosen.entries()) {
    options.onProgress(done, chosen.length);
    injected[one.kind] = (injected[one.kind] ?? 0) + 1;
    const found = await tryCase(one, reference, options.seed * 10_000 + one.at);
    faults.push(...found.map((fault) => `${one.kind} at operation ${one.at}: ${fault}`));
  }
  options.onProgress(chosen.length, chosen.length);
  return { injected, faults, tookMs: Math.round(performance.now() - beganMs) };
}

async function undisturbed(): Promise<{ reference: Reference; calls: readonly FsOp[] }> {
  const machine = new SimMachine(new MemoryFs(), VERDICTS);
  const fs = new FaultFs(machine.disk, { at: Number.POSITIVE_INFINITY, fault: 'none' });
  const started = await start(machine, fs);
  if (started.error !== null) throw started.error;
  // Looking at what is there is no operation of the run.
  const calls = [...fs.calls];
  return { reference: ended(started, machine), calls };
}

/** What is on the disk of a run that has ended. */
function ended({ place, state }: Started, machine: SimMachine): Reference {
  const history = recordsIn(place)
    .map(({ event }) => event.type)
    .filter((type) => !REPEATED.includes(type))
    .join(' ');
  return { state, history, starts: JSON.stringify([...machine.starts].sort()) };
}

function recordsIn(place: World | null): readonly JournalRecord[] {
  return place === null ? [] : recordsOf(place, READING.runId);
}

/** What does not hold when the operation fails so, each a sentence. */
async function tryCase(one: FaultCase, reference: Reference, seed: number): Promise<string[]> {
  const machine = new SimMachine(new MemoryFs(), VERDICTS);
  const plan = planOf(one);
  const fs = new FaultFs(machine.disk, plan);
  const met = await start(machine, fs);
  if (fs.firedOp === null) return ['the operation was never called'];
  const faults = toldBadly(met, reference);
  // What could not be synced is gone, in whole or in part; anything else is there for the next process.
  const isSyncLost = fs.firedOp === 'sync' || fs.firedOp === 'dataSync';
  if (isSyncLost && plan.isLasting !== true && codeOf(met.error) !== 'PAWL_STORE_SYNC_FAILED') {
    faults.push(`it went on after a failed sync: ${toldOf(met.error)}`);
  }
  machine.reboot(machine.disk.crash(isSyncLost ? { seed } : 'everything'), false);
  const next = await start(machine, machine.disk);
  if (next.error !== null) return [...faults, `the next start did not finish: ${toldOf(next.error)}`];
  const sums = recordsIn(next.place).map(({ sum }) => sum);
  if (met.acknowledged.some((sum, n) => sums[n] !== sum)) faults.push('acknowledged records are lost');
  const now = ended(next, machine);
  if (now.state !== reference.state) faults.push(`the next start ended in ${now.state}, not in ${reference.state}`);
  if (now.history !== reference.history) faults.push(`another history: ${now.history}`);
  if (now.starts !== reference.starts) faults.push(`other worker starts: ${now.starts}`);
  return faults;
}

/** A fault is overcome, or told by an error of the system's class that says what to do. */
function toldBadly({ error, state }: Started, reference: Reference): string[] {
  if (error === null) return state === reference.state ? [] : [`it ended in ${state} and told no error`];
  if (!(error instanceof PawlError)) return [`an error without a code: ${toldOf(error)}`];
  if (ERROR_CODES[error.code] !== EXIT.refused) return [`an unexpected code: ${toldOf(error)}`];
  return error.subject === '' || error.hint === '' ? [`it does not say what to do: ${toldOf(error)}`] : [];
}

function codeOf(error: unknown): string | null {
  return error instanceof PawlError ? error.code : null;
}

function toldOf(error: unknown): string {
  return error instanceof PawlError ? `${error.code}: ${error.message}` : String(error);
}

/** One start of Pawl on the machine, on `fs`: intake if the run is not there, then driven as far as it goes. */
async function start(machine: SimMachine, fs: FsPort): Promise<Started> {
  const acknowledged: string[] = [];
  let world: World | null = null;
  let driver: Driver | null = null;
  let error: unknown = null;
  try {
    world = await machine.boot(fs);
    driver = new Driver(world, {
      maxParallel: 1,
      agentOverride: null,
      onRecord: (_run, record) => void acknowledged.push(record.sum),
    });
    await bounded(drive(driver));
  } catch (thrown) {
    error = thrown;
  }
  try {
    await driver?.close();
    error ??= driver?.failure ?? null;
  } catch (thrown) {
    error ??= thrown;
  }
  try {
    await world?.lock.release();
  } catch (thrown) {
    error ??= thrown;
  }
  const fault = driver?.runs().find((run) => run.fault !== null)?.fault ?? null;
  return { error: error ?? fault, state: driver?.view(READING.runId)?.state ?? null, place: world, acknowledged };
}

async function drive(driver: Driver): Promise<void> {
  await driver.open();
  if (driver.failure !== null) throw driver.failure;
  if (driver.view(READING.runId) === null) {
    await driver.create({ runId: READING.runId, reading: READING, limits: resolveLimits({}, {}) });
  }
  await emptyInbox(driver);
  await driver.drive([READING.runId]);
}

function bounded(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it neither continues nor ends')), START_MS_MAX);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const READING: PacketReading = reading();

function reading(): PacketReading {
  const packet = {
    task_id: 'FAULT-1',
    approved: true,
    scm_target: { repo: 'sim/app', issue_number: 1, intended_branch: 'sim/branch', base_branch: 'main' },
    scope: { goal: 'Meet every fault' },
    implementation: { instructions: 'Do it.' },
    verification: { commands: ['check'] },
    review: { criteria: ['It is done.'] },
    conflict_surface: ['src'],
  };
  const [read] = readPackets(JSON.stringify([packet]), sha256).readings;
  if (read === undefined) throw new Error('bug: the packet of the faults cannot be read');
  return read;
}
