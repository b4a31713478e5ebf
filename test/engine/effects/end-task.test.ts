/** Ending a task fails closed: a host or a tree that nobody can judge is not taken for gone, and no end is journaled that is not durable. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endTaskInOrder } from '../../../src/engine/effects/end-task.ts';
import { superviseTask } from '../../../src/engine/effects/supervise.ts';
import { TASK_FILES } from '../../../src/model/request.ts';
import { ProtocolBench } from '../../support/protocol-bench.ts';

let bench: ProtocolBench;
beforeEach(async () => {
  bench = await ProtocolBench.open();
});
afterEach(() => bench.remove());

const REASONS = ['cancelled', 'deadline', 'hung', 'exhausted', 'interrupted'] as const;
const hasOutcome = (): boolean => bench.files.exists(`${bench.folder}/${TASK_FILES.outcome}`);
const supervise = (): Promise<void> => superviseTask(bench.run, bench.effect, new AbortController().signal);
function expectDoubt(): void {
  expect([hasOutcome(), bench.end(), bench.isDoubtful()]).toEqual([false, null, true]);
}

describe('a host that cannot be judged', () => {
  it.each(REASONS)('is not gone, and nothing of its tree is touched, when its task is %s', async (reason) => {
    bench.claims();
    bench.records();
    bench.isUntold('host');
    await endTaskInOrder(bench.run, bench.effect, bench.task, reason);
    expectDoubt();
    expect(bench.steps().filter((step) => step.includes('kills'))).toEqual([]);
  });

  it.each(REASONS)('after it was killed is not gone either, when its task is %s', async (reason) => {
    bench.claims();
    bench.before('kills the host', () => bench.isUntold('host'));
    await endTaskInOrder(bench.run, bench.effect, bench.task, reason);
    expectDoubt();
  });

  it('is a matter for a person when a start finds it', async () => {
    bench.claims();
    bench.isUntold('host');
    await supervise();
    expectDoubt();
  });

  it("is gone on an operator's assertion, which its outcome names", async () => {
    bench.claims();
    bench.isUntold('host');
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'operator');
    expect(bench.end()).toMatchObject({ by: 'operator', result: 'interrupted' });
  });
});

describe('a folder that its worker has put in the place of a file to be written', () => {
  it.each(['a start finds it', 'it is cancelled', "an operator's word ends it"])(
    'leaves the task to a person, who is told the path, when %s',
    async (how) => {
      bench.claims();
      bench.records();
      bench.dies('host');
      bench.dies('worker');
      const { completionFile } = bench.task.request;
      mkdirSync(dirname(completionFile), { recursive: true });
      writeFileSync(completionFile, JSON.stringify({ status: 'completed', summary: 'done' }));
      mkdirSync(`${bench.folder}/${TASK_FILES.completion}`);
      if (how === 'a start finds it') await supervise();
      else
        await endTaskInOrder(bench.run, bench.effect, bench.task, how === 'it is cancelled' ? 'cancelled' : 'operator');
      expect([bench.end(), bench.isDoubtful()]).toEqual([null, true]);
    },
  );
});

describe('a tree of which something cannot be judged', () => {
  const untold = {
    'a process': () => bench.isUntold('worker'),
    'its lock': () => {
      bench.dies('worker');
      bench.isLockUntold = true;
    },
  };

  it.each(Object.entries(untold))('(%s) is not gone, whoever ends its task', async (_name, become) => {
    bench.claims();
    bench.records();
    bench.dies('host');
    become();
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'cancelled');
    expectDoubt();
  });

  it.each(Object.entries(untold))('(%s) is a matter for a person when a start finds it', async (_name, become) => {
    bench.claims();
    bench.records();
    bench.dies('host');
    become();
    await supervise();
    expectDoubt();
  });

  it.each(Object.entries(untold))("(%s) is gone on an operator's assertion", async (_name, become) => {
    bench.claims();
    bench.records();
    bench.dies('host');
    become();
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'operator');
    expect(bench.end()).toMatchObject({ by: 'operator' });
  });

  it("is not gone on an operator's assertion while a part of it is seen alive", async () => {
    bench.claims();
    bench.records();
    bench.dies('host');
    bench.makeImmortal('worker');
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'operator');
    expectDoubt();
  });
});

describe('what a register says', () => {
  /** The runner's syncs of the task's folder and its records, in their order. */
  function order(): string[] {
    const steps: string[] = [];
    const sync = bench.files.syncFolder.bind(bench.files);
    bench.files.syncFolder = async (folder) => {
      if (folder === bench.folder) steps.push('sync');
      await sync(folder);
    };
    const settle = bench.run.settle.bind(bench.run);
    bench.run.settle = (effect, event) => {
      steps.push(event.type);
      return settle(effect, event);
    };
    return steps;
  }

  it('is durable before the end that it reports is journaled, whichever process linked it', async () => {
    bench.claims();
    bench.dies('host');
    bench.concludes();
    const steps = order();
    await supervise();
    expect(steps).toEqual(['sync', 'workerEnded']);
  });

  it('is durable before a start of a worker is journaled', async () => {
    bench.claims();
    bench.records();
    const steps = order();
    await supervise();
    expect(steps).toEqual(['sync', 'workerSpawned']);
  });

  it('is durable before a claim is journaled', async () => {
    bench.claims();
    const steps = order();
    await supervise();
    expect(steps).toEqual(['sync', 'hostClaimed']);
  });
});
