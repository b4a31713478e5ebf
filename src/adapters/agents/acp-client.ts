/**
 * One turn with an agent over ACP, from the handshake to the end of the prompt.
 *
 * Owns: the order of requests, their deadlines, which events are told when. Does not own: the agent's process (acp-worker), what an update means (acp-events).
 *
 * Invariants: 1. Nothing waits for ever but the answer to the prompt, which the host bounds. 2. The prompt is sent once; what is sent after it follows a denial that ended the turn. 3. An agent that is gone is no
 * end: nothing is told of it. 4. What is replayed of a session's history is not of this turn.
 */
import { type AnyMessage, type ClientConnection, client, PROTOCOL_VERSION } from '@agentclientprotocol/sdk';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import { EndingDenials } from './acp-denied.ts';
import { endOfError, endOfRefusal, endOfRefusedSetting, isMissingMethod, TurnOver } from './acp-errors.ts';
import { AcpTurn } from './acp-events.ts';
import type { SessionTokens } from './acp-export.ts';
import { holdingOf } from './acp-holding.ts';
import { answerPermission } from './acp-permission.ts';
import { type AcpPreset, presetOf, withToldInput } from './acp-presets.ts';
import { modeChoice, modelChoice, optionSettings, type Setting } from './acp-settings.ts';
import type { AcpSpec } from './acp-spec.ts';
import { UnaskedCalls } from './acp-unasked.ts';
import { within } from './acp-waits.ts';
import { failed } from './line-events.ts';
import { fieldsOf, objectOf, textOf } from './line-fields.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** What a conversation needs. */
export interface ConversationParts {
  readonly stream: { readonly readable: ReadableStream<AnyMessage>; readonly writable: WritableStream<AnyMessage> };
  readonly spec: AcpSpec;
  /** The worktree as it may be named: also what it is behind links. */
  readonly roots: readonly string[];
  readonly prompt: string;
  readonly emit: (event: AgentEvent) => void;
  /** Aborted when the turn is to be abandoned. */
  readonly stop: AbortSignal;
  readonly limits: AcpLimits;
  /** What that session has used, for an agent that does not tell it over ACP; null: not known. */
  readonly usageOf: (sessionId: string) => Promise<SessionTokens | null>;
}

/** How long each wait may take. */
export interface AcpLimits {
  /** Any request but the prompt. */
  readonly requestMs: number;
  /** From the cancellation of a prompt to its answer. */
  readonly cancelMs: number;
  /** Without an update after a session was loaded: then its history is through, which some replay after they have answered. */
  readonly quietMs: number;
}

/** What a conversation came to: `gone`: the agent, or the wish to continue, was gone before there was an end. */
export type ConversationEnd = 'completed' | 'ended' | 'gone';

/** The turn is over, or its agent is gone; the connection stays open for what is told late. */
export async function converse(parts: ConversationParts): Promise<ConversationEnd> {
  const conversation = new Conversation(parts);
  try {
    return conversation.tell(await conversation.run());
  } catch (error) {
    if (error instanceof Stopped) return conversation.leave();
    const events = endOfError(error, parts.spec.session.isResume);
    if (events !== null) return conversation.tell(events);
    if (conversation.connection.signal.aborted) return conversation.leave();
    throw error;
  }
}

/** The turn was abandoned before it had an end. */
class Stopped extends Error {}

interface Opened {
  readonly sessionId: string;
  readonly answer: JsonObject;
}

class Conversation {
  readonly connection: ClientConnection;
  readonly #parts: ConversationParts;
  readonly #turn: AcpTurn;
  readonly #policy: ToolPolicy;
  readonly #unasked: UnaskedCalls;
  readonly #denials = new EndingDenials();
  #sessionId: string | null = null;
  #preset: AcpPreset | null = null;
  #version: string | null = null;
  /** The mode that was set; null: none was. */
  #mode: string | null = null;
  #isLive = false;
  #replayed = 0;

