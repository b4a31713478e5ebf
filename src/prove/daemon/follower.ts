/**
 * A client that follows the change feed from its own cursor, over any number of daemons.
 *
 * Owns: what it has seen, and whether that is every change once and in order. Does not own: following (client/client), whether the changes are true (daemon/verdict).
 */

import { messageOf } from '../../base/error-text.ts';
import { Client } from '../../client/client.ts';
import type { Address } from '../../client/transport.ts';
import type { Change } from '../../model/change.ts';

/** One follower; `end` it. */
export class FeedFollower {
  readonly name: string;
  readonly changes: Change[] = [];
  /** Each a sentence. */
  readonly faults: string[] = [];
  /** How often its connection was lost. */
  lostCount = 0;
  readonly #over = new AbortController();
  readonly #work: Promise<void>;

  constructor(name: string, address: () => Address) {
    this.name = name;
    this.#work = this.#follow(new Client(address)).catch((error: unknown) => {
      this.faults.push(`follower over ${name}: ended: ${messageOf(error)}`);
    });
  }

  /** The last change that it has seen. */
  get cursor(): number {
    return this.changes.at(-1)?.seq ?? 0;
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  async #follow(client: Client): Promise<void> {
    const { signal } = this.#over;
    const onLost = (): void => {
      this.lostCount += 1;
    };
    for await (const followed of client.follow({ after: 0, signal, onLost })) {
      if (followed.kind === 'resync') {
        this.faults.push(`follower over ${this.name}: was told to read anew (${followed.reason}) without a cause`);
        continue;
      }
      const { seq } = followed.change;
      if (seq !== this.cursor + 1)
        this.faults.push(`follower over ${this.name}: saw change ${seq} after change ${this.cursor}`);
      this.changes.push(followed.change);
    }
  }
}
