import { describe, expect, it } from 'vitest';
import { BOUNDS, PURPOSES, type Purpose } from '../../src/model/limits.ts';
import type { Answer } from '../../src/model/request.ts';
import { readAnswer } from '../../src/turn/answer.ts';
import { encode } from '../../src/turn/task-files.ts';

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const read = (value: unknown, purpose: Purpose = 'implementation') => readAnswer(bytesOf(value), purpose);
const plain = { status: 'completed', summary: 'done' };
const verdict = { status: 'PASS', findings: [], summary: 'fine' };

function valid(value: unknown, purpose: Purpose = 'implementation'): Answer {
  const reading = read(value, purpose);
  if (reading.kind !== 'valid') throw new Error(JSON.stringify(reading));
  return reading.answer;
}

function reason(value: unknown, purpose: Purpose = 'implementation'): string {
  const reading = read(value, purpose);
  return reading.kind === 'invalid' ? reading.reason : `not invalid: ${reading.kind}`;
}

describe('readAnswer', () => {
  it('calls an absent file missing', () => {
    expect(readAnswer(null, 'fix')).toEqual({ kind: 'missing' });
  });

  it('reads the smallest answer and fills what is optional', () => {
    expect(valid(plain)).toEqual({ ...plain, filesChanged: [], verdict: null, problem: null, commands: [] });
  });

  it('tolerates unknown keys at every level and drops them', () => {
    const finding = { severity: 'low', message: 'm', extra: 1 };
    const told = valid(
      { ...plain, v: 1, extra: {}, verdict: { ...verdict, findings: [finding], extra: [] } },
      'review',
    );
    expect(told.verdict).toEqual({ ...verdict, findings: [{ severity: 'low', message: 'm' }] });
    expect(told).not.toHaveProperty('extra');
  });

  it('takes null for an optional key as absent', () => {
    const told = valid({ ...plain, v: null, filesChanged: null, verdict: null, problem: null });
    expect(told).toMatchObject({ filesChanged: [], verdict: null, problem: null });
  });

  it.each([
    ['not an object', [], 'not a JSON object'],
    ['another version', { ...plain, v: 2 }, '`v`'],
    ['no status', { summary: 'x' }, '`status`'],
    ['an unknown status', { ...plain, status: 'done' }, '`status`'],
    ['no summary', { status: 'completed' }, '`summary` is missing'],
    ['a summary that is no text', { ...plain, summary: 1 }, '`summary` is not a string'],
    ['files that are no list', { ...plain, filesChanged: 'a' }, '`filesChanged`'],
    ['a file that is no text', { ...plain, filesChanged: ['a', 1] }, '`filesChanged[1]`'],
    ['a verdict that is no object', { ...plain, verdict: 'PASS' }, '`verdict`'],
    ['an unknown verdict', { ...plain, verdict: { ...verdict, status: 'pass' } }, '`verdict.status`'],
    [
      'a verdict without findings',
      { ...plain, verdict: { status: 'PASS', summary: '' } },
      '`verdict.findings` is missing',
    ],
    ['a verdict without summary', { ...plain, verdict: { status: 'PASS', findings: [] } }, '`verdict.summary`'],
    [
      'a finding without message',
      { ...plain, verdict: { ...verdict, findings: [{ severity: 'x' }] } },
      'findings[0].message',
    ],
    [
      'a line that is no number',
      { ...plain, verdict: { ...verdict, findings: [{ severity: 'x', message: 'm', line: '1' }] } },
      'line',
    ],
    ['a problem without code', { ...plain, problem: { message: 'm' } }, '`problem.code`'],
  ])('refuses an answer with %s and says what is wrong', (_name, value, expected) => {
    expect(reason(value)).toContain(expected);
  });

  it('asks for a verdict where the purpose is a gate and the status completed, and nowhere else', () => {
    for (const purpose of PURPOSES) {
      const isGate = purpose === 'verification' || purpose === 'review';
      expect(read(plain, purpose).kind, purpose).toBe(isGate ? 'invalid' : 'valid');
      expect(read({ ...plain, verdict }, purpose).kind, purpose).toBe('valid');
      expect(read({ ...plain, status: 'failed' }, purpose).kind, purpose).toBe('valid');
      expect(read({ ...plain, status: 'blocked' }, purpose).kind, purpose).toBe('valid');
    }
  });

  it('refuses half an answer, an empty one, bytes that are no text, and one that is too long, without quoting them', () => {
    const half = new TextEncoder().encode('{"status": "completed", "summary": "sk-aaaa');
    for (const bytes of [half, new Uint8Array(0), Uint8Array.of(0xff, 0xfe), new Uint8Array(BOUNDS.answerBytes + 1)]) {
      const reading = readAnswer(bytes, 'fix');
      expect(reading.kind).toBe('invalid');
      expect(JSON.stringify(reading)).not.toContain('sk-');
    }
  });

  it('bounds every list and text', () => {
    const finding = {
      severity: 's'.repeat(1_000),
      message: 'm'.repeat(BOUNDS.findingChars * 3),
      file: 'f'.repeat(9_000),
      line: 3,
    };
    const told = valid(
      {
        status: 'completed',
        summary: 'x'.repeat(BOUNDS.summaryChars * 2),
        filesChanged: Array.from({ length: BOUNDS.filesListed + 5 }, (_, index) => `f${index}`),
        verdict: {
          status: 'FAIL',
          findings: Array.from({ length: 300 }, () => ({ severity: 'low', message: 'm' })).with(0, finding),
          summary: 'y',
        },
        problem: { code: 'c'.repeat(500), message: 'p'.repeat(5_000) },
      },
      'review',
    );
    expect(told.summary.length).toBeLessThanOrEqual(BOUNDS.summaryChars);
    expect(told.filesChanged).toHaveLength(BOUNDS.filesListed);
    expect(told.verdict?.findings).toHaveLength(BOUNDS.findings);
    const [first] = told.verdict?.findings ?? [];
    expect(first?.message.length).toBeLessThanOrEqual(BOUNDS.findingChars);
    expect(first?.file?.length).toBeLessThanOrEqual(BOUNDS.findingChars);
    expect(told.problem?.code.length).toBeLessThanOrEqual(100);
  });

  it('strips control codes, so that an answer can be printed', () => {
    expect(valid({ ...plain, summary: 'a\u001b[31mred\u001b[0m\u0007b\u202e' }).summary).toBe('aredb\\u{202e}');
  });

  it('keeps commands of verification and setup, and takes a foreign shape under that key for an unknown key', () => {
    const run = { argv: ['npm', 'test'], exitCode: 0, signal: null, durationMs: 5, outputTail: 'ok' };
    expect(valid({ ...plain, verdict, commands: [run] }, 'verification').commands).toEqual([run]);
    expect(valid({ ...plain, commands: [run] }, 'setup').commands).toEqual([run]);
    expect(valid({ ...plain, verdict, commands: 'npm test' }, 'verification').commands).toEqual([]);
    expect(valid({ ...plain, verdict, commands: [{ ...run, argv: [1] }] }, 'verification').commands).toEqual([]);
    expect(valid({ ...plain, commands: [run] }, 'fix').commands).toEqual([]);
  });

  it('refuses an answer whose validated copy would be too long to be read again', () => {
    // Each word becomes longer when it is masked.
    const summary = 'pwd=a ';
    const findings = Array.from({ length: 199 }, () => ({
      severity: 'x',
      message: summary.repeat(300),
      file: summary.repeat(300),
    }));
    const filler = 'é'.repeat(1_900);
    const told = {
      ...plain,
      verdict: { ...verdict, findings },
      filesChanged: Array.from({ length: 85 }, () => filler),
    };
    expect(bytesOf(told).byteLength).toBeLessThan(BOUNDS.answerBytes);
    expect(reason(told)).toContain('bytes');
  });

  it('reads its own validated copy as the same answer', () => {
    const told = valid(
      {
        ...plain,
        summary: `${'long '.repeat(2_000)}end`,
        verdict: { status: 'FAIL', findings: [{ severity: 'x', message: 'm', file: 'a.ts', line: 1 }], summary: '' },
        commands: [
          { argv: ['a'], exitCode: null, signal: 'SIGKILL', durationMs: 1.5, outputTail: 't\n'.repeat(9_000) },
        ],
      },
      'verification',
    );
    expect(readAnswer(encode(told), 'verification')).toEqual({ kind: 'valid', answer: told });
  });
});

