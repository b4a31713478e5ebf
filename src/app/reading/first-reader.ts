/**
 * A reader that may stop answering, and another one that carries on for it.
 *
 * Owns: the change from the one to the other. Does not own: what either reads. Free of zod and xstate: `status` starts with it.
 *
 * Invariants: 1. Whoever reads does not notice: what was given is not given again, and what comes next is what would have come. 2. A reader that has failed to answer
 * once is not asked again: nobody waits for it twice.
 */
import type { OutputPiece, StreamName, StreamReading, TaskName } from '../reading-output.ts';
import type { LoggedTask, LoggedTasks } from '../tasks-of-run.ts';
import type { RunReader, ShownRegistry, ShownStory, ToldRecord } from './run-reader.ts';

/** A reader has no answer: it cannot be reached, is late, or gives another answer than it should. */
export class Unanswered extends Error {}

/** Asks `first` for as long as it answers, and `then` from there on. */
export class FirstReader implements RunReader {
  #first: RunReader | null;
  readonly #then: RunReader;

  constructor(first: RunReader, then: RunReader) {
    this.#first = first;
    this.#then = then;
  }

  registry(): Promise<ShownRegistry> {
    return this.#asked((reader) => reader.registry());
  }

  story(runId: string): Promise<ShownStory> {
    return this.#asked((reader) => reader.story(runId));
  }

  standing(runId: string): ReturnType<RunReader['standing']> {
    return this.#asked((reader) => reader.standing(runId));
  }

  records(runId: string): Promise<readonly ToldRecord[]> {
    return this.#asked((reader) => reader.records(runId));
  }

  tasks(runId: string): Promise<LoggedTasks> {
    return this.#asked((reader) => reader.tasks(runId));
  }

  task(name: TaskName): Promise<LoggedTask> {
    return this.#asked((reader) => reader.task(name));
  }

  async *follow(runId: string, after: number): AsyncGenerator<ToldRecord, void, void> {
    let last = after;
    yield* this.#given(
      (reader) => reader.follow(runId, last),
      ({ seq }) => {
        last = seq;
      },
    );
  }

  async *followTasks(runId: string, signal: AbortSignal): AsyncGenerator<LoggedTasks, void, void> {
    yield* this.#given((reader) => reader.followTasks(runId, signal));
  }

  async *output(name: TaskName, stream: StreamName, reading: StreamReading): AsyncGenerator<OutputPiece, void, void> {
    const { lastLines, ...rest } = reading;
    let from: number | null = null;
    yield* this.#given(
      (reader) => reader.output(name, stream, from === null ? reading : { ...rest, from }),
      ({ next }) => {
        from = next;
      },
    );
  }

  async #asked<T>(ask: (reader: RunReader) => Promise<T>): Promise<T> {
    if (this.#first !== null) {
      try {
        return await ask(this.#first);
      } catch (error) {
        this.#giveUp(error);
      }
    }
    return ask(this.#then);
  }

  /** What the first gives, then what the other gives from there on; `took` notes where that is before anybody has it. */
  async *#given<T>(
    begin: (reader: RunReader) => AsyncGenerator<T, void, void>,
    took: (item: T) => void = () => undefined,
  ): AsyncGenerator<T, void, void> {
    if (this.#first !== null) {
      try {
        for await (const item of begin(this.#first)) {
          took(item);
          yield item;
        }
        return;
      } catch (error) {
        this.#giveUp(error);
      }
    }
    yield* begin(this.#then);
  }

  #giveUp(error: unknown): void {
    if (!(error instanceof Unanswered)) throw error;
    this.#first = null;
  }
}
