/**
 * A night of runs with fixture agents: the runner is killed in the middle, hosts are told to stop, agents are limited, denied, used up, refused;
 * and what each of them has come to in the morning.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { NIGHT_LIMITS, nightAgents } from '../support/night-plans.ts';
import { codesOf, documentOf, type ErrorDocument, runOf, until } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { ALLOWED } from '../support/scenario-repo.ts';
import { blockedBy, TurnScenario } from '../support/turn-scenario.ts';

const scenario = new TurnScenario();
const { repo } = scenario;
const goFile = join(repo.repo.root, 'go');
const lateFile = join(repo.repo.root, 'late');
const limitFile = join(repo.repo.root, 'limit');
const agents = nightAgents(goFile, lateFile, limitFile);
const STAYING = ['LIVING', 'ADOPTED', 'ORPHAN', 'OTHER', 'REFUSED', 'CANCELLED'];

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
  scenario.agents(agents, { limits: { graceMs: 500, attemptsMax: 1 } });
  const packets = repo.packets(
    ...Object.keys(agents).map((name) => scenario.packet(name, { limits: NIGHT_LIMITS[name] ?? {} })),
  );
  const taken = await repo.json('intake', packets);
  ids = Object.fromEntries(taken.document.runs.map((run) => [run.taskId, run.runId]));
  const runner = repo.start('run', '--max-parallel', '12');
  await until('the agents that stay', () => STAYING.every((name) => scenario.isOpen(idOf(name))));
  // Only now, so that the limit is still there when the runner is killed.
  writeFileSync(limitFile, '');
  do evening = await look();
  while (evening.LIMITED?.waitUntilMs === null && scenario.starts(idOf('LIMITED')).length < 2);
  const second = await repo.call('run', '--json');
  secondRunner = { code: second.code, error: documentOf(second) };
  const before = generations();
  runner.child.kill('SIGKILL');
  await runner.ended;
  for (const name of ['ADOPTED', 'ORPHAN']) signalHost(name, 'SIGKILL');

  const next = repo.start('run', '--json', '--max-parallel', '12');
  await until('the next runner', () => generations().length > before.length);
  for (const name of ['OTHER', 'REFUSED']) signalHost(name, 'SIGTERM');
  const cancel = repo.call('cancel', idOf('CANCELLED'), '--reason', 'not wanted any more');
  writeFileSync(goFile, '');
  await cancel;
  await until('the limit to be over', () => scenario.starts(idOf('LIMITED')).length > 1);
  writeFileSync(lateFile, '');
  const end = await next.ended;
  if (end.code !== 3) throw new Error(`the second night ended with ${end.code}: ${end.stdout}\n${end.stderr}`);
  morning = await look();
});
afterAll(() => repo.end());

function signalHost(name: string, signal: 'SIGTERM' | 'SIGKILL'): void {
  process.kill(scenario.hostPid(idOf(name), 'implementation-e0-a1'), signal);
}

/** Every holder that the registry's lock has had. */
function generations(): string[] {
  return readdirSync(repo.registry).filter((name) => /^lock\.\d+$/.test(name));
}

