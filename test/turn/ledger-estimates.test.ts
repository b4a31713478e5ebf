/** What was not reported counts at the price that is known in the end, and is told apart. */
import { describe, expect, it } from 'vitest';
import type { TurnReport, TurnUsage } from '../../src/model/turn.ts';
import {
  add,
  besides,
  budgetWords,
  contextOf,
  NOTHING_SPENT,
  priceOf,
  sessionTotal,
  spentBy,
} from '../../src/turn/ledger.ts';
import { reportOf } from '../support/turn-report.ts';

const usage = (scope: TurnUsage['scope'], tokens: number, usd: number | null = null): TurnUsage => ({
  scope,
  tokens,
  usd,
});
const inSession = (session: string, used: TurnUsage, more: Partial<TurnReport> = {}): TurnReport =>
  reportOf({ session, askedSession: null, usage: used, ...more });

describe('what was estimated', () => {
  const guess = (usd: number, assumedUsdPerMillion?: number): TurnUsage => ({
    scope: 'estimate',
    tokens: 1_000,
    usd,
    outputTokens: 0,
    estimated: { tokens: 400, usd, ...(assumedUsdPerMillion === undefined ? {} : { assumedUsdPerMillion }) },
  });
  const told: TurnUsage = { scope: 'session', tokens: 1_000, usd: 0.001, outputTokens: 0 };

  it('is told as a part of the whole; of a report of an older version it is all', () => {
    expect(spentBy([inSession('a', guess(0.02)), inSession('b', usage('turn', 10, 1))])).toEqual({
      tokens: 1_010,
      usd: 1.02,
      isEstimate: true,
      estimated: { tokens: 400, usd: 0.02 },
    });
    expect(spentBy([inSession('a', usage('estimate', 7, 0.5))]).estimated).toEqual({ tokens: 7, usd: 0.5 });
    expect(spentBy([inSession('a', usage('turn', 7, 0.5))])).not.toHaveProperty('estimated');
  });

  it('at an assumed price costs what a report of the same agent and model implies, whichever came first', () => {
    // 1000 fresh tokens for $0.001: a million costs $1, and five were assumed.
    const [cut, whole] = [inSession('a', guess(0.02, 5)), inSession('b', told)];
    for (const turns of [
      [cut, whole],
      [whole, cut],
    ]) {
      expect(spentBy(turns).usd).toBeCloseTo(0.005);
      expect(spentBy(turns).estimated?.usd).toBeCloseTo(0.004);
    }
    expect(spentBy([cut]).usd).toBe(0.02);
    expect(spentBy([cut], [cut, whole]).usd).toBeCloseTo(0.004);
    const others = [inSession('b', told, { agent: 'other' }), inSession('b', told, { model: 'other' })];
    for (const other of others) expect(spentBy([cut, other]).usd).toBeCloseTo(0.021);
    expect(spentBy([inSession('a', guess(0.02)), whole]).usd).toBeCloseTo(0.021);
  });

  it('is not part of the total that a session continues from', () => {
    const cut = inSession('a', { ...told, tokens: 1_500, usd: 0.1015, estimated: { tokens: 500, usd: 0.1005 } });
    expect(sessionTotal([cut], 'coder', 'a')).toEqual({ tokens: 1_000, usd: expect.closeTo(0.001) });
    expect(spentBy([cut, inSession('a', { ...told, tokens: 1_800 })]).tokens).toBe(2_300);
  });

  it('is taken off with what it is a part of', () => {
    const spent = { tokens: 10, usd: 1, isEstimate: true, estimated: { tokens: 4, usd: 0.5 } };
    const before = { tokens: 7, usd: 0.25, isEstimate: true, estimated: { tokens: 3, usd: 0.25 } };
    expect(besides(spent, before)).toEqual({ ...spent, tokens: 3, usd: 0.75, estimated: { tokens: 1, usd: 0.25 } });
    expect(besides(spent, NOTHING_SPENT)).toEqual(spent);
    expect(besides({ tokens: 10, usd: 1, isEstimate: false }, NOTHING_SPENT)).not.toHaveProperty('estimated');
    expect(add(spent, before).estimated).toEqual({ tokens: 7, usd: 0.75 });
  });

  it('is shown in the units of the budget', () => {
    const spent = { tokens: 10, usd: 1, isEstimate: true, estimated: { tokens: 4, usd: 0.5 } };
    const cut = 'estimated: a turn was cut off before it could report)';
    expect(budgetWords(spent, { usd: 2, tokens: null })).toBe(`$1.0000 of $2.00 ($0.5000 of it ${cut}`);
    expect(budgetWords(spent, { usd: null, tokens: 20 })).toBe(`10 of 20 tokens (4 tokens of it ${cut}`);
    expect(budgetWords(spent, { usd: null, tokens: null })).toBe(
      `$1.0000 and 10 tokens ($0.5000 and 4 tokens of it ${cut}`,
    );
  });
});

describe('the price that an agent has reported', () => {
  const told = (usd: number | null, more: Partial<TurnUsage> = {}): TurnUsage => ({
    scope: 'turn',
    tokens: 1_000,
    usd,
    outputTokens: 0,
    ...more,
  });
  const price = (...usages: TurnUsage[]) =>
    priceOf(
      usages.map((used) => inSession('a', used)),
      'coder',
      'm',
    );

  it('is that of its last report with dollars and the tokens that they paid for', () => {
    expect(price(told(0.002), told(0.004))).toBeCloseTo(4);
    expect(price(told(0.004), told(null), usage('turn', 1_000, 9))).toBeCloseTo(4);
    expect(price(told(0.004, { cacheReadTokens: 1_000 }))).toBeCloseTo(40);
    expect(price(told(0.005, { outputTokens: 1_000 }))).toBeCloseTo(1);
  });

  it('is none where nothing tells one, or it was guessed itself', () => {
    expect(price()).toBeNull();
    expect(price(told(0), told(1, { estimated: { tokens: 1, usd: 1 } }))).toBeNull();
    expect(priceOf([inSession('a', told(0.004))], 'other', null)).toBeNull();
    expect(priceOf([inSession('a', told(0.004))], 'coder', null)).toBeCloseTo(4);
  });
});

it('the context of a session is what its last turn reported', () => {
  const turns = [inSession('a', { ...usage('turn', 1), contextTokens: 5 }), inSession('b', usage('turn', 1))];
  expect([contextOf(turns, 'coder', 'a'), contextOf(turns, 'coder', 'b'), contextOf(turns, 'other', 'a')]).toEqual([
    5,
    null,
    null,
  ]);
});
