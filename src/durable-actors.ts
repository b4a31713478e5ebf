/**
 * The public entry to the kernel: durable XState systems, without anything of Pawl's own.
 *
 * Owns: which names are public, and the real ports. Does not own: any of them.
 */
import { resolve } from 'node:path';
import { nodeFs } from './adapters/node-fs.ts';
import { systemProcesses } from './adapters/processes/system.ts';
import { systemClock } from './adapters/system-clock.ts';
import { SystemRegistry } from './engine/system-registry.ts';
import { Files } from './store/files.ts';

export type { DurableSystem, Performers, Performing } from './engine/durable-system.ts';
export type { Refusal } from './engine/live-system.ts';
export type { OpenOptions } from './engine/system-registry.ts';
export { type At, type ChildOpening, effect, type Telling, type Withdrawal } from './kernel/actions.ts';
export { type Decision, type Delivery, decide } from './kernel/decide.ts';
export { fold, foldRecord, type Step } from './kernel/fold.ts';
export {
  type ActorDefinition,
  defineSystem,
  type EffectIn,
  type EventOf,
  type PreviousRules,
  type StateOf,
  type System,
} from './kernel/system.ts';
export { DEADLINE_ROW, deadlineReachedSchema } from './model/deadline.ts';
export { type EffectRow, type WaitsFor, work } from './model/effect-row.ts';
export { PawlError } from './model/error.ts';
export type { PersistedState, RulesRaised, SystemRecord } from './model/system-record.ts';
export { proveSystem } from './prove/system/prove-system.ts';
export {
  type Finding,
  isSound,
  type ProveOptions,
  type SystemCommand,
  type SystemProof,
} from './prove/system/system-proof.ts';
export { proofText } from './prove/system/system-proof-text.ts';
export { SystemRegistry };

/**
 * A folder of durable systems, made where it is missing, and held by this process until it is closed or dies. Throws PAWL_REGISTRY_LOCKED while another
 * process drives it, PAWL_REGISTRY_INVALID for a folder that holds something else, PAWL_STORE_NO_LINKS on a file system without hard links.
 */
export function openRegistry(folder: string): Promise<SystemRegistry> {
  const root = resolve(folder);
  const files = new Files(nodeFs, systemClock);
  return SystemRegistry.open({ files, clock: systemClock, processes: systemProcesses() }, root);
}
