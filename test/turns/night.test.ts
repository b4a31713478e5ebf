/**
 * A night of runs with fixture agents: the runner is killed in the middle, hosts are told to stop, agents are limited, denied, used up, refused;
 * and what each of them has come to in the morning.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { fold } from '../../src/core/fold.ts';
import type { RunView } from '../../src/core/run-view.ts';
import { parseRequest } from '../../src/core/task-files.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import type { TurnReport } from '../../src/model/turn.ts';
import { change, goodTurn, LINES, openTurn, type Step, say } from '../support/fixture-lines.ts';
import { codesOf, documentOf, type ErrorDocument, runOf, until } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import type { Plain } from '../support/scenario-packet.ts';
import { blockedBy, type ScenarioAgent, TurnScenario } from '../support/turn-scenario.ts';

const scenario = new TurnScenario();
const { repo } = scenario;
const goFile = join(repo.repo.root, 'go');

const PASS = { verdict: { status: 'PASS', summary: 'fine', findings: [] } } as const;
const FINDING = { severity: 'error', message: 'the same fault', file: 'a.txt', line: 1 };
const FAIL = { verdict: { status: 'FAIL', summary: 'not fine', findings: [FINDING] } } as const;
const review = (kind: 'claude' | 'opencode' = 'claude', usd = 0.001): readonly Step[] =>
  goodTurn(kind, [], PASS, { input: 10, usd });
const work = (name: string): readonly Step[] => [change(`work-of/${name}/done.txt`)];
const resumed = (name: string): readonly Step[] => goodTurn('claude', work(name));
const refused: readonly Step[] = [
  { do: 'complain', text: 'No conversation found with session ID: x\n' },
  { do: 'exit', code: 1 },
];
const window = { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: '$SOON' } };
const denial = { type: 'system', subtype: 'permission_denied', tool_name: 'WebFetch', message: 'not permitted' };

const plans: Readonly<Record<string, ScenarioAgent>> = {
  LIVING: {
    kind: 'claude',
    plan: {
      implementation: goodTurn('claude', [
        { do: 'note', text: 'open' },
        { do: 'until', file: goFile },
        ...work('LIVING'),
      ]),
      review: review(),
    },
  },
  LIMITED: {
    kind: 'claude',
    plan: {
      'implementation-e0-a1': [
        say(LINES.claude.started),
        ...work('LIMITED'),
        say(window),
        say(LINES.claude.failed('usage limit reached')),
        { do: 'exit', code: 1 },
      ],
      implementation: resumed('LIMITED'),
      review: review(),
    },
  },
  OTHER: {
    kind: 'claude',
    plan: {
      'implementation-e0-a1': openTurn('claude', [
        say({ ...(LINES.claude.started as object), session_id: 'other-session' }),
        change('half.txt'),
      ]).slice(1),
      implementation: resumed('OTHER'),
      review: review(),
    },
  },
  REFUSED: {
    kind: 'claude',
    plan: {
      'implementation-e0-a1': openTurn('claude', [change('half.txt')]),
      'implementation-e0-a2': refused,
      implementation: resumed('REFUSED'),
      review: review(),
    },
  },
  DENIED: {
    kind: 'claude',
    plan: { implementation: goodTurn('claude', [...work('DENIED'), say(denial)]) },
  },
  COSTLY: {
    kind: 'opencode',
    plan: {
      'implementation-e0-a1': openTurn('opencode', [
        ...work('COSTLY'),
        say(LINES.opencode.step('p1', { input: 1_000, usd: 0.6 })),
      ]),
      implementation: goodTurn('opencode', work('COSTLY'), {}, { input: 10, usd: 0.5 }),
    },
  },
  TOKENS: {
    kind: 'codex',
    plan: { implementation: goodTurn('codex', work('TOKENS')) },
  },
  STUCK: {
    kind: 'claude',
    plan: {
      implementation: goodTurn('claude', [change('a.txt')]),
      fix: goodTurn('claude', [change('a.txt', undefined)]),
      review: goodTurn('claude', [], FAIL),
    },
  },
  CANCELLED: {
    kind: 'claude',
    plan: { implementation: openTurn('claude', [{ do: 'takes', signal: 'SIGTERM', code: 143 }]) },
  },
  SILENT: {
    kind: 'claude',
    plan: { implementation: [say(LINES.claude.started), ...work('SILENT'), say(LINES.claude.done({ input: 1 }))] },
  },
};
const LIMITS: Readonly<Record<string, Plain>> = {
  COSTLY: { budget_usd: 0.5 },
  TOKENS: { budget_usd: 0.5 },
  STUCK: { fix_attempts_max: 5 },
};

let ids: Readonly<Record<string, string>>;
let evening: Readonly<Record<string, RunView>>;
let morning: Readonly<Record<string, RunView>>;
let secondRunner: { code: number | null; error: ErrorDocument };

const idOf = (name: string): string => ids[name] ?? name;
const viewOf = (name: string): RunView => {
  const view = morning[name];
  if (view === undefined) throw new Error(`no run ${name}`);
  return view;
};
const byName = (runs: readonly RunView[]): Record<string, RunView> =>
  Object.fromEntries(runs.map((run) => [run.taskId, run]));

const look = async (): Promise<Record<string, RunView>> => byName((await repo.json('status')).document.runs);

beforeAll(async () => {
  scenario.agents(plans, { limits: { graceMs: 500, attemptsMax: 1 } });
  const packets = repo.packets(
    ...Object.keys(plans).map((name) => scenario.packet(name, { limits: LIMITS[name] ?? {} })),
  );
  const taken = await repo.json('intake', packets);
  ids = Object.fromEntries(taken.document.runs.map((run) => [run.taskId, run.runId]));
  const runner = repo.start('run', '--max-parallel', '12');
  await until('the agents that stay', () =>
    ['LIVING', 'OTHER', 'REFUSED', 'CANCELLED'].every((name) => scenario.isOpen(idOf(name))),
  );
  do evening = await look();
  while (evening.LIMITED?.waitUntilMs === null);
  const second = await repo.call('run', '--json');
  secondRunner = { code: second.code, error: documentOf(second) };
  const before = generations();
  runner.child.kill('SIGKILL');
  await runner.ended;

  const next = repo.start('run', '--json', '--max-parallel', '12');
  await until('the next runner', () => generations().length > before.length);
  for (const name of ['OTHER', 'REFUSED'])
    process.kill(scenario.hostPid(idOf(name), 'implementation-e0-a1'), 'SIGTERM');
  const cancel = repo.call('cancel', idOf('CANCELLED'), '--reason', 'not wanted any more');
  writeFileSync(goFile, '');
  await cancel;
  const end = await next.ended;
  if (end.code !== 3) throw new Error(`the second night ended with ${end.code}: ${end.stdout}\n${end.stderr}`);
  morning = await look();
}, 120_000);
afterAll(() => repo.end());

/** Every holder that the registry's lock has had. */
function generations(): string[] {
  return readdirSync(repo.registry).filter((name) => /^lock\.\d+$/.test(name));
}

