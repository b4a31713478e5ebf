/**
 * The OpenAPI document of the daemon's API, made from its operations.
 *
 * Owns: what every operation has in common: its errors, its parameters, who may ask. Does not own: the operations themselves (api/operations), serving it.
 *
 * Invariant: the same operations give the same document, byte for byte: docs/api/openapi.json is held equal to it by a test.
 */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import type { JsonObject } from '../../base/canonical-json.ts';
import { type ApiCode, statusOf } from './codes.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { PATHS } from './paths.ts';
import { PROBLEM_TYPE, problemSchema } from './problem.ts';

/** The versions of the API that this daemon speaks. */
export const API_VERSIONS = { min: 1, max: 1 } as const;

/** Errors that every operation can give. */
const EVERYWHERE: readonly ApiCode[] = [
  'HOST_FORBIDDEN',
  'ORIGIN_FORBIDDEN',
  'UNAUTHORIZED',
  'PAWL_BUG',
  'TOO_MANY_CLIENTS',
];
const WITH_BODY: readonly ApiCode[] = ['BODY_INVALID', 'BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED'];
const WITH_KEY: readonly ApiCode[] = [
  'KEY_MISSING',
  'KEY_INVALID',
  'DAEMON_STARTING',
  'DAEMON_STOPPING',
  'PAWL_STORE_FULL',
  'PAWL_STORE_FAILED',
];

/** Every error that an operation can give. */
function errorsOf(operation: Operation): readonly ApiCode[] {
  const hasQuery = Object.keys(operation.query.shape).length > 0;
  return [
    ...new Set([
      ...EVERYWHERE,
      ...(hasQuery ? (['QUERY_INVALID'] as const) : []),
      ...(operation.body === null ? [] : WITH_BODY),
      ...(operation.key === undefined ? [] : WITH_KEY),
      ...operation.errors,
    ]),
  ];
}

/** The document. */
export function openApiDocument(version: string): JsonObject {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const [id, operation] of Object.entries(OPERATIONS) as [keyof typeof OPERATIONS, Operation][])
    registry.registerPath(routeOf(id, operation));
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Pawl',
      version,
      description:
        'The API of `pawl serve`: on its Unix socket, and on loopback TCP with the token of its state folder. docs/api.md describes what the shapes do not say.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [
      { url: 'http://127.0.0.1', description: 'The port is in `daemon.json`; on the socket any path is the same.' },
    ],
    security: [{ token: [] }],
    tags: ['daemon', 'projects', 'runs', 'changes'].map((name) => ({ name })),
  });
  return JSON.parse(JSON.stringify(document)) as JsonObject;
}

function routeOf(id: keyof typeof OPERATIONS, operation: Operation): RouteConfig {
  const [method, path] = PATHS[id];
  const { body, query, summary, description, tag } = operation;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  return {
    method: method.toLowerCase() as 'get' | 'post' | 'delete',
    path,
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    request: {
      ...(names.length === 0 ? {} : { params }),
      ...(Object.keys(query.shape).length === 0 ? {} : { query }),
      ...(operation.key === undefined ? {} : { headers: headersOf(operation) }),
      ...(body === null ? {} : { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: responsesOf(operation),
  };
}

function headersOf(operation: Operation): z.ZodObject {
  return z.object({
    'Idempotency-Key': z.string().describe('Names the command: sent again under the same key it is the same command.'),
    ...(operation.takesCondition === undefined
      ? {}
      : { 'If-Match': z.string().optional().describe('The `seq` of the run in quotes.') }),
  });
}

type Responses = RouteConfig['responses'];

function answersOf({ status, answer, mediaType, others = {} }: Operation): Responses {
  const content = answer === null ? { [mediaType ?? 'text/plain']: { schema: z.string() } } : jsonOf(answer);
  return {
    [status]: { description: 'Done', content },
    ...Object.fromEntries(
      Object.entries(others).map(([other, schema]) => [other, { description: 'Not yet', content: jsonOf(schema) }]),
    ),
  };
}

function jsonOf(schema: z.ZodType) {
  return { 'application/json': { schema } };
}

function responsesOf(operation: Operation): Responses {
  const answers = answersOf(operation);
  const byStatus = new Map<number, ApiCode[]>();
  for (const code of errorsOf(operation)) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  const problems = [...byStatus].map(([status, codes]) => {
    const answer = answers[status];
    const content = { [PROBLEM_TYPE]: { schema: problemSchema } };
    const shared = answer !== undefined && 'content' in answer ? answer.content : {};
    return [status, { description: codes.join(', '), content: { ...shared, ...content } }] as const;
  });
  return { ...answers, ...Object.fromEntries(problems) };
}
