/**
 * The public entry to the statecharts, for anyone who restores a persisted snapshot with `createActor(machine, { snapshot })`.
 *
 * Owns: which names are public. Does not own: the machines.
 */
export { MACHINE_VERSION } from './effects.ts';
export { runMachine } from './run.machine.ts';
export { taskIdOf } from './run-context.ts';
export { taskMachine } from './task.machine.ts';
