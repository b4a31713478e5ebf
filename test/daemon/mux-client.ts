/**
 * A client of `/mux` that keeps all that it is told.
 *
 * Owns: the socket, sending, finding messages by the id of their channel. Does not own: what is expected of them.
 */
import { type ClientOptions, WebSocket } from 'ws';
import type { MuxMessage } from '../../src/daemon/mux-messages.ts';

/** A message of a channel, by its type. */
export type MuxTold<Type extends MuxMessage['type']> = Extract<MuxMessage, { type: Type }>;

/** One socket. */
export class MuxClient {
  readonly socket: WebSocket;
  readonly messages: MuxMessage[] = [];
  /** Resolves with the code with which the socket was closed. */
  readonly closed: Promise<number>;
  readonly #opened: Promise<void>;

  constructor(address: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(address, options);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as MuxMessage));
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.#opened = new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve());
      this.socket.once('error', reject);
    });
    this.socket.on('error', () => undefined);
  }

  /** A socket that is open. */
  static async open(address: string, options: ClientOptions = {}): Promise<MuxClient> {
    const client = new MuxClient(address, options);
    await client.#opened;
    return client;
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** What channels of that id were told, of one type. */
  told<Type extends MuxMessage['type']>(id: string | null, type: Type): readonly MuxTold<Type>[] {
    return this.messages.filter((message): message is MuxTold<Type> => message.id === id && message.type === type);
  }

  /** The status and the code with which a handshake is refused; null where it is let in. */
  static refusal(address: string, options: ClientOptions = {}): Promise<readonly [number, string] | null> {
    return new Promise((resolve) => {
      const socket = new WebSocket(address, options);
      socket.on('error', () => undefined);
      socket.once('open', () => {
        socket.terminate();
        resolve(null);
      });
      socket.once('unexpected-response', (_request, response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve([response.statusCode ?? 0, (JSON.parse(text) as { code: string }).code]));
      });
    });
  }

  end(): void {
    this.socket.terminate();
  }
}
