/**
 * The worker host in the model: the steps of src/host/host, one at a time.
 *
 * Owns: their order, and the order when a law is broken on purpose. Does not own: the tree (protocol-tree), its death (protocol-faults).
 *
 * Left out, as they do not meet anybody else's steps: reading the request (a register that stands before the host is started), task.json,
 * heartbeats, the loser's late/ entry.
 */
import { type Rules, taskOf } from './protocol-rules.ts';
import type { Host, State } from './protocol-state.ts';
import {
  at,
  isRisky,
  isWorkerAlive,
  killTrees,
  type Step,
  synced,
  withHost,
  withoutHost,
  withoutLosers,
  withTask,
  withTree,
} from './protocol-step.ts';
import { type Look, sightOnce } from './protocol-tree.ts';

/** The steps that the host of `slot` can take itself. */
export function hostSteps(state: State, rules: Rules, slot: number): Step[] {
  const host = at(state.hosts, slot);
  if (host.isStopped) return [];
  const name = (does: string): string => `host ${slot}: ${does}`;
  const task = taskOf(rules, slot);
  const go = (from: State, pc: Host['pc']): State => withHost(from, slot, { pc, tree: 'clear' });
  const one = (does: string, next: State): Step[] => [{ name: name(does), next }];
  switch (host.pc) {
    case 'none':
    case 'dead':
      return [];
    case 'claim':
      return one(...claim(state, rules, slot));
    case 'claimSync':
      return one('syncs its claim', go(synced(state, task), 'spawn'));
    case 'spawn': {
      const isOpened = rules.breach === 'spawnBeforeRecord';
      const next = withTree(state, slot, { worker: isOpened ? 'opened' : 'gated' });
      return one(isOpened ? 'spawns the worker' : 'spawns the gate', go(next, 'record'));
    }
    case 'record':
      return one(...record(state, rules, slot));
    case 'recordSync':
      return one('syncs agent.json', go(synced(state, task), afterRecord(rules)));
    case 'open': {
      const isWaiting = at(state.trees, slot).worker === 'gated';
      const next = isWaiting ? withTree(state, slot, { worker: 'opened' }) : state;
      return one('opens the gate', go(next, 'watch'));
    }
    case 'watch': {
      const isOver = !isWorkerAlive(at(state.trees, slot));
      return one(isOver ? 'sees the worker exit' : 'finds a limit overrun', go(state, 'sweepScanG'));
    }
    case 'sweepScanG':
    case 'sweepScanW':
    case 'sweepProbe':
      return sweepSteps(state, rules, slot, host);
    case 'sweepKill':
      return one('kills what it has seen of the tree', go(killTrees(state, rules, task), 'sweepScanG'));
    case 'link':
      return one(...link(state, rules, slot));
    case 'linkSync':
      return one('syncs the outcome', go(synced(state, task), 'exit'));
    case 'exit':
      return [{ name: name('exits'), next: withoutHost(state, slot) }];
  }
}

function claim(state: State, rules: Rules, slot: number): [string, State] {
  const task = taskOf(rules, slot);
  const standing = at(state.tasks, task).claim;
  const { breach } = rules;
  if (breach === 'claimDropped') return ['goes on without a claim', withHost(state, slot, { pc: 'spawn' })];
  if (standing === '-') {
    const isRisk = isRisky(state, rules);
    const linked = withTask(state, task, { claim: slot as 0 | 1 | 2 | 3, claimDirty: isRisk });
    const won = withHost(linked, slot, { pc: isRisk ? 'claimSync' : 'spawn' });
    return ['links claim', withoutLosers(won, rules, task)];
  }
  const isIgnored =
    breach === 'existsIgnored' || breach === (standing === 'revoked' ? 'revocationIgnored' : 'lostClaimIgnored');
  if (isIgnored) return ['has lost the claim and goes on', withHost(state, slot, { pc: 'spawn' })];
  return ['has lost the claim and exits', withoutHost(state, slot)];
}

function afterRecord({ breach }: Rules): Host['pc'] {
  return breach === 'spawnBeforeRecord' ? 'watch' : 'open';
}

function record(state: State, rules: Rules, slot: number): [string, State] {
  const task = taskOf(rules, slot);
  if (at(state.tasks, task).agent !== '-' && rules.breach === 'existsIgnored') {
    return ['finds an agent.json and goes on', withHost(state, slot, { pc: 'open' })];
  }
  if (at(state.tasks, task).agent !== '-') {
    // The real host abandons the gate and stops: with its claim it must be the first.
    const shut = withTree(state, slot, { worker: 'dead' });
    return ['finds an agent.json and abandons its gate', withoutHost(shut, slot)];
  }
  if (!isWorkerAlive(at(state.trees, slot)) && rules.breach !== 'spawnBeforeRecord') {
    return ['finds its gate gone', withHost(state, slot, { pc: 'sweepScanG' })];
  }
  const isRisk = isRisky(state, rules);
  const linked = withTask(state, task, { agent: slot as 0 | 1 | 2 | 3, agentDirty: isRisk });
  const isSynced = isRisk && rules.breach !== 'agentNotSynced';
  return ['links agent.json', withHost(linked, slot, { pc: isSynced ? 'recordSync' : afterRecord(rules) })];
}

function sweepSteps(state: State, rules: Rules, slot: number, host: Host): Step[] {
  const task = taskOf(rules, slot);
  const look = host.pc.slice('sweep'.length) as Look;
  const seen = sightOnce(state, rules, task, look, host.tree);
  const isOver = seen.look === null;
  const isLeft = seen.sight === 'found' || seen.isLockedUnseen;
  const pc = !isOver ? (`sweep${seen.look}` as Host['pc']) : seen.sight === 'found' ? 'sweepKill' : 'sweepScanG';
  const tree = isOver ? 'clear' : seen.sight;
  const next = isOver && !isLeft ? withHost(state, slot, { pc: 'link', tree }) : withHost(state, slot, { pc, tree });
  return [{ name: `host ${slot}: looks at the tree (${LOOKS[look]})`, next }];
}

/** What each look of a sighting is called. */
export const LOOKS: Readonly<Record<Look, string>> = { ScanG: 'grandchild', ScanW: 'worker', Probe: 'lock' };

function link(state: State, rules: Rules, slot: number): [string, State] {
  const task = taskOf(rules, slot);
  const isFirst = at(state.tasks, task).outcome === '-';
  if (!isFirst && rules.breach !== 'outcomeReplaced')
    return ['finds an outcome', withHost(state, slot, { pc: 'exit' })];
  const isRisk = isRisky(state, rules);
  const linked = withTask(state, task, { outcome: 'host', outcomeDirty: isRisk });
  return ['links outcome', withHost(linked, slot, { pc: isRisk ? 'linkSync' : 'exit' })];
}
