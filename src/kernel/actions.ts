/**
 * How a machine asks for something: a named action that does nothing, whose plain params the kernel collects.
 *
 * Owns: the implementation behind every effect, and the names of the actions that the kernel resolves inside the same record.
 * Does not own: the effects of a system (its definition), performing them (engine).
 */

/** The implementation of an effect's action: it does nothing; the effect is its name and its params. */
export function effect<Params = undefined>(): (_args: unknown, _params: Params) => void {
  return () => undefined;
}

/** Actions that are neither effects nor changes of context: the kernel resolves them inside the same record. */
export const KERNEL_ACTIONS = ['withdraw', 'openChild', 'tell'] as const;

/** `withdraw`: what the actor asked for under that kind (and that id) is no longer owed. */
export interface Withdrawal {
  readonly kind: string;
  readonly id?: string;
}

/** `openChild`: a child actor begins, with that name permanently. */
export interface ChildOpening<Input = unknown> {
  readonly actor: string;
  readonly kind: string;
  readonly input: Input;
}

/** `tell`: a message to another actor of the same system, delivered within the same record. */
export interface Telling<Message extends { readonly type: string } = { readonly type: string }> {
  readonly actor: string;
  readonly event: Message;
}

/** What the machines see of every event: the event, and the instant of its record (ms since the epoch). */
export type At<Event> = Event & { readonly atMs: number };
