/**
 * Requests to the daemon as anybody may send them, and the committed document as the judge of its answers.
 *
 * Owns: raw requests by either door, checking an answer, what has been seen of what the document promises. Does not own: which requests are sent.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type OutgoingHttpHeaders, request as send } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { type OperationId, PATHS } from '../../src/daemon/api/paths.ts';
import { readDaemonFile } from '../../src/store/home/daemon-file.ts';
import { readToken } from '../../src/store/home/token-file.ts';
import type { DaemonPlace } from './daemon-kit.ts';

const ANSWER_MS = 30_000;
/** Where a stream has been looked at for long enough. */
const STREAM_BYTES = 1;

/** A request as it is to be sent. */
export interface RawRequest {
  readonly door?: 'socket' | 'tcp';
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
}

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Members of an answer that is JSON. */
export type JsonAnswer = Readonly<Record<string, unknown>>;

/** The JSON of an answer. */
export function jsonOf<T = JsonAnswer>({ text }: RawAnswer): T {
  return JSON.parse(text) as T;
}

/** The code of an answer that is an error; null of any other. */
export function codeOf(answer: RawAnswer): string | null {
  return isProblem(answer) ? String(jsonOf(answer).code) : null;
}

function isProblem({ headers }: RawAnswer): boolean {
  return headers['content-type'] === 'application/problem+json';
}

/** Where a daemon answers. */
export type AskedPlace = Pick<DaemonPlace, 'files' | 'home' | 'socket'>;

/** The answer, whole; of an event stream, as far as it has come when its first bytes have. */
export function ask(place: AskedPlace, { door = 'socket', method = 'GET', path, headers = {}, body }: RawRequest) {
  const file = readDaemonFile(place.files, place.home);
  const token = readToken(place.files, place.home);
  const to =
    door === 'socket'
      ? { socketPath: place.socket, headers: { Host: 'pawl' } }
      : { host: '127.0.0.1', port: file?.port, headers: { Authorization: `Bearer ${token}` } };
  return new Promise<RawAnswer>((resolve, reject) => {
    const outgoing = send({
      ...to,
      ...{ method, path, agent: false, timeout: ANSWER_MS },
      headers: present({
        ...to.headers,
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
        ...headers,
      }),
    });
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.once('response', (incoming) => {
      const { statusCode: status = 0, headers: told } = incoming;
      let text = '';
      const done = (): void => resolve({ status, headers: told, text });
      incoming.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (told['content-type']?.startsWith('text/event-stream') !== true || text.length < STREAM_BYTES) return;
        done();
        outgoing.destroy();
      });
      incoming.once('end', done);
      incoming.once('error', done);
    });
    outgoing.end(body);
  });
}

/** Without those that are undefined: one is left out that way. */
function present(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

interface Media {
  readonly schema: object;
}
interface Answer {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content: Readonly<Record<string, Media>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: Readonly<Record<string, Answer>> }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** The committed document, and what of it has been seen. */
export class Contract {
  readonly #document = JSON.parse(
    readFileSync(new URL('../../docs/api/openapi.json', import.meta.url), 'utf8'),
  ) as Document;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  readonly #checks = new Map<string, ReturnType<Ajv2020['compile']>>();
  readonly #seen = new Set<string>();

  /** What it promises: `operation status` of every success, `operation CODE` of every error. */
  get promised(): readonly string[] {
    return (Object.keys(PATHS) as OperationId[]).flatMap((id) =>
      Object.entries(this.#answersOf(id)).flatMap(([status, answer]) => {
        const codes = codesIn(answer);
        const others = Object.keys(answer.content).filter((type) => type !== 'application/problem+json');
        return [...codes.map((code) => `${id} ${code}`), ...(others.length === 0 ? [] : [`${id} ${status}`])];
      }),
    );
  }

  /** What of it has been seen. */
  get seen(): ReadonlySet<string> {
    return this.#seen;
  }

  /** Throws where the answer is not what the document says of the operation. */
  check(id: OperationId, answer: RawAnswer): RawAnswer {
    const { status, headers, text } = answer;
    const promised = this.#answersOf(id)[status];
    if (promised === undefined) throw new Error(`${id}: ${status} is not documented: ${text.slice(0, 500)}`);
    const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
    const media = promised.content[type];
    if (media === undefined) throw new Error(`${id} ${status}: ${type} is not documented`);
    expect(headers['x-request-id'], `${id} ${status}`).toMatch(/^[0-9a-f-]{36}$/);
    if (/json/.test(type)) this.#fits(media.schema, jsonOf(answer), `${id} ${status}`);
    const code = codeOf(answer);
    if (code !== null && !codesIn(promised).includes(code))
      throw new Error(`${id}: ${code} is not documented: ${text}`);
    if (code !== null) expect(jsonOf(answer)).toMatchObject({ status, requestId: headers['x-request-id'] });
    this.#seen.add(`${id} ${code ?? status}`);
    return answer;
  }

  /** Throws where the value is not what the document's component of that name says. */
  fits(component: string, value: unknown): void {
    this.#fits({ $ref: `#/components/schemas/${component}` }, value, component);
  }

  #fits(schema: object, value: unknown, what: string): void {
    const key = JSON.stringify(schema);
    const { components } = this.#document;
    const isValid = this.#checks.get(key) ?? this.#ajv.compile({ ...schema, components });
    this.#checks.set(key, isValid);
    if (isValid(value) !== true)
      throw new Error(`${what}: ${this.#ajv.errorsText(isValid.errors)}: ${JSON.stringify(value).slice(0, 2_000)}`);
  }

  #answersOf(id: OperationId): Readonly<Record<string, Answer>> {
    const [method, path] = PATHS[id];
    return this.#document.paths[path]?.[method.toLowerCase()]?.responses ?? {};
  }
}

function codesIn({ description }: Answer): readonly string[] {
  return [...description.matchAll(/`([A-Z_]{5,})`/g)].map(([, code = '']) => code);
}
