/** What a run has used: nothing twice, nothing less than reported, across turns, sessions and restarts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TurnReport, TurnUsage } from '../../src/model/turn.ts';
import {
  add,
  budgetWords,
  isUsedUp,
  left,
  NOTHING_SPENT,
  reportsIn,
  sessionTotal,
  spentBesides,
  spentBy,
  tighter,
} from '../../src/turn/ledger.ts';
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

  it('that is below the last one comes from a count that has restarted, and counts in full', () => {
    expect(spentBy([...turns, inSession('a', usage('session', 30, 0.03))])).toMatchObject({ tokens: 280, usd: 0.28 });
    expect(spentBy([...turns, inSession('a', usage('session', 300))])).toMatchObject({ tokens: 300, usd: 0.25 });
  });

  it('is known to the next turn of it as what it had used before', () => {
    expect(sessionTotal(turns, 'coder', 'a')).toEqual({ tokens: 250, usd: 0.25 });
    expect(sessionTotal(turns, 'coder', 'b')).toEqual({ tokens: 0, usd: 0 });
    expect(sessionTotal([...turns, inSession('a', usage('turn', 9_000))], 'coder', 'a').tokens).toBe(250);
  });
});

describe('the last total of a session', () => {
  const total = (...turns: TurnReport[]) => sessionTotal(turns, 'coder', 'a');
  const nothing = { tokens: 0, usd: 0 };

  it('is of that agent and that session, the one that was asked for where none was named', () => {
    const used = usage('session', 5, 0.5);
    expect(total(inSession('a', used))).toEqual({ tokens: 5, usd: 0.5 });
    expect(total(inSession(null, used, { askedSession: 'a' }))).toEqual({ tokens: 5, usd: 0.5 });
    expect(total(inSession('b', used, { askedSession: 'a' }))).toEqual(nothing);
    expect(total(inSession('a', used, { agent: 'other' }))).toEqual(nothing);
    expect(total(inSession(null, used))).toEqual(nothing);
    expect(total()).toEqual(nothing);
  });

  it('is of the last turn that reported one', () => {
    const later = ['turn', 'process', 'step', 'estimate'] as const;
    const known = [inSession('a', usage('session', 9, 0.9)), inSession('a', usage('session', 5, 0.5))];
    expect(total(...known, inSession('a', null))).toEqual({ tokens: 5, usd: 0.5 });
    for (const scope of later) {
      expect(total(...known, inSession('a', usage(scope, 7, 0.7)))).toEqual({ tokens: 5, usd: 0.5 });
      expect(total(inSession('a', usage(scope, 7, 0.7)))).toEqual(nothing);
    }
    expect(total(...known, inSession('a', usage('session', 6)))).toEqual({ tokens: 6, usd: 0 });
  });
});

it('reports are those of the tasks that were turns, in their order', () => {
  const [one, other] = [reportOf({ session: 'a' }), reportOf({ session: 'b' })];
  expect(reportsIn([{ turn: one }, { turn: null }, { turn: other }])).toEqual([one, other]);
  expect(reportsIn([])).toEqual([]);
});

describe('what turns have used, in figures', () => {
  it('of no turns, or of none that reported, is nothing', () => {
    expect(spentBy([])).toEqual({ tokens: 0, usd: 0, isEstimate: false });
    expect(spentBy([inSession('a', null)])).toEqual({ tokens: 0, usd: 0, isEstimate: false });
  });

  it('counts what is not a total whole each time, in tokens and in dollars', () => {
    for (const scope of ['turn', 'process', 'step'] as const) {
      const turn = inSession('a', usage(scope, 5, 0.5));
      expect(spentBy([turn, turn, inSession('a', usage(scope, 1))])).toEqual({ tokens: 11, usd: 1, isEstimate: false });
    }
    expect(spentBy([inSession('a', usage('session', 9, 1)), inSession('a', usage('turn', 9, 1))])).toEqual({
      tokens: 18,
      usd: 2,
      isEstimate: false,
    });
    expect(spentBy([inSession('a', usage('turn', 9, 1)), inSession('a', usage('session', 9, 1))]).tokens).toBe(18);
  });

  it('counts a total that has not grown as nothing more', () => {
    const turn = inSession('a', usage('session', 9, 1));
    expect(spentBy([turn, turn])).toEqual({ tokens: 9, usd: 1, isEstimate: false });
  });

  it('keeps the last dollars of a session while they are not reported', () => {
    const totals = [usage('session', 1, 1), usage('session', 2), usage('session', 3, 1.5)];
    expect(spentBy(totals.map((used) => inSession('a', used)))).toEqual({ tokens: 3, usd: 1.5, isEstimate: false });
  });

  it('distinguishes sessions by the id that the agent named', () => {
    const turns = ['a', 'b'].map((id) => inSession(id, usage('session', 5), { askedSession: 'a' }));
    expect(spentBy(turns).tokens).toBe(10);
  });

  it('is guessed from one estimate on', () => {
    const [guess, report] = [inSession('a', usage('estimate', 1)), inSession('a', usage('turn', 1))];
    expect([[guess, report], [report, guess], [report]].map((turns) => spentBy(turns).isEstimate)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('a budget, figure by figure,', () => {
  it('is told in one clause', () => {
    const spent = { tokens: 15, usd: 0.12345, isEstimate: false };
    const words = (usd: number | null, tokens: number | null) => budgetWords(spent, { usd, tokens });
    expect(words(null, null)).toBe('$0.1235 and 15 tokens');
    expect(words(2, null)).toBe('$0.1235 of $2.00');
    expect(words(null, 20)).toBe('15 of 20 tokens');
    expect(words(2, 20)).toBe('$0.1235 of $2.00 and 15 of 20 tokens');
    expect(budgetWords({ ...spent, isEstimate: true }, { usd: null, tokens: 20 })).toBe(
      '15 of 20 tokens (partly estimated: a turn was cut off before it could report)',
    );
  });

  it('is used up from 0 down, in one part or both', () => {
    const rest = (tokens: number | null, usd: number | null) => isUsedUp({ tokens, usd });
    expect([rest(1, 0.1), rest(1, null), rest(null, 0.1), rest(null, null)]).toEqual([false, false, false, false]);
    expect([rest(0, 1), rest(1, 0), rest(-1, null), rest(null, 0), rest(0, 0)]).toEqual([true, true, true, true, true]);
  });

  it('has left what was not used, never less than nothing, and no bound where it has none', () => {
    const spent = { tokens: 3, usd: 2, isEstimate: false };
    expect(left({ tokens: 5, usd: 2.5 }, spent)).toEqual({ tokens: 2, usd: 0.5 });
    expect(left({ tokens: 1, usd: 1 }, spent)).toEqual({ tokens: 0, usd: 0 });
    expect(left({ tokens: null, usd: 1 }, NOTHING_SPENT)).toEqual({ tokens: null, usd: 1 });
    expect(left({ tokens: 1, usd: null }, NOTHING_SPENT)).toEqual({ tokens: 1, usd: null });
  });

  it('of two is the smaller on either side', () => {
    expect(tighter({ tokens: 1, usd: 4 }, { tokens: 3, usd: 2 })).toEqual({ tokens: 1, usd: 2 });
    expect(tighter({ tokens: null, usd: 4 }, { tokens: 3, usd: null })).toEqual({ tokens: 3, usd: 4 });
  });

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

  it('is shown in the units that it has, and marked when it is estimated', () => {
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
