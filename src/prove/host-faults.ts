/**
 * Every file operation of a worker host, refused by the system once, or from there on: the host ends, nothing of it or its worker is left, the
 * worker ran at most once and on record, and whoever comes next settles the task honestly.
 *
 * Owns: disturbing one real host with a simulated worker; what must hold after it. Does not own: the site (sim/host-site), the faults and which of
 * them are tried (fault-cases), the operations of a runner (inject-faults).
 */

import { outcomeWords } from '../engine/outcome-cause.ts';
import { runHost } from '../host/host.ts';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, EXIT } from '../model/error-codes.ts';
import { type Outcome, TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { FsPort } from '../ports/fs.ts';
import { recoveryAction } from '../run/recovery.ts';
import { fileRegisters } from '../store/file-registers.ts';
import { systemFailure } from '../store/store-errors.ts';
import { observeTask } from '../worker/observe.ts';
import { settleOutcome } from '../worker/outcome.ts';
import { allCases, chooseCases, FAULT_KINDS, type FaultCase, planOf } from './fault-cases.ts';
import type { InjectionOptions } from './inject-faults.ts';
import { FaultFs } from './memory/fault-fs.ts';
import type { FsOp } from './memory/memory-fs.ts';
import type { InjectionResult } from './proof.ts';
import { HostSite, TASK_FOLDER, WORKTREE, type Worker } from './sim/host-site.ts';
import { SIM_PLACE } from './sim/repository.ts';

/** One kind of task, and what its worker does. */
interface Story {
  readonly name: string;
  readonly request: TaskRequest;
  readonly worker: Worker;
  /** How it ends when nothing fails. */
  readonly result: Outcome['result'];
}

/** A call that is not a file operation: processes, git, the adapter of an agent. */
const PORT_KIND = 'EMFILE elsewhere';

/** What one host came to. */
interface Ended {
  /** What it threw, null when it went through. */
  readonly error: unknown;
  readonly isEndless: boolean;
}

/** The part `share` of all cases was tried; the faults say which of them does not hold, and why. */
export async function injectHostFaults(options: InjectionOptions): Promise<InjectionResult> {
  const beganMs = performance.now();
  const chosen: { readonly story: Story; readonly one: FaultCase }[] = [];
  for (const story of STORIES) {
    const { files, ports } = await undisturbed(story);
    const cases = [
      ...allCases(files, options.turn),
      ...ports.map((_, n): FaultCase => ({ kind: PORT_KIND, at: n + 1 })),
    ];
    chosen.push(...chooseCases(cases, options).map((one) => ({ story, one })));
  }
  const injected: Record<string, number> = {};
  const faults: string[] = [];
  for (const [done, { story, one }] of chosen.entries()) {
    options.onProgress(done, chosen.length);
    injected[one.kind] = (injected[one.kind] ?? 0) + 1;
    const found = await tryCase(story, one);
    faults.push(...found.map((fault) => `${one.kind} at operation ${one.at} of a host (${story.name}): ${fault}`));
  }
  options.onProgress(chosen.length, chosen.length);
  return { injected, faults, tookMs: Math.round(performance.now() - beganMs) };
}

/** The calls of a host that meets no fault. */
async function undisturbed(story: Story): Promise<{ files: readonly FsOp[]; ports: readonly string[] }> {
  const site = new HostSite(story.request, story.worker);
  const fs = new FaultFs(site.disk);
  const ports: string[] = [];
  site.onPort = (call) => void ports.push(call);
  const { error } = await runOnce(site, fs);
  if (error !== null) throw error;
  const portsOfHost = ports.length;
  const outcome = await settle(site);
  if (typeof outcome === 'string' || outcome.result !== story.result) {
    throw new Error(`bug: ${story.name} ends in ${JSON.stringify(outcome)} when nothing fails`);
  }
  return { files: fs.calls, ports: ports.slice(0, portsOfHost) };
}

/** What does not hold when the operation fails so, each a sentence. */
async function tryCase(story: Story, one: FaultCase): Promise<string[]> {
  const site = new HostSite(story.request, story.worker);
  const fs = new FaultFs(site.disk, one.kind === PORT_KIND ? null : planOf(one));
  const refused = one.kind === PORT_KIND ? refusePort(site, one.at) : null;
  const met = await runOnce(site, fs);
  const where = refused === null ? fs.firedPath : refused();
  if (where === null) return ['the operation was never called'];
  site.onPort = null;
  const faults = [...leftBehind(site, met), ...toldBadly(met)];
  const before = site.starts;
  const outcome = await settle(site);
  if (typeof outcome === 'string') faults.push(outcome);
  else faults.push(...settledBadly(story, one, fs, outcome, before));
  if (site.starts > 1) faults.push(`the worker was started ${site.starts} times`);
  return faults.map((fault) => `${fault} (first at ${where})`);
}

/** The system refuses that call of the host; returns which one it was. */
function refusePort(site: HostSite, at: number): () => string | null {
  let count = 0;
  let refused: string | null = null;
  site.onPort = (call) => {
    count += 1;
    if (count !== at) return;
    refused = call;
    throw Object.assign(new Error(`EMFILE: injected into ${call}`), { code: 'EMFILE', syscall: call });
  };
  return () => refused;
}

function leftBehind(site: HostSite, { isEndless }: Ended): string[] {
  const faults: string[] = [];
  if (isEndless) faults.push('the host neither continues nor ends');
  if (site.isWorkerAlive) faults.push('the worker is still alive');
  if (site.openAtEnd.length > 0) faults.push(`it left ${site.openAtEnd.length} descriptors open`);
  if (site.starts > 0 && site.disk.stat(`${TASK_FOLDER}/${TASK_FILES.agent}`) === null) {
    faults.push('a worker ran that is not recorded');
  }
  return faults;
}

function toldBadly({ error, isEndless }: Ended): string[] {
  if (error === null || isEndless) return [];
  const failure = systemFailure(error);
  if (failure instanceof PawlError && ERROR_CODES[failure.code] === EXIT.refused) return [];
  return [`it ended with something else than the system's refusal: ${String(error)}`];
}

/** A failing disk is never charged to the worker, and nothing is called done that is not. */
function settledBadly(story: Story, { kind }: FaultCase, fs: FaultFs, outcome: Outcome, starts: number): string[] {
  const { result, cause } = outcome;
  const allowed: Outcome['result'][] = [story.result, 'interrupted'];
  // What lies in the worktree is the worker's: what may not be read there, or made ready, is for a person or the next attempt.
  const isInWorktree = fs.firedPath?.startsWith(WORKTREE) === true;
  if (isInWorktree) allowed.push('blocked');
  if (isInWorktree && FAULT_KINDS[kind]?.fault !== 'short' && kind.startsWith('EACCES')) allowed.push('failed');
  const faults: string[] = [];
  if (!allowed.includes(result))
    faults.push(`settled as ${result} (${cause?.code ?? 'no code'}): ${outcomeWords(outcome)}`);
  if (result === 'completed' && starts + (outcome.by === 'host' ? 1 : 0) === 0)
    faults.push('it completed without a worker');
  return faults;
}

/** The host's whole life on `fs`; what it had open when it ended is noted, and then the system's. */
async function runOnce(site: HostSite, fs: FsPort): Promise<Ended> {
  const parts = site.parts(fs);
  let error: unknown = null;
  const isEndless = await new Promise<boolean>((resolve) => {
    site.clock.onEndless = () => resolve(true);
    runHost(parts, site.task).then(
      () => resolve(false),
      (thrown: unknown) => {
        error = thrown;
        resolve(false);
      },
    );
  });
  site.bury(parts.self);
  return { error, isEndless };
}

/** The outcome that a runner comes to on a disk that is whole again, or why it comes to none. */
async function settle(site: HostSite): Promise<Outcome | string> {
  const { files, processes, worktrees, adapterOf, log, self } = site.parts(site.disk);
  const { request, task } = site;
  const look = () => observeTask(fileRegisters(files), processes, task.taskFolder, request, task.requestHash);
  for (let looks = 0; looks < 3; looks += 1) {
    const seen = await look();
    if (seen.contradictions.length > 0) return `contradictions: ${seen.contradictions.join('; ')}`;
    const { claim, host, agent, tree, outcome } = seen;
    const facts = { claim: claim?.value.kind ?? 'none', host, hasAgent: agent !== null, tree } as const;
    const action = recoveryAction({ ...facts, hasOutcome: outcome !== null });
    if (action === 'settleOutcome' && outcome !== null) return outcome.value;
    if (action === 'startHost') {
      await runOnce(site, site.disk);
    } else if (action === 'linkNeverRan' || action === 'concludeOrphan') {
      await settleOutcome({
        ...{ files, worktrees, adapterOf, log, request, ...task },
        by: 'runner',
        nonce: files.clock.nonce(),
        exit: null,
        forced: agent === null ? 'interrupted' : null,
        orphanResult: 'interrupted',
        startedAtMs: agent?.value.startedAtMs ?? null,
      });
    } else return `a runner that finds it (pid ${self.pid}) can only ${action}`;
  }
  return 'no runner can settle it';
}

const LINES = [
  { type: 'system', subtype: 'init', session_id: 's-1', model: 'm', permissionMode: 'acceptEdits' },
  { type: 'result', subtype: 'success', is_error: false, result: 'done', total_cost_usd: 0 },
];

const PLAIN: TaskRequest = {
  v: 1,
  runId: 'run_host',
  taskId: 'implementation-e0-a1',
  purpose: 'implementation',
  epoch: 0,
  attempt: 1,
  nonce: 'n',
  key: 'run_host/1.0:startHost',
  agent: 'sim',
  argv: ['sim'],
  cwd: WORKTREE,
  envNames: [],
  env: {},
  mark: 'mark',
  completionFile: `${WORKTREE}/.pawl-task/completion.json`,
  completion: 'file',
  isolation: 'none',
  hasTreeLock: true,
  limits: { deadlineMs: 5_000, stallMs: 5_000, graceMs: 100, outputBytesMax: 100_000 },
  recordsTree: true,
  task: { goal: 'meet every fault' },
};

const ANSWER = JSON.stringify({ status: 'completed', summary: 'done' });

/** What a judging agent is not instructed by is changed before its start, and back after its end. */
const JUDGING: TaskRequest = {
  ...PLAIN,
  taskId: 'review-e1-a1',
  purpose: 'review',
  epoch: 1,
  recordsTree: false,
  git: { ...SIM_PLACE, settings: {} },
  instructions: { base: 'b'.repeat(40), head: 'c'.repeat(40), patterns: ['AGENTS.md'] },
};

const VERDICT = { status: 'PASS', findings: [], summary: 'fine' };

/** A command that answers, a coding agent that answers, one that judges, and a worker that has to be ended. */
const STORIES: readonly Story[] = [
  { name: 'a command', request: PLAIN, worker: { output: 'working\n', answer: ANSWER }, result: 'completed' },
  {
    name: 'a coding agent',
    request: {
      ...PLAIN,
      turn: {
        kind: 'claude',
        program: { path: '/sim', version: '1.0.0', sha256: '0'.repeat(64) },
        session: { id: 's-1', isResume: false },
        prompt: 'Do it.',
        stdin: 'prompt',
        answerSchema: { type: 'object' },
        budget: { tokens: null, usd: null },
        usedBefore: { tokens: 0, usd: 0 },
        firstEventMs: 5_000,
        expectedDenials: [],
        bypassesPermissions: false,
      },
    },
    worker: { output: `${LINES.map((line) => JSON.stringify(line)).join('\n')}\n`, answer: ANSWER },
    result: 'completed',
  },
  {
    name: 'a judge',
    request: JUDGING,
    worker: { output: '', answer: JSON.stringify({ status: 'completed', summary: 'done', verdict: VERDICT }) },
    result: 'completed',
  },
  { name: 'a worker that hangs', request: PLAIN, worker: { output: '', answer: null }, result: 'timedOut' },
];
