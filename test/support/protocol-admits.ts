/**
 * Whether what real processes did is something that the modelled protocol allows.
 *
 * Owns: following an observed sequence through all states that the model may be in. Does not own: observing (protocol-strace,
 * protocol-recorder).
 */
import { firstState, type Rules } from './protocol-rules.ts';
import { stepsOf } from './protocol-search.ts';
import { keyOf, type State } from './protocol-state.ts';

/** How far the model follows. */
export interface Following {
  /** The observed steps that the model can take one after the other; all of them when it allows the whole. */
  readonly followed: readonly string[];
  /** What the model could have done next, of what can be observed; for the message. */
  readonly allowedNext: readonly string[];
}

/** The longest beginning of `observed` that is a path of the model, when only the steps that `isVisible` names are observed. */
export function follow(rules: Rules, observed: readonly string[], isVisible: (name: string) => boolean): Following {
  let states = withHidden([firstState(rules)], rules, isVisible);
  for (const [index, name] of observed.entries()) {
    const nexts = states.flatMap((state) => stepsOf(state, rules).filter((step) => step.name === name));
    if (nexts.length === 0) {
      const names = states.flatMap((state) => stepsOf(state, rules).map((step) => step.name));
      return { followed: observed.slice(0, index), allowedNext: [...new Set(names.filter(isVisible))].sort() };
    }
    states = withHidden(
      nexts.map(({ next }) => next),
      rules,
      isVisible,
    );
  }
  return { followed: observed, allowedNext: [] };
}

/** `states` and everything that can be reached from them unseen. */
function withHidden(states: readonly State[], rules: Rules, isVisible: (name: string) => boolean): State[] {
  const known = new Map(states.map((state) => [keyOf(state), state]));
  for (const state of known.values()) {
    for (const { name, next } of stepsOf(state, rules)) if (!isVisible(name)) known.set(keyOf(next), next);
  }
  return [...known.values()];
}
