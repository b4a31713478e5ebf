/**
 * What an engine must know of an effect, in one row of one table.
 *
 * Owns: the columns, and the types that are made of a table. Does not own: the effects of one system (its own table), performing them (engine).
 *
 * Invariant: a table is exhaustive: an effect without a row, or a row without a column, does not compile.
 */
import type { ZodType } from 'zod';

/** What ends the wait for an effect: nothing but its own work, a worker process, a person, another system, or the clock. */
export type WaitsFor = 'nothing' | 'worker' | 'person' | 'system' | 'clock';

/** What an engine must know of an effect. */
export interface EffectRow<Params = object> {
  /** The effect's params, without `kind`, `key` and `actor`. An effect that waits for the clock has `id` and `atMs`. */
  readonly params: ZodType<Params>;
  /** Effects that wait for nothing are short work: stopping an engine waits for them, and calls off all others. */
  readonly waitsFor: WaitsFor;
  /** While nothing else is owed the system is at rest, and its snapshot is stored. */
  readonly isRest: boolean;
  /** Performed only by a system that holds one of the engine's slots. */
  readonly occupiesSlot: boolean;
  /** It starts something new: an engine that is asked to stop leaves it for the next one. */
  readonly isBeginning: boolean;
}

/** The row of an effect that is short work: it waits for nothing, needs no slot, and is done even while the engine stops. */
export function work<Params extends object>(params: ZodType<Params>) {
  return { params, waitsFor: 'nothing', isRest: false, occupiesSlot: false, isBeginning: false } as const;
}

/** The effects of a system, by name. */
export type EffectTable = Readonly<Record<string, EffectRow>>;

/** The params of an effect that has any; zod's empty object is a record of nothing. */
type Own<Params> = string extends keyof Params ? unknown : Readonly<Params>;

/** An effect as the outbox holds it, by its row's params. */
export type EffectOf<Table extends EffectTable> = {
  [Kind in keyof Table & string]: Table[Kind] extends EffectRow<infer Params>
    ? { readonly kind: Kind; readonly key: string; readonly actor: string } & Own<Params>
    : never;
}[keyof Table & string];
