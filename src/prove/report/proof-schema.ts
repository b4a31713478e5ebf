/**
 * The schema of `proof.json`, for whoever reads one.
 *
 * Owns: what a proof document may hold. Does not own: its type and the meaning of its fields (prove/proof).
 *
 * Invariant: 1. Schema and type say the same: a proof that Pawl makes is always one that it can read.
 */
import { z } from 'zod';
import { CLASSES, STAGES } from '../proof.ts';

const count = z.int().min(0);
const amount = z.number().min(0);
const texts = z.array(z.string()).readonly();

const kill = z.strictObject({
  name: z.string(),
  victim: z.enum(['runner', 'host', 'worker', 'runnerAndHost', 'all']),
  moment: z.string(),
  hit: z.string().nullable(),
  end: z.string().nullable(),
  starts: z.strictObject({ recorded: count, witnessed: count }),
  eventsChecked: count,
  recoveryMs: amount.nullable(),
  faults: texts,
});

const cell = z.strictObject({
  stage: z.enum(STAGES),
  class: z.enum(CLASSES),
  impossible: z.string().nullable(),
  kills: z.array(kill).readonly(),
});

const share = z.strictObject({ tried: count, of: count });

const system = z.strictObject({
  kind: z.string(),
  states: count,
  steps: count,
  paths: count,
  stepsUnplayed: count,
  stops: share,
  failures: share,
  statesNeverReached: texts,
  effectsNeverAsked: texts,
  broken: z.array(z.strictObject({ sentence: z.string(), path: texts, count })).readonly(),
  seed: z.int(),
  tookMs: amount,
});

const model = z.strictObject({
  systems: z.array(system).readonly(),
  worlds: z.array(z.strictObject({ name: z.string(), states: count, steps: count })).readonly(),
  faults: texts,
  tookMs: amount,
});

const matrix = z.strictObject({
  stories: count,
  edges: z.strictObject({ walked: count, of: count }),
  cases: z.strictObject({ single: count, double: count }),
  byCall: z.record(z.string(), count),
  starts: z.strictObject({ expected: count, witnessed: count }),
  eventsChecked: count,
  faults: texts,
  tookMs: amount,
});

const injections = z.strictObject({ injected: z.record(z.string(), count), faults: texts, tookMs: amount });

const daemon = z.strictObject({
  kills: count,
  byMoment: z.record(z.string(), count),
  workersAtWork: count,
  commands: z.strictObject({ sent: count, accepted: count, repeated: count }),
  changes: z.strictObject({ followed: count, reconnections: count }),
  starts: z.strictObject({ recorded: count, witnessed: count }),
  ready: z.strictObject({ count, p50Ms: amount, slowestMs: amount }).nullable(),
  faults: texts,
  tookMs: amount,
});

const outside = z.strictObject({ guards: texts, wrote: texts, violations: texts });

const recovery = z.strictObject({
  count,
  p50Ms: amount,
  p99Ms: amount,
  slowestMs: amount,
  growth: z.array(z.strictObject({ records: count, ms: amount })).readonly(),
});

const circumstances = z.strictObject({
  pawl: z.string(),
  node: z.string(),
  git: z.string(),
  system: z.string(),
  cores: count,
  memoryMiB: amount,
  isolation: z.string(),
  configuration: z.string().nullable(),
  roles: z.record(z.string(), z.string()),
  limits: z.record(z.string(), z.unknown()),
});

/** A proof document. */
export const proofSchema = z.strictObject({
  v: z.literal(1),
  level: z.enum(['smoke', 'full']),
  only: z
    .array(z.templateLiteral([z.enum(STAGES), '/', z.enum(CLASSES)]))
    .readonly()
    .nullable(),
  seed: z.int(),
  startedAt: z.string(),
  tookMs: amount,
  circumstances,
  cells: z.array(cell).readonly(),
  model: model.nullable(),
  matrix: matrix.nullable(),
  injections: injections.nullable(),
  // Reports from before there was a daemon lack it.
  daemon: daemon.nullable().default(null),
  outside,
  recovery: recovery.nullable(),
  holds: z.boolean(),
});
