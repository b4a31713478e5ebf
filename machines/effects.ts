/**
 * How a machine asks for something: a named action that does nothing, whose plain params the driver collects.
 *
 * Owns: the inert implementation behind every effect action, and the names of the actions that are for the driver alone.
 * Does not own: the effects' shapes (model/effect), performing them (runtime).
 */

/** An action implementation that does nothing: the effect is its name and its params. */
export function inert<Params>(): (_args: unknown, _params: Params) => void {
  return () => undefined;
}

/** Actions that are neither effects nor `assign`: the driver resolves them inside the same record. */
export const DRIVER_ACTIONS = ['withdraw', 'openTask', 'tellTask', 'tellRun'] as const;

/** Raised when the shape of a machine changes: a journal names the version that it was written under. */
export const MACHINE_VERSION = 2;

/** What the machines see of every event: the event, and the instant of its record (ms since the epoch). */
export type At<Event> = Event & { readonly atMs: number };
