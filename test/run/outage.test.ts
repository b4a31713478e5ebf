/** Of runs that wait for one agent, which asks it again. */
import { describe, expect, it } from 'vitest';
import { type AskingRun, mayAskAgain, type WaitingRun } from '../../src/run/outage.ts';

const waiting = (runId: string, failedAtMs: number, more: Partial<WaitingRun> = {}): WaitingRun => ({
  runId,
  agent: 'coder',
  code: 'PAWL_AGENT_UNREACHABLE',
  failedAtMs,
  ...more,
});
const asking = (runId: string, more: Partial<AskingRun> = {}): AskingRun => ({
  runId,
  agent: 'coder',
  hasAnswer: false,
  ...more,
});
/** Those of the runs that may ask now. */
const askers = (runs: readonly WaitingRun[], others: readonly AskingRun[] = [], answeredAtMs: number | null = null) =>
  runs.filter((run) => mayAskAgain(run, runs, others, answeredAtMs)).map(({ runId }) => runId);

describe('of runs that wait for one agent', () => {
  it('one asks: that which failed last, of several the first by name', () => {
    expect(askers([waiting('a', 1), waiting('b', 3), waiting('c', 2)])).toEqual(['b']);
    expect(askers([waiting('b', 3), waiting('a', 3)])).toEqual(['a']);
    expect(askers([waiting('a', 1)])).toEqual(['a']);
  });

  it('none asks while another one does and has no answer yet', () => {
    const runs = [waiting('a', 1), waiting('b', 2)];
    expect(askers(runs, [asking('c')])).toEqual([]);
    expect(askers(runs, [asking('c', { hasAnswer: true })])).toEqual(['b']);
    expect(askers(runs, [asking('c', { agent: 'critic' })])).toEqual(['b']);
    expect(askers(runs, [asking('b')])).toEqual(['b']);
  });

  it('all ask whose failure is older than the last answer, and none that failed after it', () => {
    const runs = [waiting('a', 1), waiting('b', 2), waiting('c', 7)];
    expect(askers(runs, [], 5)).toEqual(['a', 'b', 'c']);
    expect(askers(runs, [asking('d')], 5)).toEqual(['a', 'b']);
    expect(askers(runs, [asking('d')], 7)).toEqual(['a', 'b']);
  });

  it('those with other agents, or for other reasons, do not wait for each other', () => {
    expect(askers([waiting('a', 1), waiting('b', 2, { agent: 'critic' })])).toEqual(['a', 'b']);
    expect(askers([waiting('a', 1), waiting('b', 2, { code: 'PAWL_AGENT_LIMITED' })])).toEqual(['a', 'b']);
  });
});
