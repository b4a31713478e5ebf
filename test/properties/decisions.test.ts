/** Whatever the world answers, in whatever order, at whatever time: every decision keeps every invariant, and its journal folds to it (L2). */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { restoreProblem, snapshotOf, stateHash } from '../../src/kernel/image.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { FIRST_PREV, RECORD_VERSION } from '../../src/model/system-record.ts';
import { brokenBy } from '../../src/prove/model/invariants.ts';
import { brokenAcross } from '../../src/prove/model/step-invariants.ts';
import { MODEL_RUN, opening, stepsOf, type WorldEvent } from '../../src/prove/model/world.ts';
import { SMALL, wholeWorld } from '../../src/prove/model/worlds.ts';
import {
  decideRun,
  definitionOf,
  foldRun,
  RUN_RULES,
  type RunState,
  type RunStep,
  runSystem,
} from '../../src/run/system.ts';
import { readLine, sealRecord } from '../../src/store/journal-lines.ts';
import { seeded } from './seed.ts';

const WORLD = wholeWorld(SMALL);

/** One thing that comes: an answer to what is owed or a command, the same as earlier, one for somebody else, the end. */
const happening = fc.record({
  what: fc.oneof(
    { weight: 24, arbitrary: fc.constant('next' as const) },
    { weight: 3, arbitrary: fc.constant('again' as const) },
    { weight: 3, arbitrary: fc.constant('to another' as const) },
    { weight: 1, arbitrary: fc.constant('stop' as const) },
  ),
  // The first answer is the good one: without it few runs would come far.
  pick: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(200) }),
  // Clocks go backwards as well.
  clockMs: fc.integer({ min: -100_000_000, max: 100_000_000 }),
});

/** What ends a run at once comes seldom, or no run would come far. */
const STOPS = ['cancelRequested', 'decisionMade abandon'];
/** What can come again and again, and moves nothing, is no good answer. */
const isRepeated = ({ type }: WorldEvent): boolean =>
  ['deadlineReached', 'workerAdopted', 'hostStartRepeated'].includes(type);

/** A run that is being decided on, and its journal so far. */
class Walk {
  state: RunState | null = null;
  readonly lines: string[] = [];
  readonly taken: RunStep[] = [];
  #sum = FIRST_PREV;

  /** The decision is applied and recorded. Returns false when it is a refusal. */
  take(input: RunStep): boolean {
    const before = this.state;
    const decision = decideRun(MODEL_RUN, before, input);
    if (decision.kind === 'refused') {
      expect(['PAWL_EVENT_REFUSED', 'PAWL_EVENT_STALE']).toContain(decision.code);
      return false;
    }
    expect(brokenBy(decision.state)).toEqual([]);
    if (before !== null) expect(brokenAcross(before, decision.state, decision.deliveries)).toEqual([]);
    const { record, line } = sealRecord({
      v: RECORD_VERSION,
      rules: RUN_RULES,
      seq: decision.state.seq,
      gen: 1,
      ...input,
      effects: decision.effects,
      post: stateHash(runSystem, decision.state, sha256),
      prev: this.#sum,
    });
    this.#sum = record.sum;
    this.lines.push(line);
    this.state = decision.state;
    this.taken.push(input);
    return true;
  }

  next({ what, pick, clockMs }: { what: string; pick: number; clockMs: number }): void {
    if (this.state === null) return;
    const atMs = 1_000_000_000 + clockMs;
    if (what === 'again') {
      this.#repeat(pick, atMs);
      return;
    }
    const steps = stepsOf(this.state, WORLD).filter(({ type }) => STOPS.includes(type) === (what === 'stop'));
    steps.sort((a, b) => Number(isRepeated(a)) - Number(isRepeated(b)));
    const input = steps[pick % steps.length]?.input;
    if (input === undefined) return;
    if (input.event.type === 'gateJudged') this.#refuseOthers(input, input.event);
    if (what !== 'to another') this.take({ ...input, atMs });
    else expect(this.take({ ...input, actor: 'review-e7-a7', atMs })).toBe(false);
  }

  /** A verdict of another epoch, on another commit or by another gate is none (L4), though it carries the key that is owed. */
  #refuseOthers(input: RunStep, verdict: Extract<RunStep['event'], { type: 'gateJudged' }>): void {
    const { epoch, gate } = verdict;
    for (const other of [
      { ...verdict, epoch: epoch - 1 },
      { ...verdict, epoch: epoch + 1 },
      { ...verdict, commit: 'e'.repeat(40) },
      { ...verdict, gate: gate === 'review' ? ('verification' as const) : ('review' as const) },
    ]) {
      expect(this.take({ ...input, event: other })).toBe(false);
    }
  }

  /** What settled an effect once settles nothing ever again. */
  #repeat(pick: number, atMs: number): void {
    const earlier = this.taken[pick % this.taken.length];
    if (earlier === undefined || !('key' in earlier.event)) return;
    const { key } = earlier.event;
    const isOwed = this.state?.owed.some((effect) => effect.key === key) ?? false;
    if (!isOwed) expect(this.take({ ...earlier, atMs })).toBe(false);
  }

  /** What a start would read of the journal. */
  records(): readonly JournalRecord[] {
    return this.lines.map((line) => {
      const reading = readLine(Buffer.from(line.slice(0, -1)));
      if (reading.kind === 'bad') throw new Error(reading.detail);
      return reading.record;
    });
  }
}

/** Without these a walk says little. */
const MUST_HAPPEN = [
  'workCommitted',
  'gateJudged',
  'hostDoubted',
  'workerAdopted',
  'cancelRequested',
  'handoffProjected',
];

it('every invariant holds in every state, nothing is settled twice, and the journal folds to each of them', () => {
  const taken = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(happening, { minLength: 20, maxLength: 120, size: 'max' }), (happenings) => {
      const walk = new Walk();
      walk.take(opening(SMALL));
      for (const each of happenings) walk.next(each);
      const { state } = walk;
      if (state === null) throw new Error('the run did not open');
      for (const { event } of walk.taken) taken.set(event.type, (taken.get(event.type) ?? 0) + 1);
      const folding = foldRun(MODEL_RUN, walk.records(), { hash: sha256 });
      expect(folding.kind).toBe('whole');
      if (folding.kind === 'whole' && folding.state !== null) {
        expect(stateHash(runSystem, folding.state, sha256)).toBe(stateHash(runSystem, state, sha256));
      }
      for (const [actor, persisted] of Object.entries(snapshotOf(runSystem, state, '', '').actors)) {
        expect([actor, restoreProblem(definitionOf(actor), persisted)]).toEqual([actor, null]);
      }
    }),
    seeded(300),
  );
  console.log(Object.fromEntries(taken));
  for (const type of MUST_HAPPEN) expect([type, taken.get(type) ?? 0]).not.toEqual([type, 0]);
});
