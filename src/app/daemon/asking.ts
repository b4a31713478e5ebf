/**
 * One question to the daemon over its Unix socket, with the whole of its answer.
 *
 * Owns: the request, its bounds, what counts as no answer. Does not own: what answers mean (app/daemon/standing, app/daemon/stopping,
 * client/daemon-run-reader).
 * Free of zod; HTTP is loaded when there is something to ask.
 *
 * Invariant: it resolves within its bound, whatever the other side does.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isObject } from '../../base/canonical-json.ts';
import { systemCode } from '../../model/error.ts';
import type { ClockPort } from '../../ports/clock.ts';
import { CLIENT_BOUNDS } from './daemon-bounds.ts';

/** What came of a question. */
export type Heard<Answer> =
  | ({ readonly kind: 'answered'; readonly status: number } & Answer)
  | { readonly kind: 'nobodyListens' }
  | { readonly kind: 'silent'; readonly why: string };

/** The JSON object of an answer; empty where it is none. */
export interface JsonAnswer {
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer as it came. */
export interface PlainAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** What is asked, and where. */
export interface Question {
  readonly socket: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Until the whole of the answer must be there; the usual bound where it is not said. */
  readonly answerMs?: number;
  /** How long the answer may be; the usual bound where it is not said. */
  readonly answerBytes?: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

const NOBODY: readonly (string | undefined)[] = ['ENOENT', 'ECONNREFUSED'];

/** The answer to the question, or that there is none. */
export async function ask(question: Question, clock: ClockPort): Promise<Heard<JsonAnswer>> {
  const heard = await hear(question, clock);
  if (heard.kind !== 'answered') return heard;
  const { status, bytes } = heard;
  return { kind: 'answered', status, body: objectIn(bytes.toString('utf8')) };
}

/** The same, as it came. */
export async function hear(question: Question, clock: ClockPort): Promise<Heard<PlainAnswer>> {
  const { request } = await import('node:http');
  const { answerMs = CLIENT_BOUNDS.answerMs, answerBytes = CLIENT_BOUNDS.answerBytes } = question;
  const { socket, method, path, signal } = question;
  return new Promise((resolve) => {
    const outgoing = request({ socketPath: socket, method, path, agent: false, headers: { Host: 'pawl' } });
    const settle = (heard: Heard<PlainAnswer>): void => {
      callOff();
      signal?.removeEventListener('abort', abort);
      outgoing.destroy();
      resolve(heard);
    };
    const fail = (error: Error): void => {
      const code = systemCode(error);
      settle(NOBODY.includes(code) ? { kind: 'nobodyListens' } : { kind: 'silent', why: code ?? error.message });
    };
    const abort = (): void => settle({ kind: 'silent', why: 'nobody waits for the answer' });
    const callOff = clock.timer(answerMs, () => settle({ kind: 'silent', why: `no answer within ${answerMs} ms` }));
    signal?.addEventListener('abort', abort, { once: true });
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = [];
      let size = 0;
      incoming.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > answerBytes) settle({ kind: 'silent', why: `an answer of more than ${answerBytes} bytes` });
        else pieces.push(piece);
      });
      incoming.on('error', fail);
      incoming.on('end', () => {
        const { statusCode = 0, headers } = incoming;
        settle({ kind: 'answered', status: statusCode, headers, bytes: Buffer.concat(pieces) });
      });
    });
    outgoing.end();
  });
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch (error) {
    // A stranger on that path may say anything: its status says enough.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