  constructor(parts: ConversationParts) {
    const { spec, roots } = parts;
    this.#parts = parts;
    this.#turn = new AcpTurn(spec.usedTokensBefore);
    const { permission, allowedTools, allowedCommands } = spec;
    this.#policy = { permission, allowedTools, allowedCommands, roots, ownServer: spec.mcp?.name ?? null };
    this.#unasked = new UnaskedCalls(this.#policy);
    // Before the SDK, which drops every update that its own schema does not know, and tells the rest after the answer that they precede.
    const rest = new TransformStream<AnyMessage, AnyMessage>({
      transform: (message, next) => {
        if ('method' in message && message.method === 'session/update') this.#hear(jsonOf(message.params));
        else next.enqueue(message);
      },
    });
    const { readable, writable } = parts.stream;
    this.connection = client({ name: 'pawl' })
      .onRequest('session/request_permission', jsonOf, ({ params }) => this.#answer(params))
      .onNotification('*', () => undefined)
      .connect({ readable: readable.pipeThrough(rest), writable });
  }

  /** Tells the last events of the turn. */
  tell(events: readonly AgentEvent[]): ConversationEnd {
    this.leave();
    for (const event of events) this.#parts.emit(event);
    return events.some((event) => event.type === 'ended' && event.how === 'completed') ? 'completed' : 'ended';
  }

  /** Tells what was under way without having been asked for. */
  leave(): ConversationEnd {
    for (const event of this.#unasked.rest()) this.#parts.emit(event);
    return 'gone';
  }

  /** The events with which the turn ends. Throws what ends it early. */
  async run(): Promise<readonly AgentEvent[]> {
    const agent = await this.#initialize();
    const { sessionId, answer } = await this.#open(fieldsOf(agent.agentCapabilities));
    this.#sessionId = sessionId;
    const { nativeMode, model } = this.#parts.spec;
    const holding = holdingOf({ ...this.#parts.spec, preset: this.#preset, session: modeChoice(answer, null) });
    const wanted = holding.kind === 'held' ? holding.mode : nativeMode;
    const mode = modeChoice(answer, wanted);
    const choice = modelChoice(answer, model);
    this.#parts.emit({
      type: 'started',
      sessionId,
      model: choice.current,
      cliVersion: textOf(fieldsOf(agent.agentInfo).version),
      permissionMode: mode.current,
    });
    if (holding.kind === 'refused') throw over(holding.reason, 'setting');
    const isTold = this.#preset?.tellsNoMode !== true;
    await this.#set(sessionId, 'mode', wanted, { ...mode, isSet: mode.isSet && isTold });
    for (const one of optionSettings(answer, holding.options)) await this.#set(sessionId, 'option', one.current, one);
    await this.#set(sessionId, 'model', model, choice);
    this.#mode = wanted;
    return await this.#prompt(sessionId);
  }

  async #initialize(): Promise<JsonObject> {
    const clientCapabilities = { fs: { readTextFile: false, writeTextFile: false }, terminal: false };
    const clientInfo = { name: 'pawl', version: '1' };
    const agent = fieldsOf(
      await this.#request('initialize', { protocolVersion: PROTOCOL_VERSION, clientCapabilities, clientInfo }),
    );
    const { name, version } = fieldsOf(agent.agentInfo);
    this.#preset = presetOf(textOf(name), this.#parts.spec.argv);
    this.#version = textOf(version);
    if (agent.protocolVersion === PROTOCOL_VERSION) return agent;
    const spoken = JSON.stringify(agent.protocolVersion ?? null).slice(0, 100);
    throw over(`The agent speaks version ${spoken} of ACP, Pawl speaks ${PROTOCOL_VERSION}.`);
  }

  async #open(capabilities: JsonObject): Promise<Opened> {
    const { session, worktree, mcp } = this.#parts.spec;
    const mcpServers = mcp === null ? [] : [{ name: mcp.name, command: mcp.command, args: mcp.args, env: [] }];
    const place = { cwd: worktree, mcpServers };
    if (session.isResume) return await this.#reopen(session.id, place, capabilities);
    const meta = this.#preset?.sessionMeta;
    const asked = meta === undefined ? place : { ...place, _meta: meta };
    const answer = fieldsOf(await this.#request('session/new', asked));
    const sessionId = textOf(answer.sessionId);
    if (sessionId === null) throw over('The agent opened a session without an id.');
    return { sessionId, answer };
  }

  async #reopen(sessionId: string | null, place: JsonObject, capabilities: JsonObject): Promise<Opened> {
    if (sessionId === null) throw over('There is no session to resume.', 'sessionUnknown');
    const canLoad = capabilities.loadSession === true;
    const canResume = objectOf(fieldsOf(capabilities.sessionCapabilities).resume) !== null;
    if (!canResume && !canLoad) throw over('The agent cannot resume a session.', 'sessionUnknown');
    try {
      return { sessionId, answer: await this.#reopened({ sessionId, ...place }, canResume, canLoad) };
    } catch (error) {
      throw endOfRefusal(error) ?? error;
    }
  }

  async #reopened(params: JsonObject, canResume: boolean, canLoad: boolean): Promise<JsonObject> {
    if (!canResume) return await this.#loaded(params);
    try {
      return fieldsOf(await this.#request('session/resume', params));
    } catch (error) {
      // Some say that they can resume and have no such method.
      if (!canLoad || !isMissingMethod(error)) throw error;
      return await this.#loaded(params);
    }
  }

  /** A session that is loaded replays its history; one without any is none, whatever the agent says: some open a new one under any id. */
  async #loaded(params: JsonObject): Promise<JsonObject> {
    const answer = fieldsOf(await this.#request('session/load', params));
    const { quietMs, requestMs } = this.#parts.limits;
    let heard = -1;
    for (let waitedMs = 0; heard !== this.#replayed && waitedMs < requestMs; waitedMs += quietMs) {
      heard = this.#replayed;
      await this.#unlessStopped(new Promise((done) => setTimeout(done, quietMs)));
    }
    if (this.#turn.hasHistory) return answer;
    throw over('The agent opened the session, but it is empty.', 'sessionUnknown');
  }

  /** What the spec asks for is set; one that the agent does not offer ends the turn, as nothing may run under other rules than were asked for. */
  async #set(sessionId: string, what: string, wanted: string | null, setting: Setting): Promise<void> {
    if (wanted === null || setting.isSet) return;
    if (setting.request === null) {
      const offered = setting.offered.length === 0 ? 'none' : setting.offered.join(', ').slice(0, 1_000);
      throw over(`The agent offers no ${what} "${wanted}"; it offers ${offered}.`, 'setting');
    }
    const { method, params } = setting.request;
    await this.#request(method, { sessionId, ...params }).catch((error: unknown) => {
      throw endOfRefusedSetting(error, what, wanted) ?? error;
    });
  }

  async #prompt(sessionId: string): Promise<readonly AgentEvent[]> {
    this.#isLive = true;
    let answer = await this.#prompted(sessionId, this.#parts.prompt);
    for (;;) {
      const note = this.#denials.note(textOf(fieldsOf(answer).stopReason));
      if (note === null || this.#parts.stop.aborted) break;
      if (this.#preset?.countsAllPrompts !== true) this.#turn.goOn(answer);
      answer = await this.#prompted(sessionId, note);
    }
    if (this.#preset?.countsLastCall !== true) return this.#turn.end(answer);
    return this.#turn.endOfLastCall(answer, await this.#parts.usageOf(sessionId));
  }

  async #prompted(sessionId: string, text: string): Promise<Json> {
    const answered = this.#send('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
    return await this.#unlessStopped(answered).catch(async (error: unknown) => {
      if (!(error instanceof Stopped)) throw error;
      this.#cancel(sessionId);
      return await within(answered, this.#parts.limits.cancelMs, () => error);
    });
  }

  #cancel(sessionId: string): void {
    const cancelled = this.connection.agent.notify<JsonObject>('session/cancel', { sessionId });
    cancelled.catch(() => undefined); // It is gone or blocked: the wait for its answer tells.
  }

  async #request(method: string, params: JsonObject): Promise<Json> {
    const { requestMs } = this.#parts.limits;
    const late = () => over(`The agent did not answer ${method} within ${requestMs} ms.`);
    return await within(this.#unlessStopped(this.#send(method, params)), requestMs, late);
  }

  async #send(method: string, params: JsonObject): Promise<Json> {
    return jsonOf(await this.connection.agent.request<unknown, JsonObject>(method, params));
  }

  async #unlessStopped<T>(promise: Promise<T>): Promise<T> {
    const { stop } = this.#parts;
    let listener: (() => void) | undefined;
    const stopped = new Promise<never>((_, refuse) => {
      listener = () => refuse(new Stopped());
      if (stop.aborted) listener();
      else stop.addEventListener('abort', listener, { once: true });
    });
    try {
      return await Promise.race([promise, stopped]);
    } finally {
      if (listener !== undefined) stop.removeEventListener('abort', listener);
    }
  }

  #hear(params: Json): void {
    const { sessionId, update } = fieldsOf(params);
    if (this.#sessionId !== null && sessionId !== this.#sessionId) return;
    if (this.#isLive) {
      this.#denials.heard(fieldsOf(update));
      for (const event of this.#turn.update(fieldsOf(update))) this.#parts.emit(event);
      for (const event of this.#doneUnasked(fieldsOf(update))) this.#parts.emit(event);
    } else {
      this.#replayed += 1;
      this.#turn.replay(fieldsOf(update));
    }
  }

  #doneUnasked(update: JsonObject): readonly AgentEvent[] {
    const { sessionUpdate, currentModeId } = update;
    if (sessionUpdate === 'tool_call' || sessionUpdate === 'tool_call_update')
      return this.#unasked.told(this.#call(update));
    if (sessionUpdate !== 'current_mode_update' || this.#mode === null || currentModeId === this.#mode) return [];
    const mode = `change of its mode to ${textOf(currentModeId)}`;
    return [{ type: 'unasked', tool: mode.slice(0, 200), reason: `Its mode was to be ${this.#mode}.` }];
  }

  /** What is known of a tool call, with what is told now. */
  #call(told: JsonObject): JsonObject {
    const before = this.#turn.call({ toolCallId: told.toolCallId ?? null });
    return withToldInput(this.#preset, this.#version, this.#turn.call(told), before);
  }

  #answer(params: Json): { readonly outcome: JsonObject } {
    if (this.#parts.stop.aborted) return { outcome: { outcome: 'cancelled' } };
    const { toolCall, options } = fieldsOf(params);
    const call = this.#call(fieldsOf(toolCall));
    this.#unasked.asked(call);
    const { outcome, denied } = answerPermission(this.#policy, call, options);
    if (denied !== null) {
      this.#denials.denied(call, denied);
      this.#parts.emit({ type: 'denied', ...denied });
    }
    return { outcome: { ...outcome } };
  }
}

function over(reason: string, cause: 'other' | 'sessionUnknown' | 'setting' = 'other'): TurnOver {
  return new TurnOver([failed(cause, reason)]);
}

/** What came out of JSON.parse; nothing at all is null. */
function jsonOf(value: unknown): Json {
  return isJson(value) ? value : null;
}

function isJson(value: unknown): value is Json {
  return value !== undefined;
}
