/** What the reviewer of a run is given, through the built command line: work, criteria, changes, what lies outside, who did it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { answer, type Plain, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;
let run: RunView;
let bundle: Plain;
let page: string;

const said = (status: 'PASS' | 'FAIL', more: Plain): Plain =>
  answer({ verdict: { status, summary: `It is ${status}.`, findings: [], ...more } });

beforeAll(async () => {
  scenario = new Scenario();
  scenario.scripted({
    A: {
      implementation: [
        write('work-of/A/one.txt', 'a\nb\n'),
        write('elsewhere/[x].md'),
        answer({ summary: 'Wrote *one*.' }),
      ],
      'review.e1': [said('FAIL', { findings: [{ severity: 'minor', message: 'R1: no second file' }] })],
      fix: [write('work-of/A/two.txt'), answer({ summary: 'Wrote the second.' })],
      review: [
        said('PASS', {
          criteria: [
            { criterion: 'A1', status: 'met', evidence: 'work-of/A/one.txt:2' },
            { criterion: 'Both files are there.', status: 'unclear', evidence: 'only looked at one' },
            { criterion: 'A9', status: 'odd' },
            'nonsense',
          ],
        }),
      ],
    },
  });
  const packet = packetOf('A', {
    scope: { goal: 'Do A', acceptance_criteria: ['There is a b', 'Nobody looks at this'] },
    review: { criteria: ['Both files are there'] },
  });
  run = (await scenario.run(scenario.packets(packet))).of('A');
  bundle = scenario.artifact(run.runId, 'handoff', 'handoff-');
  page = readFileSync(scenario.runFile(run.runId, 'artifacts', 'handoff', 'handoff.md'), 'utf8');
}, SLOW);
afterAll(() => scenario.end());

describe('a handoff', () => {
  test('says what was done, in the words of those who did it, with the commit of each', () => {
    expect(run.state).toBe('readyForManualReview');
    expect(bundle.work).toMatchObject([
      { taskId: 'implementation-e0-a1', role: 'implementer', agent: 'worker', summary: 'Wrote *one*.' },
      { taskId: 'fix-e1-a1', role: 'fixer', summary: 'Wrote the second.', commit: run.headCommit, problem: null },
    ]);
    expect(page).toContain(`- fixer worker (fix-e1-a1, commit \`${run.headCommit}\`): Wrote the second.`);
  });

  test('has every criterion with what the last round shows of it, and says of one that nothing does', () => {
    expect(bundle.criteria).toMatchObject([
      { id: 'A1', status: 'met', evidence: [{ gate: 'review', text: 'work-of/A/one.txt:2' }] },
      { id: 'A2', status: 'notShown', evidence: [] },
      { id: 'R1', status: 'unclear', evidence: [{ text: 'only looked at one' }] },
      { id: null, kind: 'other', text: 'A9', status: 'unclear' },
    ]);
    expect(page).toContain('## Criteria (4): 1 met, 2 unclear, 1 not shown');
    expect(page).toContain('- A2, acceptance: Nobody looks at this: not shown by any evidence');
  });

  test('is as the run itself is shown: what the reviewer said of each criterion stands with its round', async () => {
    const lines = (await scenario.call('show', run.runId)).stdout;
    expect(lines).toContain('    A1 met: work-of/A/one.txt:2\n');
    expect(lines).toContain('    Both files are there. unclear: only looked at one\n');
  });

  test('says what changed by file, and which of it the packet does not name', () => {
    expect(bundle.diffStat).toEqual({
      files: [
        { path: 'elsewhere/[x].md', added: 1, deleted: 0, isBinary: false },
        { path: 'work-of/A/one.txt', added: 2, deleted: 0, isBinary: false },
        { path: 'work-of/A/two.txt', added: 1, deleted: 0, isBinary: false },
      ],
      ...{ fileCount: 3, added: 4, deleted: 0 },
    });
    expect(bundle.outsideSurface).toEqual({ paths: ['elsewhere/[x].md'], count: 1 });
    expect(page).toContain('## Files (3), +4 -0');
    expect(page).toMatch(/## Outside the conflict surface \(1\)[^#]*- `elsewhere\/\[x\]\.md`\n/);
  });

  test('says who played which part, how often, and that nothing was reported of what it used', () => {
    const part = (role: string, attempts: number) => ({ role, attempts, turns: 0, tokens: null, usd: null });
    expect(bundle.roles).toMatchObject([part('implementer', 1), part('fixer', 1), part('reviewer', 2)]);
    expect(page).toContain('| reviewer | worker (version not reported) | 2 | 0 | not reported | not reported |');
  });
});
