import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/blockers/shown-blocker.ts';
import { blocker } from '../../src/model/blocker.ts';
import type { Blocker } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import {
  type GateInput,
  type GateJudgement,
  judgedTree,
  judgeGate,
  readEvidence,
  reviewEvidence,
} from '../../src/run/gate-evidence.ts';

const TREE = 'a'.repeat(40);
const COMMIT = 'c'.repeat(40);
const OBSTACLE: Blocker = blocker('PAWL_GIT_OBJECTS_DAMAGED', { reason: 'graph', commit: COMMIT }, []);

/** What is shown of the judgement's blocker; null: it has none. */
function messageIn({ blocker: found }: GateJudgement): string | null {
  return found === null ? null : messageOf(found);
}

function input(changes: Partial<GateInput> = {}, worktree: Partial<GateInput['worktree']> = {}): GateInput {
  return {
    gate: 'review',
    taskId: 'review-e1-a1',
    epoch: 1,
    by: 'critic',
    commit: COMMIT,
    tree: TREE,
    outcome: { exitCode: 0, signal: null },
    told: 'done',
    answer: null,
    obstacle: null,
    worktree: { head: COMMIT, isOnBranch: true, tree: TREE, trackedChanges: [], untracked: [], ...worktree },
    ...changes,
  };
}

describe('a gate', () => {
  it('judges a tree, which its evidence names', () => {
    const { status, document } = judgeGate(input());
    expect(status).toBe('PASS');
    expect(judgedTree(document)).toBe(TREE);
    expect(judgedTree({ v: 1, status: 'PASS', commit: COMMIT })).toBeNull();
  });

  it('does not pass over files that make another tree than the commit has', () => {
    const { status, findings } = judgeGate(input({}, { tree: 'b'.repeat(40) }));
    expect(status).toBe('FAIL');
    expect(findings[0]?.message).toContain(`the commit has ${TREE}`);
    expect(judgeGate(input({}, { tree: null, trackedChanges: ['x'] })).findings).toHaveLength(1);
  });

  it.each([
    ['left its branch', { isOnBranch: false }, 'was switched off its branch'],
    ['was moved to another commit', { head: 'd'.repeat(40) }, 'The head moved from'],
    ['is gone', { head: '', isOnBranch: false, tree: null }, 'The head moved from'],
    [
      'has a changed file',
      { tree: null, trackedChanges: ['src/a.ts'] },
      'The reviewer "critic" changed a tracked file.',
    ],
    ['has files that make no tree', { tree: null }, 'The files form no tree; the commit has'],
  ] as const)('does not pass in a worktree that %s meanwhile, and says so', (_name, worktree, message) => {
    const passed = { status: 'PASS' as const, findings: [], summary: 'fine' };
    const answer = { status: 'completed' as const, summary: '', filesChanged: [], problem: null, commands: [] };
    for (const said of [null, { ...answer, verdict: passed }]) {
      const judged = judgeGate(input({ answer: said }, worktree));
      expect(judged).toMatchObject({ status: 'FAIL', blocker: { code: 'PAWL_GATE_FAILED' } });
      expect(judged.findings[0]?.message).toContain(message);
      expect(judged.document).toMatchObject({ status: 'FAIL', verdict: 'PASS' });
    }
  });

  it('that failed by itself, or is blocked, stays what it said, whatever became of the worktree', () => {
    for (const status of ['FAIL', 'BLOCKED'] as const) {
      const verdict = { status, findings: [], summary: 'not fine' };
      const answer = {
        status: 'completed' as const,
        summary: '',
        filesChanged: [],
        problem: null,
        commands: [],
        verdict,
      };
      expect(judgeGate(input({ answer }, { isOnBranch: false })).status).toBe(status);
    }
  });

  it('is BLOCKED by an obstacle whatever it said, with the reason and the verdict in its evidence', () => {
    const judged = judgeGate(input({ obstacle: OBSTACLE }));
    expect(judged).toMatchObject({ status: 'BLOCKED', blocker: OBSTACLE });
    expect(judged.document).toMatchObject({ status: 'BLOCKED', verdict: 'PASS' });
    expect(judged.summary).toBe(`${messageOf(OBSTACLE)} The verdict was PASS: done`);
    const gate = { gate: 'review', epoch: 1, taskId: 'review-e1-a1' } as const;
    expect(reviewEvidence(judged.document, gate, OBSTACLE)).toMatchObject({ status: 'BLOCKED', blocker: OBSTACLE });
    expect(reviewEvidence(judgeGate(input()).document, gate, OBSTACLE)).toMatchObject({ status: 'BLOCKED' });
    expect(reviewEvidence(judgeGate(input()).document, gate, null)).toMatchObject({ status: 'PASS', blocker: null });
  });
});

