/**
 * What a client and the daemon say to each other over `/mux`.
 *
 * Owns: the shapes, reading what a client says. Does not own: the channels (daemon/mux-channels), the socket (daemon/mux-session). docs/mux.md explains them.
 *
 * Invariant: what a client says is bounded before it is looked at (the frame) and in each of its parts; members that are not known here are passed over.
 */
import { z } from 'zod';
import { readJson } from '../base/json-text.ts';
import type { Change } from '../model/change.ts';
import { issueLines } from '../model/schema-issue.ts';
import { ApiError, type Problem } from './api/problem.ts';
import type { ShownRun } from './api/run-schema.ts';

const ID_CHARS = 100;
const NAME_CHARS = 200;
const TYPES = 32;

const id = z.string().min(1).max(ID_CHARS);
const name = z.string().min(1).max(NAME_CHARS);
const place = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const channelSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('changes'),
    after: place.optional(),
    project: name.optional(),
    system: name.optional(),
    types: z.array(name).max(TYPES).optional(),
  }),
  z.object({ kind: z.literal('run'), run: name, project: name.optional() }),
  z.object({
    kind: z.literal('output'),
    run: name,
    task: name,
    stream: z.enum(['stdout', 'stderr']).default('stdout'),
    from: place.default(0),
    project: name.optional(),
  }),
]);
const saidSchema = z.discriminatedUnion('do', [
  z.object({ id, do: z.literal('open'), channel: channelSchema }),
  z.object({ id, do: z.literal('close') }),
]);

/** What a client says. */
export type Said = z.output<typeof saidSchema>;
/** What a client wants to be told of. */
export type WantedChannel = z.output<typeof channelSchema>;

/** What a channel tells; the socket adds the channel's id. */
export type Told =
  /** `cursor`, `from`: where a channel with places in it begins. */
  | { readonly type: 'opened'; readonly cursor?: number; readonly from?: number }
  | { readonly type: 'change'; readonly cursor: number; readonly change: Change }
  | { readonly type: 'resync'; readonly cursor: number; readonly reason: 'ahead' | 'behind' }
  | { readonly type: 'run'; readonly run: ShownRun }
  | { readonly type: 'output'; readonly from: number; readonly next: number; readonly text: string }
  | { readonly type: 'ended' }
  | { readonly type: 'closed' }
  /** `open`: whether a channel of this id is open all the same. */
  | { readonly type: 'problem'; readonly open: boolean; readonly problem: Problem };

/** What the daemon says; a problem with a message that names no channel has no id. */
export type MuxMessage = Told & { readonly id: string | null };

/** A message that cannot be understood, with the id that it names all the same. */
export class BadMessage extends ApiError {
  readonly id: string | null;

  constructor(detail: string, named: string | null) {
    super('BODY_INVALID', detail, { next: 'docs/mux.md shows what can be said.' });
    this.id = named;
  }
}

/** What the message says. Throws BadMessage. */
export function saidIn(text: string): Said {
  const reading = readJson(text);
  if (reading.kind === 'wrong') throw new BadMessage(`The message cannot be read: ${reading.problem}.`, null);
  const result = saidSchema.safeParse(reading.value);
  if (result.success) return result.data;
  const named = z.object({ id }).safeParse(reading.value);
  const lines = issueLines(result.error.issues).join('; ');
  throw new BadMessage(`The message is not as it must be: ${lines}.`, named.success ? named.data.id : null);
}
