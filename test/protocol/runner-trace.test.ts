/**
 * The real runner against the modelled protocol: how it looks at a task, and the order in which it ends one.
 *
 * Owns: the situations that it is watched in. Does not own: noting its steps (support/protocol-recorder), the bench (support/protocol-bench).
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endTaskInOrder } from '../../src/engine/effects/end-task.ts';
import { superviseTask } from '../../src/engine/effects/supervise.ts';
import { fileRegisters } from '../../src/store/file-registers.ts';
import { observeTask } from '../../src/worker/observe.ts';
import { follow } from '../support/protocol-admits.ts';
import { ProtocolBench } from '../support/protocol-bench.ts';
import { CALM, type Rules } from '../support/protocol-rules.ts';

const RULES: Rules = { ...CALM, hosts: [1], faults: 1, hasReboots: false };

let bench: ProtocolBench;
beforeEach(async () => {
  bench = await ProtocolBench.open();
});
afterEach(() => bench.remove());

/** Of a look at the tree the worker is the part that is always asked for. */
const isLook = (name: string): boolean =>
  /^runner A: (reads the claim|judges the host|reads agent\.json|looks for an outcome|looks at the tree \(worker\)|reads the outcome)/.test(
    name,
  );
const isAct = (name: string): boolean =>
  /^runner A: (kills the host|kills what|links its revocation|links outcome|journals workerEnded)/.test(name);

/** Before a claim, and while the host lives: the tree is looked at only where an outcome stands. */
const BRIEF = ['runner A: reads agent.json', 'runner A: looks for an outcome'];
const WHOLE = ['runner A: reads agent.json', 'runner A: looks at the tree (worker)', 'runner A: reads the outcome'];

describe('a look at a task', () => {
  const look = () =>
    observeTask(fileRegisters(bench.files), bench.processes, bench.folder, bench.request, bench.requestHash);

  it('reads in the one order of the model, from an empty folder to an orphan that has ended', async () => {
    await look();
    bench.claims();
    bench.records();
    await look();
    bench.dies('host');
    await look();
    bench.dies('worker');
    const { contradictions } = await look();
    expect(contradictions).toEqual([]);
    const judged = (life: string, ...rest: string[]): string[] => {
      return ['runner A: reads the claim', `runner A: judges the host: ${life}`, ...rest];
    };
    expect(bench.steps()).toEqual([
      'runner A: reads the claim',
      ...BRIEF,
      ...judged('alive', ...BRIEF),
      ...judged('dead', ...WHOLE),
      ...judged('dead', ...WHOLE),
    ]);
    expect(follow(RULES, bench.steps(), isLook).followed).toEqual(bench.steps());
  });

  it('that reads agent.json before it judges the host is not one of the model', () => {
    const claim = 'runner A: reads the claim';
    const judge = 'runner A: judges the host: dead';
    const before = [claim, ...BRIEF, claim];
    const [record = '', ...rest] = WHOLE;
    expect(follow(RULES, [...before, judge, record, ...rest], isLook).followed).toHaveLength(8);
    expect(follow(RULES, [...before, record, judge, ...rest], isLook).followed).toHaveLength(5);
    expect(follow(RULES, [...before, judge, ...rest, record], isLook).followed).toHaveLength(5);
  });

  it('that a claim overtakes is done again, and is not a contradiction', async () => {
    bench.before('reads agent.json', () => {
      bench.claims();
      bench.records();
    });
    const seen = await look();
    expect(seen).toMatchObject({
      claim: { value: { kind: 'host' } },
      host: 'alive',
      tree: 'alive',
      contradictions: [],
    });
    expect(seen.agent).not.toBeNull();
    expect(follow(RULES, bench.steps(), isLook).followed).toEqual(bench.steps());
  });

  it('at a worker that is recorded and that nobody ever claimed is a contradiction', async () => {
    bench.records();
    expect((await look()).contradictions).toEqual(['a worker is recorded, but no host has claimed the task']);
  });
});

describe('the end of a task', () => {
  const acts = (): readonly string[] => bench.steps().filter(isAct);
  const expectAllowed = (): void => expect(follow(RULES, acts(), isAct).followed).toEqual(acts());
  const last = (name: string): number => bench.steps().lastIndexOf(`runner A: ${name}`);

  it('with a living host is: host, proof, record, tree, outcome, journal', async () => {
    bench.claims();
    bench.records();
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'cancelled');
    expect(acts().map((name) => name.slice('runner A: '.length))).toEqual([
      'kills the host',
      'kills what it has seen of the tree',
      'links outcome',
      'journals workerEnded',
    ]);
    expectAllowed();
    const killed = last('kills the host');
    const proven = bench.steps().indexOf('runner A: judges the host: dead');
    const recorded = bench.steps().indexOf('runner A: reads agent.json', proven);
    expect([killed < proven, proven < recorded, recorded < last('kills what it has seen of the tree')]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('without a claim is a revocation, and nothing is killed', async () => {
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'cancelled');
    expect(acts()).toEqual(['runner A: links its revocation as the claim', 'runner A: journals workerEnded']);
    expectAllowed();
  });

  it('whose revocation comes too late ends the host that has claimed', async () => {
    bench.before('links its revocation as the claim', () => bench.claims());
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'cancelled');
    expect(acts()).toEqual(['runner A: kills the host', 'runner A: links outcome', 'runner A: journals workerEnded']);
    expectAllowed();
  });

  it('of an orphan that has ended is a last look at its tree, its outcome, and the journal', async () => {
    bench.claims();
    bench.records();
    bench.dies('host');
    bench.dies('worker');
    await superviseTask(bench.run, bench.effect, new AbortController().signal);
    expect(acts()).toEqual(['runner A: links outcome', 'runner A: journals workerEnded']);
    expectAllowed();
  });

  it('with an outcome that a host linked meanwhile is that outcome', async () => {
    bench.claims();
    bench.records();
    bench.before('kills the host', () => {
      bench.dies('worker');
      bench.concludes();
    });
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'cancelled');
    expect(acts()).toEqual(['runner A: kills the host', 'runner A: journals workerEnded']);
    expectAllowed();
    expect(bench.end()).toMatchObject({ by: 'host', result: 'completed' });
  });

  it('is not what an operator says while the host is seen alive', async () => {
    bench.claims();
    bench.makeImmortal('host');
    await endTaskInOrder(bench.run, bench.effect, bench.task, 'operator');
    expect(acts().every((name) => name === 'runner A: kills the host')).toBe(true);
    expect(bench.end()).toBeNull();
    expect(bench.isDoubtful()).toBe(true);
  });
});
