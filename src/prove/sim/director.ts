/**
 * Brings about the next step of a story: what hosts do, what git answers, when it is later.
 *
 * Owns: which answer of the outside leads to which step, holding an answer back until its step comes. Does not own: what operators and other
 * runs do (sim/process), the ports (sim/ports), how far the story has come (sim/story).
 *
 * Invariant: everything follows from the journal and from what is outside: told the same twice, it does the same.
 */

import { blockerError } from '../../blockers/blocker-error.ts';
import { blocker } from '../../model/blocker.ts';
import type { KeyedEffect } from '../../model/effect.ts';
import type { PawlError } from '../../model/error.ts';
import type { JournalRecord } from '../../model/record.ts';
import { type EndReason, TASK_RESULTS, type TaskResult, type VerdictStatus } from '../../model/request.ts';
import type { RunState } from '../../run/system.ts';
import type { RegistryPaths } from '../../store/registry-paths.ts';
import type { MemoryMachine } from '../memory/memory-machine.ts';
import type { SimHosts } from './hosts.ts';
import type { SimHost } from './outside.ts';
import { AT_START, advance, follow, type Progress, type Story } from './story.ts';

/** How a task ends that the runner ends for that reason. */
const ENDS: Readonly<Record<EndReason, TaskResult>> = {
  cancelled: 'cancelled',
  deadline: 'timedOut',
  hung: 'timedOut',
  operator: 'interrupted',
  exhausted: 'blocked',
  interrupted: 'interrupted',
};

/** True for a step that is an operator's command. */
export function isCommand(type: string | undefined): boolean {
  return type === 'cancelRequested' || type === 'packetReplaced' || type?.startsWith('decisionMade ') === true;
}

/** Brings about the steps of one story, one after another. */
export class Director {
  readonly story: Story;
  readonly #machine: MemoryMachine;
  readonly #hosts: SimHosts;
  readonly #paths: RegistryPaths;
  #progress: Progress = AT_START;
  #state: RunState | null = null;
  #waiting: (() => void)[] = [];

