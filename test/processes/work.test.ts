/** The work of a tree, by each table of processes. */
import { afterEach, describe } from 'vitest';
import { linuxProcesses } from '../../src/adapters/processes/linux.ts';
import { posixProcesses } from '../../src/adapters/processes/posix.ts';
import { MARK_VARIABLE } from '../../src/model/request.ts';
import type { ProcessesPort } from '../../src/ports/processes.ts';
import { FakeProcesses } from '../host/fake-processes.ts';
import { end, endAll, start } from './started.ts';
import { type WorkingTree, workContract } from './work-contract.ts';

const BOUND_MS = 20_000;
const SCRIPTS = { waiting: 'echo ready; exec sleep 300', working: 'echo ready; while :; do :; done' } as const;
let trees = 0;
afterEach(endAll);

/** A tree of real processes. */
function realTree(processes: Pick<ProcessesPort, 'work'>): WorkingTree {
  trees += 1;
  const mark = `work-${process.pid}-${trees}`;
  const children = new Map<number, Parameters<typeof end>[0]>();
  return {
    processes,
    handle: { mark, lockFile: null, worker: null, isNamespaced: false },
    add: async (what) => {
      const script = SCRIPTS[what === 'foreign' ? 'waiting' : what];
      const { child, pid } = await start(['sh', '-c', script], what === 'foreign' ? {} : { [MARK_VARIABLE]: mark });
      children.set(pid, child);
      return pid;
    },
    end: async (pid) => {
      const child = children.get(pid);
      if (child !== undefined) await end(child);
    },
    until: async (isOver) => {
      const endMs = performance.now() + BOUND_MS;
      while (!isOver() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 100));
    },
  };
}

/** The same tree in the fake table, where a second passes at every wait. */
function fakeTree(): WorkingTree {
  const processes = new FakeProcesses([]);
  const working = new Map<number, { cpuMs: number; life?: 'dead' }>();
  let pid = 100;
  return {
    processes,
    handle: { mark: 'm', lockFile: null, worker: null, isNamespaced: false },
    add: async (what) => {
      pid += 1;
      const process = { pid, diesOf: ['SIGKILL'], cpuMs: 0, isSeen: what !== 'foreign' };
      processes.add(process);
      if (what === 'working') working.set(pid, process);
      return pid;
    },
    end: async (ended) => {
      const process = working.get(ended);
      if (process !== undefined) process.life = 'dead';
    },
    until: async (isOver) => {
      for (let waits = 0; !isOver() && waits < 10; waits += 1) for (const one of working.values()) one.cpuMs += 1_000;
    },
  };
}

const here = { bootId: 'boot', pidNamespace: '', machineId: 'machine', hostname: 'host' };

describe.runIf(process.platform === 'linux')('/proc', () => workContract(() => realTree(linuxProcesses('/nowhere'))));
describe('ps', () => workContract(() => realTree(posixProcesses('/nowhere', here))));
describe('the fake', () => workContract(fakeTree));
