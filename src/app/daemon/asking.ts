/**
 * One question to the daemon over its Unix socket, with the whole of its answer.
 *
 * Owns: the request, its bounds, what counts as no answer. Does not own: what answers mean (app/daemon/standing, app/daemon/stopping).
 * Free of zod; HTTP is loaded when there is something to ask.
 *
 * Invariant: it resolves within its bound, whatever the other side does.
 */
import { isObject } from '../../base/canonical-json.ts';
import { systemCode } from '../../model/error.ts';
import type { ClockPort } from '../../ports/clock.ts';
import { CLIENT_BOUNDS } from './daemon-bounds.ts';

/** What came of a question. `body`: the JSON object of the answer; empty where it is none. */
export type Heard =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'nobodyListens' }
  | { readonly kind: 'silent'; readonly why: string };

/** What is asked, and where. */
export interface Question {
  readonly socket: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

const NOBODY: readonly (string | undefined)[] = ['ENOENT', 'ECONNREFUSED'];

/** The answer to the question, or that there is none. */
export async function ask({ socket, method, path }: Question, clock: ClockPort): Promise<Heard> {
  const { request } = await import('node:http');
  const { answerMs, answerBytes } = CLIENT_BOUNDS;
  return new Promise((resolve) => {
    const outgoing = request({ socketPath: socket, method, path, agent: false, headers: { Host: 'pawl' } });
    const settle = (heard: Heard): void => {
      callOff();
      outgoing.destroy();
      resolve(heard);
    };
    const fail = (error: Error): void => {
      const code = systemCode(error);
      settle(NOBODY.includes(code) ? { kind: 'nobodyListens' } : { kind: 'silent', why: code ?? error.message });
    };
    const callOff = clock.timer(answerMs, () => settle({ kind: 'silent', why: `no answer within ${answerMs} ms` }));
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
        const body = objectIn(Buffer.concat(pieces).toString('utf8'));
        settle({ kind: 'answered', status: incoming.statusCode ?? 0, body });
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
