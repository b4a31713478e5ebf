/**
 * A passed run becomes a handoff: a last check of branch and content, the bundle, its projection, the release of the branch.
 *
 * Owns: what must hold at that moment. Does not own: the bundle's content (run/handoff/bundle), where it goes (ports/scm).
 *
 * Invariants: 1. What is handed off is the commit that both gates judged, at the head of its branch, and its objects hold the tree that they
 * judged. 2. A branch or a worktree that somebody has moved is put back only on a person's decision, after a rescue.
 */
import { blocker } from '../../model/blocker.ts';
import type { Gate, KeyedEffectOf } from '../../model/effect.ts';
import { type Blocker, PawlError } from '../../model/error.ts';
import type { SomePaths } from '../../model/event.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { Packet } from '../../model/packet.ts';
import { surfacesOf } from '../../packets/surfaces.ts';
import { isPutBackByPerson } from '../../run/decision-event.ts';
import { type GateView, judgedTree, readEvidence } from '../../run/gate-evidence.ts';
import { handoffBundle } from '../../run/handoff/bundle.ts';
import { OutsidePaths } from '../../run/outside-paths.ts';
import { roundsOf } from '../../run/run-story.ts';
import { readRecords } from '../journal-records.ts';
import { readKeptPacket } from '../kept-packet.ts';
import type { LiveRun } from '../live-run.ts';
import { roundReports } from '../run-report.ts';
import { workSummaries } from './handoff-work.ts';

/** The run's evidence is at its review target, and the branch is free for the user. */
export async function projectHandoff(run: LiveRun, effect: KeyedEffectOf<'projectHandoff'>): Promise<void> {
  const { world, runId } = run;
  const { context } = run.state.root;
  const worktree = world.paths.worktree(runId);
  const records = await readRecords(world, runId);
  const rescueRef = isPutBackByPerson(records) ? await putBack(run, effect) : null;
  const refused = (await movedHead(run, effect.commit)) ?? (await changedContent(run, effect.commit));
  if (refused !== null) {
    await run.settle(effect, { type: 'handoffRefused', key: effect.key, blocker: refused });
    return;
  }
  const kept = await readKeptPacket(world, run);
  const baseCommit = context.baseCommit ?? effect.commit;
  const commits = await world.git.commits(worktree, baseCommit, effect.commit);
  const changed = await world.git.filesChanged(worktree, baseCommit, effect.commit);
  const every = world.agents.instructionFiles(null);
  const instructionChanges = await world.git.instructionChanges(baseCommit, effect.commit, every);
  const diffStat = await world.git.diffStat(baseCommit, effect.commit);
  const outside = await pathsOutside(run, kept.packet, baseCommit, effect.commit);
  const gates = [...(await gateView(run, 'verification')), ...(await gateView(run, 'review'))];
  const upTo = records.findIndex((record) => record.effects.some((asked) => asked.key === effect.key));
  const before = records.slice(0, upTo + 1);
  const bundle = handoffBundle({
    runId,
    packetHash: context.packetHash,
    packet: kept.packet,
    branch: context.branch,
    baseBranch: context.baseBranch ?? '',
    baseCommit,
    headCommit: effect.commit,
    commits,
    files: changed.files,
    fileCount: changed.count,
    instructionChanges,
    diffStat,
    outside,
    summaries: workSummaries(world, runId, before),
    gates,
    policy: { ...context.policy },
    rounds: roundReports(world, runId, roundsOf(before)),
    records: before,
  });
  const result = await world.scm(run.folder).project({ runId, ...bundle });
  await world.git.releaseBranch(worktree).catch(ignoreMissing);
  await run.settle(effect, {
    type: 'handoffProjected',
    key: effect.key,
    artifact: { path: result.artifact, sha256: result.sha256 },
    reference: result.reference,
    ...(rescueRef === null ? {} : { rescueRef }),
  });
}