describe('the evidence of a gate, word for word', () => {
  const FINDING = { severity: 'minor', message: 'Long.', file: 'a.ts', line: 3 };
  const COMMAND = { argv: ['npm', 'test'], exitCode: 0, signal: null, durationMs: 5, outputTail: 'ok' };
  const answered = (status: 'PASS' | 'FAIL' | 'BLOCKED', summary = 'fine') => ({
    ...{ status: 'completed' as const, summary: '', filesChanged: [], problem: null, commands: [COMMAND] },
    verdict: { status, findings: [FINDING], summary },
  });

  it('holds what was judged, what was said and what was found', () => {
    const judged = judgeGate(input({ answer: answered('PASS') }, { untracked: ['new'] }));
    expect(judged).toEqual({
      status: 'PASS',
      findings: [FINDING],
      summary: 'fine',
      blocker: null,
      hasUntracked: true,
      document: {
        ...{ v: 1, gate: 'review', taskId: 'review-e1-a1', epoch: 1, commit: COMMIT, tree: TREE },
        ...{ status: 'PASS', verdict: 'PASS', summary: 'fine', findings: [FINDING], commands: [COMMAND] },
        ...{ exitCode: 0, signal: null },
        worktree: { head: COMMIT, tree: TREE, trackedChanges: [], untrackedRemoved: ['new'] },
      },
    });
    expect(judgeGate(input()).hasUntracked).toBe(false);
    expect(judgeGate(input()).document).toMatchObject({ commands: [], summary: 'done' });
  });

  it.each([
    [0, 'PASS', null],
    [2, 'FAIL', 'The review of round 1 failed: done'],
  ])('of exit code %i without an answer is %s', (exitCode, status, message) => {
    const judged = judgeGate(input({ outcome: { exitCode, signal: null } }));
    expect([judged.status, messageIn(judged)]).toEqual([status, message]);
  });

  it('of a gate that failed or is blocked says why, as far as it was said', () => {
    const failed = judgeGate(input({ answer: answered('FAIL', '') }));
    expect(failed.blocker).toMatchObject({ code: 'PAWL_GATE_FAILED', evidence: ['tasks/review-e1-a1'] });
    expect(messageIn(failed)).toBe('The review of round 1 failed.');
    const blocked = judgeGate(input({ answer: answered('BLOCKED', 'x'.repeat(2_000)) }));
    expect(blocked.blocker).toMatchObject({ code: 'PAWL_GATE_BLOCKED' });
    expect(messageIn(blocked)).toBe(`The review of round 1 is blocked: ${'x'.repeat(1_000)}`);
  });

  it('of an overruled verdict says what overruled it, then what it was', () => {
    const summaryOf = (changes: Partial<GateInput>, worktree: Partial<GateInput['worktree']>): string =>
      judgeGate(input({ answer: answered('PASS'), ...changes }, worktree)).summary;
    expect(summaryOf({}, { tree: null, trackedChanges: ['a.ts'] })).toBe(
      'The reviewer "critic" changed tracked files: a.ts. The verdict was PASS: fine',
    );
    expect(summaryOf({}, { isOnBranch: false })).toBe(
      'The worktree was switched off its branch while the gate ran. The verdict was PASS: fine',
    );
    expect(summaryOf({ obstacle: OBSTACLE }, {})).toMatch(
      /^The repository's commit graph .* have judged\. The verdict was PASS: fine$/,
    );
    expect(summaryOf({ obstacle: OBSTACLE, answer: answered('PASS', '') }, {})).toMatch(/The verdict was PASS:$/);
  });

  it('that was kept says the same of an overruled verdict as when it was judged', () => {
    const gate = { gate: 'review' as const, epoch: 1, taskId: 'review-e1-a1' };
    for (const worktree of [
      { tree: null, trackedChanges: ['a.ts', 'b'.repeat(400)] },
      { isOnBranch: false },
      { head: 'd'.repeat(40) },
      { tree: 'b'.repeat(40) },
    ]) {
      const judged = judgeGate(input({ answer: answered('PASS') }, worktree));
      expect(judged.blocker && messageOf(judged.blocker)).toBe(
        `The review of round 1 failed: ${judged.summary}`.slice(0, 1_030),
      );
      expect(reviewEvidence(judged.document, gate, null).blocker).toEqual(judged.blocker);
    }
  });

  it('says who changed tracked files, and which', () => {
    const changed = { tree: null, trackedChanges: ['a.ts', 'b.ts'] };
    const said = (changes: Partial<GateInput>): string => messageIn(judgeGate(input(changes, changed))) ?? '';
    expect(said({})).toContain('failed: The reviewer "critic" changed tracked files: a.ts, b.ts.');
    expect(said({ gate: 'verification' })).toContain('The verifier "critic" changed tracked files: a.ts, b.ts.');
    expect(said({ gate: 'verification', by: null })).toContain('The verification changed tracked files: a.ts, b.ts.');
    const many = { tree: null, trackedChanges: Array.from({ length: 99 }, (_, n) => `file-${n}.ts`) };
    expect(judgeGate(input({}, many)).summary).toMatch(/file-0\.ts, .*…\. The verdict was PASS/);
  });

  it('names the first changed files, counts the others, and keeps what moved before what was found', () => {
    const files = Array.from({ length: 23 }, (_, n) => `f${n}`);
    const { findings } = judgeGate(input({ answer: answered('FAIL') }, { tree: null, trackedChanges: files }));
    expect(findings).toHaveLength(22);
    expect(findings[0]).toEqual({
      severity: 'error',
      message: 'The reviewer "critic" changed a tracked file.',
      file: 'f0',
    });
    expect(findings.slice(20)).toEqual([
      { severity: 'error', message: 'The reviewer "critic" changed 3 more tracked files.' },
      FINDING,
    ]);
    const twenty = judgeGate(input({}, { tree: null, trackedChanges: files.slice(0, 20) }));
    expect(twenty.findings).toHaveLength(20);
    const other = judgeGate(input({}, { tree: 'b'.repeat(40), trackedChanges: ['x'] })).findings;
    expect(other[0]).toEqual({
      severity: 'error',
      message: `The files form the tree ${'b'.repeat(40)}; the commit has ${TREE}.`,
    });
    expect(judgeGate(input({}, { head: 'd'.repeat(40), tree: null })).findings).toEqual([
      { severity: 'error', message: `The head moved from ${COMMIT} to ${'d'.repeat(40)} while the gate ran.` },
    ]);
  });

  it('is bounded, whatever was found or left', () => {
    const many = Array.from({ length: BOUNDS.findings + 5 }, () => FINDING);
    const files = Array.from({ length: BOUNDS.filesListed + 5 }, (_, n) => `f${n}`);
    const said = answered('FAIL');
    const answer = { ...said, verdict: { ...said.verdict, findings: many } };
    const judged = judgeGate(input({ answer }, { tree: null, trackedChanges: files, untracked: files }));
    expect(judged.findings).toHaveLength(BOUNDS.findings);
    const { worktree } = judged.document as { worktree: { trackedChanges: unknown[]; untrackedRemoved: unknown[] } };
    expect([worktree.trackedChanges.length, worktree.untrackedRemoved.length]).toEqual([
      BOUNDS.filesListed,
      BOUNDS.filesListed,
    ]);
  });

  it('that was kept is judged again by what it says, and shows nothing that is not ours', () => {
    const { document } = judgeGate(input({ answer: answered('FAIL', 'not fine') }));
    const gate = { gate: 'review' as const, epoch: 2, taskId: 't' };
    expect(reviewEvidence(document, gate, null)).toEqual({
      ...{ status: 'FAIL', findings: [FINDING], summary: 'not fine', hasUntracked: true, document },
      blocker: {
        code: 'PAWL_GATE_FAILED',
        params: { gate: 'review', round: 2, said: 'not fine', overruled: null },
        evidence: ['tasks/t'],
      },
    });
    expect(reviewEvidence({ ...(document as object), status: 'PASS' }, gate, null)).toMatchObject({
      status: 'PASS',
      blocker: null,
    });
    for (const odd of [undefined, null, 'PASS', { status: 'DONE' }]) {
      expect(reviewEvidence(odd, gate, null)).toMatchObject({ status: 'BLOCKED', findings: [], summary: '' });
    }
    expect(reviewEvidence(document, gate, OBSTACLE)).toMatchObject({ status: 'BLOCKED', blocker: OBSTACLE });
    const nothing = { summary: '', findings: [], commands: [], criteria: [] };
    expect([null, 'x', { summary: 1, findings: {}, commands: 'x', criteria: 'A1' }].map(readEvidence)).toEqual([
      nothing,
      nothing,
      nothing,
    ]);
    const findings = [FINDING, null, { severity: 1, message: 'm' }, { severity: 's', message: 1 }, 'x'];
    const commands = [COMMAND, null, { argv: 'x', durationMs: 1 }, { argv: [], durationMs: '1' }];
    const said = { criterion: 'A1', status: 'met', evidence: 'e' };
    const criteria = [said, null, { ...said, status: 'PASS' }, { ...said, criterion: 1 }, { ...said, evidence: null }];
    expect(readEvidence({ summary: 's', findings, commands, criteria })).toEqual({
      summary: 's',
      findings: [FINDING],
      commands: [COMMAND],
      criteria: [said],
    });
  });

  it('holds what it said of single criteria, and no such member where it said nothing', () => {
    const answer = answered('PASS', 'fine');
    const criteria = [{ criterion: 'A1', status: 'met' as const, evidence: 'test/a.js:3' }];
    const verdict = answer.verdict === null ? null : { ...answer.verdict, criteria };
    expect(readEvidence(judgeGate(input({ answer: { ...answer, verdict } })).document).criteria).toEqual(criteria);
    expect(judgeGate(input({ answer })).document).not.toHaveProperty('criteria');
  });
});
