/**
 * The API as a request handler: routes, checks, errors, the log of what failed.
 *
 * Owns: the way of a request: guard, route, method, body, handler, answer. Does not own: what an operation does (api/handlers), streams
 * (daemon/change-stream, daemon/output-stream), the servers (daemon/listener).
 *
 * Invariants: 1. Every answer is JSON or one of the documented media types, errors included. 2. Every answer with a status of 500 or more is logged with its cause
 * and the id of its request. 3. Nothing of a request is looked at before the guard has let it in.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { stringify } from 'yaml';
import { bearerOf } from '../../inspector/hub/access.ts';
import { followChanges } from '../change-stream.ts';
import { assertHome, assertKnown, type Door } from '../guard.ts';
import { metricsText } from '../metrics.ts';
import { answerOutput } from '../output-stream.ts';
import { EVENT_STREAM } from '../streams.ts';
import type { ApiDaemon } from './api-daemon.ts';
import { openApiDocument } from './document.ts';
import { type Asked, artifactBytes, askedHash, HANDLERS, type JsonOperation } from './handlers.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { PATHS } from './paths.ts';
import { ApiError, PROBLEM_TYPE, problemOf } from './problem.ts';
import { assertJson, assertKey, bodyBytesMax, checked, conditionIn, jsonIn, keyIn, readBody } from './request.ts';

type Env = { Bindings: HttpBindings; Variables: { requestId: string; door: Door } };
type Id = keyof typeof OPERATIONS;

/** Answers requests that came in by that door. */
export function createApi(daemon: ApiDaemon, door: Door): (request: IncomingMessage, response: ServerResponse) => void {
  const app = new Hono<Env>({ strict: true });
  app.use(async (c, next) => {
    c.set('requestId', randomUUID());
    c.set('door', door);
    const { outgoing } = c.env;
    outgoing.setHeader('X-Request-Id', c.get('requestId'));
    outgoing.setHeader('Cache-Control', 'no-store');
    outgoing.setHeader('X-Content-Type-Options', 'nosniff');
    assertHome(c.env.incoming, door);
    assertKnown(bearerOf(c.env.incoming), door, (given) => daemon.isToken(given));
    if (hasDotSegment(c.env.incoming)) throw nothingAt(c);
    await next();
  });
  for (const [id, [method, path]] of Object.entries(PATHS) as [Id, readonly [string, string]][])
    app.on(method, routeOf(path), (c) => answer(daemon, id, c));
  // People leave the last slash out.
  app.get('/api/v1', (c) => answer(daemon, 'getApi', c));
  for (const [path, methods] of methodsByPath())
    app.all(path, (c) => {
      c.env.outgoing.setHeader('Allow', methods.join(', '));
      throw new ApiError('METHOD_NOT_ALLOWED', `${c.req.method} is not possible here; ${methods.join(', ')} is.`);
    });
  app.notFound((c) => {
    throw nothingAt(c);
  });
  app.onError((error, c) => failed(daemon, error, c));
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

/** A path is what it says: `..`, however it is written, leads nowhere else. */
function hasDotSegment({ url = '' }: IncomingMessage): boolean {
  const [path = ''] = url.split('?');
  return path.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part));
}

function nothingAt(c: Context<Env>): ApiError {
  return new ApiError('ROUTE_NOT_FOUND', `There is nothing at ${new URL(c.req.url).pathname}.`, {
    next: 'GET /api/v1/openapi.json lists every operation.',
  });
}

