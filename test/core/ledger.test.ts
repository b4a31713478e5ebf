/** What a run has used: nothing twice, nothing less than reported, across turns, sessions and restarts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  budgetWords,
  isUsedUp,
  left,
  NOTHING_SPENT,
  sessionTotal,
  spentBesides,
  spentBy,
  tighter,
} from '../../src/core/ledger.ts';
import type { TurnReport, TurnUsage } from '../../src/model/turn.ts';
import { seeded } from '../properties/seed.ts';
import { reportOf } from '../support/turn-report.ts';

const usage = (scope: TurnUsage['scope'], tokens: number, usd: number | null = null): TurnUsage => ({
  scope,
  tokens,
  usd,
});
const inSession = (session: string | null, used: TurnUsage | null, more: Partial<TurnReport> = {}): TurnReport =>
  reportOf({ session, askedSession: null, usage: used, ...more });

/** A turn as it really was: what it used, in which session, and whether it lived to report. */
const segment = fc.record({
  session: fc.constantFrom('a', 'b'),
  tokens: fc.nat(1_000),
  scope: fc.constantFrom('session' as const, 'turn' as const, 'process' as const, 'step' as const),
  isKilled: fc.boolean(),
  /** A killed segment is forgotten by the CLI's own total, or not. */
  isForgotten: fc.boolean(),
});

/** The reports that such turns leave: session totals as the CLI adds them up, an estimate for what was killed. */
function reportsOf(segments: readonly (typeof segment extends fc.Arbitrary<infer T> ? T : never)[]): TurnReport[] {
  const totals = new Map<string, number>();
  return segments.map(({ session, tokens, scope, isKilled, isForgotten }) => {
    const before = totals.get(session) ?? 0;
    if (!isKilled || !isForgotten) totals.set(session, before + tokens);
    if (isKilled) return inSession(session, usage('estimate', tokens));
    return inSession(session, usage(scope, scope === 'session' ? before + tokens : tokens));
  });
}

describe('what turns have used', () => {
  it('is never less than they used, whatever was killed in between and whatever scope they report', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
        const used = segments.reduce((sum, { tokens }) => sum + tokens, 0);
        const spent = spentBy(reportsOf(segments));
        expect(spent.tokens).toBeGreaterThanOrEqual(used);
        expect(spent.isEstimate).toBe(segments.some(({ isKilled }) => isKilled));
      }),
      seeded(300),
    );
  });

  it('is exactly what they used where every session is reported to its end in one scope', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
        const whole = segments.map((one) => ({ ...one, scope: 'session' as const, isKilled: false }));
        expect(spentBy(reportsOf(whole)).tokens).toBe(whole.reduce((sum, { tokens }) => sum + tokens, 0));
      }),
      seeded(100),
    );
  });

  it('grows with every turn', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
        const reports = reportsOf(segments);
        const sums = reports.map((_, n) => spentBy(reports.slice(0, n + 1)).tokens);
        expect(sums).toEqual([...sums].sort((one, other) => one - other));
      }),
      seeded(100),
    );
  });
});

describe('a session total', () => {
  const turns = [inSession('a', usage('session', 100, 0.1)), inSession('a', usage('session', 250, 0.25))];

  it('counts once, by session and by agent', () => {
    expect(spentBy(turns)).toEqual({ tokens: 250, usd: 0.25, isEstimate: false });
    expect(spentBy([...turns, inSession('b', usage('session', 250, 0.25))]).tokens).toBe(500);
    expect(spentBy([...turns, inSession('a', usage('session', 250, 0.25), { agent: 'other' })]).tokens).toBe(500);
  });

  it('counts under the id that was asked for where the agent named none', () => {
    const unnamed = reportOf({ session: null, askedSession: 'a', usage: usage('session', 300) });
    expect(spentBy([...turns, unnamed]).tokens).toBe(300);
    expect(spentBy([inSession(null, usage('session', 5)), inSession(null, usage('session', 5))]).tokens).toBe(10);
  });

  it('that is below the last one is of a count that has begun anew, and counts whole', () => {
    expect(spentBy([...turns, inSession('a', usage('session', 30, 0.03))])).toMatchObject({ tokens: 280, usd: 0.28 });
    expect(spentBy([...turns, inSession('a', usage('session', 300))])).toMatchObject({ tokens: 300, usd: 0.25 });
  });

  it('is known to the next turn of it as what it had used before', () => {
    expect(sessionTotal(turns, 'coder', 'a')).toEqual({ tokens: 250, usd: 0.25 });
    expect(sessionTotal(turns, 'coder', 'b')).toEqual({ tokens: 0, usd: 0 });
    expect(sessionTotal([...turns, inSession('a', usage('turn', 9_000))], 'coder', 'a').tokens).toBe(250);
  });
});

describe('a budget', () => {
  it('is used up at its figure, in either part; what is not bounded never is', () => {
    const budget = { tokens: 100, usd: 0.5 };
    const spent = (tokens: number, usd: number) => ({ ...NOTHING_SPENT, tokens, usd });
    expect(isUsedUp(left(budget, spent(99, 0.49)))).toBe(false);
    expect(isUsedUp(left(budget, spent(100, 0)))).toBe(true);
    expect(isUsedUp(left(budget, spent(0, 0.5)))).toBe(true);
    expect(left(budget, spent(300, 0.1))).toEqual({ tokens: 0, usd: 0.4 });
    expect(isUsedUp(left({ tokens: null, usd: null }, spent(1e9, 1e9)))).toBe(false);
  });

  it('of two is the smaller, part by part', () => {
    expect(tighter({ tokens: 5, usd: null }, { tokens: 3, usd: 2 })).toEqual({ tokens: 3, usd: 2 });
    expect(tighter({ tokens: null, usd: null }, { tokens: null, usd: 1 })).toEqual({ tokens: null, usd: 1 });
  });

  it('is told in the units that it has, and says when it is guessed', () => {
    const spent = add({ tokens: 10, usd: 0.25, isEstimate: true }, { tokens: 5, usd: 0.25, isEstimate: false });
    expect(spent).toEqual({ tokens: 15, usd: 0.5, isEstimate: true });
    expect(budgetWords(spent, { tokens: null, usd: 1 })).toMatch(/^\$0\.5000 of \$1\.00 \(partly estimated/);
    expect(budgetWords({ ...spent, isEstimate: false }, { tokens: 20, usd: null })).toBe('15 of 20 tokens');
  });
});

it('what other runs have used counts once each, those whose folders were removed included', () => {
  const spent = (tokens: number) => ({ tokens, usd: 0, isEstimate: false });
  const runs = [
    { runId: 'removed', spent: spent(1) },
    { runId: 'both', spent: spent(10) },
    { runId: 'both', spent: spent(20) },
    { runId: 'self', spent: spent(100) },
  ];
  expect(spentBesides('self', runs)).toEqual(spent(21));
  expect(spentBesides('self', [])).toEqual(NOTHING_SPENT);
});
