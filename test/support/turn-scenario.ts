/**
 * Whole runs with fixture agents, through the built command line.
 *
 * Owns: agents of the config as programs that can be asked and started, what they tell. Does not own: the repository and the calls (scenario-repo).
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/base/sha256.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { TurnReport } from '../../src/model/turn.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { foldRun } from '../../src/run/system.ts';
import { parseClaim, parseRequest } from '../../src/turn/task-files.ts';
import type { Plan, Spoken } from './fixture-lines.ts';
import { type Plain, packetOf } from './scenario-packet.ts';
import { ALLOWED, Scenario } from './scenario-repo.ts';
import { FIXTURE_AGENT, type Witnessed, witnessedIn } from './turn-bench.ts';

/** Seconds from a told limit to the end of its window. */
const SOON_S = 20;

/** An agent of the config: what it speaks, what it plays, and settings beyond. */
export interface ScenarioAgent {
  readonly kind: Spoken;
  readonly plan: Plan;
  readonly settings?: Plain;
}

/** A repository whose agents are fixtures. */
export class TurnScenario {
  readonly repo = new Scenario();
  readonly #told = join(this.repo.repo.root, 'told');

  /** The config has these agents; `more` replaces whole sections. */
  agents(agents: Readonly<Record<string, ScenarioAgent>>, more: Plain = {}): void {
    const entries = Object.entries(agents).map(([name, { kind, plan, settings }]) => {
      const program = this.program(name, kind, plan);
      return [name, { kind, program, mcp: false, structuredOutput: false, ...settings }];
    });
    this.repo.config({ agents: Object.fromEntries(entries), verification: { allow: ALLOWED }, ...more });
  }

  /** A program that plays `plan`. Returns its path. */
  program(name: string, kind: Spoken, plan: Plan): string {
    const path = join(this.repo.repo.root, name);
    writeFileSync(`${path}.json`, JSON.stringify(plan));
    const words = [process.execPath, FIXTURE_AGENT, kind, `${path}.json`, this.#told].map((word) => `'${word}'`);
    const script = `#!/bin/sh\nFIXTURE_SOON_S=${SOON_S} exec ${words.join(' ')} "$@"\n`;
    writeFileSync(path, script, { mode: 0o755 });
    return path;
  }

  /** A packet for that agent, named like it. */
  packet(name: string, overrides: Plain = {}): Plain {
    return packetOf(name, { agent: name, ...overrides });
  }

  /** What the agents of that run have told. */
  told(runId: string): Witnessed[] {
    return witnessedIn(this.#told).filter(({ run }) => run === runId);
  }

  /** The starts for one run, in order. */
  starts(runId: string): Witnessed[] {
    return this.told(runId).filter(({ what }) => what === 'start');
  }

  /** True when the agent of that run has got so far that it waits to be ended. */
  isOpen(runId: string): boolean {
    return this.told(runId).some(({ what }) => what === 'open');
  }

  /** Every session that two agents were seen to play at once. */
  overlaps(): Witnessed[] {
    return witnessedIn(this.#told).filter(({ what }) => what === 'overlap');
  }

  /** The host of that task. */
  hostPid(runId: string, taskId: string): number {
    const parsed = parseClaim(readFileSync(this.repo.runFile(runId, 'tasks', taskId, TASK_FILES.claim)));
    if (!parsed.ok || parsed.value.kind !== 'host') throw new Error(`no host claims ${runId} ${taskId}`);
    return parsed.value.host.pid;
  }

  /** The sessions that the implementer of a run was asked for, in order: `new ID` or `resume ID`. */
  sessions(runId: string): string[] {
    return this.starts(runId)
      .filter(({ task }) => task.startsWith('implementation'))
      .map(({ args = [], session }) => `${args.includes('--resume') ? 'resume' : 'new'} ${session}`);
  }

  /** The reports of a run's turns, in order. */
  turns(runId: string): TurnReport[] {
    return this.repo
      .journal(runId)
      .flatMap(({ event }) => (event.type === 'workerEnded' && event.turn !== undefined ? [event.turn] : []));
  }

  /** What the agent of that task was told. */
  prompt(runId: string, taskId: string): string {
    const parsed = parseRequest(readFileSync(this.repo.runFile(runId, 'tasks', taskId, TASK_FILES.request)));
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.value.turn?.prompt ?? '';
  }

  /** The ends of a run's workers, by record; and how often the run was told of one by another record. */
  ends(runId: string): { readonly ends: readonly RecordedEnd[]; readonly otherNotices: number } {
    const ends: RecordedEnd[] = [];
    let otherNotices = 0;
    const folding = foldRun(runId, this.repo.journal(runId), {
      hash: sha256,
      onRecord: ({ actor, event }, state, deliveries) => {
        const notices = deliveries.flatMap((delivery) =>
          delivery.actor === RUN_ACTOR && delivery.event.type === 'taskSettled' ? [delivery.event] : [],
        );
        if (event.type !== 'workerEnded') otherNotices += notices.length;
        else {
          ends.push({
            told: notices.map(({ result }) => result),
            hasBlocker: notices.some(({ blocker }) => blocker !== null),
            task: state.children[actor]?.value,
            run: state.root.value,
            openTask: state.root.context.openTask,
          });
        }
      },
    });
    if (folding.kind !== 'whole') throw new Error(`its journal parts at ${folding.seq}`);
    return { ends, otherNotices };
  }
}

/** The end of a worker as one record has left its task and its run, and what the run was told by it. */
export interface RecordedEnd {
  readonly told: readonly string[];
  readonly hasBlocker: boolean;
  readonly task: unknown;
  readonly run: unknown;
  readonly openTask: string | null;
}

/** The codes of a run's blockers, one text. */
export function blockedBy(run: RunView): string {
  return run.blockers.map(({ code, message }) => `${code} ${message}`).join('\n');
}
