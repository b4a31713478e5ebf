/**
 * The state of a coding agent's turn so far: the fold over its events.
 *
 * Owns: that fold, and the usage that follows from it. Does not own: turning lines into events (adapters/agents), judging the turn (turn/conclusion).
 *
 * Invariants: 1. Pure: the same events give the same turn, folded in one go or in several. 2. Whatever an agent prints, its turn stays bounded (L9).
 * 3. A turn that continues after its end has not ended.
 */
import type { Json } from '../base/canonical-json.ts';
import { unreachable } from '../base/unreachable.ts';
import type { AgentEvent, EndCause, LimitKind, TurnEnd, Usage } from '../model/agent-event.ts';
import { BOUNDS } from '../model/limits.ts';
import type { OutputLine } from './agent-lines.ts';
import { afterEvent, afterStep, NOTHING_SEEN, type Seen } from './turn-seen.ts';

/** The lines of an output, counted. */
export interface LineCounts {
  readonly all: number;
  readonly unknown: number;
  readonly malformed: number;
  readonly overlong: number;
  /** True when the last of them exceeded the bound and was not read; absent: it did not. */
  readonly endsOverlong?: true;
}

/** A turn so far. */
export interface Turn {
  readonly lines: LineCounts;
  /** Events of any kind. */
  readonly events: number;
  readonly session: string | null;
  readonly model: string | null;
  readonly cliVersion: string | null;
  readonly permissionMode: string | null;
  /** Tools under way: their names by id. */
  readonly openTools: Readonly<Record<string, string>>;
  /** What those under way were asked for, by id, as far as known. */
  readonly openAsks: Readonly<Record<string, string>>;
  readonly toolCalls: number;
  readonly denials: readonly DeniedUse[];
  /** What was done without asking, and would have been denied. */
  readonly unasked: readonly { readonly tool: string; readonly reason: string }[];
  readonly limited: { readonly kind: LimitKind; readonly resetsAtMs: number | null } | null;
  /** How long the agent said that it would wait before it retries; null once it has continued. */
  readonly retryDelayMs: number | null;
  /** The reason for which it retries; null once it has continued. */
  readonly retryOver: LimitKind | null;
  /** The last report of every scope; steps are added up. */
  readonly usage: Readonly<Record<Usage['scope'], Usage | null>>;
  readonly countedSteps: readonly string[];
  /** What has passed between model and tools: for what it never reports. */
  readonly seen: Seen;
  /** The last message, its end where it is long: at most twice BOUNDS.answerBytes characters. */
  readonly lastText: string;
  readonly isTextOpen: boolean;
  readonly textChars: number;
  readonly answer: Json | undefined;
  readonly ended: { readonly how: TurnEnd; readonly cause: EndCause; readonly reason: string } | null;
}

/** A use of a tool that was denied; `what` it was asked for, where that is known. */
export interface DeniedUse {
  readonly tool: string;
  readonly reason: string;
  readonly what?: string;
}

/** A turn without any events yet. */
export const SILENT_TURN: Turn = {
  lines: { all: 0, unknown: 0, malformed: 0, overlong: 0 },
  events: 0,
  session: null,
  model: null,
  cliVersion: null,
  permissionMode: null,
  openTools: {},
  openAsks: {},
  toolCalls: 0,
  denials: [],
  unasked: [],
  limited: null,
  retryDelayMs: null,
  retryOver: null,
  usage: { step: null, turn: null, session: null, process: null },
  countedSteps: [],
  seen: NOTHING_SEEN,
  lastText: '',
  isTextOpen: false,
  textChars: 0,
  answer: undefined,
  ended: null,
};

/** True when the model has answered the agent in this turn. Other events come from the agent itself. */
export function readsAnswer({ toolCalls, textChars, ended, usage }: Turn): boolean {
  return toolCalls > 0 || textChars > 0 || usage.step !== null || ended?.how === 'completed';
}

/** How an adapter reads a line: its events, null for a line that it does not know. */
export type LineMapping = (line: Json) => readonly AgentEvent[] | null;

