/**
 * What is behind the doors of the daemon: the API and multiplexed sockets on both, the page on TCP.
 *
 * Owns: who answers which request and takes which handshake. Does not own: listening (daemon/listener), the API (api/api), multiplexed sockets (daemon/mux),
 * the page (inspector/hub/page-host).
 */
import { refuseUpgrade } from '../inspector/hub/http-answers.ts';
import { PageHost } from '../inspector/hub/page-host.ts';
import { createApi } from './api/api.ts';
import type { DaemonCore } from './core.ts';
import type { Door } from './guard.ts';
import { type Behind, type Listener, openListener } from './listener.ts';
import { Mux } from './mux.ts';

const NOT_FOUND = 404;

/** Where a daemon is to listen. */
export interface DoorOptions {
  readonly socket: string;
  readonly port: number | { readonly preferred: number };
  /** Folder of the built page. */
  readonly pageFolder: string;
}

/** Open doors; `close` them. */
export class Doors {
  readonly #core: DaemonCore;
  readonly #page: PageHost;
  readonly #mux: Mux;
  readonly #endTokenLook: () => void;
  #listener: Listener | null = null;

  private constructor(core: DaemonCore, { pageFolder }: DoorOptions) {
    this.#core = core;
    this.#mux = new Mux(core);
    this.#page = new PageHost({
      pageFolder,
      pawlVersion: core.version,
      sites: core.pageProjects,
      isToken: (given) => core.isToken(given),
      port: () => this.port,
    });
    this.#endTokenLook = core.onNewToken(() => {
      this.#page.revoke();
      this.#mux.revoke();
      core.streams.revoke();
    });
  }

  /** Listens. Throws PAWL_USAGE for a port that is taken. */
  static async open(core: DaemonCore, options: DoorOptions): Promise<Doors> {
    const doors = new Doors(core, options);
    try {
      doors.#listener = await openListener(options.socket, options.port, (door) => doors.#behind(door));
      return doors;
    } catch (error) {
      await doors.close();
      throw error;
    }
  }

  /** The port of the loopback addresses. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Nothing listens any more; streams are ended, connections are cut. */
  async close(): Promise<void> {
    this.#endTokenLook();
    this.#page.close();
    this.#mux.close();
    this.#core.streams.close();
    await this.#listener?.close();
  }

  #behind(door: Door): Behind {
    const answer = createApi(this.#core, door);
    // A browser reaches TCP alone.
    const page = door.kind === 'tcp' ? this.#page : null;
    return {
      request: (request, response) => {
        if (page?.answer(request, response) !== true) answer(request, response);
      },
      upgrade: (request, connection, head) => {
        if (this.#mux.upgrade(request, connection, head, door)) return;
        if (page?.upgrade(request, connection, head) !== true) refuseUpgrade(connection, NOT_FOUND);
      },
    };
  }
}
