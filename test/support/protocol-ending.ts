/**
 * Ending a task from the runner's side in the model: the host, then the tree, then the outcome, then the journal.
 *
 * Owns: the steps of src/engine/effects/end-task and src/worker/outcome. Does not own: the look before (protocol-look).
 */
import { type Acting, begin, isClaimantAlive, settled } from './protocol-acting.ts';
import { LOOKS } from './protocol-host.ts';
import type { Ending, Runner, State } from './protocol-state.ts';
import {
  isRisky,
  killTrees,
  type Step,
  synced,
  withHost,
  withoutLosers,
  withTask,
  withWorld,
} from './protocol-step.ts';
import { type Look, sightOnce } from './protocol-tree.ts';

/** The steps of a runner that ends a task. */
export function endingSteps(actor: Acting): Step[] {
  const { state, runner, rules } = actor;
  switch (runner.pc) {
    case 'revoke':
      return actor.one('links its revocation as the claim', revoke(actor));
    case 'revokeSync':
      return actor.one('syncs its revocation', actor.to({ pc: 'readClaim' }, synced(state, runner.task)));
    case 'kill':
      return actor.one('kills the host', kill(actor));
    case 'awaitDeath':
      return awaitDeathSteps(actor);
    case 'sweepScanG':
    case 'sweepScanW':
    case 'sweepProbe':
      return sweepSteps(actor);
    case 'sweepKill': {
      const next = actor.to({ pc: 'sweepScanG' }, killTrees(state, rules, runner.task));
      return actor.one('kills what it has seen of the tree', next);
    }
    case 'link':
      return actor.one('links outcome', link(actor));
    case 'linkSync':
      return actor.one('syncs the outcome', actor.fresh({ pc: 'settle' }, synced(state, runner.task)));
    case 'settle':
      return actor.one('journals workerEnded', settle(actor, standing(actor)));
    case 'settleOwn':
      return actor.one('journals the workerEnded of its own', settle(actor, ending(runner)));
    case 'doubt':
      return actor.one(
        'journals hostDoubted',
        actor.append({ journal: 'doubtful' }, (journaled) => actor.fresh({ pc: 'parked', mode: 'see' }, journaled)),
      );
    default:
      throw new Error(`the model has no step for a runner at ${runner.pc}`);
  }
}

function revoke(actor: Acting): State {
  const { state, rules, runner, task } = actor;
  if (task.claim !== '-') return actor.to({ pc: 'readClaim' });
  const isRisk = isRisky(state, rules);
  const linked = withTask(state, runner.task, { claim: 'revoked', claimDirty: isRisk });
  return actor.to({ pc: isRisk ? 'revokeSync' : 'readClaim' }, withoutLosers(linked, rules, runner.task));
}

/** What was read before the host's death was proven is read again. */
function proven(actor: Acting, from: State = actor.state): State {
  const mode = actor.runner.mode === 'opEnd' ? 'opAgain' : 'again';
  if (actor.rules.breach === 'agentBeforeHost') return actor.fresh({ pc: 'readOutcome', mode }, from);
  return actor.fresh({ pc: 'readAgent', mode }, from);
}

function kill(actor: Acting): State {
  const { state, task, rules } = actor;
  const killed =
    typeof task.claim === 'number' && isClaimantAlive(actor) ? withHost(state, task.claim, { isDying: true }) : state;
  if (rules.breach === 'outcomeBeforeHostDead') return proven(actor, killed);
  return actor.fresh({ pc: 'awaitDeath' }, killed);
}

function awaitDeathSteps(actor: Acting): Step[] {
  const { state, runner, rules } = actor;
  const steps: Step[] = [];
  const isAsserted = runner.mode === 'opEnd';
  const { doubts, giveUps } = state.world;
  if (!isClaimantAlive(actor)) steps.push(...actor.one('judges the host: dead', proven(actor)));
  else if (giveUps > 0) {
    const given = withWorld(state, { giveUps: giveUps === 2 ? 1 : 0 });
    const isOverruled = isAsserted && rules.breach === 'operatorOverrulesSight';
    const next = isOverruled ? proven(actor, given) : actor.fresh({ pc: 'doubt' }, given);
    steps.push(...actor.one('gives up on a host that will not die', next));
  }
  if (doubts > 0) {
    const doubted = withWorld(state, { doubts: doubts === 2 ? 1 : 0 });
    const isTaken = isAsserted || rules.breach === 'unknownIsDead';
    const next = isTaken ? proven(actor, doubted) : actor.fresh({ pc: 'doubt' }, doubted);
    steps.push(...actor.one('cannot judge the host', next));
  }
  return steps;
}

function sweepSteps(actor: Acting): Step[] {
  const { state, rules, runner } = actor;
  const look = runner.pc.slice('sweep'.length) as Look;
  const seen = sightOnce(state, rules, runner.task, look, runner.tree === 'unknown' ? 'clear' : runner.tree);
  const does = `looks at the tree (${LOOKS[look]})`;
  if (seen.look !== null)
    return actor.one(does, actor.to({ pc: `sweep${seen.look}` as Runner['pc'], tree: seen.sight }));
  if (seen.sight === 'found') return actor.one(does, actor.to({ pc: 'sweepKill', tree: 'clear' }));
  const isRemains = runner.mode === 'remains';
  const after = seen.isLockedUnseen ? 'sweepScanG' : isRemains ? 'settle' : 'link';
  const steps = actor.one(does, actor.to({ pc: after, tree: 'clear' }));
  const { giveUps } = state.world;
  if (seen.isLockedUnseen && giveUps > 0) {
    const given = withWorld(state, { giveUps: giveUps === 2 ? 1 : 0 });
    steps.push(...actor.one('gives up on a tree that will not end', actor.fresh({ pc: 'doubt' }, given)));
  }
  return steps;
}

function link(actor: Acting): State {
  const { state, runner, task, rules } = actor;
  const ours = ending(runner);
  const isFirst = task.outcome === '-';
  const isRisk = isRisky(state, rules);
  const linked =
    isFirst || rules.breach === 'outcomeReplaced'
      ? withTask(state, runner.task, { outcome: ours, outcomeDirty: isRisk })
      : state;
  if (rules.breach === 'ownOutcomeJournaled') return actor.to({ pc: 'settleOwn' }, linked);
  return actor.fresh({ pc: isRisk ? 'linkSync' : 'settle' }, linked);
}

function ending({ mode, hasAgent }: Runner): Ending {
  if (mode === 'opAgain') return 'asserted';
  if (!hasAgent) return 'neverRan';
  return mode === 'again' ? 'forced' : 'orphan';
}

function standing({ task }: Acting): Ending | 'revoked' {
  return task.outcome === '-' ? 'revoked' : task.outcome;
}

function settle(actor: Acting, end: Ending | 'revoked'): State {
  const { index } = actor;
  return actor.append({ journal: end }, (journaled) => begin(settled(actor, journaled), index));
}
