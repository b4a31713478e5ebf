/**
 * What an ACP agent tells of a turn, as events.
 *
 * Owns: mapping session updates and the end of a prompt. Does not own: errors (acp-errors), permissions (acp-permission), the connection (acp-client).
 *
 * Invariants: 1. Total: whatever an update holds, nothing throws. 2. Texts are cut into pieces that fit a line. 3. When the turn has ended, only usage is told any more.
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import type { SessionTokens } from './acp-export.ts';
import { completed, failed, interrupted, limitReached, NOTED, orNoted } from './line-events.ts';
import { countOf, fieldsOf, numberOf, objectOf, textOf } from './line-fields.ts';

const PIECE_CHARS = 32_768;
const CALLS_MAX = 1_000;
const NAME_CHARS = 200;
const NOTHING: SessionTokens = { inputTokens: 0, outputTokens: 0 };
const HISTORY: ReadonlySet<Json | undefined> = new Set([
  'user_message_chunk',
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call',
]);

/** What is remembered of a turn from one update to the next. */
export class AcpTurn {
  readonly #usedTokensBefore: number;
  readonly #calls = new Map<string, JsonObject>();
  #messageId: string | null = null;
  #tokens = { inputTokens: 0, outputTokens: 0 };
  /** Of answers that were not the end. */
  #earlier = { inputTokens: 0, outputTokens: 0 };
  #usd: number | null = null;
  #isCounted = false;
  #hasEnded = false;
  #hasHistory = false;

  constructor(usedTokensBefore: number) {
    this.#usedTokensBefore = usedTokensBefore;
  }

  /** The events of one session update. */
  update(update: JsonObject): readonly AgentEvent[] {
    const events = this.#eventsOf(update);
    return this.#hasEnded ? events.filter(({ type }) => type === 'usage') : events;
  }

  /** What an update tells before the prompt is sent: of a history that is replayed, nothing is of this turn but what the session has cost so far. */
  replay(update: JsonObject): void {
    if (update.sessionUpdate === 'usage_update') this.#rememberCost(update);
    if (HISTORY.has(update.sessionUpdate)) this.#hasHistory = true;
  }

  /** True when something that was said or done before was replayed. */
  get hasHistory(): boolean {
    return this.#hasHistory;
  }

  /** What is known of a tool call, with what is told now. */
  call(told: JsonObject): JsonObject {
    const present = Object.fromEntries(
      Object.entries(told).filter(([, value]) => value !== null && value !== undefined),
    );
    return { ...this.#calls.get(textOf(told.toolCallId) ?? ''), ...present };
  }

  /** The agent has answered and is to continue: what it tells of its use is of the same turn. */
  goOn(response: Json): void {
    this.#earlier = this.#withEarlier(tokensOf(fieldsOf(response)) ?? NOTHING);
  }

  /** The events of the answer to the prompt: its usage, and the end. */
  end(response: Json): readonly AgentEvent[] {
    const fields = fieldsOf(response);
    const told = tokensOf(fields);
    const hasEarlier = this.#earlier.inputTokens + this.#earlier.outputTokens > 0;
    const tokens = told === null && !hasEarlier ? null : this.#withEarlier(told ?? NOTHING);
    if (tokens !== null) this.#tokens = tokens;
    this.#hasEnded = true;
    return [
      ...(tokens === null ? [] : [{ type: 'usage', scope: 'turn', id: null, ...tokens, usd: null } as const]),
      ...(tokens === null ? [] : this.#sessionTotal()),
      endOf(textOf(fields.stopReason) ?? ''),
    ];
  }

  /**
   * The same where the answer counts only the last call of the model: `session` is what the whole session has used. Where nobody knows that, every tool is taken for a
   * call that used as much as the last one, which used most.
   */
  endOfLastCall(response: Json, session: SessionTokens | null): readonly AgentEvent[] {
    const last = tokensOf(fieldsOf(response));
    const calls = this.#calls.size + 1;
    if (session !== null) {
      const inputTokens = Math.max(0, session.inputTokens - this.#usedTokensBefore);
      this.#tokens = { inputTokens, outputTokens: session.outputTokens };
    } else if (last !== null) {
      this.#tokens = { inputTokens: last.inputTokens * calls, outputTokens: last.outputTokens * calls };
    }
    this.#isCounted = true;
    this.#earlier = NOTHING;
    const ended = this.end({ stopReason: fieldsOf(response).stopReason ?? null });
    return session === null && last === null ? ended : [...this.#sessionTotal(), ...ended];
  }

  #withEarlier({ inputTokens, outputTokens }: SessionTokens): SessionTokens {
    return {
      inputTokens: this.#earlier.inputTokens + inputTokens,
      outputTokens: this.#earlier.outputTokens + outputTokens,
    };
  }

  #eventsOf(update: JsonObject): readonly AgentEvent[] {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
        return this.#text(update);
      case 'tool_call':
      case 'tool_call_update':
        return this.#tool(update);
      case 'usage_update':
        return this.#rememberCost(update) ? this.#sessionTotal() : NOTED;
      default:
        return NOTED;
    }
  }

  #text(update: JsonObject): readonly AgentEvent[] {
    const text = textOf(fieldsOf(update.content).text);
    // Some tell what each call of the model has used, beside an empty text.
    if (text === null) return orNoted(stepOf(fieldsOf(update._meta)));
    const id = textOf(update.messageId);
    const isNext = id !== null && this.#messageId !== null && id !== this.#messageId;
    this.#messageId = id ?? this.#messageId;
    // An empty whole text ends the message before: what follows is another one.
    const border: readonly AgentEvent[] = isNext ? [{ type: 'text', text: '', isDelta: false }] : [];
    const pieces = Array.from({ length: Math.ceil(text.length / PIECE_CHARS) }, (_, index): AgentEvent => {
      return { type: 'text', text: text.slice(index * PIECE_CHARS, (index + 1) * PIECE_CHARS), isDelta: true };
    });
    return [...border, ...pieces];
  }

