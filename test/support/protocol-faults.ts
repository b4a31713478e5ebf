/**
 * What the world does to the processes of the model: crash, suspension, reboot, and the operator.
 *
 * Owns: those steps and their bounds. Does not own: the processes' own steps.
 */
import { RUNNERS } from './protocol-acting.ts';
import { type Rules, taskOf } from './protocol-rules.ts';
import { RUNNER_OFF, replaced, type State, type World } from './protocol-state.ts';
import {
  at,
  isHostAlive,
  isTreeAlive,
  isWorkerAlive,
  killTrees,
  type Step,
  withHost,
  withoutHost,
  withRunner,
  withTask,
  withTree,
  withWorld,
} from './protocol-step.ts';

/** What may happen from outside. */
export function faultSteps(state: State, rules: Rules): Step[] {
  const steps: Step[] = [];
  state.runners.forEach((runner, index) => {
    const name = RUNNERS[index] ?? '';
    if (runner.pc === 'off') return;
    if (state.world.faults > 0)
      steps.push({ name: `crash: runner ${name}`, next: crashed(state, index), kind: 'fault' });
    if (runner.life === 'stopped')
      steps.push({ name: `SIGCONT: runner ${name}`, next: withRunner(state, index, { life: 'runs' }) });
    else if (state.world.stops > 0)
      steps.push({
        name: `SIGSTOP: runner ${name}`,
        next: withRunner(stopSpent(state), index, { life: 'stopped' }),
        kind: 'fault',
      });
  });
  state.hosts.forEach((host, slot) => {
    if (!isHostAlive(host)) return;
    if (host.isDying) steps.push({ name: `host ${slot}: dies`, next: withoutHost(state, slot) });
    else if (state.world.faults > 0)
      steps.push({ name: `crash: host ${slot}`, next: withoutHost(faultSpent(state), slot), kind: 'fault' });
    if (host.isStopped)
      steps.push({ name: `SIGCONT: host ${slot}`, next: withHost(state, slot, { isStopped: false }), kind: 'luck' });
    else if (state.world.stops > 0 && !host.isDying)
      steps.push({
        name: `SIGSTOP: host ${slot}`,
        next: withHost(stopSpent(state), slot, { isStopped: true }),
        kind: 'fault',
      });
  });
  if (rules.hasReboots && state.world.faults > 0) steps.push(...reboots(state));
  return [...steps, ...operatorSteps(state, rules)];
}

/** Without faults left no power cut can come: then nothing is at risk any more. */
function faultSpent(state: State): State {
  const faults = (state.world.faults - 1) as World['faults'];
  const next = withWorld(state, { faults });
  return faults > 0 ? next : next.tasks.reduce((each, _, task) => cleaned(each, task), next);
}

function cleaned(state: State, task: number): State {
  return withTask(state, task, { claimDirty: false, agentDirty: false, outcomeDirty: false });
}

function stopSpent(state: State): State {
  return withWorld(state, { stops: state.world.stops === 2 ? 1 : 0 });
}

function crashed(state: State, index: number): State {
  const next = { ...faultSpent(state), runners: replaced(state.runners, index, RUNNER_OFF) };
  return state.world.lock === RUNNERS[index] ? withWorld(next, { lock: 'free' }) : next;
}

/** Everything ends at once; each register whose folder was not synced is kept or lost. */
function reboots(state: State): Step[] {
  let base = withWorld(faultSpent(state), { lock: 'free' });
  base = { ...base, runners: state.runners.map(() => RUNNER_OFF) };
  state.hosts.forEach((host, slot) => {
    if (isHostAlive(host)) base = withoutHost(base, slot);
  });
  state.trees.forEach((tree, slot) => {
    if (!isTreeAlive(tree)) return;
    const worker = isWorkerAlive(tree) ? 'dead' : tree.worker;
    base = withTree(base, slot, { worker, grandchild: tree.grandchild === 'runs' ? 'dead' : tree.grandchild });
  });
  const atRisk = state.tasks.flatMap((task, index) =>
    (['claim', 'agent', 'outcome'] as const).filter((name) => task[`${name}Dirty`]).map((name) => ({ name, index })),
  );
  const steps: Step[] = [];
  for (let mask = 0; mask < 1 << atRisk.length; mask += 1) {
    const lost = atRisk.filter((_, bit) => (mask & (1 << bit)) !== 0);
    let next = state.tasks.reduce((each, _, task) => cleaned(each, task), base);
    for (const { name, index } of lost) next = withTask(next, index, { [name]: '-' });
    const loss = lost.map(({ name, index }) => ` and loses ${name} of task ${index + 1}`).join('');
    steps.push({ name: `reboot${loss}`, next, kind: 'fault' });
  }
  return steps;
}

/** A parked task: the operator ends what is left, and then says so; a hasty one says so at once. */
function operatorSteps(state: State, rules: Rules): Step[] {
  const index = state.runners.findIndex(({ pc, life, isStale }) => pc === 'parked' && life === 'runs' && !isStale);
  const runner = state.runners[index];
  if (runner === undefined) return [];
  const { claim } = at(state.tasks, runner.task);
  const isHostLeft = typeof claim === 'number' && isHostAlive(at(state.hosts, claim));
  const isTreeLeft = state.trees.some((tree, slot) => taskOf(rules, slot) === runner.task && isTreeAlive(tree));
  const steps: Step[] = [];
  if (isHostLeft) steps.push({ name: 'operator: ends the host', next: withoutHost(state, claim) });
  if (isTreeLeft) steps.push({ name: 'operator: ends the tree', next: killTrees(state, rules, runner.task) });
  if (rules.operator === 'hasty' || (!isHostLeft && !isTreeLeft)) {
    const resolved = withTask(state, runner.task, { journal: 'ending' });
    steps.push({
      name: 'operator: resolves the parked run',
      next: withRunner(resolved, index, { pc: 'readClaim', mode: 'opEnd' }),
    });
  }
  return steps;
}
