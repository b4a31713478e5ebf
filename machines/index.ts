/**
 * The public entry to the statecharts, for anyone who restores a persisted snapshot with `createActor(machine, { snapshot })`.
 *
 * Owns: which names are public. Does not own: the machines.
 */
export { taskIdOf } from './run/context.ts';
export { runMachine } from './run/run.machine.ts';
export { taskMachine } from './task/task.machine.ts';
