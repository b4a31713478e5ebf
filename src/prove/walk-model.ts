/**
 * The machines walked: every system of the product as any system is proven, then by the walks that are its own.
 *
 * Owns: the order, how much of each system is played at a level. Does not own: which systems there are (systems), proving one (system), their own walks (model).
 *
 * Invariant: a state or a step is never sampled: a system is walked whole, or that is a fault. What is drawn by the seed are the paths on which its engine is
 * stopped, and their stops; the result says how many of how many.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { spanMs } from '../base/elapsed.ts';
import { Counterexample } from './model/graph.ts';
import type { Level, ModelResult } from './proof.ts';
import type { OwnWalk, Walked } from './system/own-walk.ts';
import { type Bounds, proveSubject } from './system/prove-system.ts';
import { openRealEngine } from './system/proven-engine.ts';
import type { SystemProof } from './system/system-proof.ts';
import { PRODUCT_SYSTEMS } from './systems.ts';

/** How the model is walked, and who is told. */
export interface WalkOptions {
  readonly level: Level;
  readonly seed: number;
  onProgress(done: number, of: number): void;
}

const FAULTS_TOLD = 20;

/** What is walked of a system at a level. The paths lead to steps that the seed draws, and on from there. */
export const BOUNDS: Readonly<Record<Level, Omit<Bounds, 'seed'>>> = {
  smoke: { statesMax: 100_000, stopsMax: 60, paths: { stepsMax: 24, movesMax: 24 } },
  full: { statesMax: 100_000, stopsMax: 1_500, paths: { stepsMax: 160, movesMax: 24 } },
};

/** Walks and plays every system of the product, then does its own walks. */
export async function walkModel({ level, seed, onProgress }: WalkOptions): Promise<ModelResult> {
  const sinceMs = performance.now();
  const walks = PRODUCT_SYSTEMS.flatMap((system) => system.walks[level]);
  const of = PRODUCT_SYSTEMS.length + walks.length;
  const systems: SystemProof[] = [];
  for (const { subject } of PRODUCT_SYSTEMS) {
    onProgress(systems.length, of);
    systems.push(await proveSubject(openRealEngine, subject, { ...BOUNDS[level], seed }));
  }
  const worlds: { name: string; states: number; steps: number }[] = [];
  const faults: string[] = [];
  for (const { name, walk } of walks) {
    onProgress(systems.length + worlds.length, of);
    await turn();
    const walked = attempt(walk);
    worlds.push({ name, states: walked.states, steps: walked.steps });
    faults.push(...walked.faults.slice(0, FAULTS_TOLD).map((fault) => `${name}: ${fault}`));
  }
  onProgress(of, of);
  return { systems, worlds, faults, tookMs: Math.round(spanMs(sinceMs, performance.now())) };
}

/** A counterexample ends its walk and is the fault. */
function attempt(walk: OwnWalk['walk']): Walked {
  try {
    return walk();
  } catch (error) {
    if (!(error instanceof Counterexample)) throw error;
    return { states: 0, steps: 0, faults: [error.message] };
  }
}
