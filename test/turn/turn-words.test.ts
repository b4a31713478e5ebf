/** What status, reports and handoffs say of a turn, word for word. */
import { describe, expect, it } from 'vitest';
import type { TurnReport } from '../../src/model/turn.ts';
import { spentWords, turnAgent, turnNotes } from '../../src/turn/turn-words.ts';
import { reportOf } from '../support/turn-report.ts';

const QUIET = reportOf({
  agent: 'claude',
  cliVersion: '2.0.0',
  usage: { scope: 'turn', tokens: 10, usd: 0.1 },
  ended: null,
  answerFrom: 'file',
  lines: { all: 7, unknown: 3, malformed: 0, overlong: 0 },
});
const notes = (more: Partial<TurnReport>): readonly string[] => turnNotes({ ...QUIET, ...more });
const lines = (malformed: number, overlong: number) => ({ all: 7, unknown: 0, malformed, overlong });
const denied = (tool: string, isExpected: boolean) => ({ tool, reason: 'no', isExpected });

describe('the notes on a turn', () => {
  it('are none where nothing is unusual', () => {
    expect(turnNotes(QUIET)).toEqual([]);
    expect(notes({ usage: null })).toEqual([]);
  });

  it.each<[string, Partial<TurnReport>, string]>([
    ['no permission check', { bypassesPermissions: true }, 'ran without any permission check, as configured'],
    ['a session gone on with', { isResume: true, session: 's-2' }, 'resumed session s-2'],
    ['one that never said its id', { isResume: true, session: null }, 'resumed session s-1'],
    ['a refused session', { isSessionRefused: true }, 'session s-1 was refused'],
    ['a session refused when gone on with', { isResume: true, isSessionRefused: true }, 'session s-1 was refused'],
    ['another session', { sessionMismatch: { asked: 'a', got: 'b' } }, 'sessionMismatch: asked for a, got b'],
    ['one denial', { denials: [denied('Bash', false)] }, 'denied: Bash'],
    [
      'several denials',
      { denials: [denied('Bash', false), denied('WebFetch', true)] },
      'denied: Bash, WebFetch (expected)',
    ],
    ['a limit without an end', { limited: { kind: 'usage', resetsAtMs: null } }, 'limited (usage)'],
    ['a limit with one', { limited: { kind: 'rate', resetsAtMs: 0 } }, 'limited (rate) until 1970-01-01T00:00:00.000Z'],
    [
      'an estimate',
      { usage: { scope: 'estimate', tokens: 1, usd: null } },
      'was cut off before it reported its usage: an estimate is charged',
    ],
    [
      'an estimated part',
      { usage: { scope: 'estimate', tokens: 9, usd: 1, estimated: { tokens: 5, usd: 0.5 } } },
      'was cut off before it reported its usage: $0.5000 and 5 tokens of its charge are estimated',
    ],
    [
      'an estimate at an assumed price',
      {
        usage: {
          scope: 'session',
          tokens: 9,
          usd: 1,
          estimated: { tokens: 5, usd: 0.5, assumedUsdPerMillion: 5 },
        },
      },
      'was cut off before it reported its usage: $0.5000 and 5 tokens of its charge are estimated, at an assumed price',
    ],
    [
      'an estimate without dollars',
      { usage: { scope: 'estimate', tokens: 9, usd: null, estimated: { tokens: 5, usd: null } } },
      'was cut off before it reported its usage: 5 tokens of its charge are estimated',
    ],
    ['a malformed line', { lines: lines(1, 0) }, '1 of 7 lines of output could not be read'],
    ['malformed and overlong lines', { lines: lines(1, 2) }, '3 of 7 lines of output could not be read'],
  ])('tell of %s', (_title, more, note) => {
    expect(notes(more)).toEqual([note]);
  });

  it('stand in one order, however many there are', () => {
    expect(
      notes({
        bypassesPermissions: true,
        isResume: true,
        sessionMismatch: { asked: 'a', got: 'b' },
        denials: [denied('Bash', true)],
        limited: { kind: 'usage', resetsAtMs: null },
        usage: { scope: 'estimate', tokens: 1, usd: null },
        lines: lines(0, 1),
      }),
    ).toEqual([
      'ran without any permission check, as configured',
      'resumed session s-1',
      'sessionMismatch: asked for a, got b',
      'denied: Bash (expected)',
      'limited (usage)',
      'was cut off before it reported its usage: an estimate is charged',
      '1 of 7 lines of output could not be read',
    ]);
  });
});

it.each<[Partial<TurnReport>, string]>([
  [{}, 'claude 2.0.0 m'],
  [{ cliVersion: null }, 'claude m'],
  [{ model: null }, 'claude 2.0.0'],
  [{ cliVersion: null, model: null }, 'claude'],
])('an agent is named by what is known of it: %j', (more, name) => {
  expect(turnAgent({ ...QUIET, ...more })).toBe(name);
});

it.each([
  [0, 0, false, null],
  [0, 0, true, null],
  [12, 0, false, '12 tokens'],
  [12, 0, true, '12 tokens (partly estimated)'],
  [0, 0.5, false, '$0.5000, 0 tokens'],
  [12, 1.23456, true, '$1.2346, 12 tokens (partly estimated)'],
])('%d tokens and $%d, estimated %j, are told as %j', (tokens, usd, isEstimate, words) => {
  expect(spentWords({ tokens, usd, isEstimate })).toBe(words);
});

it('the estimated part of the usage is shown in figures', () => {
  const spent = { tokens: 12, usd: 0.5, isEstimate: true, estimated: { tokens: 4, usd: 0.25 } };
  expect(spentWords(spent)).toBe('$0.5000, 12 tokens ($0.2500, 4 tokens of it estimated)');
  expect(spentWords({ ...spent, estimated: { tokens: 4, usd: 0 } })).toBe(
    '$0.5000, 12 tokens (4 tokens of it estimated)',
  );
});
