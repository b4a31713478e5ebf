/** Whatever an agent says, wherever it says it: a likely secret does not come into what is recorded of it. */
import { describe, expect, it } from 'vitest';
import type { AgentEvent, EndCause, TurnEnd } from '../../src/model/agent-event.ts';
import { PURPOSES } from '../../src/model/limits.ts';
import type { TurnReport, TurnRequest } from '../../src/model/turn.ts';
import { readAnswer } from '../../src/turn/answer.ts';
import type { ForcedEnd, WorkerEnding } from '../../src/turn/conclusion.ts';
import { encode } from '../../src/turn/task-files.ts';
import { foldEvent, SILENT_TURN } from '../../src/turn/turn.ts';
import { reportTurn } from '../../src/turn/turn-report.ts';
import { plainTurn } from '../host/plain-request.ts';
import { conclusionOf } from '../support/told-ends.ts';

const SECRET = `ghp_${'a1B2'.repeat(9)}`;
const said = (what: string): string => `${what} ${SECRET} and more`;
const REQUEST: TurnRequest = { ...plainTurn, session: { id: 's-1', isResume: true } };
const HOWS: readonly TurnEnd[] = ['completed', 'failed', 'interrupted', 'limit', 'noTerminalEvent'];
const CAUSES: readonly EndCause[] = ['other', 'login', 'budget', 'sessionUnknown', 'sessionBusy'];
const FORCED: readonly (ForcedEnd | null)[] = [
  null,
  'stalled',
  'deadline',
  'unreadable',
  'notStarted',
  'budget',
  'interrupted',
];
const EXITS = [null, { code: 0, signal: null }, { code: 1, signal: null }, { code: 127, signal: null }];

/** Turns whose every text holds the secret. */
function* turns(): Generator<TurnReport> {
  const spoken: readonly AgentEvent[] = [
    {
      type: 'started',
      sessionId: said('session'),
      model: said('model'),
      cliVersion: said('version'),
      permissionMode: said('mode'),
    },
    { type: 'text', text: said('text'), isDelta: false },
    { type: 'toolStarted', id: said('id'), name: said('tool') },
  ];
  const denied: AgentEvent = { type: 'denied', tool: said('tool'), reason: said('reason') };
  const limited: AgentEvent = { type: 'limited', kind: 'usage', resetsAtMs: null };
  for (const extra of [[], [denied], [limited]]) {
    for (const how of HOWS) {
      for (const cause of CAUSES) {
        const events: readonly AgentEvent[] = [...spoken, ...extra, { type: 'ended', how, cause, reason: said('end') }];
        const turn = events.reduce(foldEvent, SILENT_TURN);
        const request = REQUEST;
        yield reportTurn({
          turn,
          request,
          agent: 'coder',
          capabilities: { usage: 'usd' },
          answerFrom: null,
          hasRun: true,
        });
      }
    }
  }
}

/** Answers whose every text holds the secret, valid ones and others. */
function* answers(): Generator<unknown> {
  const finding = { severity: said('severity'), message: said('message'), file: said('file'), line: 1 };
  const command = {
    argv: [said('word')],
    exitCode: 1,
    signal: said('signal'),
    durationMs: 1,
    outputTail: said('tail'),
  };
  const rest = { filesChanged: [said('file')], commands: [command], [said('key')]: said('value') };
  for (const status of ['completed', 'failed', 'blocked', said('status')]) {
    for (const verdict of ['PASS', 'FAIL', 'BLOCKED', said('verdict'), null]) {
      for (const problem of [null, { code: said('code'), message: said('message') }, said('problem')]) {
        const given = verdict === null ? null : { status: verdict, findings: [finding], summary: said('summary') };
        yield { status, summary: said('summary'), verdict: given, problem, ...rest };
      }
    }
  }
  yield said('no object');
}

const keptOf = (value: unknown): string => JSON.stringify(value);

it('the report of a turn holds none', () => {
  for (const report of turns()) {
    expect(keptOf(report)).not.toContain(SECRET);
    expect(report.ended?.reason).toContain('[secret]');
  }
});

it('an answer that is kept holds none, nor does the reason why one is not', () => {
  const kinds = new Set<string>();
  for (const purpose of PURPOSES) {
    for (const answer of [...answers()]) {
      const reading = readAnswer(encode(JSON.parse(JSON.stringify(answer))), purpose);
      kinds.add(reading.kind);
      expect(keptOf(reading)).not.toContain(SECRET);
    }
    expect(keptOf(readAnswer(new TextEncoder().encode(`{"a": ${SECRET}`), purpose))).not.toContain(SECRET);
  }
  expect([...kinds].sort()).toEqual(['invalid', 'valid']);
});

describe('the end of a task holds none', () => {
  const endings = (given: Partial<WorkerEnding>): WorkerEnding[] =>
    FORCED.flatMap((forced) =>
      EXITS.map((exit) => ({
        purpose: 'verification',
        completion: 'file',
        exit,
        reading: { kind: 'missing' },
        forced,
        orphanResult: 'lost',
        obstacle: { kind: 'said', words: said('obstacle') } as const,
        start: { program: said('program'), hasOutput: false, lastWords: said('last words') },
        ...given,
      })),
    );

  it('whatever its turn says', () => {
    for (const turn of turns()) {
      for (const ending of endings({ turn })) expect(keptOf(conclusionOf(ending))).not.toContain(SECRET);
    }
  });

  it('whatever its answer says', () => {
    for (const answer of [...answers()]) {
      const reading = readAnswer(encode(JSON.parse(JSON.stringify(answer))), 'verification');
      for (const ending of endings({ reading })) expect(keptOf(conclusionOf(ending))).not.toContain(SECRET);
    }
  });

  it('whatever its program said when it could not be started', () => {
    const messages = endings({}).map((ending) => conclusionOf(ending).message);
    expect(keptOf(messages)).not.toContain(SECRET);
    expect(messages.some((message) => message.includes('It said: last words [secret]'))).toBe(true);
    expect(messages.some((message) => message.includes('Reason: obstacle [secret]'))).toBe(true);
  });
});
