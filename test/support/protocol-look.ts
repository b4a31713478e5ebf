/**
 * How a runner of the model looks at a task, one read at a time, and what it does about it by the real recovery table.
 *
 * Owns: the order of src/worker/observe. Does not own: the table (run/recovery), acting (protocol-runner, protocol-ending).
 *
 * A read whose result the real code does not use at that place is left out: everything but claim and outcome before a host is ended, the
 * claim and the tree right after that (the sweep looks at the tree anyway), everything but the outcome after an outcome was linked.
 */
import { recoveryAction, type TaskFacts } from '../../src/run/recovery.ts';
import { type Acting, isClaimantAlive } from './protocol-acting.ts';
import { LOOKS } from './protocol-host.ts';
import type { Runner, State } from './protocol-state.ts';
import { type Step, withWorld } from './protocol-step.ts';
import { type Look, sightOnce } from './protocol-tree.ts';

/** The steps of a runner that looks at its task. */
export function lookingSteps(actor: Acting): Step[] {
  switch (actor.runner.pc) {
    case 'readClaim':
      return actor.one('reads the claim', readClaim(actor));
    case 'judge':
      return judgeSteps(actor);
    case 'readAgent':
      return actor.one('reads agent.json', readAgent(actor));
    case 'peek': {
      const next = actor.task.outcome === '-' ? actOnTable(actor, false) : actor.to({ pc: 'scanG' });
      return actor.one('looks for an outcome', next);
    }
    case 'readOutcome':
      return actor.one('reads the outcome', readOutcome(actor));
    default:
      return lookSteps(actor);
  }
}

function readClaim(actor: Acting): State {
  const { task, runner, rules } = actor;
  const claim = task.claim === '-' ? '-' : task.claim === 'revoked' ? 'revoked' : 'host';
  const isEnd = runner.mode === 'end' || runner.mode === 'opEnd';
  // While ending, only claim and outcome decide before the host is dead; and over a revoked task nobody links an outcome.
  if (claim === 'revoked') return actor.to({ pc: 'settle', claim });
  if (isEnd || runner.mode === 'opAgain' || runner.mode === 'again') return actor.to({ pc: 'readOutcome', claim });
  if (rules.breach === 'agentBeforeHost') return actor.to({ pc: 'readAgent', claim });
  return actor.to({ pc: claim === 'host' ? 'judge' : 'readAgent', claim });
}

function judgeSteps(actor: Acting): Step[] {
  const { state, rules } = actor;
  const judged = (host: Runner['host'], from: State = state): State => {
    if (rules.breach === 'agentBeforeHost') return actor.to({ pc: host === 'alive' ? 'peek' : 'scanG', host }, from);
    return actor.to({ pc: 'readAgent', host }, from);
  };
  const isAlive = isClaimantAlive(actor);
  const steps = actor.one(`judges the host: ${isAlive ? 'alive' : 'dead'}`, judged(isAlive ? 'alive' : 'dead'));
  const { doubts } = state.world;
  if (doubts > 0) {
    const doubted = withWorld(state, { doubts: doubts === 2 ? 1 : 0 });
    const taken = rules.breach === 'unknownIsDead' ? 'dead' : 'unknown';
    steps.push(...actor.one('cannot judge the host', judged(taken, doubted)));
  }
  return steps;
}

/** After the record of the worker comes its tree; it decides nothing while the host lives or nobody has claimed. */
function readAgent(actor: Acting): State {
  const { task, runner, rules } = actor;
  const hasAgent = task.agent !== '-';
  if (runner.mode !== 'see') return actor.to({ pc: 'readOutcome', hasAgent });
  if (rules.breach === 'agentBeforeHost' && runner.host === '-')
    return actor.to({ pc: runner.claim === 'host' ? 'judge' : 'peek', hasAgent });
  // Before a claim, and while the host lives, the tree is looked at only where an outcome stands.
  const isUndecided = runner.claim === '-' || runner.host === 'alive';
  return actor.to({ pc: isUndecided ? 'peek' : 'scanG', hasAgent });
}

