/**
 * What every table of processes owes of the work of a tree: the same of /proc, of ps and of the fake.
 *
 * Owns: the contract. Does not own: the tables that it is run against (work.test).
 */
import { expect, it } from 'vitest';
import type { ProcessesPort, TreeHandle } from '../../src/ports/processes.ts';

/** A tree whose processes do what a test says. */
export interface WorkingTree {
  readonly processes: Pick<ProcessesPort, 'work'>;
  readonly handle: TreeHandle;
  /** A member that waits, that computes without an end, or that is no member at all; returns its pid. */
  add(what: 'waiting' | 'working' | 'foreign'): Promise<number>;
  end(pid: number): Promise<void>;
  /** Time in which what works has worked: returns once `isOver` says so, or a bound is reached. */
  until(isOver: () => boolean): Promise<void>;
}

/** Runs the contract on a fresh tree each time. */
export function workContract(make: () => WorkingTree): void {
  const usedBy = ({ processes, handle }: WorkingTree, pid: number): number | undefined =>
    processes.work(handle).find(({ process }) => process.pid === pid)?.cpuMs;

  it('shows the members of a tree and nobody else', async () => {
    const tree = make();
    expect(tree.processes.work(tree.handle)).toEqual([]);
    const pids = [await tree.add('waiting'), await tree.add('working')];
    await tree.add('foreign');
    const seen = tree.processes.work(tree.handle).map(({ process }) => process.pid);
    expect(seen.sort()).toEqual(pids.sort());
  });

  it('a process that computes has used more at every look, one that waits has not', async () => {
    const tree = make();
    const [waiting, working] = [await tree.add('waiting'), await tree.add('working')];
    const [idleMs, busyMs] = [usedBy(tree, waiting), usedBy(tree, working) ?? 0];
    await tree.until(() => (usedBy(tree, working) ?? 0) >= busyMs + 1_000);
    expect(usedBy(tree, working)).toBeGreaterThanOrEqual(busyMs + 1_000);
    expect(usedBy(tree, waiting)).toBe(idleMs);
  });

  it('a process that has ended is not shown', async () => {
    const tree = make();
    const pid = await tree.add('working');
    await tree.end(pid);
    expect(tree.processes.work(tree.handle)).toEqual([]);
  });
}