/** The turn after `lines`. Throws what the mapping throws: our bug, never the agent's. */
export function foldLines(turn: Turn, lines: readonly OutputLine[], read: LineMapping): Turn {
  let next = turn;
  for (const { content } of lines) {
    if (content.kind === 'blank') continue;
    if (content.kind !== 'json') {
      next = counted(next, content.kind);
      continue;
    }
    const events = read(content.value);
    next = counted(next, events === null ? 'unknown' : null);
    for (const event of events ?? []) next = foldEvent(next, event);
  }
  return next;
}

function counted(turn: Turn, kind: 'unknown' | 'malformed' | 'overlong' | null): Turn {
  const { endsOverlong: _, ...before } = turn.lines;
  const lines = { ...before, all: before.all + 1 };
  if (kind === null) return { ...turn, lines };
  const isOverlong = kind === 'overlong';
  return { ...turn, lines: { ...lines, [kind]: lines[kind] + 1, ...(isOverlong ? { endsOverlong: true } : {}) } };
}

/** The turn after one more event. */
export function foldEvent(before: Turn, event: AgentEvent): Turn {
  const turn = { ...before, events: before.events + 1, seen: afterEvent(before.seen, event) };
  switch (event.type) {
    case 'started':
      return {
        ...goingOn(turn),
        session: event.sessionId ?? turn.session,
        model: event.model ?? turn.model,
        cliVersion: event.cliVersion ?? turn.cliVersion,
        permissionMode: event.permissionMode ?? turn.permissionMode,
      };
    case 'text':
      return withText(goingOn(turn), event.text, event.isDelta);
    case 'toolStarted':
      return withTool(goingOn(turn), event.id, event.name, event.what);
    case 'toolFinished':
      return withoutTool(goingOn(turn), event.id);
    case 'denied':
      return withDenial(turn, event);
    case 'unasked':
      return withUnasked(turn, event.tool, event.reason);
    case 'retrying':
      return { ...turn, retryDelayMs: event.delayMs ?? 0, retryOver: limitOfStatus(event.status) };
    case 'limited':
      return withLimit(turn, event.kind, event.resetsAtMs);
    case 'usage':
      return withUsage(turn, bookable(event));
    case 'answer':
      return { ...turn, answer: event.value };
    case 'noted':
      return turn;
    case 'ended':
      return withEnd(turn, { how: event.how, cause: event.cause, reason: event.reason });
    default:
      return unreachable(event);
  }
}

/** What an HTTP status says about a service that gave no answer, null: none was reported. */
function limitOfStatus(status: number | null): LimitKind {
  if (status === 429) return 'rate';
  return status === 529 ? 'capacity' : 'connection';
}

/** When the agent continues after an end, a limit or a retry, these are over. */
function goingOn(turn: Turn): Turn {
  return { ...turn, ended: null, limited: null, retryDelayMs: null, retryOver: null };
}

function withText(turn: Turn, text: string, isDelta: boolean): Turn {
  const whole = isDelta && turn.isTextOpen ? turn.lastText + text : text;
  return {
    ...turn,
    // Cut rarely and by a lot: cutting at every piece would copy the whole text each time.
    lastText: whole.length > 2 * BOUNDS.answerBytes ? whole.slice(-BOUNDS.answerBytes) : whole,
    isTextOpen: isDelta,
    textChars: turn.textChars + text.length,
  };
}

function withTool(turn: Turn, id: string, name: string, what: string | undefined): Turn {
  if (Object.keys(turn.openTools).length >= BOUNDS.openTools) return turn;
  return {
    ...turn,
    isTextOpen: false,
    openTools: { ...turn.openTools, [id]: name.slice(0, 200) },
    openAsks: what === undefined ? turn.openAsks : { ...turn.openAsks, [id]: what.slice(0, WHAT_CHARS) },
    toolCalls: turn.toolCalls + 1,
  };
}

function withoutTool(turn: Turn, id: string): Turn {
  if (!Object.hasOwn(turn.openTools, id)) return { ...turn, isTextOpen: false, toolCalls: turn.toolCalls + 1 };
  const { [id]: _, ...openTools } = turn.openTools;
  const { [id]: __, ...openAsks } = turn.openAsks;
  return { ...turn, isTextOpen: false, openTools, openAsks };
}

const WHAT_CHARS = 500;