async function answer(daemon: ApiDaemon, id: Id, c: Context<Env>): Promise<Response> {
  const operation: Operation = OPERATIONS[id];
  daemon.requests.count(id);
  if (operation.tag === 'projects' || operation.tag === 'runs') daemon.assertStarted();
  const asked = await askedOf(id, operation, c);
  // Whoever asks for the head alone would hold a stream that nobody reads.
  if (c.req.method === 'HEAD' && isStream(id, asked)) return send(c, 200, EVENT_STREAM, '');
  switch (id) {
    case 'followChanges':
      followChanges(daemon, asked as Asked<'followChanges'>, c.env, c.get('door'));
      return RESPONSE_ALREADY_SENT;
    case 'getOutput':
      return answerOutput(daemon, asked as Asked<'getOutput'>, c.env, c.get('door'));
    case 'getArtifact': {
      const { params, query } = asked as Asked<'getArtifact'>;
      const bytes = await artifactBytes(daemon, params.id ?? '', params.sha256 ?? '', query.project);
      return send(c, 200, 'application/json', bytes);
    }
    case 'getOpenApiYaml':
      return send(c, 200, 'application/yaml', stringify(openApiDocument(daemon.version)));
    case 'getMetrics':
      return send(c, 200, 'text/plain; version=0.0.4; charset=utf-8', await metricsText(daemon));
    default:
      return answerJson(daemon, id, asked, c);
  }
}

function isStream(id: Id, { query }: Asked<never>): boolean {
  return id === 'followChanges' || (id === 'getOutput' && (query as Asked<'getOutput'>['query']).follow === true);
}

async function answerJson<Op extends JsonOperation>(
  daemon: ApiDaemon,
  id: Op,
  asked: Asked<never>,
  c: Context<Env>,
): Promise<Response> {
  const { status, body } = await HANDLERS[id](daemon, asked as object as Asked<Op>);
  return send(c, status, 'application/json', JSON.stringify(body));
}

async function askedOf(id: Id, operation: Operation, c: Context<Env>): Promise<Asked<never>> {
  const { req } = c;
  const query = checked(operation.query, req.query(), 'QUERY_INVALID');
  const params = req.param();
  if (params.key !== undefined) assertKey(params.key);
  const key = operation.key === undefined ? '' : keyIn(req.header('idempotency-key'));
  const condition = operation.takesCondition === undefined ? null : conditionIn(req.header('if-match'));
  const body = operation.body === null ? null : checked(operation.body, await bodyOf(id, c), 'BODY_INVALID');
  const parts = { params, query, body: body as never, condition };
  return { ...parts, query: query as never, key, bodyHash: askedHash(id, parts as never), signal: req.raw.signal };
}

async function bodyOf(id: Id, c: Context<Env>): Promise<unknown> {
  assertJson(c.req.header('content-type'));
  return jsonIn(await readBody(c.env.incoming, bodyBytesMax(id === 'addRuns')));
}

function failed(daemon: ApiDaemon, error: unknown, c: Context<Env>): Response {
  const requestId = c.get('requestId');
  const problem = problemOf(error, requestId);
  if (problem.status >= 500) {
    const cause = causeOf(error);
    daemon.log(`${requestId} ${c.req.method} ${c.req.path}: ${problem.status} ${problem.code}: ${cause}`);
  }
  const retryAfterS = error instanceof ApiError ? error.retryAfterS : null;
  const { outgoing } = c.env;
  if (retryAfterS !== null) outgoing.setHeader('Retry-After', String(retryAfterS));
  // What is left of a body that was refused is not read.
  if (problem.code === 'BODY_TOO_LARGE') outgoing.setHeader('Connection', 'close');
  return send(c, problem.status, PROBLEM_TYPE, JSON.stringify(problem));
}

/** What the log says of it; where a refusal of ours comes from is known, and clients can make many of them. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ApiError ? error.message : (error.stack ?? error.message);
}

/** The whole answer at once, as streams do: through a `Response` it would come in pieces, each a turn of the event loop later. */
function send({ env, req }: Context<Env>, status: number, type: string, body: string | Uint8Array): Response {
  env.outgoing.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  env.outgoing.end(req.method === 'HEAD' ? undefined : body);
  return RESPONSE_ALREADY_SENT;
}

function methodsByPath(): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>();
  for (const [method, path] of Object.values(PATHS)) {
    const route = routeOf(path);
    methods.set(route, [...(methods.get(route) ?? []), method, ...(method === 'GET' ? ['HEAD'] : [])]);
  }
  return methods;
}

/** A path of the table as a route: `{id}` is `:id` there. */
function routeOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
