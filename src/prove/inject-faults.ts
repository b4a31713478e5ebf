/**
 * Every file operation of a whole run, refused by the system once, or from there on: told with its code, nothing acknowledged lost, and the
 * next start finishes.
 *
 * Owns: the run that is disturbed, what is left for the next start. Does not own: playing it (prove/sim), the faults and which of them are tried
 * (fault-cases), how a failure is told (told-failure), the comparison (matrix-case), the operations of worker hosts (host-faults).
 */
import { allCases, chooseCases, type FaultCase, type FaultChoice, planOf } from './fault-cases.ts';
import { compare, type Reference, referenceOf } from './matrix-case.ts';
import { FaultFs } from './memory/fault-fs.ts';
import type { FsOp } from './memory/memory-fs.ts';
import type { InjectionResult } from './proof.ts';
import { freshSite } from './sim/outside.ts';
import { play, playedBy } from './sim/play.ts';
import { SimProcess } from './sim/process.ts';
import { storyOf } from './sim/story.ts';
import { toldBadly } from './told-failure.ts';

/** What is injected, and how it goes. */
export interface InjectionOptions extends FaultChoice {
  /** Told before each case. */
  onProgress(done: number, of: number): void;
}

const WORK = ['taskRequested', 'workerEnded completed', 'workCommitted'];
const JUDGEMENT = ['taskRequested', 'workerEnded completed'];

/** One run that comes by every stage: its review fails once and is fixed. Its hosts do their whole work when they are started. */
const STORY = storyOf(
  'a run that comes by every stage',
  [
    ...['runAdmitted', 'leaseAcquired', 'workspacePrepared'],
    ...WORK,
    ...[...JUDGEMENT, 'gateJudged PASS', ...JUDGEMENT, 'gateJudged FAIL'],
    ...WORK,
    ...[...JUDGEMENT, 'gateJudged PASS', ...JUDGEMENT, 'gateJudged PASS'],
    'handoffProjected',
  ],
  [],
);

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
  const site = freshSite();
  const fs = new FaultFs(site.machine.disk);
  const process = new SimProcess(STORY, site, { fs });
  const end = await process.live();
  site.machine.disk = site.machine.disk.fork();
  const reference = await referenceOf(STORY, playedBy(process, end));
  if ('faults' in reference) throw new Error(`bug: undisturbed, ${reference.faults.join('; ')}`);
  return { reference, calls: fs.calls };
}

/** What does not hold when the operation fails so, each a sentence. */
async function tryCase(one: FaultCase, reference: Reference, seed: number): Promise<string[]> {
  const site = freshSite();
  const plan = planOf(one);
  const fs = new FaultFs(site.machine.disk, plan);
  const process = new SimProcess(STORY, site, { fs });
  const end = await process.live();
  if (!fs.hasFired) return ['the operation was never called'];
  const { isSyncLost } = fs;
  // What could not be synced is gone, in whole or in part; anything else is there for the next process.
  const left = process.stopped(isSyncLost ? 'powerCutInPart' : 'killed', seed);
  const next = await compare(STORY, await play(STORY, left), reference, { isCut: false, isThorough: false });
  return [
    ...toldBadly(end, isSyncLost && plan.isLasting !== true),
    ...next.faults.map((fault) => `the next start: ${fault}`),
  ];
}
