import { describe, expect, it } from 'vitest';
import type { Parsed } from '../../src/model/fields.ts';
import type { AgentRecord, Claim, Outcome, TaskRequest } from '../../src/model/request.ts';
import {
  encodeAgentRecord,
  encodeClaim,
  encodeOutcome,
  encodeRequest,
  parseAgentRecord,
  parseClaim,
  parseOutcome,
  parseRequest,
  parseShownOutcome,
} from '../../src/turn/task-files.ts';
import { plainRequest, plainTurn } from '../host/plain-request.ts';
import { reportOf } from '../support/turn-report.ts';

const hash = 'a'.repeat(64);
const identity = { pid: 7, startTime: '9', bootId: 'b', pidNamespace: 'n', hostname: 'h', machineId: 'm' };
const request: TaskRequest = { ...plainRequest, envNames: ['A'], env: { B: '' } };
const hosted: Claim = { v: 1, kind: 'host', requestHash: hash, nonce: 'n', host: identity, atMs: 1.5 };
const revoked: Claim = { v: 1, kind: 'revoked', requestHash: hash, nonce: 'n', reason: 'cancelled', atMs: 1 };
const agent: AgentRecord = {
  v: 1,
  requestHash: hash,
  nonce: 'n',
  worker: identity,
  isNamespaced: false,
  mark: 'm',
  sessionId: null,
  startedAtMs: 1,
};
const outcome: Outcome = {
  v: 2,
  requestHash: hash,
  nonce: 'n',
  by: 'host',
  result: 'failed',
  cause: { code: 'PAWL_WORKER_EXIT', params: { exitCode: 1, signal: null, answer: null } },
  summary: null,
  exitCode: 1,
  signal: null,
  completion: { sha256: hash, bytes: 0 },
  output: null,
  stderr: null,
  head: null,
  tree: null,
  survivors: 0,
  startedAtMs: null,
  endedAtMs: 1,
};

interface Kind {
  readonly name: string;
  readonly value: object;
  readonly bytes: Uint8Array;
  readonly parse: (bytes: Uint8Array) => Parsed<object>;
  /** Fields that may be null, or anything. */
  readonly free: readonly string[];
}
const KINDS: readonly Kind[] = [
  { name: 'request', value: request, bytes: encodeRequest(request), parse: parseRequest, free: ['task'] },
  { name: 'host claim', value: hosted, bytes: encodeClaim(hosted), parse: parseClaim, free: [] },
  { name: 'revocation', value: revoked, bytes: encodeClaim(revoked), parse: parseClaim, free: [] },
  { name: 'agent record', value: agent, bytes: encodeAgentRecord(agent), parse: parseAgentRecord, free: ['sessionId'] },
  {
    name: 'outcome',
    value: outcome,
    bytes: encodeOutcome(outcome),
    parse: parseOutcome,
    free: ['cause', 'summary', 'exitCode', 'signal', 'completion', 'output', 'stderr', 'head', 'tree', 'startedAtMs'],
  },
];
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe.each(KINDS)('a $name', ({ value, bytes, parse, free }) => {
  it('is parsed from its own bytes, which are canonical and end with a line break', () => {
    expect(parse(bytes)).toEqual({ ok: true, value });
    expect(new TextDecoder().decode(bytes)).toMatch(/^\{.*\}\n$/);
  });

  it('drops unknown keys', () => {
    expect(parse(bytesOf({ ...value, extra: 1 }))).toEqual({ ok: true, value });
  });

  it('is refused without any one of its fields, and the field is named', () => {
    for (const name of Object.keys(value)) {
      const parsed = parse(bytesOf({ ...value, [name]: undefined }));
      expect(parsed.ok ? 'accepted' : parsed.reason, name).toContain(`\`${name}`);
    }
  });

  it('is refused with a field of another type', () => {
    for (const name of Object.keys(value)) {
      for (const wrong of [true, false, -1, 'PAWL', null, {}, []]) {
        const given = Reflect.get(value, name);
        if (free.includes(name) || JSON.stringify(wrong) === JSON.stringify(given) || typeof wrong === typeof given)
          continue;
        expect(parse(bytesOf({ ...value, [name]: wrong })).ok, `${name}: ${JSON.stringify(wrong)}`).toBe(false);
      }
    }
  });

  it('is refused as anything but a whole JSON object', () => {
    for (const given of [new Uint8Array(0), bytes.subarray(0, -3), bytesOf([value]), Uint8Array.of(0xff)]) {
      expect(parse(given).ok).toBe(false);
    }
  });
});

