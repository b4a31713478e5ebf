import { describe, expect, it } from 'vitest';
import { recoveryAction, type TaskFacts } from '../../src/run/recovery.ts';

const CLAIMS = ['none', 'revoked', 'host'] as const;
const HOSTS = ['none', 'alive', 'dead', 'unknown'] as const;
const TREES = ['none', 'alive', 'gone', 'unknown'] as const;

function every(): TaskFacts[] {
  return CLAIMS.flatMap((claim) =>
    HOSTS.flatMap((host) =>
      TREES.flatMap((tree) =>
        [true, false].flatMap((hasAgent) =>
          [true, false].map((hasOutcome) => ({ claim, host, tree, hasAgent, hasOutcome })),
        ),
      ),
    ),
  );
}

/** The rows of the design's table, each a pattern over the facts. */
const ROWS: readonly [Partial<TaskFacts>, ReturnType<typeof recoveryAction>][] = [
  [{ claim: 'none', hasOutcome: false }, 'startHost'],
  [{ claim: 'revoked', hasOutcome: false }, 'settleRevoked'],
  [{ claim: 'host', host: 'alive', hasOutcome: false }, 'watchHost'],
  [{ claim: 'host', host: 'dead', hasAgent: false, tree: 'none', hasOutcome: false }, 'linkNeverRan'],
  [{ claim: 'host', host: 'dead', hasAgent: false, tree: 'alive', hasOutcome: false }, 'linkNeverRan'],
  [{ claim: 'host', host: 'dead', hasAgent: false, tree: 'gone', hasOutcome: false }, 'linkNeverRan'],
  [{ claim: 'host', host: 'dead', hasAgent: false, tree: 'unknown', hasOutcome: false }, 'askAboutRemains'],
  [{ claim: 'host', host: 'dead', hasAgent: true, tree: 'alive', hasOutcome: false }, 'adoptWorker'],
  [{ claim: 'host', host: 'dead', hasAgent: true, tree: 'gone', hasOutcome: false }, 'concludeOrphan'],
  [{ claim: 'host', host: 'dead', hasAgent: true, tree: 'none', hasOutcome: false }, 'concludeOrphan'],
  [{ claim: 'host', host: 'dead', hasAgent: true, tree: 'unknown', hasOutcome: false }, 'askAboutRemains'],
  [{ claim: 'host', host: 'unknown', hasOutcome: false }, 'askAboutHost'],
  [{ claim: 'host', host: 'none', hasOutcome: false }, 'askAboutHost'],
  [{ tree: 'alive', hasOutcome: true }, 'endRemains'],
  [{ tree: 'gone', hasOutcome: true }, 'settleOutcome'],
  [{ tree: 'none', hasOutcome: true }, 'settleOutcome'],
  [{ tree: 'unknown', hasOutcome: true }, 'settleOutcome'],
];

function rowsFor(facts: TaskFacts): string[] {
  return ROWS.filter(([pattern]) =>
    Object.entries(pattern).every(([name, value]) => facts[name as keyof TaskFacts] === value),
  ).map(([, action]) => action);
}

describe('the recovery table', () => {
  it('has exactly one row for every combination of facts, and the code does what that row says', () => {
    const all = every();
    expect(all).toHaveLength(192);
    for (const facts of all) expect([facts, rowsFor(facts)]).toEqual([facts, [recoveryAction(facts)]]);
  });

  it('concludes nothing without an outcome while the host is not proven dead', () => {
    const concluding = ['concludeOrphan', 'linkNeverRan', 'adoptWorker'];
    for (const facts of every().filter((each) => each.host !== 'dead')) {
      expect(concluding).not.toContain(recoveryAction(facts));
    }
  });

  it('starts a host only where nobody has claimed', () => {
    for (const facts of every().filter((each) => each.claim !== 'none')) {
      expect(recoveryAction(facts)).not.toBe('startHost');
    }
  });
});
