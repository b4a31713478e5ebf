/**
 * The runner in the model: taking the registry, requesting a task, starting hosts, waiting.
 *
 * Owns: the steps of src/store/registry-lock, src/engine/effects/request-task and src/engine/effects/supervise. Does not own: looking at a task
 * (protocol-look), ending it (protocol-ending).
 *
 * Left out, as nothing is decided by it: records that only tell how far a host has come (hostClaimed, workerSpawned, workerAdopted), and
 * request.json (whoever journals the request journals the one that stands). An append is one step: it is synced before anything is done about
 * it, and what a killed writer left unsynced is synced by the next one before it acts; both are the same as the append at once or never.
 */
import { Acting, begin, isSettled, RUNNERS } from './protocol-acting.ts';
import { endingSteps } from './protocol-ending.ts';
import { LOOKS } from './protocol-host.ts';
import { lookingSteps } from './protocol-look.ts';
import { type Rules, slotsOf } from './protocol-rules.ts';
import { RUNNER_OFF, type Runner, replaced, type State } from './protocol-state.ts';
import {
  at,
  isHostAlive,
  killTrees,
  type Step,
  withHost,
  withoutLosers,
  withRunner,
  withWorld,
} from './protocol-step.ts';
import { type Look, sightOnce } from './protocol-tree.ts';

/** The steps that runner `index` can take itself. */
export function runnerSteps(state: State, rules: Rules, index: number): Step[] {
  const runner = at(state.runners, index);
  if (runner.life === 'stopped') return [];
  const actor = new Acting(state, rules, index);
  switch (runner.pc) {
    case 'off':
      return offSteps(actor);
    case 'lock':
      return actor.one('links the next lock', begin(locked(actor), index));
    case 'request':
      return requestSteps(actor);
    case 'earlierScanG':
    case 'earlierScanW':
    case 'earlierProbe':
      return earlierSteps(actor);
    case 'earlierKill':
      return actor.one('kills what is left of the last task', earlierKilled(actor));
    case 'readClaim':
    case 'judge':
    case 'readAgent':
    case 'peek':
    case 'scanG':
    case 'scanW':
    case 'probe':
    case 'readOutcome':
      return lookingSteps(actor);
    case 'recordStart':
      return actor.one('journals hostStartRepeated', recordStart(actor));
    case 'fork':
      return actor.one('starts a host', fork(actor));
    case 'wait':
    case 'waitDeath':
      return waitSteps(actor);
    case 'watch':
      return [
        ...actor.one('looks again', actor.to({ pc: 'readClaim' })),
        ...actor.one('ends the task', actor.to({ pc: 'readClaim', mode: 'end' })),
      ];
    case 'adopt':
      return [
        ...actor.one('looks again at the orphan', actor.to({ pc: 'readClaim' })),
        ...actor.one('ends the orphan', actor.to({ pc: 'readClaim', mode: 'end' })),
      ];
    case 'parked':
    case 'quarantined':
      return [];
    default:
      return endingSteps(actor);
  }
}

function offSteps(actor: Acting): Step[] {
  const { state } = actor;
  if (state.tasks.every(isSettled)) return [];
  const steps: Step[] = [];
  if (state.world.lock === 'free') steps.push(...actor.one('finds the registry free', actor.to({ pc: 'lock' })));
  else if (state.world.takeOvers > 0) {
    const next = withWorld(actor.to({ pc: 'lock' }), { takeOvers: 0 });
    steps.push(
      ...actor.one('is told that the holder is dead', next).map((step) => ({ ...step, kind: 'fault' as const })),
    );
  }
  return steps;
}

/** Who else is about to link the same generation loses, and looks again; a holder that lives is left behind. */
function locked({ state, index }: Acting): State {
  let next = withWorld(state, { lock: RUNNERS[index] ?? 'A' });
  state.runners.forEach((other, at) => {
    if (at === index || other.pc === 'off') return;
    if (other.pc === 'lock') next = { ...next, runners: replaced(next.runners, at, RUNNER_OFF) };
    else next = withRunner(next, at, { isStale: true });
  });
  return next;
}

