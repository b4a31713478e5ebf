/**
 * The OpenAPI document of the daemon's API, made from its operations.
 *
 * Owns: what every operation has in common: its errors, its parameters, who may ask. Does not own: the operations themselves (api/operations), serving it.
 *
 * Invariant: the same operations give the same document, byte for byte: docs/api/openapi.json is held equal to it by a test.
 */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { isObject, type JsonObject } from '../../base/canonical-json.ts';
import { packetSchema } from '../../model/packet-schema.ts';
import { STREAM_SCHEMAS } from './change-schema.ts';
import { type ApiCode, statusOf } from './codes.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { type OperationId, PATHS } from './paths.ts';
import { PROBLEM_TYPE, problemSchema } from './problem.ts';
import { KEY } from './request.ts';

/** The versions of the API that this daemon speaks. */
export const API_VERSIONS = { min: 1, max: 1 } as const;

/** Errors that every operation can give. */
const EVERYWHERE: readonly ApiCode[] = ['HOST_FORBIDDEN', 'ORIGIN_FORBIDDEN', 'UNAUTHORIZED', 'PAWL_BUG'];
const WITH_BODY: readonly ApiCode[] = ['BODY_INVALID', 'BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED'];
const WITH_KEY: readonly ApiCode[] = ['KEY_MISSING', 'KEY_INVALID'];
/** What a disk can do to whatever is written. */
const WITH_WRITING: readonly ApiCode[] = [
  'DAEMON_STARTING',
  'DAEMON_STOPPING',
  'PAWL_STORE_FULL',
  'PAWL_STORE_SYNC_FAILED',
  'PAWL_STORE_NO_LINKS',
];
/** What a disk can do to whatever is read; and what is asked of projects before the daemon knows them. */
const WITH_FILES: readonly ApiCode[] = ['PAWL_STORE_FAILED', 'PAWL_STORE_PERMISSION', 'DAEMON_STARTING'];

/** What the parameters of paths are. */
const PARAMETERS: Readonly<Record<string, string>> = {
  task: 'The id of a task of the run, as its view lists them.',
  sha256: 'The SHA-256 of the content of an artifact, in hexadecimal.',
  key: 'The `Idempotency-Key` of the command.',
};

/** Every error that an operation can give. */
function errorsOf(id: OperationId, operation: Operation): readonly ApiCode[] {
  const isChanging = PATHS[id][0] !== 'GET' && operation.tag !== 'daemon';
  return [
    ...new Set([
      ...EVERYWHERE,
      ...(canBeWrong(operation.query) ? (['QUERY_INVALID'] as const) : []),
      ...(operation.body === null ? [] : WITH_BODY),
      ...(operation.key === undefined ? [] : WITH_KEY),
      ...(operation.tag === 'projects' || operation.tag === 'runs' ? WITH_FILES : []),
      ...(isChanging ? WITH_WRITING : []),
      ...operation.errors,
    ]),
  ];
}

/** False of a query whose members take any text. */
function canBeWrong({ shape }: Operation['query']): boolean {
  return Object.values(shape).some((member) => !(member as z.ZodType).safeParse('any text').success);
}

/** Codes whose answers say when to try again. */
const RETRY_AFTER: readonly ApiCode[] = ['COMMAND_PENDING', 'DAEMON_STARTING', 'DAEMON_STOPPING', 'TOO_MANY_CLIENTS'];

const documents = new Map<string, JsonObject>();

/** The document, made once for each version. */
export function openApiDocument(version: string): JsonObject {
  const document = documents.get(version) ?? madeDocument(version);
  documents.set(version, document);
  return document;
}

function madeDocument(version: string): JsonObject {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'On TCP: the content of the file `token` in the state folder. On the socket none is needed.',
  });
  registry.registerComponent('headers', 'RequestId', {
    description: 'Names this request in the log of the daemon.',
    schema: { type: 'string', format: 'uuid' },
  });
  registry.registerComponent('headers', 'RetryAfter', {
    description: 'Seconds after which to try again.',
    schema: { type: 'integer', minimum: 1 },
  });
  for (const [id, operation] of Object.entries(OPERATIONS) as [OperationId, Operation][])
    registry.registerPath(routeOf(id, operation));
  const streamed = Object.values(STREAM_SCHEMAS).map((schema) => ({ type: 'schema' as const, schema }));
  const document = new OpenApiGeneratorV31([...registry.definitions, ...streamed]).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Pawl',
      version,
      description:
        'The API of `pawl serve`: on its Unix socket, and on loopback TCP with the token of its state folder. docs/api.md describes what the shapes do not say.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [
      {
        url: 'http://127.0.0.1:{port}',
        description: 'The port is in `daemon.json`; on the socket every path is the same.',
        variables: { port: { default: '49152' } },
      },
    ],
    security: [{ token: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  const plain = JSON.parse(JSON.stringify(document)) as { components: { schemas: JsonObject } } & JsonObject;
  plain.components.schemas = componentsOf(plain.components.schemas);
  return plain;
}

/**
 * The components as zod itself writes them, which knows of members that may be left out and of components that may be null; only unions with a discriminator, which
 * zod does not write, stay as they are.
 */
function componentsOf(made: JsonObject): JsonObject {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    uri: (id) => `#/components/schemas/${id}`,
    io: 'input',
    unrepresentable: 'any',
  });
  const known = { ...schemas, Packet: z.toJSONSchema(packetSchema, { io: 'input' }) };
  return Object.fromEntries(
    Object.entries(made).map(([name, schema]) => {
      const hasDiscriminator = isObject(schema) && 'discriminator' in schema;
      return [name, hasDiscriminator ? schema : plainSchema(known[name as keyof typeof known])];
    }),
  );
}