describe('criteria', () => {
  const said = { criterion: 'A1', status: 'met', evidence: 'test/a.js:3' };
  const criteriaIn = (criteria: unknown) =>
    valid({ ...plain, verdict: { ...verdict, criteria } }, 'review').verdict?.criteria;

  it('are read as they were said, bounded and without control codes; their own copy is the same', () => {
    expect(criteriaIn([said])).toEqual([said]);
    const long = 'x'.repeat(BOUNDS.findingChars + 1);
    const many = Array.from({ length: BOUNDS.criteria + 1 }, () => ({
      ...said,
      criterion: long,
      evidence: '\u001b[1m!',
    }));
    const read = criteriaIn(many);
    expect(read).toHaveLength(BOUNDS.criteria);
    expect(read?.[0]?.criterion).toHaveLength(BOUNDS.findingChars);
    expect(read?.[0]?.evidence).not.toContain('\u001b');
    expect(criteriaIn(read)).toEqual(read);
  });

  it.each([undefined, null, 'A1', {}, [], [null, 'A1', { status: 'met' }, { criterion: 1 }]])(
    'that say nothing (%j) spoil no verdict and leave no member',
    (criteria) => {
      expect(valid({ ...plain, verdict: { ...verdict, criteria } }, 'review').verdict).toEqual(verdict);
    },
  );

  it('with an unknown status, or without evidence, are unclear, or shown by nothing', () => {
    expect(criteriaIn([{ criterion: 'A1', status: 'PASS', evidence: 7 }])).toEqual([
      { criterion: 'A1', status: 'unclear', evidence: '' },
    ]);
  });
});

