/** A reader that stops answering is carried on for: nothing is lost, nothing is given twice, and it is not asked again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileRunReader } from '../../src/app/reading/file-run-reader.ts';
import { FirstReader, Unanswered } from '../../src/app/reading/first-reader.ts';
import type { RunReader } from '../../src/app/reading/run-reader.ts';
import { LogBench, RUN, TASKS } from '../cli/logs/log-bench.ts';

const TASK = { runId: RUN, taskId: TASKS.implementation };
const TEXT = 'one\ntwo\nthree\nfour\n';
let bench: LogBench;
let files: FileRunReader;

beforeEach(() => {
  bench = new LogBench();
  bench.request(TASKS.implementation, null);
  bench.prints(TASKS.implementation, TEXT);
  bench.ends(TASKS.implementation);
  bench.runEnds();
  files = new FileRunReader(bench.place);
});
afterEach(() => bench.remove());

/** Answers so many times; what it gives piece by piece counts piece by piece. */
class Failing {
  asked = 0;
  readonly #answers: number;
  readonly #error: Error;

  constructor(answers: number, error: Error = new Unanswered('it has gone')) {
    this.#answers = answers;
    this.#error = error;
  }

  get reader(): RunReader {
    const once = <T>(answer: () => T): T => {
      this.asked += 1;
      if (this.asked > this.#answers) throw this.#error;
      return answer();
    };
    return {
      registry: async () => once(() => files.registry()),
      story: async (id) => once(() => files.story(id)),
      standing: async (id) => once(() => files.standing(id)),
      records: async (id) => once(() => files.records(id)),
      tasks: async (id) => once(() => files.tasks(id)),
      task: async (name) => once(() => files.task(name)),
      follow: (id, after) => pieces(files.follow(id, after), once),
      followTasks: (id, signal) => pieces(files.followTasks(id, signal), once),
      async *output(name, stream, reading) {
        for await (const { from, bytes } of pieces(files.output(name, stream, reading), (give) => give()))
          for (let at = 0; at < bytes.length; at += 3) {
            const some = bytes.subarray(at, at + 3);
            yield once(() => ({ from: from + at, next: from + at + some.length, bytes: some }));
          }
        once(() => undefined);
      },
    };
  }
}

async function* pieces<T>(
  given: AsyncGenerator<T, void, void>,
  once: (give: () => T) => T,
): AsyncGenerator<T, void, void> {
  for await (const item of given) yield once(() => item);
}

async function all<T>(given: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of given) items.push(item);
  return items;
}

describe('wherever the first reader fails', () => {
  it('every record is given once and in order', async () => {
    const seqs = (await files.records(RUN)).map(({ seq }) => seq);
    for (let answers = 0; answers <= seqs.length; answers += 1) {
      const first = new Failing(answers);
      const given = await all(new FirstReader(first.reader, files).follow(RUN, 0));
      expect(given.map(({ seq }) => seq)).toEqual(seqs);
      expect(first.asked).toBe(Math.min(answers + 1, seqs.length));
    }
  });

  it.each([
    [{}, TEXT],
    [{ from: 2 }, TEXT.slice(2)],
    [{ lastLines: 2 }, 'three\nfour\n'],
    [{ follow: true }, TEXT],
  ])('every byte is given once and in order: %j', async (reading, wanted) => {
    for (let answers = 0; answers <= 8; answers += 1) {
      const given = await all(new FirstReader(new Failing(answers).reader, files).output(TASK, 'stdout', reading));
      expect(Buffer.concat(given.map(({ bytes }) => bytes)).toString()).toBe(wanted);
    }
  });

  it('the rest is asked of the other, and the first no more', async () => {
    const first = new Failing(1);
    const reader = new FirstReader(first.reader, files);
    const { signal } = new AbortController();
    expect(await reader.task(TASK)).toEqual(await files.task(TASK));
    expect(await reader.tasks(RUN)).toEqual(await files.tasks(RUN));
    expect(await reader.records(RUN)).toEqual(await files.records(RUN));
    expect(await reader.story(RUN)).toEqual(await files.story(RUN));
    expect(await reader.standing(RUN)).toEqual(await files.standing(RUN));
    expect((await reader.registry()).runs).toEqual((await files.registry()).runs);
    expect(await all(reader.followTasks(RUN, signal))).toEqual(await all(files.followTasks(RUN, signal)));
    expect(first.asked).toBe(2);
  });
});

it('an error that is not about answering is nobody’s to carry on from', async () => {
  const reader = new FirstReader(new Failing(0, new Error('a bug')).reader, files);
  await expect(reader.records(RUN)).rejects.toThrow('a bug');
  await expect(all(reader.follow(RUN, 0))).rejects.toThrow('a bug');
});