/** Denials of one tool are different if it was asked for different things. */
function withDenial(turn: Turn, { tool: named, reason, what, id = '' }: Extract<AgentEvent, { type: 'denied' }>): Turn {
  const asked = (what ?? turn.openAsks[id])?.slice(0, WHAT_CHARS);
  const tool = named === 'unknown' ? (turn.openTools[id] ?? named) : named;
  // A CLI may report a denial when it happens and again, in other words, at the end: the last words count, and so does what the tool was asked for.
  const known = turn.denials.find(
    (one) => one.tool === tool && (asked === undefined || one.what === undefined || one.what === asked),
  );
  const denial = (words: string, of: string | undefined): DeniedUse =>
    of === undefined ? { tool, reason: words } : { tool, reason: words, what: of };
  if (known !== undefined) {
    const told = denial(reason === '' ? known.reason : reason, asked ?? known.what);
    return { ...turn, denials: turn.denials.map((one) => (one === known ? told : one)) };
  }
  if (turn.denials.length >= BOUNDS.denials) return turn;
  return { ...turn, denials: [...turn.denials, denial(reason, asked)] };
}

function withUnasked(turn: Turn, tool: string, reason: string): Turn {
  const isKnown = turn.unasked.some((one) => one.tool === tool);
  if (isKnown || turn.unasked.length >= BOUNDS.denials) return turn;
  return { ...turn, unasked: [...turn.unasked, { tool, reason }] };
}

/** What is known of a window stays known: an agent reports it once, and a refused request after that reports less. */
function withLimit(turn: Turn, kind: LimitKind, resetsAtMs: number | null): Turn {
  const known = turn.limited;
  if (known === null) return { ...turn, limited: { kind, resetsAtMs } };
  return {
    ...turn,
    limited: {
      kind: known.kind === 'usage' ? known.kind : kind,
      resetsAtMs: resetsAtMs ?? known.resetsAtMs,
    },
  };
}

/** An unsuccessful end is not undone by a later report of success, unless the agent has continued in between. */
function withEnd(turn: Turn, ended: NonNullable<Turn['ended']>): Turn {
  const isTakenBack = ended.how === 'completed' && turn.ended !== null && turn.ended.how !== 'completed';
  const closed = { ...turn, openTools: {}, openAsks: {} };
  return isTakenBack ? closed : { ...closed, ended };
}

/** A report as it can be added up: not negative, and not too large to add. */
function bookable(usage: Usage): Usage {
  const bounded = (count: number): number => (count > 0 ? Math.min(count, BOUNDS.tokensReported) : 0);
  const { usd } = usage;
  return {
    ...usage,
    inputTokens: bounded(usage.inputTokens),
    outputTokens: bounded(usage.outputTokens),
    ...(usage.cacheReadTokens === undefined ? {} : { cacheReadTokens: bounded(usage.cacheReadTokens) }),
    ...(usage.cacheWriteTokens === undefined ? {} : { cacheWriteTokens: bounded(usage.cacheWriteTokens) }),
    usd: usd !== null && usd >= 0 && usd <= BOUNDS.usdReported ? usd : null,
  };
}

function withUsage(turn: Turn, usage: Usage): Turn {
  if (usage.scope !== 'step') return { ...turn, usage: { ...turn.usage, [usage.scope]: usage } };
  const { id } = usage;
  const isLast = id !== null && id === turn.seen.last?.id;
  if (!isLast && id !== null && turn.countedSteps.includes(id)) return turn;
  const { seen, added } = afterStep(turn.seen, usage);
  return {
    ...turn,
    seen,
    countedSteps: id === null || isLast ? turn.countedSteps : [...turn.countedSteps, id].slice(-BOUNDS.stepsKnown),
    usage: { ...turn.usage, step: sumOf(turn.usage.step, added) },
  };
}

function sumOf(sum: Usage | null, added: Usage): Usage {
  const both = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined && other === undefined ? undefined : (one ?? 0) + (other ?? 0);
  const cacheReadTokens = both(sum?.cacheReadTokens, added.cacheReadTokens);
  const cacheWriteTokens = both(sum?.cacheWriteTokens, added.cacheWriteTokens);
  return {
    scope: 'step',
    id: null,
    inputTokens: (sum?.inputTokens ?? 0) + added.inputTokens,
    outputTokens: (sum?.outputTokens ?? 0) + added.outputTokens,
    usd: added.usd === null && (sum?.usd ?? null) === null ? null : (sum?.usd ?? 0) + (added.usd ?? 0),
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  };
}
