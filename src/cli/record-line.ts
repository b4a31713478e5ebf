/**
 * One record of a journal as one line, for whoever reads the journal itself.
 *
 * Owns: which of its facts are shown, and how. Does not own: the story of a run in words (run/event-words).
 *
 * Invariant: whatever a packet or a worker has brought in stands on that line, and nothing in it is hidden.
 */
import type { ToldRecord } from '../app/reading/run-reader.ts';
import { visible } from '../base/visible.ts';
import { turnNotes } from '../turn/turn-words.ts';
import type { Output } from './output.ts';

const VALUE_CHARS = 60;

/** The line of `pawl events --raw`. */
export function recordLine({ colour }: Output, { seq, atMs, actor, event, effects }: ToldRecord): string {
  const { type, ...rest } = event;
  const facts = Object.entries(rest)
    .filter(([name, value]) => name !== 'key' && (typeof value === 'string' || typeof value === 'number'))
    .map(([name, value]) => `${name}=${String(value).slice(0, VALUE_CHARS)}`);
  if (event.type === 'workerEnded' && event.turn !== undefined)
    facts.push(...turnNotes(event.turn).map((note) => `(${note})`));
  const asked = effects.length === 0 ? '' : colour.dim(` → ${effects.map((effect) => effect.kind).join(', ')}`);
  const time = colour.dim(new Date(atMs).toISOString());
  return `${String(seq).padStart(4)} ${time} ${colour.cyan(visible(actor))} ${colour.bold(type)} ${visible(facts.join(' '))}${asked}`;
}
