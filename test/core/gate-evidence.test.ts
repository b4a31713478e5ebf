import { describe, expect, it } from 'vitest';
import { type GateInput, judgedTree, judgeGate, reviewEvidence } from '../../src/core/gate-evidence.ts';
import type { Blocker } from '../../src/model/error.ts';

const TREE = 'a'.repeat(40);
const COMMIT = 'c'.repeat(40);
const OBSTACLE: Blocker = { code: 'PAWL_GIT_TAMPERED', message: 'Settings were changed.', hint: 'Look.', evidence: [] };

function input(changes: Partial<GateInput> = {}, worktree: Partial<GateInput['worktree']> = {}): GateInput {
  return {
    gate: 'review',
    taskId: 'review-e1-a1',
    epoch: 1,
    commit: COMMIT,
    tree: TREE,
    outcome: { exitCode: 0, signal: null, message: 'done' },
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
    ['left its branch', { isOnBranch: false }, 'was taken off its branch'],
    ['was moved to another commit', { head: 'd'.repeat(40) }, 'The head moved from'],
    ['is gone', { head: '', isOnBranch: false, tree: null }, 'The head moved from'],
    ['has a changed file', { tree: null, trackedChanges: ['src/a.ts'] }, 'A tracked file was changed'],
    ['has files that make no tree', { tree: null }, 'The files make no tree, the commit has'],
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
    expect(judged.summary).toBe('Settings were changed. The verdict was PASS: done');
    const gate = { gate: 'review', epoch: 1, taskId: 'review-e1-a1' } as const;
    expect(reviewEvidence(judged.document, gate, OBSTACLE)).toMatchObject({ status: 'BLOCKED', blocker: OBSTACLE });
    expect(reviewEvidence(judgeGate(input()).document, gate, OBSTACLE)).toMatchObject({ status: 'BLOCKED' });
    expect(reviewEvidence(judgeGate(input()).document, gate, null)).toMatchObject({ status: 'PASS', blocker: null });
  });
});
