/**
 * The public entry to Pawl as a library.
 *
 * Owns: which names are public. Does not own: any of them.
 */
export { createRunner, parsePackets, type Runner, type RunnerOptions } from './app/runner.ts';
export type { InspectObserver } from './engine/mirror.ts';
export { PawlError } from './model/error.ts';
export { ERROR_CODES, EXIT } from './model/error-codes.ts';
export type { JournalRecord } from './model/record.ts';
export type { PacketsFile } from './packets/packets.ts';
export type { RunView, TaskView } from './run/run-view.ts';