describe('an outcome', () => {
  const { cause: _, summary: __, ...rest } = outcome;
  const earlier = { ...rest, v: 1, code: 'PAWL_WORKER_EXIT', message: 'The worker ended with exit 1.' };

  it('of the release before is shown with its sentence, and is none to rely on', () => {
    expect(parseShownOutcome(bytesOf(earlier))).toEqual({ ok: true, value: earlier });
    expect(parseOutcome(bytesOf(earlier))).toEqual({ ok: false, reason: '`v` is not 2' });
    expect(parseShownOutcome(encodeOutcome(outcome))).toEqual({ ok: true, value: outcome });
    expect(parseShownOutcome(bytesOf({ ...earlier, v: 3 })).ok).toBe(false);
  });

  it('has a code and facts as its cause, or none', () => {
    for (const cause of [{}, { code: 1, params: {} }, { code: 'PAWL_WORKER_EXIT' }, { code: 'X', params: [] }, 'X']) {
      expect(parseOutcome(bytesOf({ ...outcome, cause })), JSON.stringify(cause)).toMatchObject({ ok: false });
    }
    expect(parseOutcome(bytesOf({ ...outcome, cause: null, summary: '' }))).toMatchObject({ ok: true });
  });
});

describe('a request', () => {
  it.each([
    ['argv', []],
    ['argv', ['']],
    ['argv', ['a\u0000b']],
    ['cwd', 'relative'],
    ['completionFile', 'relative'],
    ['mark', 'a:b'],
    ['mark', 'a b'],
    ['mark', ''],
    ['envNames', ['A=B']],
    ['env', { 'A=B': 'x' }],
    ['env', { A: 'x\u0000' }],
    ['env', { A: 1 }],
    ['purpose', 'other'],
    ['attempt', 1.5],
    ['limits', { ...request.limits, graceMs: -1 }],
  ])('is refused when `%s` could not be run: %j', (name, wrong) => {
    expect(parseRequest(bytesOf({ ...request, [name]: wrong })).ok).toBe(false);
  });
});

it('an outcome with a survivor is not an outcome', () => {
  expect(parseOutcome(bytesOf({ ...outcome, survivors: 1 })).ok).toBe(false);
});

it('an agent record of an older version has no monotonic time of its start', () => {
  const timed = { ...agent, startedMonotonicMs: 5.5 };
  expect(parseAgentRecord(encodeAgentRecord(timed))).toEqual({ ok: true, value: timed });
  expect(parseAgentRecord(bytesOf({ ...timed, startedMonotonicMs: '5' })).ok).toBe(false);
});

it('an identity of pid 0 is none', () => {
  expect(parseClaim(bytesOf({ ...hosted, host: { ...identity, pid: 0 } })).ok).toBe(false);
});

describe('what not every file has', () => {
  const git = { commonDir: '/r/.git', adminDir: '/r/.git/worktrees/w', settings: { config: 'one', hooks: '' } };

  const instructions = { base: 'b', head: 'c', patterns: ['AGENTS.md'] };

  it('is read where it is there: where git keeps the worktree, what is not to instruct, the turn, the settings of git, the start by a clock of its own', () => {
    const whole = { ...request, git, instructions, turn: plainTurn };
    expect(parseRequest(encodeRequest(whole))).toEqual({ ok: true, value: whole });
    const settled = { ...outcome, gitSettings: { config: 'one' }, turn: reportOf() };
    expect(parseOutcome(encodeOutcome(settled))).toEqual({ ok: true, value: settled });
    const started = { ...agent, startedMonotonicMs: 5 };
    expect(parseAgentRecord(encodeAgentRecord(started))).toEqual({ ok: true, value: started });
  });

  it.each([
    ['git.commonDir', { ...request, git: { ...git, commonDir: 'relative' } }],
    ['git.settings', { ...request, git: { ...git, settings: 'one' } }],
    ['instructions.patterns', { ...request, instructions: { ...instructions, patterns: [''] } }],
    ['instructions.base', { ...request, instructions: { ...instructions, base: null } }],
    ['turn', { ...request, turn: null }],
    ['turn.session', { ...request, turn: { ...plainTurn, session: null } }],
  ])('is refused where %s is wrong', (_, file) => {
    expect(parseRequest(bytesOf(file)).ok).toBe(false);
  });

  it('is named where it is wrong: a pid of 0, which to kill(2) means our own group', () => {
    const reading = parseClaim(bytesOf({ ...hosted, host: { ...identity, pid: 0 } }));
    expect(reading).toEqual({ ok: false, reason: expect.stringContaining('host.pid') });
    expect(reading).toEqual({ ok: false, reason: expect.stringContaining('a pid') });
  });

  it('is empty in an identity of a system that has none of it', () => {
    const bare = { ...hosted, host: { ...identity, bootId: '', pidNamespace: '', hostname: '', machineId: '' } };
    expect(parseClaim(bytesOf(bare))).toEqual({ ok: true, value: bare });
    expect(parseClaim(bytesOf({ ...hosted, host: { ...identity, startTime: '' } })).ok).toBe(false);
  });
});