function plainSchema(schema: object): JsonObject {
  const { $schema: _, $id: _id, id: _name, ...rest } = JSON.parse(JSON.stringify(schema)) as JsonObject;
  return rest;
}

const TAGS: Readonly<Record<Operation['tag'], string>> = {
  daemon: 'The daemon itself.',
  projects: 'The repositories whose runs it drives.',
  runs: 'Runs: one for every packet.',
  changes: 'What changes, as it changes.',
};

function routeOf(id: OperationId, operation: Operation): RouteConfig {
  const [method, path] = PATHS[id];
  const { body, query, summary, description, tag } = operation;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const params = z.object(Object.fromEntries(names.map((name) => [name, parameter(name, tag)])));
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
      ...headersOf(id, operation),
      ...(body === null ? {} : { body: { required: true, content: { 'application/json': bodyOf(body, operation) } } }),
    },
    responses: responsesOf(id, operation),
  };
}

function bodyOf(schema: z.ZodType, { bodyExamples = {} }: Operation) {
  const examples = Object.fromEntries(Object.entries(bodyExamples).map(([name, value]) => [name, { value }]));
  return { schema, ...(Object.keys(examples).length === 0 ? {} : { examples }) };
}

function parameter(name: string, tag: Operation['tag']): z.ZodString {
  const described = PARAMETERS[name] ?? (tag === 'projects' ? 'The id of a project.' : 'The id of a run.');
  return z.string().describe(described);
}

function headersOf(id: OperationId, { key, takesCondition }: Operation): { readonly headers?: z.ZodObject } {
  const keyHeader = z
    .string()
    .regex(KEY)
    .describe('Names the command: sent again under the same key it is the same command.')
    .meta({ examples: ['widget-night-1'] });
  const condition = z
    .string()
    .optional()
    .describe('The `seq` of the run in quotes.')
    .meta({ examples: ['"12"'] });
  const lastEventId = z.string().optional().describe('Where to continue, as `after` or `from`; those count first.');
  const headers = {
    ...(key === undefined ? {} : { 'Idempotency-Key': keyHeader }),
    ...(takesCondition === undefined ? {} : { 'If-Match': condition }),
    ...(id === 'followChanges' || id === 'getOutput' ? { 'Last-Event-ID': lastEventId } : {}),
  };
  return Object.keys(headers).length === 0 ? {} : { headers: z.object(headers) };
}

type Responses = RouteConfig['responses'];

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
const RETRY = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };

function answersOf({ status, answer, mediaType, streams, headers = {}, others = {} }: Operation): Responses {
  const content = answer === null ? { [mediaType ?? 'text/plain']: { schema: textOf(mediaType) } } : jsonOf(answer);
  const events = streams === undefined ? {} : { 'text/event-stream': { schema: z.string().describe(streams) } };
  const told = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    [status]: {
      description: 'Done.',
      headers: { ...REQUEST_ID, ...Object.fromEntries(told) },
      content: { ...content, ...events },
    },
    ...Object.fromEntries(
      Object.entries(others).map(([other, { schema, means }]) => [
        other,
        { description: means, headers: REQUEST_ID, content: jsonOf(schema) },
      ]),
    ),
  };
}

/** Bytes, or text. */
function textOf(mediaType: string | undefined): z.ZodType | object {
  if (mediaType === 'application/octet-stream') return {};
  return mediaType === 'application/json' ? z.looseObject({}) : z.string();
}

function jsonOf(schema: z.ZodType) {
  return { 'application/json': { schema } };
}

function responsesOf(id: OperationId, operation: Operation): Responses {
  const answers = answersOf(operation);
  const byStatus = new Map<number, ApiCode[]>();
  for (const code of errorsOf(id, operation))
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  const problems = [...byStatus].map(([status, codes]) => {
    const answer = answers[status];
    const content = { [PROBLEM_TYPE]: { schema: problemSchema } };
    const shared = answer !== undefined && 'content' in answer ? answer.content : {};
    const before = answer !== undefined && 'content' in answer ? `${answer.description} Or: ` : '';
    const retry = codes.some((code) => RETRY_AFTER.includes(code)) ? RETRY : {};
    const description = `${before}${codes.map((code) => `\`${code}\``).join(', ')}`;
    return [status, { description, headers: { ...REQUEST_ID, ...retry }, content: { ...shared, ...content } }] as const;
  });
  return { ...answers, ...Object.fromEntries(problems) };
}
