/**
 * The operations on the daemon itself, and the change feed.
 *
 * Owns: that contract. Does not own: answering (api/handlers), errors that every operation can give (api/document).
 */
import { z } from 'zod';
import { count, NO_QUERY, type Operation, text } from './operation.ts';

const daemonSchema = z
  .object({
    name: z.literal('pawl'),
    version: text,
    apiVersions: z.object({ min: count, max: count }),
    capabilities: z.array(text),
    state: z.enum(['recovering', 'ready', 'stopping']),
    pid: z.int(),
    generation: count,
    startedAt: text,
    cursor: count.describe('The last change of the feed.'),
    oldestCursor: count.describe('The first cursor after which the feed has every change.'),
  })
  .meta({ id: 'Daemon' });

const readiness = z
  .object({
    state: z.enum(['recovering', 'ready', 'stopping']),
    recovering: z.array(z.object({ project: text, state: text })),
  })
  .meta({ id: 'Readiness' });

const followQuery = z.object({
  after: text
    .optional()
    .describe('The change after which to begin; without it, and without `Last-Event-ID`, the newest.'),
  project: text.optional().describe('The id of a project.'),
  system: text.optional().describe('The id of a run.'),
  type: text.optional().describe('Types of changes, separated by commas.'),
});

/** By their names. */
export const DAEMON_OPERATIONS = {
  getApi: {
    summary: 'What answers here, and which versions of the API it speaks',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: daemonSchema,
    errors: [],
  },
  followChanges: {
    summary: 'The change feed, replayed and then followed',
    description:
      'Server-sent events: the id of each is its place in the feed, `event` its type. A cursor that the feed no longer or not yet has gets one `resync` event. A comment every 15 s.',
    tag: 'changes',
    query: followQuery,
    body: null,
    status: 200,
    answer: null,
    mediaType: 'text/event-stream',
    streams:
      'Every event is `id: <seq>`, `event: <type>` and `data:` with a `Change` (#/components/schemas/Change), or `event: resync` with a `Resync` (#/components/schemas/Resync).',
    errors: ['CURSOR_INVALID', 'TOO_MANY_CLIENTS'],
  },
  getOpenApiJson: {
    summary: 'This document',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.looseObject({}),
    errors: [],
  },
  getOpenApiYaml: {
    summary: 'This document as YAML',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: null,
    mediaType: 'application/yaml',
    errors: [],
  },
  getHealth: {
    summary: 'Whether the daemon answers',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.object({ status: z.literal('ok') }),
    errors: [],
  },
  getReadiness: {
    summary: 'Whether every project is recovered, or which are not yet',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: readiness,
    others: { 503: { schema: readiness, means: 'Not yet: it recovers, or stops.' } },
    errors: [],
  },
  getMetrics: {
    summary: 'Counters and gauges in the text format of Prometheus',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: null,
    mediaType: 'text/plain',
    errors: [],
  },
  shutDown: {
    summary: 'Stops the daemon: no new work, a bounded drain; workers go on',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 202,
    answer: z.object({ state: z.literal('stopping') }),
    errors: [],
  },
} as const satisfies Readonly<Record<string, Operation>>;
