/**
 * The forms in which `pawl logs` gives the log of a task: lines for a person, one JSON document, or NDJSON.
 *
 * Owns: how entries become text, and leaving out all but the last of them. Does not own: the words of lines (cli/log-lines), where the text goes.
 *
 * Invariants: 1. A document is written piece by piece, never held as a whole (L9). 2. Nothing in JSON is hidden: what cannot be seen stands there as an
 * escape; texts are otherwise as the worker wrote them.
 */
import { kindOf, type LogEnd, type LogEntry } from '../app/task-log.ts';
import type { LoggedTask } from '../app/tasks-of-run.ts';
import { visibleJson } from '../base/visible.ts';
import { LogLines, type LogStyle } from './log-lines.ts';

/** Gives the log of one task as text. */
export interface LogForm {
  begin(): string;
  entry(entry: LogEntry): string;
  end(end: LogEnd): string;
  /** Of stdout: so many lines, or events of JSON, that have passed. */
  readonly passed: number;
}

/** Counts what passes of stdout, and lets only that pass which follows the first `skip`. */
class Counter {
  passed = 0;
  readonly #skip: number;

  constructor(skip: number) {
    this.#skip = skip;
  }

  last<T>(items: readonly T[]): readonly T[] {
    const before = this.passed;
    this.passed += items.length;
    return items.slice(Math.max(0, this.#skip - before));
  }
}

/** Lines for a person. `skip`: so many lines of stdout are left out. */
export function lineForm(style: LogStyle, skip = 0): LogForm {
  const lines = new LogLines(style);
  const counter = new Counter(skip);
  const text = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
  return {
    begin: () => '',
    entry: (entry) => text(isCounted(entry) ? counter.last(lines.take(entry)) : lines.take(entry)),
    end: () => text(counter.last(lines.rest())),
    get passed() {
      return counter.passed;
    },
  };
}

/** One event a line. `skip`: so many events of stdout are left out. */
export function entryForm(task: LoggedTask, skip = 0): LogForm {
  const counter = new Counter(skip);
  const { taskId } = task;
  const line = (value: object): string => `${visibleJson(JSON.stringify(value))}\n`;
  return {
    begin: () => line({ type: 'task', ...nameOf(task) }),
    entry: (entry) => {
      const shown = isCounted(entry) ? counter.last([entry]) : [entry];
      return shown.map((each) => line({ taskId, ...each })).join('');
    },
    end: (end) => line({ type: 'taskEnd', taskId, ...endOf(end) }),
    get passed() {
      return counter.passed;
    },
  };
}

/** One document. Entries of stdout come before those of stderr. `skip`: so many events of stdout are left out. */
export function documentForm(task: LoggedTask, skip = 0): LogForm {
  const counter = new Counter(skip);
  const json = (value: unknown): string => visibleJson(JSON.stringify(value));
  let used: object | null = null;
  let isFirst = true;
  let hasStderr = false;
  const unreadable: LogEntry[] = [];
  const stderrBegins = '\n  ],\n  "stderr": "';
  return {
    begin: () => `${json(nameOf(task)).slice(0, -1)},\n  "events": [`,
    entry: (entry) => {
      if (entry.type === 'unreadable') unreadable.push(entry);
      if (entry.type === 'unreadable' || entry.type === 'used') {
        if (entry.type === 'used') used = { tokens: entry.tokens, usd: entry.usd, estimated: entry.estimated };
        return '';
      }
      if (entry.type === 'stderr') {
        const before = hasStderr ? '' : stderrBegins;
        hasStderr = true;
        return `${before}${json(`${entry.text}\n`).slice(1, -1)}`;
      }
      const [shown] = counter.last([entry]);
      if (shown === undefined) return '';
      const before = isFirst ? '\n    ' : ',\n    ';
      isFirst = false;
      return before + json(shown);
    },
    end: (end) => `${hasStderr ? '' : stderrBegins}",\n  ${json({ used, unreadable, ...endOf(end) }).slice(1)}\n`,
    get passed() {
      return counter.passed;
    },
  };
}

/** What was used is told at the end, however little of the rest is shown. */
function isCounted({ type }: LogEntry): boolean {
  return type !== 'stderr' && type !== 'used';
}

function nameOf(task: LoggedTask): object {
  const { runId, taskId, request } = task;
  const { purpose = null, epoch = null, attempt = null, agent = null } = request ?? {};
  return { runId, taskId, purpose, epoch, attempt, agent, kind: kindOf(task) };
}

function endOf({ outcome, isRevoked }: LogEnd): object {
  if (outcome === null) return { hasEnded: isRevoked, result: null, exitCode: null, signal: null };
  const { result, exitCode, signal, startedAtMs, endedAtMs } = outcome;
  return { hasEnded: true, result, exitCode, signal, startedAtMs, endedAtMs };
}
