/**
 * What a sampled sweep takes today: a seed by chance, and the day's part of what a week covers.
 *
 * Owns: seed, day, dividing by days, `PAWL_SWEEP=whole`. Does not own: what is sampled.
 *
 * Invariants: 1. Seed and day are printed, and PAWL_TEST_SEED and PAWL_TEST_DAY do the same again. 2. The parts of seven days in a
 * row are the whole, and none is in two of them.
 */

/** Drawn anew by every run of the tests (vitest.config.ts), else by the process. */
export const SEED = Number(process.env.PAWL_TEST_SEED ?? Math.floor(Math.random() * 1_000_000));
/** Days since the epoch. */
export const DAY = Number(process.env.PAWL_TEST_DAY ?? Math.floor(Date.now() / 86_400_000));
/** Every sweep takes everything: minutes to hours. */
export const IS_WHOLE = process.env.PAWL_SWEEP === 'whole';
/** The parts that a week takes. */
export const DAYS_OF_WEEK = 7;

console.info(`PAWL_TEST_SEED=${SEED} PAWL_TEST_DAY=${DAY}`);

/** The part of `all` for `day`, one of `days` that together are all of it; everything when there are fewer than `days`. */
export function partOf<T>(all: readonly T[], days: number, day: number): readonly T[] {
  return all.length < days ? all : all.filter((_, n) => n % days === day % days);
}

/** Today's part of `all`, of so many days; all of it in a whole sweep. */
export function todaysPart<T>(all: readonly T[], days: number): readonly T[] {
  return IS_WHOLE ? all : partOf(all, days, DAY);
}
