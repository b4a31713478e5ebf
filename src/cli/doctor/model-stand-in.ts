/**
 * A stand-in of the models' APIs on the loopback interface: real agents run against it without an account and without cost.
 *
 * Owns: the server, its calls, its end. Does not own: what an API looks like (the dialects), what is replied (model-call, or the caller).
 *
 * Invariants: 1. It listens on the loopback interface only, and speaks to nobody by itself. 2. Every call of a model is counted before it is answered.
 * 3. Closed means: no connection and no pending reply is left.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { fieldsOf } from '../../adapters/agents/line-fields.ts';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import { messageOf } from '../../base/error-text.ts';
import { anthropicDialect } from './anthropic-dialect.ts';
import { chatDialect } from './chat-dialect.ts';
import { geminiDialect } from './gemini-dialect.ts';
import { type ModelCall, type ModelReply, scriptedReply, speechOf } from './model-call.ts';
import type { ModelDialect } from './model-dialect.ts';
import { responsesDialect } from './responses-dialect.ts';

/** Decides what a call is answered. */
export type ReplyRule = (call: ModelCall) => ModelReply | Promise<ModelReply>;

/** How a stand-in is to be. */
export interface StandInOptions {
  /** Default: what the prompt scripts (scriptedReply). */
  readonly reply?: ReplyRule;
}

/** A stand-in that listens. */
export interface ModelStandIn {
  /** `http://127.0.0.1:PORT`, without a path: APIs add `/v1`. */
  readonly url: string;
  /** The calls so far, in the order of arrival. */
  calls(): readonly ModelCall[];
  /** Holds for calls that arrive after it. */
  setReply(reply: ReplyRule): void;
  close(): Promise<void>;
}

const DIALECTS: readonly ModelDialect[] = [anthropicDialect, responsesDialect, chatDialect, geminiDialect];
const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
const CALLS_MAX = 10_000;
const RETRY_AFTER_S = '1';

/** A stand-in listens on a free port until it is closed. */
export async function startModelStandIn(options: StandInOptions = {}): Promise<ModelStandIn> {
  const state: StandInState = { calls: [], reply: options.reply ?? scriptedReply, id: randomBytes(6).toString('hex') };
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      sendFailure(response, 500, messageOf(error));
    });
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    calls: () => [...state.calls],
    setReply: (reply) => {
      state.reply = reply;
    },
    close: () => closed(server),
  };
}

interface StandInState {
  readonly calls: ModelCall[];
  reply: ReplyRule;
  readonly id: string;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('bug: a server without a port'));
      else resolve(address.port);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(state: StandInState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://stand-in').pathname;
  const body = await bodyOf(request);
  if (body === null) return sendFailure(response, 413, 'the request is too large, or no JSON');
  const dialect = DIALECTS.find((one) => one.path.test(path));
  if (request.method !== 'POST' || dialect === undefined) {
    const aside = asideOf(request.method, path);
    if (aside === null) sendFailure(response, 404, `the stand-in has no ${path}`);
    else sendJson(response, 200, aside);
    return;
  }
  const call: ModelCall = { ...dialect.read(body, path), number: state.calls.length + 1, api: dialect.api };
  if (state.calls.length >= CALLS_MAX) return sendFailure(response, 429, 'too many calls for a stand-in');
  state.calls.push(call);
  const reply = await state.reply(call);
  if (reply.kind === 'failure') return sendFailure(response, reply.status, 'the stand-in was asked to fail');
  const speech = speechOf(call, reply);
  if (speech === null) return;
  const spoken = { question: call, speech, id: `${state.id}${call.number}` };
  if (!call.isStream) return sendJson(response, 200, dialect.whole(spoken));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const event of dialect.stream(spoken)) response.write(event);
  response.end();
}

/** What agents ask beside the model: which models there are, how many tokens a text has, whether anybody is there; null: unknown here. */
function asideOf(method: string | undefined, path: string): Json | null {
  if (/[/:]count_?tokens$/i.test(path)) return { input_tokens: 100, totalTokens: 100 };
  if (method === 'GET' && path.endsWith('/models')) {
    return { object: 'list', data: [{ id: 'stand-in', object: 'model' }], models: [] };
  }
  return method === 'HEAD' ? {} : null;
}

/** The body as an object, empty when there is none; null when it is too large or no JSON. */
async function bodyOf(request: IncomingMessage): Promise<JsonObject | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    const body: Json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return fieldsOf(body);
  } catch {
    // Not JSON: said in the answer.
    return null;
  }
}

function sendJson(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** An error in a form that every API's clients read. */
function sendFailure(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (status === 429) response.setHeader('retry-after', RETRY_AFTER_S);
  sendJson(response, status, { type: 'error', error: { type: 'api_error', message, code: status } });
}
