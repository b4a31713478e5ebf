/** When the host shows the base's instruction files, and when whoever settles the task puts the head's back. */
import { describe, expect, it } from 'vitest';
import type { HostParts } from '../../src/host/host.ts';
import { runHost } from '../../src/host/host.ts';
import { type Outcome, TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import { HostSite, TASK_FOLDER, WORKTREE } from '../../src/prove/sim/host-site.ts';
import { SIM_PLACE } from '../../src/prove/sim/repository.ts';
import { settleOutcome } from '../../src/worker/outcome.ts';
import { plainRequest } from '../host/plain-request.ts';

const FILES = { base: 'b', head: 'c', patterns: ['AGENTS.md'] };
const JUDGED = {
  worktree: WORKTREE,
  place: SIM_PLACE,
  files: FILES,
  folder: `${TASK_FOLDER}/${TASK_FILES.instructions}`,
};
const VERDICT = { status: 'PASS', findings: [], summary: 'fine' };
const ANSWER = JSON.stringify({ status: 'completed', summary: 'done', verdict: VERDICT });
const judging: TaskRequest = {
  ...plainRequest,
  purpose: 'review',
  cwd: WORKTREE,
  completionFile: `${WORKTREE}/.pawl-task/completion.json`,
  limits: { deadlineMs: 5_000, stallMs: 5_000, graceMs: 100, outputBytesMax: 100_000 },
  git: { ...SIM_PLACE, settings: {} },
  instructions: FILES,
};

/** A host's world in which both calls are told, with what has happened until then, and answer so. */
function siteOf(
  request: TaskRequest,
  { shown = null, restored = null }: { shown?: string | null; restored?: string | null } = {},
) {
  const site = new HostSite(request, { output: '', answer: ANSWER });
  const told: unknown[] = [];
  const now = () => ({
    starts: site.starts,
    isAlive: site.isWorkerAlive,
    hasOutcome: site.disk.stat(`${TASK_FOLDER}/${TASK_FILES.outcome}`) !== null,
  });
  const parts = site.parts(site.disk);
  const worktrees: HostParts['worktrees'] = {
    ...parts.worktrees,
    headOf: async () => {
      told.push('headOf');
      return null;
    },
    recordTree: parts.worktrees.recordTree,
    makeDurable: parts.worktrees.makeDurable,
    settingsOf: parts.worktrees.settingsOf,
    showBase: async (judged) => {
      told.push(['showBase', judged, now()]);
      return shown;
    },
    restoreHead: async (judged) => {
      told.push(['restoreHead', judged, now()]);
      return restored;
    },
  };
  return { site, told, parts: { ...parts, worktrees } };
}

function outcomeOf(site: HostSite): Outcome {
  return JSON.parse(
    new TextDecoder().decode(
      site.parts(site.disk).files.readBytes(`${TASK_FOLDER}/${TASK_FILES.outcome}`, 100_000) ?? undefined,
    ),
  );
}

describe('the instruction files of a task that judges', () => {
  it("are the base's before its worker starts, and the head's once it has ended, before anything is recorded", async () => {
    const { site, told, parts } = siteOf(judging);
    expect(await runHost(parts, site.task)).toBe(0);
    expect(told).toEqual([
      ['showBase', JUDGED, { starts: 0, isAlive: false, hasOutcome: false }],
      ['restoreHead', JUDGED, { starts: 1, isAlive: false, hasOutcome: false }],
      'headOf',
    ]);
    expect(outcomeOf(site)).toMatchObject({ result: 'completed' });
  });

  it('keep its worker from starting where they cannot be shown, and are still put back', async () => {
    const { site, told, parts } = siteOf(judging, { shown: 'the disk is full' });
    expect(await runHost(parts, site.task)).toBe(0);
    expect(site.starts).toBe(0);
    expect(told.slice(1)).toEqual([
      ['restoreHead', JUDGED, { starts: 0, isAlive: false, hasOutcome: false }],
      'headOf',
    ]);
    expect(outcomeOf(site)).toMatchObject({
      result: 'blocked',
      cause: {
        code: 'PAWL_WORKER_START_FAILED',
        params: { obstacle: { words: expect.stringContaining('could not be shown: the disk is full') } },
      },
    });
  });

  it('are logged where they cannot be put back: the gate sees what differs', async () => {
    const { site, parts } = siteOf(judging, { restored: 'something is in the place of AGENTS.md' });
    expect(await runHost(parts, site.task)).toBe(0);
    expect(site.logs.join('\n')).toContain('something is in the place of AGENTS.md');
    expect(outcomeOf(site)).toMatchObject({ result: 'completed' });
  });

  it('are left alone once there is an outcome: the worktree may belong to another task by then', async () => {
    const { site, told, parts } = siteOf(judging);
    await runHost(parts, site.task);
    const before = told.length;
    const { isWinner } = await settleOutcome({
      ...{ files: parts.files, worktrees: parts.worktrees, adapterOf: parts.adapterOf, log: parts.log },
      ...site.task,
      request: judging,
      by: 'runner',
      nonce: 'late',
      exit: null,
      forced: 'interrupted',
      orphanResult: 'interrupted',
      startedAtMs: null,
    });
    expect(isWinner).toBe(false);
    expect(told.slice(before)).toEqual(['headOf']);
  });

  it('are no matter of any other task', async () => {
    const { instructions: _, ...working } = judging;
    const { site, told, parts } = siteOf(working);
    expect(await runHost(parts, site.task)).toBe(0);
    expect(told).toEqual(['headOf']);
  });
});
