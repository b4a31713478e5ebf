/** The agent's part of a request and of an outcome: read whole, or refused with the name of the field that is wrong. */
import { describe, expect, it } from 'vitest';
import { type Fields, parse } from '../../src/model/fields.ts';
import {
  AGENT_KINDS,
  ANSWER_ORIGINS,
  END_CAUSES,
  LIMIT_KINDS,
  TURN_ENDS,
  type TurnReport,
  type TurnRequest,
  USAGE_SCOPES,
} from '../../src/model/turn.ts';
import { turnReport, turnRequest } from '../../src/turn/turn-files.ts';

const REQUEST: TurnRequest = {
  kind: 'claude',
  program: { path: '/bin/claude', version: '2.0.0', sha256: 'a'.repeat(64) },
  session: { id: 's-1', isResume: true },
  prompt: 'Do it.',
  stdin: 'prompt',
  answerSchema: { type: 'object' },
  budget: { tokens: 10, usd: 0.5 },
  usedBefore: { tokens: 3, usd: 0.25 },
  firstEventMs: 1_000,
  expectedDenials: ['WebFetch', 'Bash'],
  bypassesPermissions: true,
};
const REPORT: TurnReport = {
  agent: 'a',
  kind: 'codex',
  cliVersion: '2.0.0',
  model: 'm',
  permissionMode: 'plan',
  bypassesPermissions: true,
  askedSession: 's-1',
  session: 's-2',
  isResume: true,
  sessionMismatch: { asked: 's-1', got: 's-2' },
  isSessionRefused: false,
  usage: { scope: 'session', tokens: 5, usd: 0.5 },
  limited: { kind: 'usage', resetsAtMs: 7 },
  denials: [{ tool: 'Bash', reason: 'no', isExpected: true }],
  ended: { how: 'completed', cause: 'other', reason: 'done' },
  answerFrom: 'file',
  lines: { all: 4, unknown: 3, malformed: 2, overlong: 1 },
};

const TEXT = 'a text';
const FLAG = 'true or false';
const COUNT = 'a whole number from 0';
const TIME = 'a time in milliseconds';
const OBJECT = 'an object';
const one = (words: readonly string[]): string => `one of ${words.join(', ')}`;

/** `value` with the field at a dotted path replaced. */
function replaced(value: unknown, path: string, by: unknown): unknown {
  const copy = structuredClone(value);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce((found, name) => found[name] as Fields, copy as Fields);
  Object.assign(parent, { [last]: by });
  return copy;
}
const reread = (read: (file: Fields) => unknown, value: unknown) =>
  parse(new TextEncoder().encode(JSON.stringify(value)), read);

