/** No surface is leased to two runs at once, however many of them wake together. */
import { describe, expect, it } from 'vitest';
import { LeaseTable } from '../../src/engine/leases.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { driveSim, simEntry } from '../support/sim-runs.ts';

describe('a surface that several runs wait for', () => {
  it('is leased to one after another, though all of them wake when it is released', async () => {
    const names = ['A', 'B', 'C', 'D'];
    const entries = names.map((name) => simEntry(name, ['src']));
    const machine = new SimMachine(new MemoryFs(), {});
    const { views, events, heldTwice } = await driveSim(machine, { entries, maxParallel: names.length });
    expect(heldTwice).toEqual([]);
    const waited = events.filter(([, event]) => event.type === 'leaseContended').map(([taskId]) => taskId);
    expect(new Set(waited)).toEqual(new Set(['B', 'C', 'D']));
    expect(names.map((name) => views[name]?.state)).toEqual(names.map(() => 'readyForManualReview'));
  });
});

describe('the table of leases', () => {
  const table = new LeaseTable();
  table.set('a', { surfaces: ['path:o/r/src/a', 'path:o/r/docs'], expiresAtMs: 1 });
  table.set('b', { surfaces: ['path:o/r/src/b'], expiresAtMs: 1 });

  it('names every other holder with what of the question it holds', () => {
    const asked = ['path:o/r/src', 'path:o/r/docs/x', 'path:o/r/test'];
    const told = (runId: string) =>
      table.conflicts(runId, asked).map(({ holder, surfaces }) => [holder.runId, ...surfaces]);
    expect(told('c')).toEqual([
      ['a', 'path:o/r/src', 'path:o/r/docs/x'],
      ['b', 'path:o/r/src'],
    ]);
    expect(told('a')).toEqual([['b', 'path:o/r/src']]);
    expect(table.conflict('c', asked)?.holder.runId).toBe('a');
    expect(table.conflict('c', ['path:o/r/test'])).toBeNull();
  });

  it('knows a path again that another packet names by another word for the repository', () => {
    const words = new LeaseTable();
    words.set('a', { surfaces: ['branch:o/r.git#a', 'path:o/r.git/src/a'], expiresAtMs: 1 });
    words.set('b', { surfaces: ['branch:o/r#b', 'path:o/r/src/b'], expiresAtMs: 1 });
    expect(words.conflict('b', ['path:o/r/src/a'])?.holder.runId).toBe('a');
    expect(words.conflict('b', ['path:o/r/src/c'])).toBeNull();
    expect(words.conflict('b', ['path:o/r/src', 'path:o/r/doc'])).toMatchObject({
      surfaces: ['path:o/r/src'],
      held: ['path:o/r.git/src/a'],
    });
  });
});