describe('sessions', () => {
  it("the session id known at start time is re-read under the lock, not taken from a caller's copy", () => {
    const [first, second, ...rest] = scenario.sessions(idOf('OTHER'));
    expect(first).toMatch(/^new [0-9a-f-]{36}$/);
    expect(second).toBe('resume other-session');
    expect(rest).toEqual([]);
  });

  it('a different returned session id is stored and reported once with both ids, the same id is not', () => {
    const asked = scenario.sessions(idOf('OTHER'))[0]?.slice('new '.length);
    const [first, ...rest] = scenario.turns(idOf('OTHER'));
    expect(first).toMatchObject({ session: 'other-session', sessionMismatch: { asked, got: 'other-session' } });
    expect(rest.map(({ sessionMismatch }) => sessionMismatch)).toEqual(rest.map(() => null));
  });

  it('two turns of one session never overlap', () => {
    expect(scenario.overlaps()).toEqual([]);
    expect(secondRunner).toMatchObject({ code: 6, error: { error: { code: 'PAWL_REGISTRY_LOCKED' } } });
  });

  it('an interrupted session keeps its worktree, a copy of it is under a rescue ref, and the agent is told', () => {
    const ref = `refs/pawl/rescue/${idOf('OTHER')}/before-implementation-e0-a2`;
    expect(repo.repo.git(['show', `${ref}:half.txt`])).toBe('implementation-e0-a1');
    expect(repo.repo.git(['show', 'work/OTHER:half.txt'])).toBe('implementation-e0-a1');
    const prompt = scenario.prompt(idOf('OTHER'), 'implementation-e0-a2');
    expect(prompt).toContain('cut off from outside');
    expect(prompt).toContain(ref);
  });

  it('a refused session is followed by a fresh one, the worktree put back, and no attempt is charged', () => {
    expect(viewOf('REFUSED').state).toBe('readyForManualReview');
    const [first = '', second, third, ...rest] = scenario.sessions(idOf('REFUSED'));
    expect(second).toBe(first.replace('new', 'resume'));
    expect(third).toMatch(/^new /);
    expect([first, ...rest]).not.toContain(third);
    expect(scenario.turns(idOf('REFUSED'))[1]).toMatchObject({ isSessionRefused: true });
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

  it('a worker whose host is dead is adopted, and its open tool is not silence', () => {
    expect(viewOf('ADOPTED').state).toBe('readyForManualReview');
    const [first] = viewOf('ADOPTED').tasks;
    expect(first).toMatchObject({ isAdopted: true, result: 'completed' });
    expect((first?.endedAtMs ?? 0) - (first?.startedAtMs ?? 0)).toBeGreaterThan(2_000);
    expect(scenario.starts(idOf('ADOPTED')).map(({ task }) => task)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
  });

  it('an adopted worker is held to its budget', () => {
    expect(viewOf('ORPHAN')).toMatchObject({ state: 'blockedNeedsHuman', task: { isAdopted: true } });
    expect(blockedBy(viewOf('ORPHAN'))).toMatch(/^PAWL_BUDGET_EXCEEDED .*\$0\.6000 of \$0\.50/);
  });

  it('abort ends with a signal first, state and notice in one record', () => {
    expect(scenario.told(idOf('CANCELLED')).map(({ what }) => what)).toEqual(['start', 'open', 'took SIGTERM']);
    const { ends, otherNotices } = scenario.ends(idOf('CANCELLED'));
    const ENDED = { progress: 'cancelled', supervision: 'over', completions: 'late' };
    expect(ends).toEqual([{ told: ['cancelled'], run: 'cancelled', openTask: null, task: ENDED, hasBlocker: true }]);
    expect(otherNotices).toBe(0);
  });

  it('exactly one notice to the parent on every end without an answer, none when there was one', () => {
    for (const name of Object.keys(ids)) {
      const { ends, otherNotices } = scenario.ends(idOf(name));
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
    expect(codesOf(silent)).toEqual(['PAWL_WORKER_NO_COMPLETION', 'PAWL_ATTEMPTS_EXHAUSTED']);
    expect(silent.tasks.map(({ code }) => code)).toEqual(['PAWL_AGENT_NO_ANSWER', 'PAWL_WORKER_NO_COMPLETION']);
  });

  it('an agent that ends without an answer is asked for it once, in the same session, and not charged', () => {
    const forgetful = viewOf('FORGETFUL');
    expect(forgetful.state).toBe('readyForManualReview');
    const [first, second, ...more] = scenario.sessions(idOf('FORGETFUL'));
    expect(second).toBe(first?.replace('new', 'resume'));
    expect(more).toEqual([]);
    const reminder = scenario.prompt(idOf('FORGETFUL'), 'implementation-e0-a2');
    expect(reminder).toContain('ended without a valid answer');
    expect(reminder).not.toContain('## Goal');
  });

  it('nothing of any run is left alive', () => {
    for (const name of Object.keys(ids)) expect(repo.workersOf(idOf(name)), name).toEqual([]);
  });
});

describe('limits and money', () => {
  it('a usage limit is waited for, over the kill of the runner, and the same session continues uncharged', () => {
    expect(evening.LIMITED).toMatchObject({ state: 'implementing', kind: 'active' });
    expect(evening.LIMITED === undefined ? [] : codesOf(evening.LIMITED)).toEqual(['PAWL_AGENT_LIMITED']);
    const [first = '', second] = scenario.sessions(idOf('LIMITED'));
    expect(second).toBe(first.replace('new', 'resume'));
    // Its start is recorded only if the runner saw it before its end; that it was asked for always is.
    const again = repo
      .journal(idOf('LIMITED'))
      .find(({ event }) => event.type === 'taskRequested' && event.taskId === 'implementation-e0-a2');
    expect(again?.atMs).toBeGreaterThanOrEqual(evening.LIMITED?.waitUntilMs ?? Number.POSITIVE_INFINITY);
    expect(viewOf('LIMITED')).toMatchObject({ state: 'readyForManualReview', waitUntilMs: null });
  });

  it('a denied tool that the agent cannot do without blocks the run and is named', () => {
    expect(viewOf('DENIED').state).toBe('blockedNeedsHuman');
    expect(blockedBy(viewOf('DENIED'))).toMatch(/^PAWL_AGENT_DENIED .*WebFetch/);
  });

  it('an adapter without the needed capability is refused before anything starts', () => {
    expect(viewOf('TOKENS').state).toBe('blockedNeedsHuman');
    expect(blockedBy(viewOf('TOKENS'))).toMatch(/^PAWL_AGENT_CAPABILITY .*US dollars.*Codex/);
    expect(scenario.told(idOf('TOKENS'))).toEqual([]);
    expect(viewOf('TOKENS').tasks).toEqual([]);
  });

  it('a budget used up during a turn ends it, with the figures; a retry grants it again, and the next start is refused', async () => {
    expect(viewOf('COSTLY').state).toBe('blockedNeedsHuman');
    expect(blockedBy(viewOf('COSTLY'))).toMatch(/^PAWL_BUDGET_EXCEEDED .*\$0\.6000 of \$0\.50/);
    // What it reported, and a call of the same size that may have been under way.
    const { usd, estimated } = viewOf('COSTLY').spent;
    expect(usd - (estimated?.usd ?? 0)).toBeCloseTo(0.6);
    expect(usd).toBeLessThan(3 * 0.6);
    await repo.json('resolve', idOf('COSTLY'), 'retry', '--reason', 'it is worth it');
    const { document } = await repo.json('run', idOf('COSTLY'));
    const after = runOf(document, 'COSTLY');
    expect(after.state).toBe('blockedNeedsHuman');
    expect(blockedBy(after)).toMatch(/^PAWL_BUDGET_EXCEEDED .*this run.*\$0\.5000 of \$0\.50/);
    expect(scenario.starts(idOf('COSTLY'))[1]?.args).toContain('-s');
    expect(after.tasks.map(({ taskId, result }) => `${taskId} ${result}`)).toEqual([
      'implementation-e0-a1 blocked',
      'implementation-e0-a2 completed',
      'verification-e1-a1 completed',
    ]);
  });

  it('a fix loop that does not converge ends early, with its trend', () => {
    const stuck = viewOf('STUCK');
    expect(stuck.state).toBe('blockedNeedsHuman');
    expect(blockedBy(stuck)).toMatch(/^PAWL_GATE_FAILED /);
    expect(stuck.blockers.at(-1)?.message).toMatch(/round by round: 1, 1, 1/);
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
      verification: { allow: ALLOWED },
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
