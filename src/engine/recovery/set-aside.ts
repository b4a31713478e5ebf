/**
 * Quarantine: a run whose files contradict each other is set aside, whole and in place.
 *
 * Owns: ending its hosts and trees first, then the register. Does not own: finding the contradiction (engine/recovery/rehydrate, worker/task-folder).
 *
 * Invariant: existing files are not changed (L5); only the register is added, and a revocation for a task that nobody has claimed.
 */
import { join } from 'node:path';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import { BOUNDS } from '../../model/limits.ts';
import { TASK_FILES } from '../../model/request.ts';
import { type QuarantineRecord, quarantineRun } from '../../store/quarantine.ts';
import { isSafeName } from '../../store/registry-paths.ts';
import { parseAgentRecord, parseClaim, parseRequest } from '../../turn/task-files.ts';
import { endTree } from '../../worker/ending.ts';
import { treeHandle } from '../../worker/observe.ts';
import { revokeClaim } from '../../worker/outcome.ts';
import { endHost } from '../effects/end-task.ts';
import type { World } from '../world.ts';
import type { Doubt, Finding } from './rehydrate.ts';

/** The run's hosts and trees are ended as far as they can be proven its own, and the run is set aside. */
export async function setAside(
  world: World,
  runId: string,
  doubt: Doubt,
  findings: readonly Finding[],
): Promise<QuarantineRecord> {
  const ended: Finding[] = [];
  for (const taskId of taskFolders(world, runId)) ended.push(...(await endTask(world, runId, taskId)));
  const record = await quarantineRun(world.files, world.paths, runId, {
    code: doubt.code,
    detail: doubt.detail,
    findings: [...findings, ...ended],
    surfaces: doubt.surfaces,
    atMs: world.clock.nowMs(),
  });
  world.log(`${runId}: set aside: ${doubt.code}: ${doubt.detail}`);
  return record;
}

/** Whatever else lies among them is left as it is. */
function taskFolders({ files, paths }: World, runId: string): readonly string[] {
  const names = files.listNames(paths.tasks(runId)).filter(isSafeName);
  return names.filter((name) => files.fs.stat(paths.task(runId, name))?.kind === 'folder');
}

async function endTask(world: World, runId: string, taskId: string): Promise<Finding[]> {
  const folder = world.paths.task(runId, taskId);
  const found: Finding[] = [];
  const requestBytes = await world.registers.read(join(folder, TASK_FILES.request));
  const request = requestBytes === null ? null : parseRequest(requestBytes);
  // A host that has started but not claimed yet finds the task abandoned.
  if (requestBytes !== null && !world.files.exists(join(folder, TASK_FILES.claim))) {
    await revokeClaim(world.files, folder, sha256(requestBytes), 'interrupted');
  }
  const claimBytes = await world.registers.read(join(folder, TASK_FILES.claim));
  const claim = claimBytes === null ? null : parseClaim(claimBytes);
  // Dead before its agent record is read: what a dead host has left behind is complete.
  if (claim?.ok === true && claim.value.kind === 'host')
    found.push(...(await endHostOf(world, folder, taskId, claim.value.host)));
  if (request?.ok !== true) return found;
  const agentBytes = await world.registers.read(join(folder, TASK_FILES.agent));
  const agent = agentBytes === null ? null : parseAgentRecord(agentBytes);
  const handle = treeHandle(folder, request.value, agent?.ok === true ? agent.value : null);
  const { graceMs } = request.value.limits;
  const end = await endTree(world.processes, world.clock, handle, { graceMs, killMs: BOUNDS.killMs });
  if (!end.isGone) {
    const pids = [...end.survivors.map((each) => each.pid), ...end.unknown].join(', ');
    found.push({
      class: 'ambiguous',
      detail: `processes of ${taskId} are still running: ${pids}`,
      action: 'end them yourself',
    });
  }
  return found;
}

/** Ends the task's host; the operator is told about one that may still live, cannot be judged from here, and has left no outcome. */
async function endHostOf(world: World, folder: string, taskId: string, host: ProcessIdentity): Promise<Finding[]> {
  const before = world.processes.life(host);
  if (before === 'alive') {
    const life = await endHost(world, host);
    const action = life === 'dead' ? 'ended' : 'end it yourself';
    return [{ class: 'ambiguous', detail: `the host of ${taskId} lived`, action }];
  }
  if (before === 'dead' || world.files.exists(join(folder, TASK_FILES.outcome))) return [];
  const detail = `cannot tell whether the host of ${taskId} is alive: it ran as pid ${host.pid} on ${host.hostname}`;
  return [{ class: 'ambiguous', detail, action: 'make sure that it has ended' }];
}
