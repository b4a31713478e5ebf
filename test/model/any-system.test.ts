/** A run that is broken on purpose is refuted by the laws of every system, and fails the whole proof. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { runMachine } from '../../machines/run/run.machine.ts';
import type { taskMachine } from '../../machines/task/task.machine.ts';
import { SMALLEST, worldOf } from '../../src/prove/model/worlds.ts';
import { openRealEngine } from '../../src/prove/system/proven-engine.ts';
import { BOUNDS } from '../../src/prove/walk-model.ts';
import { ANY_SYSTEM_BREAKS, type AnySystemBreak } from '../support/any-system-breaks.ts';

/** Enough of the world for every break to show. */
const WORLD = worldOf(SMALLEST, ['completed'], ['gateJudged BLOCKED', 'decisionMade abandon']);
const BREAKING = { ...BOUNDS.smoke, seed: 1 };

describe('a run of which', () => {
  afterEach(() => {
    vi.doUnmock('../../machines/run/run.machine.ts');
    vi.doUnmock('../../machines/task/task.machine.ts');
    vi.doUnmock('../../src/prove/systems.ts');
    vi.resetModules();
  });

  it.each(ANY_SYSTEM_BREAKS.map((each) => [each.name, each] as const))('%s, is refuted', async (_name, broken) => {
    breakMachines(broken);
    const { runSubject } = await import('../../src/prove/model/run-subject.ts');
    const prove = await import('../../src/prove/system/prove-system.ts');
    const proof = await prove.proveSubject(openRealEngine, runSubject(WORLD), BREAKING);
    expect(proof.broken.map(({ sentence }) => sentence)).toContain(broken.finds);
    expect(proof.stops.of).toBe(0);
  });

  it('nothing settles an effect, makes the whole proof fail', async () => {
    const [broken] = ANY_SYSTEM_BREAKS;
    if (broken !== undefined) breakMachines(broken);
    const { runSubject } = await import('../../src/prove/model/run-subject.ts');
    const walks = { smoke: [], full: [] };
    vi.doMock('../../src/prove/systems.ts', () => ({ PRODUCT_SYSTEMS: [{ subject: runSubject(WORLD), walks }] }));
    const { walkModel } = await import('../../src/prove/walk-model.ts');
    const { findingsIn } = await import('../../src/prove/report/findings.ts');
    const { HOLDING } = await import('../prove/sample-proof.ts');
    const model = await walkModel({ level: 'smoke', seed: BREAKING.seed, onProgress: () => undefined });
    const [general] = findingsIn({ ...HOLDING, model });
    expect(general?.where).toBe('Laws of every system');
    expect(general?.faults).toContainEqual(expect.stringContaining(`run: ${broken?.finds}, after packetReceived → `));
  });
});

function breakMachines({ run = (real) => real, task = (real) => real }: AnySystemBreak): void {
  vi.resetModules();
  vi.doMock('../../machines/run/run.machine.ts', async (original) => {
    const real = await original<{ runMachine: typeof runMachine }>();
    return { ...real, runMachine: run(real.runMachine) };
  });
  vi.doMock('../../machines/task/task.machine.ts', async (original) => {
    const real = await original<{ taskMachine: typeof taskMachine }>();
    return { ...real, taskMachine: task(real.taskMachine) };
  });
}
