/**
 * The typed client of the daemon (`pawl/client`).
 *
 * Owns: calling an operation by its name, following the change feed over restarts of the daemon. Does not own: what operations take and give (daemon/api/operations,
 * whose types are used here), requests (client/transport).
 *
 * Invariants: 1. An answer that is an error is thrown as one, with its code. 2. Following the feed gives every change once and in order, or says `resync`.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import { daemonHere } from '../app/daemon/daemon-place.ts';
import type { OPERATIONS } from '../daemon/api/operations.ts';
import { type OperationId, PATHS } from '../daemon/api/paths.ts';
import type { Problem } from '../daemon/api/problem.ts';
import type { Change } from '../model/change.ts';
import { PawlError } from '../model/error.ts';
import { readDaemonFile } from '../store/home/daemon-file.ts';
import { type Address, Connections, eventsIn, exchange, textOf, type WireAnswer } from './transport.ts';

type Operations = typeof OPERATIONS;

/** The operations that answer with JSON. */
export type CallId = { [Id in OperationId]: Operations[Id]['answer'] extends null ? never : Id }[OperationId];

type Named<Id extends OperationId> = Operations[Id]['query'] extends infer Query extends z.ZodType
  ? z.input<Query>
  : never;
type Body<Id extends OperationId> = Operations[Id]['body'] extends infer Schema extends z.ZodType
  ? z.input<Schema>
  : never;

/** What an operation gives. */
export type Answer<Id extends CallId> = Operations[Id]['answer'] extends infer Schema extends z.ZodType
  ? z.output<Schema>
  : never;

/** What an operation takes; what it does not take is not there. */
export interface CallOptions<Id extends OperationId> {
  /** The parameters of its path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Named<Id>;
  readonly body?: Body<Id>;
  /** Names the command; a new one where none is given. */
  readonly key?: string;
  /** The record that the command holds for. */
  readonly ifSeq?: number;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** An error that the daemon has answered with. */
export class DaemonError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'DaemonError';
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** What following the feed gives: a change, or that changes are missing and views must be read anew. */
export type Followed =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'resync'; readonly reason: string; readonly cursor: number };

/** How the feed is followed. */
export interface FollowOptions {
  /** The change after which to begin; without it, from now on. */
  readonly after?: number;
  readonly project?: string;
  readonly system?: string;
  readonly types?: readonly string[];
  readonly signal?: AbortSignal;
  /** Called whenever the daemon cannot be reached; it is tried again. Absent: the error ends the following. */
  readonly onLost?: (error: unknown) => void;
}

const AGAIN_MS = 250;

/** A daemon that can be asked. */
export class Client {
  readonly #address: () => Address;
  /** A command has a key, and everything else changes nothing or may be repeated. */
  readonly #connections = new Connections();

  /** `address` is asked for at every request: a daemon that was started again may listen elsewhere. */
  constructor(address: Address | (() => Address)) {
    this.#address = typeof address === 'function' ? address : () => address;
  }

  /** The daemon of this user, found anew at every request. A request rejects with PAWL_DAEMON_FAILED where none runs. */
  static here(): Client {
    return new Client(addressHere);
  }

  /** Does the operation. Throws DaemonError for an error of the API, and the system's error where no daemon answers. */
  async call<Id extends CallId>(id: Id, options: CallOptions<Id> = {}): Promise<Answer<Id>> {
    const answer = await this.#send(id, options, this.#connections);
    const text = await textOf(answer);
    if (!isProblem(answer)) return JSON.parse(text) as Answer<Id>;
    throw new DaemonError(JSON.parse(text) as Problem);
  }

  /** The bytes of an operation that does not answer with JSON, and where they continue. */
  async bytes(id: 'getOutput' | 'getArtifact', options: CallOptions<typeof id>): Promise<WireAnswer> {
    const answer = await this.#send(id, options);
    if (!isProblem(answer)) return answer;
    throw new DaemonError(JSON.parse(await textOf(answer)) as Problem);
  }

  /** Every change after the cursor, for as long as it is wanted; over restarts of the daemon where `onLost` is given. */
  async *follow({ onLost, signal, types, ...options }: FollowOptions = {}): AsyncGenerator<Followed> {
    let { after } = options;
    const isOver = (): boolean => signal?.aborted === true;
    while (!isOver()) {
      try {
        after ??= (await this.call('getApi', signal === undefined ? {} : { signal })).cursor;
        const query = {
          after: String(after),
          ...(options.project === undefined ? {} : { project: options.project }),
          ...(options.system === undefined ? {} : { system: options.system }),
          ...(types === undefined ? {} : { type: types.join(',') }),
        };
        const answer = await this.#send('followChanges', { query, ...(signal === undefined ? {} : { signal }) });
        if (isProblem(answer)) throw new DaemonError(JSON.parse(await textOf(answer)) as Problem);
        for await (const { id, type, data } of eventsIn(answer)) {
          after = Number(id);
          yield type === 'resync'
            ? { kind: 'resync', ...(JSON.parse(data) as { reason: string; cursor: number }) }
            : { kind: 'change', change: JSON.parse(data) as Change };
        }
        if (onLost === undefined) return;
        onLost(null);
      } catch (error) {
        if (isOver()) return;
        if (onLost === undefined || (error instanceof DaemonError && error.problem.status < 500)) throw error;
        onLost(error);
      }
      await pause(AGAIN_MS);
    }
  }

  /** A stream gets a connection of its own. */
  #send<Id extends OperationId>(
    id: Id,
    options: CallOptions<Id>,
    connections: Connections | null = null,
  ): Promise<WireAnswer> {
    const { params = {}, query = {}, body, key, ifSeq, signal, timeoutMs } = options;
    const [method, path] = PATHS[id];
    const place = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(params[name] ?? ''));
    const asked = new URLSearchParams(
      Object.entries(query as object).flatMap(([name, value]: [string, unknown]): [string, string][] =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    ).toString();
    return exchange(this.#address(), {
      method,
      path: asked === '' ? place : `${place}?${asked}`,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'Idempotency-Key': key ?? randomUUID() }),
        ...(ifSeq === undefined ? {} : { 'If-Match': `"${ifSeq}"` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(connections === null ? {} : { connections }),
    });
  }
}

function addressHere(): Address {
  const { files, home } = daemonHere();
  const daemon = readDaemonFile(files, home);
  if (daemon !== null) return { kind: 'socket', path: daemon.socket };
  throw new PawlError({
    code: 'PAWL_DAEMON_FAILED',
    message: `No daemon runs for ${home.root}.`,
    subject: home.root,
    hint: 'Start it with `pawl start`.',
  });
}

function isProblem({ headers }: WireAnswer): boolean {
  return (headers['content-type'] ?? '').startsWith('application/problem+json');
}