interface Part {
  readonly name: string;
  readonly value: object;
  readonly read: (file: Fields) => unknown;
  /** A field, a value that it may not have, and what is expected of it. */
  readonly refused: readonly [string, unknown, string][];
  readonly accepted: readonly [string, unknown][];
}
const PARTS: readonly Part[] = [
  {
    name: 'request',
    value: REQUEST,
    read: turnRequest,
    refused: [
      ['kind', 'vim', one(AGENT_KINDS)],
      ['program', 1, OBJECT],
      ['program.path', 'bin/claude', 'an absolute path'],
      ['program.version', '', TEXT],
      ['program.sha256', 'a', 'a SHA-256 in hex'],
      ['session', null, OBJECT],
      ['session.id', '', TEXT],
      ['session.isResume', 1, FLAG],
      ['prompt', null, TEXT],
      ['stdin', 'pipe', 'one of prompt, empty'],
      ['budget', null, OBJECT],
      ['budget.tokens', '1', TIME],
      ['budget.usd', '1', TIME],
      ['usedBefore', null, OBJECT],
      ['usedBefore.tokens', null, TIME],
      ['usedBefore.usd', null, TIME],
      ['usedBefore.contextTokens', 'many', TIME],
      ['usdPerMillion', '5', TIME],
      ['firstEventMs', -1, COUNT],
      ['expectedDenials', null, 'a list'],
      ['bypassesPermissions', null, FLAG],
      ['mayRemind', 1, FLAG],
    ],
    accepted: [
      ['mayRemind', true],
      ...AGENT_KINDS.map((kind): [string, unknown] => ['kind', kind]),
      ['prompt', ''],
      ['stdin', 'empty'],
      ['session.id', null],
      ['answerSchema', null],
      ['budget.tokens', null],
      ['budget.usd', null],
      ['firstEventMs', 0],
      ['usedBefore.contextTokens', 7],
      ['usdPerMillion', 4.5],
      ['expectedDenials', []],
    ],
  },
  {
    name: 'report',
    value: REPORT,
    read: turnReport,
    refused: [
      ['agent', '', TEXT],
      ['kind', 'vim', one(AGENT_KINDS)],
      ['cliVersion', '', TEXT],
      ['model', '', TEXT],
      ['permissionMode', '', TEXT],
      ['bypassesPermissions', null, FLAG],
      ['askedSession', '', TEXT],
      ['session', '', TEXT],
      ['isResume', null, FLAG],
      ['sessionMismatch', 's', OBJECT],
      ['sessionMismatch.asked', '', TEXT],
      ['sessionMismatch.got', '', TEXT],
      ['isSessionRefused', null, FLAG],
      ['usage', 1, OBJECT],
      ['usage.scope', 'day', one([...USAGE_SCOPES, 'estimate'])],
      ['usage.estimated', 1, OBJECT],
      ['usage.contextTokens', null, TIME],
      ['usage.tokens', null, TIME],
      ['usage.usd', '1', TIME],
      ['limited', 1, OBJECT],
      ['limited.kind', 'day', one(LIMIT_KINDS)],
      ['limited.resetsAtMs', '1', TIME],
      ['denials', null, 'a list'],
      ['ended', 1, OBJECT],
      ['ended.how', 'well', one(TURN_ENDS)],
      ['ended.cause', 'none', one(END_CAUSES)],
      ['ended.reason', null, TEXT],
      ['answerFrom', 'mail', one(ANSWER_ORIGINS)],
      ['lines', null, OBJECT],
      ['lines.all', -1, COUNT],
      ['lines.unknown', -1, COUNT],
      ['lines.malformed', -1, COUNT],
      ['lines.overlong', -1, COUNT],
    ],
    accepted: [
      ...AGENT_KINDS.map((kind): [string, unknown] => ['kind', kind]),
      ['usage.estimated', { tokens: 1, usd: null }],
      ['lines.endsOverlong', true],
      ['usage.estimated', { tokens: 1, usd: 0.5, assumedUsdPerMillion: 5 }],
      ...['cacheReadTokens', 'cacheWriteTokens', 'outputTokens', 'contextTokens'].map((name): [string, unknown] => [
        `usage.${name}`,
        3,
      ]),
      ...[...USAGE_SCOPES, 'estimate'].map((scope): [string, unknown] => ['usage.scope', scope]),
      ...TURN_ENDS.map((how): [string, unknown] => ['ended.how', how]),
      ...END_CAUSES.map((cause): [string, unknown] => ['ended.cause', cause]),
      ...ANSWER_ORIGINS.map((origin): [string, unknown] => ['answerFrom', origin]),
      ['limited.kind', 'rate'],
      ['limited.resetsAtMs', null],
      ['usage.usd', null],
      ['ended.reason', ''],
      ['denials.0.tool', ''],
      ['denials.0.reason', ''],
      ['denials', []],
      ...['cliVersion', 'model', 'permissionMode', 'askedSession', 'session', 'sessionMismatch'].map(
        (n): [string, unknown] => [n, null],
      ),
      ...['usage', 'limited', 'ended', 'answerFrom'].map((n): [string, unknown] => [n, null]),
    ],
  },
];

describe.each(PARTS)("the agent's part of a $name", ({ value, read, refused, accepted }) => {
  it('is read as it was written, and nothing beside it', () => {
    expect(reread(read, value)).toEqual({ ok: true, value });
    expect(reread(read, { ...value, extra: 1 })).toEqual({ ok: true, value });
  });

  it.each(accepted)('may have as its `%s` %j', (path, by) => {
    const given = replaced(value, path, by);
    expect(reread(read, given)).toEqual({ ok: true, value: given });
  });

  it.each(refused)('may not have as its `%s` %j', (path, by, expected) => {
    const name = path.split('.').at(-1);
    expect(reread(read, replaced(value, path, by))).toEqual({ ok: false, reason: `\`${name}\` is not ${expected}` });
  });
});

it.each(['tool', 'reason', 'isExpected'])('a denial without its %s is refused', (name) => {
  const [denial] = REPORT.denials;
  const given = { ...REPORT, denials: [{ ...denial, [name]: null }] };
  expect(reread(turnReport, given)).toEqual({
    ok: false,
    reason: `\`${name}\` is not ${name === 'isExpected' ? FLAG : TEXT}`,
  });
});
