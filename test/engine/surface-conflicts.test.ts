/** Work that touches paths outside of its packet's conflict surface: leased as well, or the run is parked, and what a person can do then. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { SimMachine, type Verdicts } from '../support/sim-machine.ts';
import { putBytes } from '../support/sim-run.ts';
import { branchOf, driveSim, type SimDrive, type SimDriven, simEntry } from '../support/sim-runs.ts';

const A = simEntry('A', ['src/a']);
const B = simEntry('B', ['src/b']);
const WIDGET = 'path:sim/app/src/widget.js';

/** A machine on which the work on each branch changes those paths. */
function machineWith(changed: Readonly<Record<string, readonly string[]>>, verdicts: Verdicts = {}): SimMachine {
  const machine = new SimMachine(new MemoryFs(), verdicts);
  machine.changed = Object.fromEntries(Object.entries(changed).map(([taskId, paths]) => [branchOf(taskId), paths]));
  return machine;
}

/** Every surface is held by one run at most, at every record. */
async function drive(machine: SimMachine, request: SimDrive): Promise<SimDriven> {
  const driven = await driveSim(machine, request);
  expect(driven.heldTwice).toEqual([]);
  return driven;
}

function implementations(machine: SimMachine): number {
  return machine.starts.get('implementation-e0-a1') ?? 0;
}

function of({ views }: SimDriven, taskId: string): RunView {
  const view = views[taskId];
  if (view === undefined) throw new Error(`no run of ${taskId}`);
  return view;
}

const BOTH = { A: ['src/a/x', 'src/widget.js'], B: ['src/b/x', 'src/widget.js'] };

describe('two runs at once whose surfaces are disjoint and whose work is not', () => {
  it('park the one that is later, with the path and its holder; a retry continues with the same work once it is free', async () => {
    const machine = machineWith(BOTH);
    const first = await drive(machine, { entries: [A, B] });
    expect(of(first, 'A')).toMatchObject({ state: 'readyForManualReview', surfacesAdded: [WIDGET] });
    const parked = of(first, 'B');
    expect(parked).toMatchObject({ state: 'blockedNeedsHuman', surfacesAdded: [], epoch: 0 });
    expect(parked.surfaceConflict).toMatchObject({ holder: A.runId, surfaces: [WIDGET] });
    expect(parked.lease?.surfaces).toContain('path:sim/app/src/b');
    const [blocker] = parked.blockers;
    expect(blocker?.code).toBe('PAWL_SURFACE_CONFLICT');
    expect(blocker?.message).toContain(`${A.runId} holds src/widget.js`);
    expect(blocker?.evidence).toEqual([A.runId, parked.surfaceConflict?.commit, WIDGET]);
    expect(implementations(machine)).toBe(2);

    const second = await drive(machine, { entries: [B], decisions: [[B.runId, 'retry']] });
    expect(of(second, 'B')).toMatchObject({
      state: 'readyForManualReview',
      surfacesAdded: [WIDGET],
      surfaceConflict: null,
      headCommit: parked.surfaceConflict?.commit,
    });
    expect(implementations(machine)).toBe(2);
  });

  it.each(['retry', 'accept'] as const)(
    'park the later one again after %s while the other still holds the path',
    async (decision) => {
      const machine = machineWith(BOTH, { 'review-e1-a1': 'BLOCKED' });
      const first = await drive(machine, { entries: [A, B] });
      const holder = of(first, 'A');
      expect(holder).toMatchObject({ state: 'blockedNeedsHuman', surfacesAdded: [WIDGET] });
      expect(holder.lease?.surfaces).toContain(WIDGET);
      const again = await drive(machine, { entries: [A, B], decisions: [[B.runId, decision]] });
      expect(of(again, 'B').surfaceConflict).toEqual(of(first, 'B').surfaceConflict);
      expect(of(again, 'B').blockers.map(({ code }) => code)).toEqual(['PAWL_SURFACE_CONFLICT']);
      expect(implementations(machine)).toBe(2);
    },
  );
});