describe('a finding', () => {
  const finding = { severity: 'low', message: 'm', file: 'a.js', line: 3 };
  const judged = (value: unknown) => ({ ...plain, verdict: { ...verdict, findings: [finding, value] } });

  it.each([
    [7, '`verdict.findings[1]` is not an object'],
    [{ ...finding, severity: 1 }, '`verdict.findings[1].severity` is not a string'],
    [{ ...finding, message: null }, '`verdict.findings[1].message` is not a string'],
    [{ ...finding, file: 1 }, '`verdict.findings[1].file` is not a string'],
    [{ ...finding, line: '3' }, '`verdict.findings[1].line` is not a line number'],
    [{ ...finding, line: 1.5 }, '`verdict.findings[1].line` is not a line number'],
    [{ ...finding, line: -1 }, '`verdict.findings[1].line` is not a line number'],
    [{ ...finding, line: 2 ** 60 }, '`verdict.findings[1].line` is not a line number'],
  ])('that is %j is refused, by its place', (value, why) => {
    expect(reason(judged(value), 'review')).toContain(why);
  });

  it.each([0, 1, Number.MAX_SAFE_INTEGER])('may be in line %i', (line) => {
    expect(valid(judged({ ...finding, line }), 'review').verdict?.findings[1]).toEqual({ ...finding, line });
  });

  it('needs no place', () => {
    expect(
      valid(judged({ severity: 's', message: 'm', file: null, line: null }), 'review').verdict?.findings[1],
    ).toEqual({
      severity: 's',
      message: 'm',
    });
  });
});

describe('an answer that is refused, word for word', () => {
  const raw = (bytes: Uint8Array): string => {
    const reading = readAnswer(bytes, 'implementation');
    return reading.kind === 'invalid' ? reading.reason : reading.kind;
  };

  it('as a file', () => {
    expect(raw(new Uint8Array())).toBe('the file is empty');
    expect(raw(new TextEncoder().encode('{'))).toBe('it is not valid JSON');
    expect(raw(new Uint8Array([0x22, 0xff, 0x22]))).toBe('it is not valid UTF-8');
    const whole = (chars: number): Uint8Array => bytesOf({ ...plain, extra: 'x'.repeat(chars) });
    const room = BOUNDS.answerBytes - whole(0).byteLength;
    expect([raw(whole(room)), raw(whole(room + 1))]).toEqual([
      'valid',
      `it has ${BOUNDS.answerBytes + 1} bytes; the limit is ${BOUNDS.answerBytes}`,
    ]);
  });

  it('of a gate without a verdict', () => {
    expect(reason(plain, 'review')).toBe('a completed review needs a `verdict`');
  });

  it.each<[string, unknown]>([
    ['`status` is not one of completed, failed, blocked', { ...plain, status: 'done' }],
    ['`filesChanged` is not a list', { ...plain, filesChanged: {} }],
    ['`verdict.findings` is missing', { ...plain, verdict: { status: 'PASS', summary: '' } }],
    ['`problem` is not an object', { ...plain, problem: 'x' }],
    ['`problem.message` is missing', { ...plain, problem: { code: 'c' } }],
    [
      '`verdict.findings[0].line` is not a line number',
      { ...plain, verdict: { ...verdict, findings: [{ severity: 's', message: 'm', line: '1' }] } },
    ],
  ])('%s', (words, value) => {
    expect(reason(value)).toBe(words);
  });
});

describe('the commands of a verification', () => {
  const run = { argv: ['npm', 'test'], exitCode: 1, signal: null, durationMs: 5, outputTail: 'x' };
  const taken = (...commands: unknown[]): unknown => valid({ ...plain, verdict, commands }, 'verification').commands;

  it('are read as they were run', () => {
    const killed = { ...run, exitCode: null, signal: 'SIGKILL' };
    expect(taken(run, killed)).toEqual([run, killed]);
    expect(valid({ ...plain, commands: [run] }).commands).toEqual([]);
  });

  it.each<readonly [string, unknown]>([
    ['no object', 'npm test'],
    ['no words', { ...run, argv: 'npm test' }],
    ['a word that is none', { ...run, argv: ['npm', 1] }],
    ['an exit code that is none', { ...run, exitCode: 1.5 }],
    ['an exit code in words', { ...run, exitCode: '1' }],
    ['a signal that is none', { ...run, signal: 9 }],
    ['a duration that is none', { ...run, durationMs: '5' }],
    ['an output that is none', { ...run, outputTail: null }],
  ])('with %s are none of ours', (_, command) => {
    expect(taken(run, command)).toEqual([]);
  });
});