function lookSteps(actor: Acting): Step[] {
  const { state, rules, runner } = actor;
  const look: Look = runner.pc === 'scanG' ? 'ScanG' : runner.pc === 'scanW' ? 'ScanW' : 'Probe';
  const seen = sightOnce(state, rules, runner.task, look, runner.tree === 'unknown' ? 'clear' : runner.tree);
  const does = `looks at the tree (${LOOKS[look]})`;
  if (seen.look !== null) {
    const pc = seen.look === 'ScanG' ? 'scanG' : seen.look === 'ScanW' ? 'scanW' : 'probe';
    return actor.one(does, actor.to({ pc, tree: seen.sight }));
  }
  const steps = actor.one(
    does,
    actor.to(seen.isLockedUnseen ? { pc: 'scanG', tree: 'clear' } : { pc: 'readOutcome', tree: seen.sight }),
  );
  const { giveUps } = state.world;
  if (seen.isLockedUnseen && giveUps > 0) {
    const given = withWorld(state, { giveUps: giveUps === 2 ? 1 : 0 });
    steps.push(...actor.one('gives up on who holds the lock', actor.to({ pc: 'readOutcome', tree: 'unknown' }, given)));
  }
  return steps;
}

/** The look is complete: the one thing to do about it, by the real table. */
function readOutcome(actor: Acting): State {
  const { task, runner } = actor;
  const hasOutcome = task.outcome !== '-';
  switch (runner.mode) {
    case 'end':
    case 'opEnd':
      if (hasOutcome) return actor.fresh({ pc: 'settle' });
      return actor.fresh({ pc: runner.claim === '-' ? 'revoke' : 'kill' });
    case 'again':
    case 'opAgain':
      return hasOutcome ? actor.fresh({ pc: 'settle' }) : swept(actor);
    default:
      return actOnTable(actor, hasOutcome);
  }
}

/** A tree that is ended before the outcome, unless the law is broken. */
function swept(actor: Acting): State {
  const pc = actor.rules.breach === 'treeNotEnded' ? 'link' : 'sweepScanG';
  return actor.to({ pc, claim: '-', host: '-', tree: 'clear' });
}

function actOnTable(actor: Acting, hasOutcome: boolean): State {
  const { runner, rules } = actor;
  if (runner.claim === '-' && runner.hasAgent) {
    // A worker is on record and nobody had claimed: the claim came in the middle of the look, or the run is set aside.
    return actor.fresh({ pc: rules.breach === 'claimNotReadAgain' ? 'quarantined' : 'readClaim' });
  }
  const tree: TaskFacts['tree'] =
    runner.tree === 'found' ? 'alive' : runner.tree === 'unknown' ? 'unknown' : runner.hasAgent ? 'gone' : 'none';
  const host = runner.host === '-' ? 'none' : runner.host;
  const action = recoveryAction({ claim: named(runner.claim), host, hasAgent: runner.hasAgent, tree, hasOutcome });
  switch (action) {
    case 'startHost':
      return actor.fresh({ pc: runner.isFresh ? 'fork' : 'recordStart' });
    case 'settleRevoked':
    case 'settleOutcome':
      return actor.fresh({ pc: 'settle' });
    case 'watchHost':
      return actor.fresh({ pc: 'watch' });
    case 'adoptWorker':
      return actor.fresh({ pc: 'adopt' });
    case 'linkNeverRan':
    case 'concludeOrphan':
      return swept(actor);
    case 'endRemains':
      return actor.to({ pc: 'sweepScanG', mode: 'remains', claim: '-', host: '-', tree: 'clear' });
    case 'askAboutHost':
    case 'askAboutRemains':
      return actor.fresh({ pc: 'doubt' });
  }
}

function named(claim: Runner['claim']): TaskFacts['claim'] {
  return claim === '-' ? 'none' : claim;
}
