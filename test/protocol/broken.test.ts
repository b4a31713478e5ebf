/**
 * The worker protocol broken on purpose, one law at a time: the exploration finds every one of them.
 *
 * Owns: which law each breach breaks, and the length of the shortest way there. Does not own: the breaches (support/protocol-rules), the
 * same worlds unbroken (explored.test).
 */
import { describe, expect, it } from 'vitest';
import type { Law } from '../support/protocol-checks.ts';
import { type Breach, CALM, type Rules } from '../support/protocol-rules.ts';
import { type Counterexample, explore } from '../support/protocol-search.ts';

interface Broken {
  readonly name: string;
  readonly breach: Breach;
  /** What must go wrong besides for the breach to show. */
  readonly rules?: Partial<Rules>;
  readonly law: Law;
  readonly length: number;
}

const REMAINS = 'an outcome stands only when nothing of its tree or its host is left';
const NEXT = 'no worker of the next task starts while anything of the last one lives';
const NEVER_RAN = 'a task that is said to have never run has not run';
const JOURNAL = 'the journal says what the register says, once';
const RECORD = 'a worker never runs unrecorded';
const crash = { faults: 1, hasReboots: false } as const;
const twoDrivers = { runners: 2, hosts: [1], takeOvers: 1 } as const;

const CASES: readonly Broken[] = [
  { name: 'the claim register is dropped', breach: 'claimDropped', law: NEXT, length: 23 },
  { name: 'who has lost the claim goes on', breach: 'lostClaimIgnored', rules: crash, law: REMAINS, length: 27 },
  {
    name: 'nobody heeds that a register is there already',
    breach: 'existsIgnored',
    rules: crash,
    law: 'at most one worker starts for a task',
    length: 25,
  },
  { name: 'a revocation is not heeded', breach: 'revocationIgnored', law: NEXT, length: 23 },
  { name: 'the worker is spawned before it is recorded', breach: 'spawnBeforeRecord', law: RECORD, length: 10 },
  {
    name: 'the outcome is linked before the host is proven dead',
    breach: 'outcomeBeforeHostDead',
    law: NEXT,
    length: 28,
  },
  { name: 'the tree is judged by one pid', breach: 'treeByOnePid', law: NEXT, length: 29 },
  { name: "agent.json is read before the host's death", breach: 'agentBeforeHost', law: NEVER_RAN, length: 24 },
  { name: 'the next attempt starts without the old tree ended', breach: 'treeNotEnded', law: NEXT, length: 28 },
  {
    name: 'a life that cannot be judged is taken for dead',
    breach: 'unknownIsDead',
    rules: { doubts: 1 },
    law: REMAINS,
    length: 19,
  },
  {
    name: 'an operator overrules what is seen alive',
    breach: 'operatorOverrulesSight',
    rules: { giveUps: 2, operator: 'hasty' },
    law: REMAINS,
    length: 25,
  },
  {
    name: 'a claim that comes in the middle of a look is taken for a contradiction',
    breach: 'claimNotReadAgain',
    rules: crash,
    law: 'a run is set aside only when its files were touched',
    length: 16,
  },
  {
    name: 'a register is journaled before its folder is synced',
    breach: 'registerNotSynced',
    rules: { faults: 1 },
    law: JOURNAL,
    length: 25,
  },
  {
    name: 'the gate is opened before agent.json is synced',
    breach: 'agentNotSynced',
    rules: { faults: 1 },
    law: RECORD,
    length: 13,
  },
  {
    name: 'an outcome replaces the one that stands',
    breach: 'outcomeReplaced',
    rules: twoDrivers,
    law: 'a durable register never changes',
    length: 36,
  },
  {
    name: 'a runner journals its own outcome and not the one that stands',
    breach: 'ownOutcomeJournaled',
    rules: twoDrivers,
    law: JOURNAL,
    length: 37,
  },
];

function told(name: string, { law, steps }: Counterexample): string {
  const lines = steps.map((step, index) => `${String(index + 1).padStart(4)}  ${step}`);
  return [`When ${name}, this breaks: ${law}`, ...lines].join('\n');
}

describe('the exploration finds it', () => {
  it.each(CASES)(
    'when $name',
    ({ breach, law, length, name, rules }) => {
      const { counterexample } = explore({ ...CALM, ...rules, breach }, { sought: law });
      if (counterexample === null) throw new Error('nothing was found');
      console.info(told(name, counterexample));
      expect(counterexample.law).toBe(law);
      expect(counterexample.steps).toHaveLength(length);
    },
    60_000,
  );

  it('when the tree has no lock and one scan of the process table is enough', () => {
    const { counterexample } = explore({ ...CALM, hasTreeLock: false, looks: 1 });
    if (counterexample === null) throw new Error('nothing was found');
    console.info(told('the tree has no lock and one look is enough', counterexample));
    expect(counterexample.steps).toHaveLength(18);
  });
});
