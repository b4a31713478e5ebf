/**
 * Snapshots of runs under rules 1 or 2, in the form that views read.
 *
 * Owns: the mapping of those states and members. Does not own: the view (run/run-view), folding: no journal of those rules is ever folded again.
 * Free of zod and xstate: `status` loads this file.
 *
 * Invariant: nothing that is read here is ever resumed.
 */
import { RUN_CONTEXT_DEFAULTS } from '../../machines/run/context.ts';
import { isObject, type Json } from '../base/canonical-json.ts';
import { RUN_ACTOR } from '../model/record.ts';

type Actors = { readonly [actor: string]: Json };

/** The actors of a stored snapshot of earlier rules, as if they had been stored under the present ones. */
export function inPresentForm(actors: Actors): Actors {
  return Object.fromEntries(
    Object.entries(actors).map(([name, actor]) => [
      name,
      isObject(actor) ? (name === RUN_ACTOR ? presentRun(actor) : presentTask(actor)) : actor,
    ]),
  );
}

/** Only its blockers said what keeps a queued run from beginning; an empty member was absent. */
function presentRun(actor: Record<string, unknown>): Json {
  const context = isObject(actor.context) ? actor.context : {};
  const isBlocked = Array.isArray(context.blockers) && context.blockers.length > 0;
  const value = actor.value === 'queued' ? { queued: isBlocked ? 'admissionRefused' : 'admitting' } : actor.value;
  return plain({ ...actor, value, context: { ...RUN_CONTEXT_DEFAULTS, ...context } });
}

/** Supervision was inside each state of the progress. */
function presentTask(actor: Record<string, unknown>): Json {
  const [place, inner] = isObject(actor.value) ? (Object.entries(actor.value)[0] ?? []) : [];
  if (place === undefined) return plain(actor);
  const value =
    place === 'settled'
      ? { progress: inner, supervision: 'over', completions: 'late' }
      : {
          progress: { open: place },
          supervision: inner === 'ending' || inner === 'doubtful' ? inner : 'watching',
          completions: 'awaited',
        };
  return plain({ ...actor, value });
}

function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
