/**
 * What the machines of a run may ask of the outside world.
 *
 * Owns: the table of effects: their params, and all that an engine must know of each. Does not own: the columns (model/effect-row), performing
 * (engine/effects/perform).
 *
 * Invariant: it is the only list of effects: whoever treats them differently asks a column.
 */
import { z } from 'zod';
import { DEADLINE_ROW } from './deadline.ts';
import type { EffectOf, EffectRow } from './effect-row.ts';
import type { Blocker } from './error.ts';
import type { RunEvent } from './event.ts';
import { PURPOSES } from './limits.ts';
import { END_REASONS } from './request.ts';

/** What judges the work of an epoch. */
export type Gate = 'verification' | 'review';

/** A row of the effects of a run. */
interface RunEffectRow extends EffectRow {
  /** The fact that settles it where git, or the system, refuses; null: then the run is halted, and the next start tries again. */
  readonly refusedAs: ((key: string, blocker: Blocker) => RunEvent) | null;
}

const text = z.string();
const ordinal = z.int().min(0);
const surfaces = z.strictObject({ surfaces: z.array(text).readonly() });
const handle = z.strictObject({ taskId: text, requestHash: text });
const nothing = z.strictObject({});

/** Work of our own that begins something for a run. */
const BEGINNING = { waitsFor: 'nothing', isRest: false, occupiesSlot: true, isBeginning: true } as const;
/** Work of our own on what a worker has left. */
const FINISHING = { waitsFor: 'nothing', isRest: false, occupiesSlot: true, isBeginning: false } as const;
/** A worker is at work, whether anybody watches it or not. */
const WATCHING = {
  waitsFor: 'worker',
  isRest: false,
  occupiesSlot: false,
  isBeginning: false,
  refusedAs: null,
} as const;

/** The deadlines of a run: the renewal of its lease, and the end of its wait for its agent. */
export const RUN_DEADLINES = ['lease', 'limit'] as const;

/** Every effect of a run. */
export const RUN_EFFECTS = {
  admitRun: {
    params: nothing,
    waitsFor: 'system',
    isRest: false,
    occupiesSlot: false,
    isBeginning: true,
    refusedAs: (key, blocker) => ({ type: 'admissionRefused', key, blockers: [blocker] }),
  },
  /** Takes its slot by itself, once the surfaces are free. */
  acquireLease: {
    params: surfaces,
    waitsFor: 'system',
    isRest: false,
    occupiesSlot: false,
    isBeginning: true,
    refusedAs: null,
  },
  awaitSurface: {
    params: surfaces,
    waitsFor: 'system',
    isRest: true,
    occupiesSlot: false,
    isBeginning: true,
    refusedAs: null,
  },
  prepareWorkspace: {
    ...BEGINNING,
    params: nothing,
    refusedAs: (key, blocker) => ({ type: 'workspaceRefused', key, blocker }),
  },
  prepareTask: {
    ...BEGINNING,
    params: z.strictObject({
      taskId: text,
      purpose: z.enum(PURPOSES),
      epoch: ordinal,
      attempt: ordinal,
      /** The commit that the worktree must stand at when the worker starts. */
      commit: text,
    }),
    refusedAs: (key, blocker) => ({ type: 'taskRefused', key, blocker }),
  },
  commitWork: {
    ...FINISHING,
    params: z.strictObject({ taskId: text, purpose: z.enum(PURPOSES), commit: text }),
    refusedAs: (key, blocker) => ({ type: 'workRefused', key, blocker }),
  },
  judgeGate: {
    ...FINISHING,
    params: z.strictObject({ gate: z.enum(['verification', 'review']), taskId: text, epoch: ordinal, commit: text }),
    refusedAs: null,
  },
  projectHandoff: {
    ...FINISHING,
    params: z.strictObject({ commit: text, epoch: ordinal }),
    refusedAs: (key, blocker) => ({ type: 'handoffRefused', key, blocker }),
  },
  startHost: { ...WATCHING, occupiesSlot: true, isBeginning: true, params: handle },
  awaitWorker: { ...WATCHING, params: handle },
  watchWorker: { ...WATCHING, params: handle },
  endTask: {
    ...WATCHING,
    params: z.strictObject({ taskId: text, requestHash: text, reason: z.enum(END_REASONS) }),
  },
  deadline: { ...DEADLINE_ROW, params: DEADLINE_ROW.params.extend({ id: z.enum(RUN_DEADLINES) }), refusedAs: null },
} as const satisfies Readonly<Record<string, RunEffectRow>>;

/** The id of a deadline of a run. */
export type RunDeadline = (typeof RUN_DEADLINES)[number];
/** The name of an effect. */
export type EffectKind = keyof typeof RUN_EFFECTS;
/** An effect as it stands in the outbox, with `key` = `<runId>/<seq>.<n>:<kind>` and the actor that asked. */
export type KeyedEffect = EffectOf<typeof RUN_EFFECTS>;
/** The owed effect of that kind. */
export type KeyedEffectOf<K extends EffectKind> = Extract<KeyedEffect, { readonly kind: K }>;
/** What a machine asks for, before it has a key. */
export type Effect = KeyedEffect extends infer E ? (E extends unknown ? Omit<E, 'key' | 'actor'> : never) : never;
/** The params of an effect. */
export type EffectParams<K extends EffectKind> = Readonly<z.infer<(typeof RUN_EFFECTS)[K]['params']>>;