  constructor(
    story: Story,
    place: { readonly machine: MemoryMachine; readonly hosts: SimHosts; readonly paths: RegistryPaths },
  ) {
    this.story = story;
    this.#machine = place.machine;
    this.#hosts = place.hosts;
    this.#paths = place.paths;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** The name of the next step; undefined at the end. */
  get next(): string | undefined {
    return this.story.types[this.#progress.next];
  }

  /** The name of the step before. */
  get last(): string | undefined {
    return this.story.types[this.#progress.next - 1];
  }

  /** A new process begins: `records` is the journal that it finds. */
  resume(records: readonly JournalRecord[]): void {
    this.#progress = follow(this.story, records);
  }

  /** The process has brought the run back. */
  found(state: RunState | null): void {
    this.#state = state;
    this.prepare();
  }

  /** The run as last recorded, null before it was brought back. */
  get state(): RunState | null {
    return this.#state;
  }

  /** A record was acknowledged: everything is made ready for the next step. */
  recorded(record: JournalRecord, state: RunState): void {
    this.#progress = advance(this.story, this.#progress, record);
    this.#state = state;
    this.prepare();
    this.wake();
  }

  /** Resolves to the next step once it is one that `answers` names. */
  async turn(answers: (type: string) => boolean): Promise<string> {
    for (;;) {
      const { next } = this;
      if (next !== undefined && answers(next)) return next;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves once `isTime` says so. */
  async turnWhen(isTime: () => boolean): Promise<void> {
    while (!isTime()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whoever waits for its step looks again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** What the next gate says that is judged. */
  get #verdict(): VerdictStatus {
    const rest = this.story.types.slice(this.#progress.next);
    const judged = rest.find((type) => type.startsWith('gateJudged ') || type === 'taskRequested');
    if (judged === 'gateJudged FAIL') return 'FAIL';
    return judged === 'gateJudged BLOCKED' ? 'BLOCKED' : 'PASS';
  }

  /**
   * Hosts, workers and the clock are where the next step wants them. A host that was started and has not claimed is slow, unless `isLate`: it
   * races with whatever else is started.
   */
  prepare(isLate = false): void {
    const { next } = this;
    const state = this.#state;
    if (next === undefined || state === null) return;
    if (next.startsWith('deadlineReached ')) this.#reachDeadline(state.owed, next);
    const effect = state.owed.find(isOfTask);
    if (effect === undefined) return;
    const folder = this.#paths.task(state.systemId, effect.taskId);
    if (effect.kind === 'startHost' && !isLate && this.#hosts.of(folder).every(({ stage }) => stage === 'started'))
      return;
    const isAdopted = state.children[effect.taskId]?.context.isAdopted === true;
    if (next === 'hostClaimed') this.#hosts.bring(folder, { stage: 'claimed' });
    else if (next === 'workerSpawned') this.#hosts.bring(folder, { stage: 'spawned' });
    else if (next === 'workerAdopted') this.#machine.end(this.#claimed(folder)?.identity ?? null);
    else if (next === 'hostDoubted') this.#doubt(effect, folder);
    else if (next.startsWith('workerEnded ')) this.#endWorker(effect, folder, isAdopted, resultOf(next));
  }

  /** A host was started: it comes as far as the next step says, or dies at once. */
  started(host: SimHost): void {
    if (this.next === 'hostStartRepeated') this.#machine.end(host.identity);
    else this.prepare(true);
  }

  #endWorker(effect: TaskEffect, folder: string, isAdopted: boolean, result: TaskResult): void {
    // The runner itself ends it, and to the same end.
    if (effect.kind === 'endTask' && ENDS[effect.reason] === result) {
      const host = this.#claimed(folder);
      if (host !== undefined && effect.reason !== 'operator')
        this.#machine.clear(host.identity, this.#hosts.request(folder).mark);
      return;
    }
    if (isAdopted && result === 'lost') {
      this.#machine.end(this.#claimed(folder)?.worker ?? null);
      return;
    }
    if (effect.kind === 'endTask') this.#ensureHost(effect, folder);
    this.#hosts.bring(folder, { stage: 'ended', result, verdict: this.#verdict }, isAdopted);
  }

  /** Whether the host lives cannot be told; where an operator's word would settle that, something holds the tree's lock. */
  #doubt(effect: TaskEffect, folder: string): void {
    this.#ensureHost(effect, folder);
    this.#hosts.bring(folder, { stage: 'claimed' });
    const host = this.#claimed(folder);
    if (host === undefined) return;
    if (effect.kind === 'endTask' && effect.reason === 'operator') this.#machine.lock(this.#hosts.request(folder).mark);
    else this.#machine.obscure(host.identity);
  }

  /** A host that was slow to claim: there has to be one to end so. */
  #ensureHost({ kind, requestHash }: TaskEffect, folder: string): void {
    const isThere = this.#hosts.of(folder).some((host) => host.stage !== 'started' || this.#lives(host));
    if (!isThere && kind !== 'startHost') this.#hosts.start(folder, requestHash);
  }

  #lives({ identity }: SimHost): boolean {
    return this.#machine.life(identity) === 'alive';
  }

  #claimed(folder: string): SimHost | undefined {
    return this.#hosts.of(folder).find(({ stage }) => stage === 'claimed' || stage === 'spawned');
  }

  #reachDeadline(owed: readonly KeyedEffect[], next: string): void {
    for (const effect of owed) {
      const isMeant = effect.kind === 'deadline' && next.endsWith(` ${effect.id}`);
      if (isMeant && this.#machine.nowMs < effect.atMs) this.#machine.nowMs = effect.atMs;
    }
  }
}

type TaskEffect = Extract<KeyedEffect, { kind: 'startHost' | 'awaitWorker' | 'watchWorker' | 'endTask' }>;

function isOfTask(effect: KeyedEffect): effect is TaskEffect {
  return ['startHost', 'awaitWorker', 'watchWorker', 'endTask'].includes(effect.kind);
}

function resultOf(type: string): TaskResult {
  const result = TASK_RESULTS.find((each) => type === `workerEnded ${each}`);
  if (result === undefined) throw new Error(`bug: ${type} is no end`);
  return result;
}

/** What git says when it refuses. */
export function gitRefusal(subject: string): PawlError {
  const failure = { kind: 'said', words: 'it refuses, as the story tells' } as const;
  const params = { reason: 'git', command: 'story', place: subject, failure } as const;
  return blockerError(blocker('PAWL_WORKSPACE_FAILED', params, [subject]), { subject });
}
