import { expect, test } from 'vitest';
import { visible } from '../../../src/base/visible.ts';
import { type HandoffRound, roundLines } from '../../../src/run/handoff/rounds.ts';

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

const COMMAND = {
  ...{ argv: ['npm', 'test', 'a b'], exitCode: 1, signal: null, durationMs: 5 },
  outputTail: 'expected 1\ngot `2`\n',
};

const ROUNDS = [
  round(
    1,
    gate({
      gate: 'verification',
      status: 'FAIL',
      summary: 'A command failed.',
      commands: [COMMAND],
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

test('rounds tell the commands and findings of each gate, with file and line; the one that was judged is left out where it passed', () => {
  expect(roundLines(ROUNDS, 3)).toEqual([
    '## Rounds',
    '',
    `### Round 1, commit \`${'1'.repeat(40)}\``,
    '',
    '- verification FAIL: A command failed.',
    "  - `npm test 'a b'`: exit 1, 5 ms",
    '    - `expected 1`',
    '    - `` got `2` ``',
    '',
    `### Round 2, commit \`${'2'.repeat(40)}\``,
    '',
    '- review FAIL: Not yet.',
    '  - major: &lt;b>bad&lt;/b> \\| name (`` src/a`\\u{202e}.js:3 ``)',
    '',
  ]);
  for (const line of roundLines(ROUNDS, 3)) expect(visible(line)).toBe(line);
});

test('an earlier round shows the gate that passed too, and the findings of the one that was judged', () => {
  const passed = gate({ gate: 'verification', commands: [{ ...COMMAND, exitCode: 0, outputTail: 'fine' }] });
  expect(roundLines([round(1, passed)], 2).slice(4)).toEqual([
    '- verification PASS: Good.',
    "  - `npm test 'a b'`: exit 0, 5 ms",
    '',
  ]);
  const found = gate({ findings: [{ severity: 'minor', message: 'A name' }] });
  expect(roundLines([round(1, gate({}), found)], 1).slice(4)).toEqual([
    '- review PASS: Good.',
    '  - minor: A name',
    '',
  ]);
});

test('without a failed round there is nothing to tell', () => {
  expect(roundLines([round(1, gate({}))], 1)).toEqual([]);
});

test('evidence that cannot be read says why', () => {
  const damaged = round(4, gate({ status: 'FAIL', summary: '', problem: 'it is missing' }));
  expect(roundLines([damaged], 4)).toContain('- review FAIL: it is missing');
});
