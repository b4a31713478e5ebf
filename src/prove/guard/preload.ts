/**
 * Preloaded (`node --import`) into every Node process of a trial: tells what it does to the network and outside of the sandbox.
 *
 * Owns: starting the watch. Does not own: what is watched (watch-files, watch-network), passing it on (hand-on).
 * Free of zod and xstate: every process of a trial loads this.
 *
 * Invariants: 1. Without a plan nothing is touched. 2. What the process does is not changed: it is told, not prevented.
 */
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { GuardLog, takeGuardPlan } from './guard-log.ts';
import { handOn } from './hand-on.ts';
import { watchFiles } from './watch-files.ts';
import { watchNetwork } from './watch-network.ts';

const plan = takeGuardPlan(process.env);
if (plan !== null) {
  const log = new GuardLog(plan.log);
  try {
    watchFiles(plan.roots, log);
    watchNetwork(plan.roots, log);
    handOn(import.meta.url, JSON.stringify(plan), log);
    syncBuiltinESMExports();
    if (isMainThread) log.arrive();
  } catch (error) {
    log.violation(`could not be watched: ${String(error)}`);
  }
}
