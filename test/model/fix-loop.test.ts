/** Rounds of a fix loop: which findings, one round after another, end it before its limit, and that nothing else does. */
import { describe, expect, it } from 'vitest';
import type { Gate } from '../../src/model/effect.ts';
import type { Edge, Graph, Node } from '../../src/prove/model/graph.ts';
import { COMPARABLE, exploreChecked, LOOPING, worldOf } from '../../src/prove/model/worlds.ts';

const FIXES = 4;

const graph = exploreChecked(
  worldOf(
    { ...LOOPING, fixAttemptsMax: FIXES },
    ['completed'],
    ['gateJudged FAIL', ...COMPARABLE, 'decisionMade retry', 'decisionMade accept'],
  ),
);

/** A verdict that fails: what the rounds of its gate have found up to it, and the first blocker that it leaves. */
interface Round {
  readonly found: readonly string[];
  readonly fixes: number;
  readonly blocker: string | null;
}

const rounds = [...graph.nodes.values()].flatMap((node) => node.edges.flatMap((edge) => roundOf(node, edge)));

describe('a fix loop', () => {
  it('ends before its limit where it does not converge, and only there', () => {
    const withFixesLeft = rounds.filter(({ fixes }) => fixes < FIXES);
    const endings = withFixesLeft.filter(({ blocker }) => blocker !== null);
    expect(new Set(endings.map(({ blocker }) => blocker))).toEqual(new Set(['PAWL_FIX_STUCK']));
    const wrong = withFixesLeft.filter(({ found, blocker }) => getsNowhere(found) !== (blocker !== null));
    expect(wrong).toEqual([]);
  });

  it('of three rounds does not converge in these ways', () => {
    const stuck = rounds.filter(({ found, blocker }) => found.length === 3 && blocker === 'PAWL_FIX_STUCK');
    expect([...new Set(stuck.map(({ found }) => found.join(', ')))].sort()).toEqual([
      'again, again, again',
      'again, new, again',
      'again, new, new',
      'new, new, new',
    ]);
  });

  it('ends at its limit whatever is found', () => {
    const atLimit = rounds.filter(({ fixes }) => fixes === FIXES);
    expect(atLimit.length).toBeGreaterThan(50);
    expect(new Set(atLimit.map(({ blocker }) => blocker))).toEqual(new Set(['PAWL_FIX_LIMIT']));
  });

  it('continues after a retry, in the same run, until three rounds since then do not converge', () => {
    const again = [...stuckNodes(graph)].flatMap(({ edges }) =>
      edges.filter(({ event }) => event.type === 'decisionMade retry'),
    );
    expect(again.length).toBeGreaterThan(5);
    for (const { state } of again) {
      expect(state.root.value).toEqual({ fixLoop: 'requested' });
      expect(state.root.context.judgements).toEqual([]);
    }
  });
});

/** The rule, said again: it needs three rounds in a row that can be compared. */
function getsNowhere(found: readonly string[]): boolean {
  const [earlier, last, now] = found.slice(-3);
  if (now === undefined || found.slice(-3).includes('nothing')) return false;
  if (now === 'new') return last === 'new';
  const isSame = last === 'again' && earlier === 'again';
  const hasReturned = last !== 'again' && found.slice(0, -2).includes('again');
  return isSame || hasReturned;
}

function roundOf({ state }: Node, { event, state: after }: Edge): readonly Round[] {
  const verdict = event.input.event;
  if (verdict.type !== 'gateJudged' || verdict.status !== 'FAIL') return [];
  const { judgements, fixes } = state.root.context;
  const found = [...before(judgements, verdict.gate), wordOf(verdict.findingKeys ?? [])];
  return [{ found, fixes, blocker: after.root.context.blockers[0]?.code ?? null }];
}

function before(
  judgements: readonly { readonly gate: Gate; readonly keys: readonly string[] }[],
  gate: Gate,
): readonly string[] {
  return judgements.filter((round) => round.gate === gate).map(({ keys }) => wordOf(keys));
}

function wordOf([key]: readonly string[]): string {
  return key === undefined ? 'nothing' : key === 'again' ? key : 'new';
}

function* stuckNodes({ nodes }: Graph): Generator<Node> {
  for (const node of nodes.values()) if (node.state.root.context.blockers[0]?.code === 'PAWL_FIX_STUCK') yield node;
}
