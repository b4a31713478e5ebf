/**
 * What has passed between model and tools in a turn, as far as its output shows: the basis for estimating what is never reported.
 *
 * Owns: the step that was reported last, and the characters seen since. Does not own: the sums of reports (turn/turn), what they cost (turn/charge).
 *
 * Invariants: 1. Pure, and of a bounded size. 2. The final figures of a step replace its first ones, and are never added to them. 3. What is
 * streamed in pieces and then reported as a whole counts once.
 */
import type { AgentEvent, Usage } from '../model/agent-event.ts';
import { BOUNDS } from '../model/limits.ts';

/** What has passed, and which part of it was reported. */
export interface Seen {
  /** The step that was reported last, with its latest figures; null before the first report. */
  readonly last: Usage | null;
  /** True once a step has begun that is still to be reported, whatever tools it calls. */
  readonly hasOpenStep: boolean;
  /** True when that step's message comes in pieces. */
  readonly isStreamed: boolean;
  /** Characters since that report: written by the model, and given to it. */
  readonly writtenChars: number;
  readonly givenChars: number;
  /** Characters that were given before that report, but were not part of its step's input. */
  readonly carriedChars: number;
  /** True when a tool has given its result since that report: then the model has been asked again. */
  readonly hasResult: boolean;
  /** Output tokens that steps must have produced beyond what they reported, by what was seen of them. */
  readonly unreportedOutput: number;
  /** The largest output of a step, as far as reported or seen. */
  readonly largestOutput: number;
  /** All characters of the turn, and their sum over its tool calls: the input of each call. */
  readonly chars: number;
  readonly charsAtCalls: number;
}

/** The state before anything has passed. */
export const NOTHING_SEEN: Seen = {
  last: null,
  hasOpenStep: false,
  isStreamed: false,
  writtenChars: 0,
  givenChars: 0,
  carriedChars: 0,
  hasResult: false,
  unreportedOutput: 0,
  largestOutput: 0,
  chars: 0,
  charsAtCalls: 0,
};

/** The most tokens that this many characters can be, in all but rare languages. */
export function tokensIn(chars: number): number {
  return Math.ceil(chars / BOUNDS.charsPerToken);
}

/** With one more event; reports of steps come to `afterStep`. */
export function afterEvent(seen: Seen, event: AgentEvent): Seen {
  switch (event.type) {
    case 'text':
      return written(seen, event.text.length);
    case 'toolStarted':
      return written({ ...seen, charsAtCalls: seen.charsAtCalls + seen.chars }, event.chars ?? 0);
    case 'toolFinished': {
      const chars = event.chars ?? 0;
      return { ...seen, hasResult: true, givenChars: seen.givenChars + chars, chars: seen.chars + chars };
    }
    case 'noted':
      if (event.beginsStep === true) return { ...seen, hasOpenStep: true };
      if (event.pieceChars !== undefined)
        return { ...seen, isStreamed: true, writtenChars: seen.writtenChars + event.pieceChars };
      return event.writtenChars === undefined ? seen : written(seen, event.writtenChars);
    default:
      return seen;
  }
}

function written(seen: Seen, chars: number): Seen {
  const writtenChars = seen.isStreamed ? seen.writtenChars : seen.writtenChars + chars;
  return { ...seen, writtenChars, chars: seen.chars + chars };
}

/** With the report of a step, and what it adds to the sum of all steps. */
export function afterStep(seen: Seen, step: Usage): { readonly seen: Seen; readonly added: Usage } {
  const { last } = seen;
  const isRest = step.progress === 'rest';
  const isSame = last !== null && (isRest ? last.progress === 'begun' : step.id !== null && step.id === last.id);
  if (isSame) {
    const added = beyond(step, last);
    const isBegun = last.progress === 'begun' && step.progress === 'begun';
    const { progress: _, ...now } = { ...last, ...largest(step, last) };
    if (isBegun) return { seen: { ...seen, last: { ...now, progress: 'begun' } }, added };
    const largestOutput = Math.max(seen.largestOutput, now.outputTokens);
    return { seen: { ...seen, last: now, isStreamed: false, writtenChars: 0, largestOutput }, added };
  }
  // The end of a step whose beginning was hidden by another one's report: its input is counted.
  if (isRest)
    return { seen, added: { scope: 'step', id: null, inputTokens: 0, outputTokens: step.outputTokens, usd: null } };
  return {
    seen: {
      ...seen,
      last: step,
      hasOpenStep: false,
      isStreamed: false,
      writtenChars: 0,
      givenChars: 0,
      carriedChars: step.progress === 'closed' ? seen.givenChars : 0,
      hasResult: false,
      unreportedOutput: seen.unreportedOutput + shortfall(seen),
      largestOutput: Math.max(largestOutput(seen), step.outputTokens),
    },
    added: step,
  };
}

/** Output that the last reported step has not reported, by what was seen of it and a little more; 0 if it has reported all. */
export function shortfall({ last, writtenChars }: Seen): number {
  if (last?.progress !== 'begun') return 0;
  return Math.max(0, tokensIn(writtenChars) + BOUNDS.callTokensLeast - last.outputTokens);
}

/** The largest output of any step of the turn, the last one included. */
export function largestOutput(seen: Seen): number {
  const { last } = seen;
  return Math.max(seen.largestOutput, last === null ? 0 : last.outputTokens + shortfall(seen));
}

type Amounts = Pick<Usage, 'inputTokens' | 'outputTokens' | 'usd' | 'cacheReadTokens' | 'cacheWriteTokens'>;

function each(one: Usage, other: Usage, join: (a: number, b: number) => number): Amounts {
  const maybe = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined && b === undefined ? undefined : join(a ?? 0, b ?? 0);
  const cacheReadTokens = maybe(one.cacheReadTokens, other.cacheReadTokens);
  const cacheWriteTokens = maybe(one.cacheWriteTokens, other.cacheWriteTokens);
  return {
    inputTokens: join(one.inputTokens, other.inputTokens),
    outputTokens: join(one.outputTokens, other.outputTokens),
    usd: one.usd === null && other.usd === null ? null : join(one.usd ?? 0, other.usd ?? 0),
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  };
}

function largest(one: Usage, other: Usage): Amounts {
  return each(one, other, Math.max);
}

/** What `one` reports beyond `other`, each part separately. */
function beyond(one: Usage, other: Usage): Usage {
  return { scope: 'step', id: null, ...each(one, other, (a, b) => Math.max(0, a - b)) };
}
