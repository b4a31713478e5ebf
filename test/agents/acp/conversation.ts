/**
 * A conversation with the fixture agent inside of the test's own process.
 *
 * Owns: the streams between both, the plain spec. Does not own: scenarios (fixture-agent).
 */
import { join } from 'node:path';
import type { AnyMessage } from '@agentclientprotocol/sdk';
import { type AcpLimits, type ConversationEnd, converse } from '../../../src/adapters/agents/acp-client.ts';
import type { SessionTokens } from '../../../src/adapters/agents/acp-export.ts';
import type { AcpSpec } from '../../../src/adapters/agents/acp-spec.ts';
import type { AgentEvent } from '../../../src/model/agent-event.ts';

interface FixtureModule {
  createFixtureAgent(
    scenario: string,
    send: (message: object | string) => void,
    die: () => void,
  ): (message: object) => Promise<void>;
}

/** The agent's program. */
export const FIXTURE_AGENT = join(import.meta.dirname, 'fixture-agent.mjs');
const { createFixtureAgent } = (await import(FIXTURE_AGENT)) as FixtureModule;

/** A spec in which nothing is special. */
export const plainSpec: AcpSpec = {
  argv: ['agent'],
  session: { id: null, isResume: false },
  permission: 'edit',
  nativeMode: null,
  acceptsOwnMode: false,
  model: null,
  allowedTools: [],
  allowedCommands: [['npm', 'test', '*']],
  mcp: null,
  worktree: '/w/tree',
  usedTokensBefore: 0,
};

/** What came of a conversation. */
export interface Talked {
  readonly end: ConversationEnd;
  /** What was told up to the end, without signs of life. */
  readonly events: readonly AgentEvent[];
  /** All text of the turn. */
  readonly text: string;
  /** The methods that the agent was asked for. */
  readonly asked: readonly string[];
}

/** One turn in `scenario`. */
export async function talk(
  scenario: string,
  changes: Partial<AcpSpec> = {},
  prompt = 'hello',
  more: {
    readonly usage?: SessionTokens;
    readonly limits?: AcpLimits;
    readonly stop?: AbortSignal;
    readonly emit?: (event: AgentEvent) => void;
  } = {},
): Promise<Talked> {
  const events: AgentEvent[] = [];
  const asked: string[] = [];
  const incoming = new TransformStream<AnyMessage, AnyMessage>(
    undefined,
    { highWaterMark: 100 },
    { highWaterMark: 100 },
  );
  const writer = incoming.writable.getWriter();
  const agent = createFixtureAgent(
    scenario,
    (message) => {
      if (isMessage(message)) writer.write(message).catch(() => undefined); // The conversation is over: nobody reads on.
    },
    () => {
      writer.close().catch(() => undefined); // It may have been closed by the other end.
    },
  );
  const writable = new WritableStream<AnyMessage>({
    write: (message) => {
      if ('method' in message) asked.push(message.method);
      void agent(structuredClone(message));
    },
  });
  const end = await converse({
    stream: { readable: incoming.readable, writable },
    spec: { ...plainSpec, ...changes },
    roots: ['/w/tree'],
    prompt,
    emit: (event) => {
      events.push(event);
      more.emit?.(event);
    },
    stop: more.stop ?? new AbortController().signal,
    usageOf: async () => more.usage ?? null,
    limits: more.limits ?? { requestMs: 5_000, cancelMs: 5_000, quietMs: 25 },
  });
  await agent({ method: 'fixture/closed' });
  await new Promise((done) => setImmediate(done));
  const told = events.filter(({ type }) => type !== 'noted');
  const text = told.map((event) => (event.type === 'text' ? event.text : '')).join('');
  return { end, events: told, text, asked };
}

function isMessage(message: object | string): message is AnyMessage {
  return typeof message === 'object';
}