  #tool(update: JsonObject): readonly AgentEvent[] {
    const id = textOf(update.toolCallId)?.slice(0, NAME_CHARS) ?? null;
    if (id === null) return NOTED;
    const isNew = !this.#calls.has(id);
    const call = this.call({ ...update, toolCallId: id });
    const { status } = call;
    const hasFinished = status === 'completed' || status === 'failed';
    if (!isNew && this.#calls.get(id)?.status === status && hasFinished) return NOTED;
    if (!isNew || this.#calls.size < CALLS_MAX) this.#calls.set(id, call);
    const name = toolName(call);
    const started: AgentEvent = { type: 'toolStarted', id, name };
    const finished: AgentEvent = {
      ...{ type: 'toolFinished', id, name, isError: status === 'failed' },
      exitCode: exitCodeOf(call),
    };
    if (!hasFinished) return isNew ? [started] : NOTED;
    return isNew ? [started, finished] : [finished];
  }

  #rememberCost(update: JsonObject): boolean {
    const cost = fieldsOf(update.cost);
    const amount = numberOf(cost.amount);
    if (amount === null || amount < 0 || cost.currency !== 'USD') return false;
    this.#usd = amount;
    return true;
  }

  /** The session's total, where its cost is told: the tokens of its earlier turns and those of this one. */
  #sessionTotal(): readonly AgentEvent[] {
    if (this.#usd === null && !this.#isCounted) return [];
    const inputTokens = this.#usedTokensBefore + this.#tokens.inputTokens;
    const { outputTokens } = this.#tokens;
    return [{ type: 'usage', scope: 'session', id: null, inputTokens, outputTokens, usd: this.#usd }];
  }
}

/** The tool's name as its agent has it: the one that programs use, else what kind of tool it is, else the title. */
export function toolName(call: JsonObject): string {
  const name = ownToolName(call) ?? (call.kind === 'other' ? null : textOf(call.kind)) ?? textOf(call.title) ?? 'tool';
  return name.slice(0, NAME_CHARS);
}

/** The name that programs use, null when none is told. */
export function ownToolName(call: JsonObject): string | null {
  const meta = fieldsOf(call._meta);
  return textOf(call.name) ?? textOf(fieldsOf(meta.claudeCode).toolName) ?? textOf(meta.toolName);
}

/** The exit code of the command that a call has run, null when none is told. */
export function exitCodeOf(call: JsonObject): number | null {
  const output = fieldsOf(call.rawOutput);
  const terminal = fieldsOf(fieldsOf(call._meta).terminal_exit);
  const metadata = fieldsOf(output.metadata);
  return (
    numberOf(output.exitCode) ?? numberOf(output.exit_code) ?? numberOf(metadata.exit) ?? numberOf(terminal.exit_code)
  );
}

/** What the answer tells of the turn's tokens; agents differ on whether cached ones are among the input, the total decides. */
function tokensOf(response: JsonObject): { inputTokens: number; outputTokens: number } | null {
  const usage = objectOf(response.usage);
  if (usage === null) {
    const quota = objectOf(fieldsOf(fieldsOf(response._meta).quota).token_count);
    return quota && { inputTokens: countOf(quota.input_tokens), outputTokens: countOf(quota.output_tokens) };
  }
  const outputTokens = countOf(usage.outputTokens) + countOf(usage.thoughtTokens);
  const input = countOf(usage.inputTokens);
  const total = numberOf(usage.totalTokens);
  const cached = countOf(usage.cachedReadTokens) + countOf(usage.cachedWriteTokens);
  return { inputTokens: total === null ? input + cached : Math.max(input, total - outputTokens), outputTokens };
}

function stepOf(meta: JsonObject): readonly AgentEvent[] {
  const tokens = objectOf(meta.usage) === null ? null : tokensOf(meta);
  return tokens === null ? [] : [{ type: 'usage', scope: 'step', id: null, ...tokens, usd: null }];
}

function endOf(stopReason: string): AgentEvent {
  switch (stopReason) {
    case 'end_turn':
      return completed(stopReason);
    case 'max_tokens':
      return limitReached('other', stopReason);
    case 'max_turn_requests':
      return limitReached('turns', stopReason);
    case 'refusal':
      return failed('other', 'The agent refused to continue.');
    case 'cancelled':
      return interrupted(stopReason);
    default:
      return failed('other', `The agent stopped for an unknown reason: ${stopReason.slice(0, NAME_CHARS)}`);
  }
}