/** The paths that the work touches and the packet's own surface does not cover: the first few, and how many there are. */
async function pathsOutside(run: LiveRun, packet: Packet, base: string, head: string): Promise<SomePaths> {
  const surfaces = surfacesOf(packet, run.runId);
  const paths: string[] = [];
  let count = 0;
  await run.world.git.eachPathChanged(base, head, (path) => {
    const outside = new OutsidePaths(packet.scm.repo ?? '', surfaces, 1);
    outside.add(path);
    if (outside.surfaces().length === 0) return;
    count += 1;
    if (paths.length < BOUNDS.filesListed) paths.push(path);
  });
  return { paths: paths.sort(), count };
}

/** Branch and worktree are at the judged commit; the ref that holds what was there instead, null when nothing was. */
async function putBack(run: LiveRun, effect: KeyedEffectOf<'projectHandoff'>): Promise<string | null> {
  const { world, runId } = run;
  const { branch } = run.state.root.context;
  const [, place = ''] = /\/([^/]+):/.exec(effect.key) ?? [];
  const name = `before-handoff-${place}`;
  const spec = { worktree: world.paths.worktree(runId), branch, commit: effect.commit, runId, name };
  const rescueRef = await world.git.rescueAndReset(spec);
  if (rescueRef !== null) world.log(`${runId}: kept what was on ${branch} and in the worktree as ${rescueRef}`);
  return rescueRef;
}

/** A worktree that is gone holds no branch and hides no change: the branch itself says where it is. */
function ignoreMissing(error: unknown): null {
  if (error instanceof PawlError && error.code === 'PAWL_WORKSPACE_FOREIGN') return null;
  throw error;
}

async function gateView(run: LiveRun, gate: Gate): Promise<readonly GateView[]> {
  const record = run.state.root.context.gates[gate];
  if (record === null) return [];
  const document: unknown =
    record.evidence === null ? null : JSON.parse(await run.world.artifacts.read(run.folder, record.evidence));
  return [
    {
      gate,
      status: record.status,
      epoch: record.epoch,
      commit: record.commit,
      evidence: record.evidence,
      override: record.by === null ? null : { by: record.by, reason: record.reason ?? '' },
      ...readEvidence(document),
    },
  ];
}

/** The blocker when the branch is not at the commit that both gates judged; null when it is. */
async function movedHead(run: LiveRun, commit: string): Promise<Blocker | null> {
  const { world } = run;
  const { branch } = run.state.root.context;
  const head = await world.git.branchHead(branch);
  const state = await world.git.state(world.paths.worktree(run.runId)).catch(ignoreMissing);
  const isInPlace = state === null || (state.head === commit && (state.branch === branch || state.branch === null));
  if (head === commit && isInPlace) return null;
  const evidence = [commit, ...(head === null ? [] : [head])];
  return blocker('PAWL_HANDOFF_REFUSED', { reason: 'moved', branch, head, commit }, evidence);
}

/** The blocker when what is stored for the commit is not, byte for byte, the tree that both gates judged; null when it is. */
async function changedContent(run: LiveRun, commit: string): Promise<Blocker | null> {
  const stored = await run.world.git.storedContent(commit, run.state.root.context.baseCommit ?? commit);
  if (stored.kind === 'damaged') {
    const { object } = stored;
    return blocker('PAWL_GIT_OBJECTS_DAMAGED', { reason: 'object', object, commit }, [commit, object]);
  }
  if (stored.kind === 'misread') {
    const params = { reason: 'graph', commit: stored.commit } as const;
    return blocker('PAWL_GIT_OBJECTS_DAMAGED', params, [commit, stored.commit]);
  }
  for (const gate of ['verification', 'review'] as const) {
    const record = run.state.root.context.gates[gate];
    // A gate that a person has accepted stands by that decision, whatever it saw.
    if (record?.status !== 'PASS' || record.evidence === null) continue;
    const judged = judgedTree(JSON.parse(await run.world.artifacts.read(run.folder, record.evidence)));
    if (judged === null || judged === stored.tree) continue;
    const params = { reason: 'otherTree', gate, commit, tree: stored.tree, judged } as const;
    return blocker('PAWL_HANDOFF_REFUSED', params, [commit, stored.tree, judged]);
  }
  return null;
}