describe('a path outside of the surface that no run holds', () => {
  it('is leased with the record of the work, also for the next process and for a run that wants it later', async () => {
    const machine = machineWith({ A: ['src/a/x', 'src/widget.js'] }, { 'review-e1-a1': 'BLOCKED' });
    const { events } = await drive(machine, { entries: [A] });
    const work = events.find(([, event]) => event.type === 'workCommitted')?.[1];
    expect(work).toMatchObject({ surfacesAdded: [WIDGET] });
    const later = await drive(machine, { entries: [simEntry('C', ['src/widget.js'])] });
    expect(of(later, 'C')).toMatchObject({
      state: 'blockedLockConflict',
      contention: { holder: A.runId, surfaces: [WIDGET] },
    });
  });

  it('is added once, and only if the packet does not cover it', async () => {
    const machine = machineWith(
      { A: ['src/a/x', 'src/a', 'docs/[id].md', 'docs/[id].md/x'] },
      { 'review-e1-a1': 'FAIL' },
    );
    const { views, events } = await drive(machine, { entries: [A] });
    expect(views.A?.surfacesAdded).toEqual(['path:sim/app/docs/\\[id].md']);
    const works = events.flatMap(([, event]) => (event.type === 'workCommitted' ? [event.surfacesAdded] : []));
    expect(works).toEqual([['path:sim/app/docs/\\[id].md'], undefined]);
  });

  it.each(['snapshot', 'journal'] as const)('stays leased by a run that is set aside for its %s', async (name) => {
    const machine = machineWith({ A: ['src/widget.js'] }, { 'review-e1-a1': 'BLOCKED' });
    await drive(machine, { entries: [A] });
    const path = new RegistryPaths('/registry')[name](A.runId);
    putBytes(machine.disk, path, new TextEncoder().encode('{}\n{}\n'));
    const { views } = await drive(machine, { entries: [B] });
    expect(views.A).toMatchObject({ state: 'quarantined' });
    expect(views.A?.lease?.surfaces).toContain(WIDGET);
  });

  it('is leased again with the rest when the lease was lost and is regained', async () => {
    const machine = machineWith(BOTH, { 'review-e1-a1': 'BLOCKED' });
    await drive(machine, { entries: [A] });
    machine.pass(DEFAULT_LIMITS.leaseTtlMs);
    const { events } = await drive(machine, { entries: [simEntry('C', ['src/widget.js'])] });
    expect(events.map(([taskId, { type }]) => `${taskId} ${type}`)).toContain('A leaseReclaimed');
    const regained = await drive(machine, { entries: [A], decisions: [[A.runId, 'retry']] });
    expect(of(regained, 'A').contention).toMatchObject({ surfaces: [WIDGET] });
  });
});

describe('with "surface": "strict"', () => {
  function strict(changed: Readonly<Record<string, readonly string[]>>): SimMachine {
    const machine = machineWith(changed);
    machine.surface = 'strict';
    return machine;
  }

  it('work within its surface continues', async () => {
    const { views } = await drive(strict({ A: ['src/a/x'] }), { entries: [A] });
    expect(views.A?.state).toBe('readyForManualReview');
  });

  it('a path that no run holds parks the run, which leases it only once a person has accepted it', async () => {
    const machine = strict({ A: ['src/a/x', 'src/widget.js'] });
    const parked = of(await drive(machine, { entries: [A] }), 'A');
    expect(parked.surfaceConflict).toMatchObject({ holder: null, surfaces: [WIDGET] });
    expect(parked.blockers.map(({ code }) => code)).toEqual(['PAWL_SURFACE_CONFLICT']);
    expect(parked.lease?.surfaces).not.toContain(WIDGET);
    const accepted = await drive(machine, { entries: [A], decisions: [[A.runId, 'accept']] });
    expect(of(accepted, 'A')).toMatchObject({ state: 'readyForManualReview', surfacesAdded: [WIDGET] });
    expect(of(accepted, 'A').headCommit).toBe(parked.surfaceConflict?.commit);
    expect(implementations(machine)).toBe(1);
  });

  it('a retry has the work done again, from where it began', async () => {
    const machine = strict({ A: ['src/widget.js'] });
    const parked = of(await drive(machine, { entries: [A] }), 'A');
    machine.changed = { [branchOf('A')]: ['src/a/x'] };
    const { views, events } = await drive(machine, { entries: [A], decisions: [[A.runId, 'retry']] });
    expect(views.A).toMatchObject({ state: 'readyForManualReview', surfacesAdded: [] });
    expect(views.A?.tasks.map(({ taskId }) => taskId).slice(0, 2)).toEqual([
      'implementation-e0-a1',
      'implementation-e0-a2',
    ]);
    expect(views.A?.headCommit).not.toBe(parked.surfaceConflict?.commit);
    const rescued = events.flatMap(([, event]) => (event.type === 'taskRequested' ? [event.rescueRef] : []));
    expect(rescued[0]).toBe(`refs/pawl/rescue/${branchOf('A')}`);
  });

  it('what was accepted covers those paths and no others', async () => {
    const machine = strict({ A: ['src/widget.js'] });
    await drive(machine, { entries: [A] });
    machine.changed = { [branchOf('A')]: ['src/widget.js', 'src/other.js'] };
    const { views } = await drive(machine, { entries: [A], decisions: [[A.runId, 'accept']] });
    expect(views.A).toMatchObject({ state: 'blockedNeedsHuman', surfacesAdded: [WIDGET] });
    expect(views.A?.surfaceConflict?.surfaces).toEqual(['path:sim/app/src/other.js']);
  });
});
