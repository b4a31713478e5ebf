/**
 * What is asked for when a system is to be proven, and what the proof says.
 *
 * Owns: the options, the findings, the proof. Does not own: how anything is found (prove-system), how it is told (system-proof-text).
 */
import type { Unkeyed } from '../../engine/durable-system.ts';
import type { EffectIn, EventOf, StateOf, System } from '../../kernel/system.ts';
import type { DEADLINE } from '../../model/deadline.ts';

/** An event from outside that settles nothing by being performed: a person's word, the progress of work. */
export interface SystemCommand<Event> {
  /** The actor that takes it; the root by default. */
  readonly actor?: string;
  readonly event: Event;
}

/** What the world around a system may do, and what must hold whatever it does. */
export interface ProveOptions<S extends System> {
  /** The first event of a journal: one, or several that are tried one by one. */
  readonly begin: EventOf<S> | readonly EventOf<S>[];
  /**
   * Everything that a performer of the effect may return while the system is in that state, without the key. None: only time or a command ends the wait.
   * Deadlines are answered by the proof itself.
   */
  answers(effect: Exclude<EffectIn<S>, { kind: typeof DEADLINE }>, state: StateOf<S>): readonly Unkeyed<EventOf<S>>[];
  /** What may be sent to the system while it is in that state; a command may be refused. */
  commands?(state: StateOf<S>): readonly SystemCommand<EventOf<S>>[];
  /** What must hold in every state, by the sentence that says so. */
  readonly invariants?: Readonly<Record<string, (state: StateOf<S>) => boolean>>;
  /** Members of a context that tell no two states apart, by the root's name or the kind of a child: texts, ids, counters without bound. */
  readonly ignore?: Readonly<Record<string, readonly string[]>>;
  /** The walk abandons beyond so many states. */
  readonly statesMax?: number;
  /** Beyond so many stops, and so many failing file operations, a part of them is drawn by the seed. */
  readonly stopsMax?: number;
  readonly seed?: number;
}

/** Something that does not hold, and a shortest way to it. */
export interface Finding {
  readonly sentence: string;
  /** The events that lead to it; empty for what holds of no single state. */
  readonly path: readonly string[];
  /** How often it was met. */
  readonly count: number;
}

/** So many were tried, of so many that there are. */
export interface Share {
  readonly tried: number;
  readonly of: number;
}

/** What was looked at, and what does not hold. */
export interface SystemProof {
  readonly kind: string;
  /** Reachable states, and the steps between them. */
  readonly states: number;
  readonly steps: number;
  /** Paths on which the steps lie that were played through the engine. */
  readonly paths: number;
  /**
   * Steps that the engine was not led to take: a deadline before an earlier one; what no path leads over, where not every step is to be played; all of them,
   * where a state or a step is refuted by itself.
   */
  readonly stepsUnplayed: number;
  /** Stops of the engine from which another one continued. */
  readonly stops: Share;
  /** File operations that failed. */
  readonly failures: Share;
  /** States of the charts that were not reached, and effects that were not asked for. */
  readonly statesNeverReached: readonly string[];
  readonly effectsNeverAsked: readonly string[];
  readonly broken: readonly Finding[];
  readonly seed: number;
  readonly tookMs: number;
}

/** Whether nothing is broken, every state was reached and every effect asked for. */
export function isSound({ broken, statesNeverReached, effectsNeverAsked }: SystemProof): boolean {
  return broken.length + statesNeverReached.length + effectsNeverAsked.length === 0;
}

/** Everything that refutes it, each in one sentence. */
export function faultsOf({ broken, statesNeverReached, effectsNeverAsked }: SystemProof): readonly string[] {
  return [
    ...statesNeverReached.map((name) => `the state ${name} is never reached`),
    ...effectsNeverAsked.map((name) => `the effect ${name} is never asked for`),
    ...broken.map(({ sentence, path }) => (path.length === 0 ? sentence : `${sentence}, after ${path.join(' → ')}`)),
  ];
}

/** Findings as they are met: the same sentence once, with the first way to it. */
export class Findings {
  readonly #bySentence = new Map<string, Finding>();

  add(sentence: string, path: readonly string[]): void {
    const known = this.#bySentence.get(sentence);
    this.#bySentence.set(sentence, { sentence, path: known?.path ?? path, count: (known?.count ?? 0) + 1 });
  }

  get all(): readonly Finding[] {
    return [...this.#bySentence.values()];
  }
}
