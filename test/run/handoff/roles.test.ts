/** Who played which part, and what of the run's use is whose: the parts add up to the whole. */
import { describe, expect, it } from 'vitest';
import type { TurnReport } from '../../../src/model/turn.ts';
import type { AttemptRow } from '../../../src/run/attempts.ts';
import { denialsOf, rolesOf } from '../../../src/run/handoff/roles.ts';
import { reportsIn, spentBy } from '../../../src/turn/ledger.ts';
import { reportOf } from '../../support/turn-report.ts';

function attempt(taskId: string, turn: Partial<TurnReport> | null, agent = 'coder'): AttemptRow {
  const row = { taskId, agent, result: 'completed', code: null, durationMs: null, rescueRef: null };
  return { ...row, turn: turn === null ? null : reportOf({ agent, ...turn }) };
}
const session = (tokens: number, usd: number | null): Partial<TurnReport> => ({
  usage: { scope: 'session', tokens, usd },
});

describe('the parts of a run', () => {
  it('divide a session that they share turn by turn, and add up to what the run has used', () => {
    const attempts = [
      attempt('implementation-e0-a1', session(1_000, 0.1)),
      attempt('review-e1-a1', { usage: { scope: 'turn', tokens: 50, usd: 0.01 }, session: 's-2' }, 'critic'),
      attempt('fix-e1-a1', session(1_700, 0.3)),
    ];
    const roles = rolesOf(attempts);
    expect(roles.map(({ role, tokens, usd }) => [role, tokens, usd])).toEqual([
      ['implementer', 1_000, 0.1],
      ['fixer', 700, 0.2],
      ['reviewer', 50, 0.01],
    ]);
    const whole = spentBy(reportsIn(attempts));
    expect(roles.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0)).toBe(whole.tokens);
    expect(roles.reduce((sum, { usd }) => sum + (usd ?? 0), 0)).toBeCloseTo(whole.usd, 6);
  });

  it('say which part of it is an estimate, and what was never reported', () => {
    const estimate = { usage: { scope: 'estimate', tokens: 30, usd: 0.02 } } as const;
    const [implementer, reviewer] = rolesOf([
      attempt('implementation-e0-a1', estimate),
      attempt('implementation-e0-a2', session(100, 0.05)),
      attempt('review-e1-a1', { usage: null }),
    ]);
    expect(implementer).toMatchObject({ tokens: 130, usd: 0.07, estimated: { tokens: 30, usd: 0.02 } });
    expect(reviewer).toMatchObject({ attempts: 1, turns: 1, tokens: null, usd: null });
  });

  it('name every agent with its version and model once; Pawl’s own verification is nobody’s part', () => {
    const roles = rolesOf([
      attempt('setup-e0-a1', null, 'pawl'),
      attempt('implementation-e0-a1', null),
      attempt('implementation-e0-a2', { cliVersion: '1.0.0', model: 'm' }),
      attempt('implementation-e0-a3', { cliVersion: '1.0.1', model: null }),
      attempt('verification-e1-a1', null, 'pawl'),
      attempt('review-e1-a1', null, 'tool'),
    ]);
    expect(roles.map(({ role, attempts, turns }) => [role, attempts, turns])).toEqual([
      ['implementer', 3, 2],
      ['reviewer', 1, 0],
    ]);
    expect(roles.flatMap(({ agents }) => agents)).toEqual([
      { agent: 'coder', kind: 'claude', cliVersion: '1.0.0', model: 'm' },
      { agent: 'coder', kind: 'claude', cliVersion: '1.0.1', model: null },
      { agent: 'tool', kind: null, cliVersion: null, model: null },
    ]);
    const [verifier] = rolesOf([attempt('verification-e1-a1', {}, 'judge')]);
    expect(verifier?.role).toBe('verifier');
  });
});

it('what was denied is listed with the task, and with what it concerned where that is known', () => {
  const denials = [
    { tool: 'Bash', reason: 'no', isExpected: false, what: 'git push' },
    { tool: 'Web', reason: '', isExpected: true },
  ];
  expect(denialsOf([attempt('fix-e1-a1', { denials }), attempt('review-e2-a1', {})])).toEqual([
    { taskId: 'fix-e1-a1', role: 'fixer', tool: 'Bash', what: 'git push', reason: 'no', isExpected: false },
    { taskId: 'fix-e1-a1', role: 'fixer', tool: 'Web', what: null, reason: '', isExpected: true },
  ]);
});
