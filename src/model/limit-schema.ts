/**
 * What a limit may be when a user sets it: names and ranges, for config and packets alike.
 *
 * Owns: the ranges. Does not own: defaults (model/limits), laying overrides over one another (run/limits).
 */
import { z } from 'zod';
import { PARALLEL_RUNS_BOUND } from './limits.ts';

/** The longest wait that a Node timer keeps: about 24 days. */
const TIMER_MS_MAX = 2_147_483_647;

const whole = (min: number, max: number) => {
  const range = { error: `must be a whole number from ${min} to ${max}` };
  return z.int(range).min(min, range).max(max, range);
};

const ms = whole(1, TIMER_MS_MAX);

const moneyRule = { error: 'must be a positive number, at most 1000000' };

const deadlineRule = {
  error: `must be a whole number from 1 to ${TIMER_MS_MAX}, or an object of such numbers by purpose`,
};

const deadlinesSchema = z.strictObject({
  setup: ms.optional(),
  implementation: ms.optional(),
  verification: ms.optional(),
  review: ms.optional(),
  fix: ms.optional(),
});

/** The limits that config and packets may override, by their names in code. */
export const limitShape = {
  attemptsMax: whole(1, 100).describe('Attempts of one purpose, counting failed and timed-out workers. Default 2.'),
  fixAttemptsMax: whole(0, 100).describe('Fix rounds of one run. Default 2.'),
  lostRetriesMax: whole(0, 100).describe('Fresh attempts after a lost worker. Default 1.'),
  interruptionsMax: whole(0, 1_000).describe(
    'Fresh attempts after an interruption by Pawl or the machine. Default 10.',
  ),
  limitWaitsMax: whole(0, 1_000).describe('Waits for a limit window of the agent in a row. Default 100.'),
  hostStartsMax: whole(1, 100).describe('Worker hosts started for one task. Default 5.'),
  deadlineMs: z
    .union([ms, deadlinesSchema], deadlineRule)
    .describe('Wall clock of one worker: one number for all, or by purpose. Default 3600000.'),
  stallMs: ms.describe(
    'Longest time without a sign of life: a byte of output, of a coding agent an event, work of its processes, a changed file. Default 600000.',
  ),
  silenceMaxMs: ms.describe(
    'Longest time without a byte of output, of a coding agent an event, whatever else it does; never less than stallMs. Default 1800000.',
  ),
  graceMs: ms.describe('Time between asking a worker to end and killing it. Default 10000.'),
  outputBytesMax: whole(1, 1024 ** 4).describe('Bytes of stdout and stderr together. Default 67108864.'),
  leaseTtlMs: ms.describe('How long a lease lasts without being renewed. Default 86400000.'),
  firstEventMs: ms.describe("Longest time from a coding agent's start to its first event. Default 300000."),
  budgetUsd: z
    .number(moneyRule)
    .positive(moneyRule)
    .max(1_000_000, moneyRule)
    .describe('What a run may cost, in US dollars as its agents report them. Default: not bounded.'),
  tokens: whole(1, 10 ** 12).describe('Tokens that a run may use, input and output. Default: not bounded.'),
} as const;

/** How many runs are driven at once; only a config or the command line says that. */
export const parallelRunsSchema = whole(1, PARALLEL_RUNS_BOUND).describe('Runs driven at once. Default 3.');