/** The second barrier of design 5.9 is taken or not: the real one is skipped where the journal has no workerSpawned. */
function requestSteps(actor: Acting): Step[] {
  const { rules, runner } = actor;
  const request = actor.append({ journal: 'requested', starts: 1 }, (journaled) =>
    actor.to({ pc: 'readClaim', mode: 'see', isFresh: true }, journaled),
  );
  const steps = actor.one('journals taskRequested', request);
  if (runner.task === 1 && rules.breach !== 'treeNotEnded')
    steps.push(...actor.one('looks for remains of the last task', actor.to({ pc: 'earlierScanG' })));
  return steps;
}

function earlierSteps(actor: Acting): Step[] {
  const { state, rules, runner } = actor;
  const look = runner.pc.slice('earlier'.length) as Look;
  const seen = sightOnce(state, rules, 0, look, runner.tree === 'unknown' ? 'clear' : runner.tree);
  const does = `looks at the last tree (${LOOKS[look]})`;
  if (seen.look !== null)
    return actor.one(does, actor.to({ pc: `earlier${seen.look}` as Runner['pc'], tree: seen.sight }));
  if (seen.sight === 'found') return actor.one(does, actor.fresh({ pc: 'earlierKill' }));
  if (seen.isLockedUnseen) return actor.one(does, actor.fresh({ pc: 'earlierScanG' }));
  return actor.one(
    does,
    actor.append({ journal: 'requested', starts: 1 }, (journaled) =>
      actor.fresh({ pc: 'readClaim', mode: 'see', isFresh: true }, journaled),
    ),
  );
}

function earlierKilled(actor: Acting): State {
  return actor.to({ pc: 'earlierScanG' }, killTrees(actor.state, actor.rules, 0));
}

/** One start more than allowed is none: the task is abandoned. */
function recordStart(actor: Acting): State {
  const { task, rules, runner } = actor;
  const { length } = slotsOf(rules, runner.task);
  if (task.starts >= length) return actor.append({}, (state) => actor.to({ pc: 'readClaim', mode: 'end' }, state));
  const starts = task.starts === 0 ? 1 : task.starts === 1 ? 2 : task.starts === 2 ? 3 : 4;
  return actor.append({ starts }, (state) => actor.to({ pc: 'fork' }, state));
}

function fork(actor: Acting): State {
  const { state, rules, runner } = actor;
  const slot = slotsOf(rules, runner.task).find((each) => at(state.hosts, each).pc === 'none');
  // A runner left behind by a take-over may start one host too many: the model has no more slots, and that host would lose the claim.
  if (slot === undefined) return actor.to({ pc: 'readClaim', isFresh: false });
  const started = actor.to({ pc: 'wait', slot, isFresh: false }, withHost(state, slot, { pc: 'claim' }));
  return actor.task.claim === '-' ? started : withoutLosers(started, rules, runner.task);
}

/** The host has claimed, or is dead, or has used up its time, or the task is to be ended meanwhile. */
function waitSteps(actor: Acting): Step[] {
  const { state, task, runner } = actor;
  if (runner.slot === '-') throw new Error('the model waits for no host');
  const host = at(state.hosts, runner.slot);
  const again = actor.to({ pc: 'readClaim', slot: '-' });
  if (runner.pc === 'waitDeath')
    return isHostAlive(host) ? [] : actor.one('sees that the host that it has started is dead', again);
  const steps: Step[] = [];
  if (task.claim !== '-') steps.push(...actor.one('sees a claim', again));
  if (!isHostAlive(host)) steps.push(...actor.one('sees that the host that it has started is dead', again));
  else {
    const killed = withHost(state, runner.slot, { isDying: true });
    steps.push(...actor.one('kills the host that does not claim', actor.to({ pc: 'waitDeath' }, killed)));
  }
  return [...steps, ...actor.one('ends the task', actor.to({ pc: 'readClaim', mode: 'end', slot: '-' }))];
}
