/**
 * What the machines may ask of the outside world: named, plain data.
 *
 * Owns: the effect union and its keyed form. Does not own: performing (runtime/perform).
 */
import type { Purpose } from './limits.ts';
import type { EndReason } from './request.ts';

/** What judges the work of an epoch. */
export type Gate = 'verification' | 'review';

/** What a machine may ask for. */
export type Effect =
  | { readonly kind: 'admitRun' }
  | { readonly kind: 'acquireLease'; readonly surfaces: readonly string[] }
  | { readonly kind: 'awaitSurface'; readonly surfaces: readonly string[] }
  | { readonly kind: 'prepareWorkspace' }
  | {
      readonly kind: 'prepareTask';
      readonly taskId: string;
      readonly purpose: Purpose;
      readonly epoch: number;
      readonly attempt: number;
      /** The commit that the worktree must stand at when the worker starts. */
      readonly commit: string;
    }
  | { readonly kind: 'commitWork'; readonly taskId: string; readonly purpose: Purpose; readonly commit: string }
  | {
      readonly kind: 'judgeGate';
      readonly gate: Gate;
      readonly taskId: string;
      readonly epoch: number;
      readonly commit: string;
    }
  | { readonly kind: 'projectHandoff'; readonly commit: string; readonly epoch: number }
  | { readonly kind: 'startHost'; readonly taskId: string; readonly requestHash: string }
  | { readonly kind: 'awaitWorker'; readonly taskId: string; readonly requestHash: string }
  | { readonly kind: 'watchWorker'; readonly taskId: string; readonly requestHash: string }
  | { readonly kind: 'endTask'; readonly taskId: string; readonly requestHash: string; readonly reason: EndReason }
  | { readonly kind: 'deadline'; readonly id: string; readonly atMs: number };

/** The name of an effect. */
export type EffectKind = Effect['kind'];

/** The names of all effects. */
export const EFFECT_KINDS = [
  'admitRun',
  'acquireLease',
  'awaitSurface',
  'prepareWorkspace',
  'prepareTask',
  'commitWork',
  'judgeGate',
  'projectHandoff',
  'startHost',
  'awaitWorker',
  'watchWorker',
  'endTask',
  'deadline',
] as const satisfies readonly EffectKind[];

/** An effect as it stands in the outbox, with `key` = `<runId>/<seq>.<n>:<kind>` and the actor that asked. */
export type KeyedEffect = Effect & { readonly key: string; readonly actor: string };
/** The owed effect of that kind. */
export type KeyedEffectOf<K extends EffectKind> = Extract<Effect, { kind: K }> & {
  readonly key: string;
  readonly actor: string;
};
