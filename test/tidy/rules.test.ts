/** A definition of runs under which any kept journal folds otherwise has other rules, and every rules number has its journals. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runMachine } from '../../machines/run/run.machine.ts';
import type { System } from '../../src/kernel/system.ts';
import { RUN_RULES, runSystem } from '../../src/run/system.ts';
import { goldenProblem, goldenRecords, goldenRules, RULES_GIVEN_UP } from '../support/golden-journals.ts';
import { runChart, taskChart, withColour, withRoot, withTask } from '../support/run-variants.ts';

const GOLDEN = goldenRecords(RUN_RULES);
const WHAT_TO_DO = ['raise RUN_RULES', '`previous`', 'npm run journals:record'];

describe('every rules number', () => {
  it('up to the present one has its journals or is given up, and no other one has any', () => {
    const all = Array.from({ length: RUN_RULES }, (_, n) => n + 1);
    const kept = goldenRules();
    expect(
      [...RULES_GIVEN_UP, ...kept].sort((a, b) => a - b),
      'record them: npm run journals:record',
    ).toEqual(all);
    expect(kept).toContain(RUN_RULES);
    for (const rules of kept) expect(goldenRecords(rules).map(({ record }) => record.rules)).toContain(rules);
  });

  it('that is given up is one that the present definition does not know', () => {
    const known = new Set<number>();
    for (let each: System | null = runSystem; each !== null; each = each.previous?.system ?? null)
      known.add(each.rules);
    expect([...known].sort((a, b) => a - b)).toEqual(goldenRules());
  });
});

describe('the rules that a journal names', () => {
  it('are those that it folds under: the present definition asks for the same and leads to the same states', () => {
    expect(GOLDEN.length).toBeGreaterThan(0);
    expect(goldenProblem(runSystem, GOLDEN)).toBeNull();
  });

  const changes: readonly (readonly [name: string, changed: System, says: string])[] = [
    ['a guard', withRoot({ machine: runMachine.provide({ guards: { isGate: () => true } }) }), 'recorded effects'],
    ['a member of the context without a default', withColour({}), 'state hash'],
    ['a default that is no longer declared', withRoot({ defaults: {} }), 'state hash'],
    [
      "an effect's params",
      withRoot({
        machine: runChart((part) =>
          part.type === 'projectHandoff' ? { ...part, params: { commit: 'f'.repeat(40), epoch: 1 } } : part,
        ),
      }),
      'recorded effects',
    ],
    [
      'an effect of a task that is not asked for',
      withTask({ machine: taskChart((part) => ('entry' in part ? { ...part, entry: [] } : part)) }),
      'recorded effects',
    ],
    [
      'where a transition leads',
      withTask({ machine: taskChart((part) => (part.target === 'over' ? { ...part, target: 'ending' } : part)) }),
      'recorded effects',
    ],
    [
      'a schema of events that admits less',
      withRoot({ events: runSystem.root.events.refine(({ type }) => type !== 'workEmpty') }),
      'do not admit',
    ],
    [
      'a schema of the context that admits less',
      withTask({ context: z.looseObject({ hostStarts: z.literal(1) }) }),
      'do not admit',
    ],
  ];

  it.each(changes)('are raised by a change of %s', (_name, changed, says) => {
    const problem = goldenProblem(changed, GOLDEN);
    expect(problem).toContain(says);
    for (const step of WHAT_TO_DO) expect(problem).toContain(step);
  });

  it('are those of before where a change has raised them: the old definition still folds its journals', () => {
    const changed = withRoot({ machine: runMachine.provide({ guards: { isGate: () => true } }) });
    const next: System = {
      ...changed,
      rules: RUN_RULES + 1,
      previous: { system: runSystem, upcast: (state) => state },
    };
    const some = GOLDEN.slice(0, 300);
    expect(goldenProblem(changed, some)).not.toBeNull();
    expect(goldenProblem(next, some)).toBeNull();
    expect(goldenProblem({ ...next, previous: null }, some)).toContain('not known');
  });
});

describe('recording journals', () => {
  it('is refused for rules that have theirs, and changes none of them', () => {
    const root = mkdtempSync(join(tmpdir(), 'pawl-journals-'));
    try {
      const folder = join(root, String(RUN_RULES));
      mkdirSync(folder);
      writeFileSync(join(folder, 'stories.jsonl'), 'kept');
      const recorder = join(import.meta.dirname, '../support/record-journals.mjs');
      const { status, stderr } = spawnSync(process.execPath, [recorder, root], { encoding: 'utf8' });
      expect(stderr).toContain('Raise RUN_RULES');
      expect(status).toBe(1);
      expect(readdirSync(folder)).toEqual(['stories.jsonl']);
      expect(readFileSync(join(folder, 'stories.jsonl'), 'utf8')).toBe('kept');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
