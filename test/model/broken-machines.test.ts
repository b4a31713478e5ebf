/** A machine that was broken on purpose, one guard or action at a time: the walk finds each break, and tells the shortest way to it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runMachine } from '../../machines/run/run.machine.ts';
import { brokenByRun } from '../../src/prove/model/invariants.ts';
import { runAlone } from '../../src/prove/model/machines.ts';
import type { World } from '../../src/prove/model/world.ts';
import { SMALLEST, wholeWorld } from '../../src/prove/model/worlds.ts';
import { DAYS_OF_WEEK, todaysPart } from '../support/draw.ts';
import { BREAKS, type RunMachine, SECOND_LINE } from '../support/model-breaks.ts';
import { CHART_BREAKS, type TaskMachine } from '../support/model-chart-breaks.ts';

/** A week tries every break. */
const DAYS = DAYS_OF_WEEK;

afterEach(() => {
  vi.doUnmock('../../machines/run/run.machine.ts');
  vi.doUnmock('../../machines/task/task.machine.ts');
  vi.resetModules();
});

/** The shortest way to a broken invariant when `decide` works with those machines. */
async function findWith(
  run: (real: RunMachine) => RunMachine,
  task: (real: TaskMachine) => TaskMachine = (real) => real,
  world: World = wholeWorld({ ...SMALLEST, attemptsMax: 2 }),
) {
  vi.resetModules();
  vi.doMock('../../machines/run/run.machine.ts', async (original) => {
    const real = await original<{ runMachine: RunMachine }>();
    return { ...real, runMachine: run(real.runMachine) };
  });
  vi.doMock('../../machines/task/task.machine.ts', async (original) => {
    const real = await original<{ taskMachine: TaskMachine }>();
    return { ...real, taskMachine: task(real.taskMachine) };
  });
  const { counterexample } = await import('../support/counterexample.ts');
  return counterexample(world);
}

describe('run and tasks together, where', () => {
  it.each(todaysPart(BREAKS, DAYS).map((each) => [each.name, each] as const))(
    '%s, are found out',
    async (_name, { breaks, finds, world }) => {
      const found = await findWith((real) => real.provide(breaks), undefined, world);
      expect(found?.sentences, found?.message).toContain(finds);
    },
  );

  it.each(todaysPart(CHART_BREAKS, DAYS).map((each) => [each.name, each] as const))(
    '%s, are found out',
    async (_name, { finds, run, task }) => {
      const found = await findWith(broken(run), broken(task));
      expect(found?.sentences, found?.message).toContain(finds);
    },
  );

  it('hosts are started without a limit, are found out', async () => {
    const found = await findWith(
      (real) => real,
      (real) => real.provide({ guards: { hasHostStartLeft: () => true } }),
    );
    expect(found?.sentences).toEqual(['no task starts more hosts than its limit allows']);
    const way = 'runAdmitted → leaseAcquired → workspacePrepared → taskRequested → hostStartRepeated';
    expect(found?.path.join(' → ')).toBe(way);
  });

  it('nothing is broken, are sound', async () => {
    const found = await findWith(
      (real) => real,
      (real) => real,
      wholeWorld(SMALLEST),
    );
    expect(found).toBeNull();
  });
});

function broken<Machine>(breaks: ((machine: Machine) => void) | undefined): (machine: Machine) => Machine {
  return (machine) => {
    breaks?.(machine);
    return machine;
  };
}

describe('the run machine alone, where', () => {
  it.each(SECOND_LINE)('%s, is found out', (_name, isGate) => {
    const graph = runAlone(SMALLEST, runMachine.provide({ guards: { isGate } }));
    const found = graph.nodes.flatMap(({ edges }) => edges.flatMap(({ snapshot }) => brokenByRun(snapshot)));
    expect(found.length).toBeGreaterThan(0);
  });

  it('nothing is broken, is sound', () => {
    const graph = runAlone(SMALLEST);
    expect(graph.nodes.flatMap(({ edges }) => edges.flatMap(({ snapshot }) => brokenByRun(snapshot)))).toEqual([]);
  });
});
