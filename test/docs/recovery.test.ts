/** docs/recovery.md says for every task that is found what is done about it, and names every class of a finding. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/engine/recovery/rehydrate.ts';
import { type RecoveryAction, recoveryAction, type TaskFacts } from '../../src/run/recovery.ts';

const page = readFileSync(new URL('../../docs/recovery.md', import.meta.url), 'utf8');

interface Row {
  readonly claim: string;
  readonly host: string;
  readonly agent: string;
  readonly tree: string;
  readonly outcome: string;
  readonly action: string;
}

const ROW =
  /^\| (?<claim>\w*) ?\| (?<host>\w*) ?\| (?<agent>\w*) ?\| (?<tree>[\w ]*?) ?\| (?<outcome>yes|no) \| `(?<action>\w+)` \|/gm;
const rows = Array.from(page.matchAll(ROW), (match) => match.groups as object as Row);

/** An empty cell fits everything. */
function fits(row: Row, facts: TaskFacts): boolean {
  const said = (cell: string, fact: string): boolean =>
    cell === '' || (cell.startsWith('not ') ? cell !== `not ${fact}` : cell === fact);
  return (
    said(row.claim, facts.claim) &&
    said(row.host, facts.host) &&
    said(row.agent, facts.hasAgent ? 'yes' : 'no') &&
    said(row.tree, facts.tree) &&
    said(row.outcome, facts.hasOutcome ? 'yes' : 'no')
  );
}

/** Every combination that an observation can come to: a host is known where one has claimed, a tree where a worker is recorded. */
function allFacts(): TaskFacts[] {
  const flags = [true, false];
  return (['none', 'revoked', 'host'] as const).flatMap((claim) =>
    (claim === 'host' ? (['alive', 'dead', 'unknown'] as const) : (['none'] as const)).flatMap((host) =>
      flags.flatMap((hasAgent) =>
        (hasAgent ? (['alive', 'gone', 'unknown'] as const) : (['none', 'alive', 'unknown'] as const)).flatMap((tree) =>
          flags.map((hasOutcome) => ({ claim, host, hasAgent, tree, hasOutcome })),
        ),
      ),
    ),
  );
}

describe('docs/recovery.md', () => {
  test('has exactly one row for every combination, and it says what is done', () => {
    for (const facts of allFacts()) {
      const fitting = rows.filter((row) => fits(row, facts)).map((row) => row.action);
      expect(fitting, JSON.stringify(facts)).toEqual([recoveryAction(facts)]);
    }
  });

  test('has no row for an action that is never taken', () => {
    const taken = new Set<RecoveryAction>(allFacts().map(recoveryAction));
    expect(new Set(rows.map((row) => row.action))).toEqual(taken);
  });

  test('explains every class of a finding', () => {
    const classes: Record<Finding['class'], true> = {
      intentBeforeSpawn: true,
      spawnedBeforeResult: true,
      resultBeforeEvent: true,
      eventBeforeSnapshot: true,
      staleLease: true,
      lateOrConflicting: true,
      interruptedAppend: true,
      ambiguous: true,
    };
    for (const name of Object.keys(classes)) expect(page).toContain(`\n| \`${name}\` |`);
  });
});