/** The sessions that the agents of a run were asked for, in order: `new ID` or `resume ID`. */
function sessionsOf(name: string): string[] {
  return scenario
    .starts(idOf(name))
    .filter(({ task }) => task.startsWith('implementation'))
    .map(({ args = [], session }) => `${args.includes('--resume') ? 'resume' : 'new'} ${session}`);
}

function turnsOf(name: string): TurnReport[] {
  return repo
    .journal(idOf(name))
    .flatMap(({ event }) => (event.type === 'workerEnded' && event.turn ? [event.turn] : []));
}

function requestOf(name: string, taskId: string): TaskRequest {
  const parsed = parseRequest(readFileSync(repo.runFile(idOf(name), 'tasks', taskId, TASK_FILES.request)));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

/** What a run's journal says of every end of a worker: the run's state before and after, and what the run was told, by record. */
function endsOf(name: string) {
  const ends: { told: string[]; state: unknown; openTask: string | null; task: unknown; hasBlocker: boolean }[] = [];
  let otherNotices = 0;
  const runId = idOf(name);
  const folding = fold(runId, repo.journal(runId), {
    hash: sha256,
    onRecord: ({ actor, event }, state, deliveries) => {
      const notices = deliveries.flatMap((delivery) =>
        delivery.actor === RUN_ACTOR && delivery.event.type === 'taskSettled' ? [delivery.event] : [],
      );
      if (event.type !== 'workerEnded') otherNotices += notices.length;
      else {
        ends.push({
          told: notices.map(({ result }) => result),
          state: state.run.value,
          openTask: state.run.context.openTask,
          task: state.tasks[actor]?.value,
          hasBlocker: notices.some(({ blocker }) => blocker !== null),
        });
      }
    },
  });
  if (folding.kind !== 'whole') throw new Error(folding.detail);
  return { ends, otherNotices };
}

describe('sessions', () => {
  it("the session id known at start time is re-read under the lock, not taken from a caller's copy", () => {
    const [first, second, ...rest] = sessionsOf('OTHER');
    expect(first).toMatch(/^new [0-9a-f-]{36}$/);
    expect(second).toBe('resume other-session');
    expect(rest).toEqual([]);
  });

  it('a different returned session id is stored and reported once with both ids, the same id is not', () => {
    const asked = sessionsOf('OTHER')[0]?.slice('new '.length);
    const [first, ...rest] = turnsOf('OTHER');
    expect(first).toMatchObject({ session: 'other-session', sessionMismatch: { asked, got: 'other-session' } });
    expect(rest.map(({ sessionMismatch }) => sessionMismatch)).toEqual(rest.map(() => null));
  });

  it('two turns of one session never overlap', () => {
    expect(scenario.overlaps()).toEqual([]);
    expect(secondRunner).toMatchObject({ code: 6, error: { error: { code: 'PAWL_REGISTRY_LOCKED' } } });
    for (const { args = [], session } of Object.keys(ids).flatMap((name) => scenario.starts(idOf(name)))) {
      expect(args.some((word) => word === session) || session?.includes('-')).toBe(true);
    }
  });

  it('an interrupted session keeps its worktree, a copy of it stands under a rescue ref, and the agent is told', () => {
    const ref = `refs/pawl/rescue/${idOf('OTHER')}/before-implementation-e0-a2`;
    expect(repo.repo.git(['show', `${ref}:half.txt`])).toBe('implementation-e0-a1');
    expect(repo.repo.git(['show', 'work/OTHER:half.txt'])).toBe('implementation-e0-a1');
    const prompt = requestOf('OTHER', 'implementation-e0-a2').turn?.prompt ?? '';
    expect(prompt).toContain('cut off from outside');
    expect(prompt).toContain(ref);
  });

  it('a refused session is followed by a fresh one, the worktree put back, and no attempt is charged', () => {
    expect(viewOf('REFUSED').state).toBe('readyForManualReview');
    const [first = '', second, third, ...rest] = sessionsOf('REFUSED');
    expect(second).toBe(first.replace('new', 'resume'));
    expect(third).toMatch(/^new /);
    expect([first, ...rest]).not.toContain(third);
    expect(turnsOf('REFUSED')[1]).toMatchObject({ isSessionRefused: true });
    const ref = `refs/pawl/rescue/${idOf('REFUSED')}/before-implementation-e0-a3`;
    expect(repo.repo.git(['ls-tree', '--name-only', ref, 'half.txt'])).toBe('half.txt');
    expect(repo.repo.git(['ls-tree', '--name-only', 'work/REFUSED', 'half.txt'])).toBe('');
  });
});

describe('kills', () => {
  it('a runner killed mid-turn finds and reattaches the living worker, never starting a second', () => {
    expect(viewOf('LIVING').state).toBe('readyForManualReview');
    expect(scenario.starts(idOf('LIVING')).map(({ task }) => task)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
    expect(new Set(repo.journal(idOf('LIVING')).map(({ gen }) => gen)).size).toBe(3);
  });

  it('abort ends with a signal first, state and notice in one record', () => {
    expect(scenario.told(idOf('CANCELLED')).map(({ what }) => what)).toEqual(['start', 'open', 'took SIGTERM']);
    const { ends, otherNotices } = endsOf('CANCELLED');
    expect(ends).toEqual([
      { told: ['cancelled'], state: 'cancelled', openTask: null, task: { settled: 'cancelled' }, hasBlocker: true },
    ]);
    expect(otherNotices).toBe(0);
  });

  it('exactly one notice to the parent on every end without an answer, none when there was one', () => {
    for (const name of Object.keys(ids)) {
      const { ends, otherNotices } = endsOf(name);
      expect(otherNotices, name).toBe(0);
      for (const { told, hasBlocker, openTask } of ends) {
        expect(told, name).toHaveLength(1);
        expect(hasBlocker, name).toBe(told[0] !== 'completed');
        expect(openTask, name).toBeNull();
      }
    }
  });

  it('clean exit without an answer is a violation with state settled, not left looking alive', () => {
    const silent = viewOf('SILENT');
    expect(silent).toMatchObject({ state: 'failedExecution', task: { state: 'settled.failed' } });
    expect(codesOf(silent)).toEqual(['PAWL_ATTEMPTS_EXHAUSTED', 'PAWL_WORKER_NO_COMPLETION']);
  });

  it('nothing of any run is left alive', () => {
    for (const name of Object.keys(ids)) expect(repo.workersOf(idOf(name)), name).toEqual([]);
  });
});

describe('limits and money', () => {
  it('a usage limit is waited for, over the kill of the runner, and the same session goes on uncharged', () => {
    expect(evening.LIMITED).toMatchObject({ state: 'implementing', kind: 'active' });
    expect(evening.LIMITED === undefined ? [] : codesOf(evening.LIMITED)).toEqual(['PAWL_AGENT_LIMITED']);
    const [first = '', second] = sessionsOf('LIMITED');
    expect(second).toBe(first.replace('new', 'resume'));
    const again = viewOf('LIMITED').tasks.find(({ taskId }) => taskId === 'implementation-e0-a2');
    expect(again?.startedAtMs).toBeGreaterThanOrEqual(evening.LIMITED?.waitUntilMs ?? Number.POSITIVE_INFINITY);
    expect(viewOf('LIMITED')).toMatchObject({ state: 'readyForManualReview', waitUntilMs: null });
  });

  it('a denied tool blocks the run and is named', () => {
    expect(viewOf('DENIED').state).toBe('blockedNeedsHuman');
    expect(blockedBy(viewOf('DENIED'))).toMatch(/^PAWL_AGENT_DENIED .*WebFetch/);
  });

  it('an adapter without the needed capability is refused before anything starts', () => {
    expect(viewOf('TOKENS').state).toBe('blockedNeedsHuman');
    expect(blockedBy(viewOf('TOKENS'))).toMatch(/^PAWL_AGENT_CAPABILITY .*US dollars.*Codex/);
    expect(scenario.told(idOf('TOKENS'))).toEqual([]);
    expect(viewOf('TOKENS').tasks).toEqual([]);
  });

  it('a budget used up during a turn ends it, with the figures; a retry grants it once more, and the next start is refused', async () => {
    expect(viewOf('COSTLY').state).toBe('blockedNeedsHuman');
    expect(blockedBy(viewOf('COSTLY'))).toMatch(/^PAWL_BUDGET_EXCEEDED .*\$0\.6000 of \$0\.50/);
    expect(viewOf('COSTLY').spent).toMatchObject({ usd: 0.6, isEstimate: true });
    await repo.json('resolve', idOf('COSTLY'), 'retry', '--reason', 'it is worth it');
    const { document } = await repo.json('run', idOf('COSTLY'));
    const after = runOf(document, 'COSTLY');
    expect(after.state).toBe('blockedNeedsHuman');
    expect(blockedBy(after)).toMatch(/^PAWL_BUDGET_EXCEEDED .*this run.*\$1\.1000 of \$1\.00/);
    expect(after.tasks.map(({ taskId, result }) => `${taskId} ${result}`)).toEqual([
      'implementation-e0-a1 blocked',
      'implementation-e0-a2 completed',
      'verification-e1-a1 completed',
    ]);
  });

  it('a fix loop that gets nowhere ends early, with its trend', () => {
    const stuck = viewOf('STUCK');
    expect(stuck.state).toBe('blockedNeedsHuman');
    expect(blockedBy(stuck)).toMatch(/^PAWL_FIX_STUCK .*round by round: 1, 1, 1/);
    expect(stuck.tasks.filter(({ purpose }) => purpose === 'fix')).toHaveLength(2);
  });
});

describe('the next day', () => {
  it('a start that throws frees the lock and leaves the state as it was, and a used-up registry starts nothing', async () => {
    const odd = scenario.program('ODD', 'claude', {});
    writeFileSync(odd, '#!/bin/sh\necho something else\n');
    repo.config({
      agents: {
        ODD: { kind: 'claude', program: odd },
        POOR: { kind: 'claude', program: scenario.program('POOR', 'claude', {}) },
      },
      budget: { usd: 0.01 },
    });
    const { code, of } = await repo.run(repo.packets(scenario.packet('ODD'), scenario.packet('POOR')));
    expect(code).toBe(3);
    expect(blockedBy(of('POOR'))).toMatch(/^PAWL_BUDGET_EXCEEDED .*all runs of this registry.*\$[0-9.]+ of \$0\.01/);
    expect(scenario.told(of('POOR').runId)).toEqual([]);
    for (const run of [of('ODD'), of('POOR')]) expect(run).toMatchObject({ state: 'blockedNeedsHuman', tasks: [] });
  });

  it('empty input starts nothing and changes nothing', async () => {
    const runs = join(repo.registry, 'runs');
    const before = fingerprint(runs);
    const end = await repo.json<{ runs: unknown[] }>('run', '--packets', repo.packets());
    expect(end.code).not.toBe(6);
    expect(changedPaths(before, fingerprint(runs))).toEqual([]);
  });
});
