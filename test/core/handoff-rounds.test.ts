import { expect, test } from 'vitest';
import { visible } from '../../src/base/visible.ts';
import { type HandoffRound, roundLines, roundsJson } from '../../src/core/handoff-rounds.ts';

const gate = (more: Partial<HandoffRound['gates'][number]>): HandoffRound['gates'][number] => ({
  gate: 'review',
  status: 'PASS',
  summary: 'Good.',
  findings: [],
  commands: [],
  problem: null,
  ...more,
});
const round = (number: number, ...gates: readonly HandoffRound['gates'][number][]): HandoffRound => ({
  round: number,
  commit: String(number).repeat(40),
  gates,
});

const ROUNDS = [
  round(
    1,
    gate({
      gate: 'verification',
      status: 'FAIL',
      summary: 'A command failed.',
      commands: [
        { argv: ['npm', 'test', 'a b'], exitCode: 1, signal: null, durationMs: 5, outputTail: 'expected 1\ngot `2`\n' },
      ],
    }),
  ),
  round(
    2,
    gate({
      status: 'FAIL',
      summary: 'Not yet.',
      findings: [{ severity: 'major', message: '<b>bad</b> | name', file: 'src/a`\u202e.js', line: 3 }],
    }),
  ),
  round(3, gate({})),
];

test('rounds that failed tell the commands and findings of each gate, with file and line; rounds that passed are left out', () => {
  expect(roundLines(ROUNDS)).toEqual([
    '## Rounds',
    '',
    `### Round 1, commit \`${'1'.repeat(40)}\``,
    '',
    '- verification FAIL: A command failed.',
    "  - `npm test 'a b'`: exit 1",
    '    - `expected 1`',
    '    - `` got `2` ``',
    '',
    `### Round 2, commit \`${'2'.repeat(40)}\``,
    '',
    '- review FAIL: Not yet.',
    '  - major: &lt;b>bad&lt;/b> \\| name (`` src/a`\\u{202e}.js:3 ``)',
    '',
  ]);
  for (const line of roundLines(ROUNDS)) expect(visible(line)).toBe(line);
});

test('without a failed round there is nothing to tell', () => {
  expect(roundLines([round(1, gate({}))])).toEqual([]);
});

test('as data every round is told, and evidence that cannot be read says why', () => {
  const damaged = round(4, gate({ status: 'FAIL', summary: '', problem: 'it is missing' }));
  expect(roundsJson([...ROUNDS, damaged])).toMatchObject([
    { round: 1, gates: [{ gate: 'verification', status: 'FAIL' }] },
    { round: 2, gates: [{ findings: [{ file: 'src/a`\u202e.js', line: 3 }] }] },
    { round: 3, gates: [{ status: 'PASS' }] },
    { round: 4, gates: [{ problem: 'it is missing' }] },
  ]);
  expect(roundLines([damaged])).toContain('- review FAIL: it is missing');
});
