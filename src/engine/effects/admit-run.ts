/**
 * Admitting a run: nothing that is known in advance stops it, it has its agents, and a slot is free.
 *
 * Owns: that effect. Does not own: the rules (packets/preflight), leases and workspaces (engine/effects/admission).
 *
 * Invariants: 1. No worker starts, and no lease is taken, before the checks are passed. 2. What stops a run is recorded once for as long
 * as it is the same, and checked again whenever the run is driven again. 3. Runs are admitted in the order in which they began to be
 * driven, however long the checks of each take.
 */
import { canonicalJson } from '../../base/canonical-json.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import type { Blocker } from '../../model/error.ts';
import { DRIVER_ACTOR } from '../../model/system-record.ts';
import { preflight } from '../../packets/preflight.ts';
import { readKeptPacket } from '../kept-packet.ts';
import type { LiveRun } from '../live-run.ts';
import type { RunCoordinator } from './admission.ts';

/** The run is admitted with an agent for every role, or its blockers say what is in the way. */
export async function admitRun(
  run: LiveRun,
  effect: KeyedEffectOf<'admitRun'>,
  coordinator: RunCoordinator,
  signal: AbortSignal,
): Promise<void> {
  const { world } = run;
  const place = coordinator.turns.join();
  try {
    await noteAgent(run, coordinator.agentOverride);
    const { packet } = await readKeptPacket(world, run);
    const repository = await world.git.facts();
    if (signal.aborted || !run.isOwed(effect.key)) return;
    const { agents, blockers } = preflight(packet, {
      config: world.config,
      agents: world.agents,
      repository,
      agentOverride: coordinator.agentOverride ?? run.agentOverride,
    });
    if (blockers.length > 0) return await noteRefusal(run, effect, blockers);
    if (!(await place.reached(signal)) || !(await coordinator.slots.take(run.runId, signal))) return;
    await run.settle(effect, {
      type: 'runAdmitted',
      key: effect.key,
      agents: { ...agents },
      hasSetup: world.config.workspace.setup.length > 0,
    });
  } finally {
    place.leave();
  }
}

/** Records the agent that `--agent` names now, unless it was recorded before: if the run does not begin now, the next `pawl run` needs no `--agent`. */
async function noteAgent(run: LiveRun, agentOverride: string | null): Promise<void> {
  if (agentOverride === null || agentOverride === run.agentOverride) return;
  await run.commit(DRIVER_ACTOR, { type: 'agentNamed', agentOverride });
}

/** True when the run already names these blockers. */
export function isAlreadyRecorded(run: LiveRun, blockers: readonly Blocker[]): boolean {
  return canonicalJson(run.state.root.context.blockers.map(factsOf)) === canonicalJson(blockers.map(factsOf));
}

/** What is in the way is recorded, unless it is what was recorded before. */
async function noteRefusal(
  run: LiveRun,
  { actor, key }: KeyedEffectOf<'admitRun'>,
  blockers: readonly Blocker[],
): Promise<void> {
  if (isAlreadyRecorded(run, blockers)) return;
  const [blocker] = blockers;
  // A missing agent alone has an event of its own; anything else, or more than one problem, is recorded by the event that holds all of them.
  const isAgentAlone = blocker !== undefined && blockers.length === 1 && blocker.code.startsWith('PAWL_AGENT_');
  await run.commit(
    actor,
    isAgentAlone ? { type: 'agentMissing', key, blocker } : { type: 'admissionRefused', key, blockers: [...blockers] },
  );
}

function factsOf({ code, params }: Blocker): unknown {
  return { code, params };
}
