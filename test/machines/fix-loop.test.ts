/** Whether a fix loop gets anywhere: rounds of findings compared with each other. */
import { describe, expect, it } from 'vitest';
import { freshContext, type RunMachineEventOf } from '../../machines/run/context.ts';
import { judgementOf, stuckBlockers, stuckReason } from '../../machines/run/fix-loop.ts';
import { messageOf } from '../../src/blockers/shown-blocker.ts';
import type { Judgement } from '../../src/model/run-context.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';
import { HASH } from '../../src/prove/model/settlements.ts';
import { RUN_INPUT } from '../support/run-input.ts';

type Round = { readonly keys: readonly string[]; readonly isAllInFix?: boolean; readonly gate?: Judgement['gate'] };
type Judged = RunMachineEventOf<'gateJudged'>;

const context = freshContext(RUN_INPUT);

function judged({ keys, isAllInFix = false, gate = 'review' }: Round): Judged {
  return {
    type: 'gateJudged',
    atMs: 1,
    key: 'run_x/1.0:judgeGate',
    gate,
    taskId: 'review-e1-a1',
    epoch: 1,
    commit: 'c',
    status: 'FAIL',
    evidence: { path: 'artifacts/review/x.json', sha256: HASH },
    findingCount: keys.length,
    blocker: null,
    findingKeys: [...keys],
    isAllInFix,
  };
}

/** What the last of these rounds means after the ones before it. */
function reasonFor(...rounds: readonly Round[]): string | null {
  const [last, ...before] = rounds.toReversed();
  if (last === undefined) return null;
  const judgements = before.toReversed().map((round) => judgementOf(judged(round)));
  return stuckReason({ ...context, judgements }, judged(last));
}
const found = (...keys: readonly string[]): Round => ({ keys });
const added = (...keys: readonly string[]): Round => ({ keys, isAllInFix: true });

describe('a fix loop', () => {
  it.each([
    ['the same three times', [found('a', 'b'), found('a', 'b'), found('b', 'a')], 'same'],
    ['the same after something else', [found('x'), found('a'), found('a'), found('a')], 'same'],
    ['what had been found before and was gone', [found('a'), found('b'), found('a')], 'returned'],
    ['all of it from rounds before the last', [found('a'), found('b'), found('c'), found('a', 'b')], 'returned'],
    ['two rounds of nothing but new faults in the fixes', [found('a'), added('b'), added('c')], 'newInFix'],
  ])('gets nowhere with %s', (_name, rounds, reason) => {
    expect(reasonFor(...rounds)).toBe(reason);
  });

  it.each([
    ['one round', [found('a')]],
    ['the same twice', [found('a'), found('a')]],
    ['fewer of them', [found('a', 'b', 'c'), found('a', 'b'), found('a')]],
    ['as many that are the same in part', [found('a', 'b'), found('a', 'c'), found('a', 'd')]],
    ['others each time', [found('a'), found('b'), found('c')]],
    ['one that is new beside one that came back', [found('a'), found('b'), found('a', 'c')]],
    ['one that stays beside one that came back', [found('a', 'b'), found('b'), found('a', 'b')]],
    ['one round of new faults in a fix', [found('a'), found('b'), added('c')]],
    ['new faults in the fixes beside an old one', [found('a'), added('a', 'b'), added('a', 'c')]],
    ['nothing that can be compared', [found(), found(), found()]],
    ['something, then nothing that can be compared', [found('a'), found('a'), found()]],
  ])('goes on with %s', (_name, rounds) => {
    expect(reasonFor(...rounds)).toBeNull();
  });

  it('compares each gate with itself alone', () => {
    const verification: Round = { keys: ['a'], gate: 'verification' };
    expect(reasonFor(found('a'), verification, found('a'))).toBeNull();
    expect(reasonFor(found('a'), verification, found('a'), verification, found('a'))).toBe('same');
  });
});

describe('its blocker', () => {
  it('tells why, the trend of that gate, and its evidence', () => {
    const judgements = [found('a', 'b', 'c'), found('a', 'b'), found('a', 'b')].map((one) => judgementOf(judged(one)));
    const other = judgementOf(judged({ keys: ['z'], gate: 'verification' }));
    const [blocker, ...rest] = stuckBlockers(
      { ...context, judgements: [other, ...judgements] },
      judged(found('a', 'b')),
    );
    expect(blocker).toMatchObject({ code: 'PAWL_FIX_STUCK', evidence: ['artifacts/review/x.json'] });
    expect(blocker && messageOf(blocker)).toContain('two fixes in a row left the same findings');
    expect(blocker && messageOf(blocker)).toContain('Findings of the review, round by round: 3, 2, 2, 2.');
    expect(rest).toEqual([]);
  });

  it('goes before what the gate itself said', () => {
    const own = blockerOf('PAWL_GATE_FAILED');
    const blockers = stuckBlockers({ ...context, judgements: [] }, { ...judged(found('a')), blocker: own });
    expect(blockers.map(({ code }) => code)).toEqual(['PAWL_FIX_STUCK', 'PAWL_GATE_FAILED']);
  });
});
