/**
 * The one effect that every engine performs by itself: waiting for an instant.
 *
 * Owns: its row and its event. Does not own: waiting (engine), which deadlines there are (machines).
 *
 * Invariant: a deadline keeps its original instant; a restart after it fires it at once.
 */
import { z } from 'zod';
import type { EffectRow } from './effect-row.ts';

/** The name of the effect. */
export const DEADLINE = 'deadline';

/** The row of `deadline`: asked for with an id and an instant (ms since the epoch), settled by `deadlineReached`. */
export const DEADLINE_ROW = {
  params: z.strictObject({ id: z.string().max(400), atMs: z.number() }),
  waitsFor: 'clock',
  isRest: true,
  occupiesSlot: false,
  isBeginning: false,
} as const satisfies EffectRow;

/** The fact that an owed deadline's instant has come. A machine that asks for deadlines takes it. */
export const deadlineReachedSchema = z.strictObject({
  type: z.literal('deadlineReached'),
  key: z.string().max(400),
  id: z.string().max(400),
});
