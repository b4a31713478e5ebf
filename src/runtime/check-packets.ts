/**
 * What an intake and a run would find of each packet of a file, before anything is recorded.
 *
 * Owns: asking every rule once, in the order in which a run would meet it. Does not own: the rules (core/preflight, runtime/intake, adapters/git).
 *
 * Invariant: nothing is locked, recorded or changed.
 */
import { listed } from '../base/listed.ts';
import type { AgentsToChoose } from '../core/choose-agents.ts';
import { fileOverlaps } from '../core/file-overlaps.ts';
import { preflight } from '../core/preflight.ts';
import type { RunView } from '../core/run-view.ts';
import type { Config } from '../model/config.ts';
import type { Blocker } from '../model/error.ts';
import type { PacketReading } from '../model/packet.ts';
import type { GitPort, RepositoryFacts } from '../ports/git.ts';
import { type PacketOutcome, planIntake, runsWithOtherPackets } from './intake.ts';

/** Where the packets are to run. */
export interface CheckPlace {
  readonly config: Config;
  readonly agents: AgentsToChoose;
  readonly git: Pick<GitPort, 'facts' | 'workspaceProblem'>;
  readonly agentOverride: string | null;
  /** The runs that are there already. */
  readonly views: ReadonlyMap<string, RunView>;
  worktreeOf(runId: string): string;
}

/** What was found of one packet. */
export interface PacketCheck {
  readonly reading: PacketReading;
  /** Why it would be refused, or its run stopped before its first worker. */
  readonly problems: readonly Blocker[];
  /** What is worth knowing and stops nothing. */
  readonly notes: readonly string[];
}

const NOWHERE: RepositoryFacts = { origin: null, defaultBranches: [] };
const SURFACES_NAMED = 3;

/** Every packet of a file, checked in its order; with `place` null only what the file itself tells. */
export async function checkPackets(
  readings: readonly PacketReading[],
  config: Config,
  place: CheckPlace | null,
): Promise<readonly PacketCheck[]> {
  const repository = place === null ? NOWHERE : await place.git.facts();
  const views = place?.views ?? new Map<string, RunView>();
  const active = [...views.values()].filter(({ kind }) => kind === 'active' || kind === 'blocked');
  const replaced = runsWithOtherPackets([...views.values()]);
  const { outcomes } = planIntake(
    readings,
    config,
    {
      view: (runId) => views.get(runId) ?? null,
      withPacket: (packetHash) => replaced.get(packetHash) ?? null,
      holders: () => active,
      options: [],
      repository,
    },
    { again: false },
  );
  const waits = waitNotes(readings, outcomes);
  const checks: PacketCheck[] = [];
  for (const [index, reading] of readings.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error('bug: an intake without an outcome for a packet');
    const view = views.get(outcome.runId);
    const isKnown = outcome.outcome === 'present' && view !== undefined;
    const problems = isKnown ? [] : await problemsOf(reading, outcome, repository, place);
    const known = isKnown ? [`it is recorded already: its run ${view.runId} is ${view.state}`] : [];
    checks.push({ reading, problems, notes: [...known, ...(waits[index] ?? [])] });
  }
  return checks;
}

async function problemsOf(
  { packet, missingFields }: PacketReading,
  { runId, refusal }: PacketOutcome,
  repository: RepositoryFacts,
  place: CheckPlace | null,
): Promise<readonly Blocker[]> {
  const refused = refusal === null ? [] : [{ ...refusal, evidence: [] }];
  // A packet that lacks something ends before any of this is asked.
  if (place === null || missingFields.length > 0) return refused;
  const { blockers } = preflight(packet, { ...place, repository });
  const workspace = refusal === null ? await workspaceProblem(packet, runId, place) : null;
  const found = [...refused, ...blockers, ...(workspace === null ? [] : [workspace])];
  return found.filter(
    ({ code, message }, at) => at === found.findIndex((each) => each.code === code && each.message === message),
  );
}

async function workspaceProblem(
  { scm }: PacketReading['packet'],
  runId: string,
  place: CheckPlace,
): Promise<Blocker | null> {
  const ended = [...place.views.values()].filter(({ kind }) => kind === 'terminal');
  const blocker = await place.git.workspaceProblem({
    runId,
    worktree: place.worktreeOf(runId),
    branch: scm.intendedBranch ?? '',
    baseBranch: scm.baseBranch,
    endedWorktrees: ended.map((view) => place.worktreeOf(view.runId)),
  });
  // Worded for a run that was stopped; here there is none yet.
  return blocker === null
    ? null
    : { ...blocker, hint: blocker.hint.replace(/(?:,? then|\. Then) retry(?: the run)?\.$/, '.') };
}

/** Of each packet, for which earlier one of the file it will wait. */
function waitNotes(
  readings: readonly PacketReading[],
  outcomes: readonly PacketOutcome[],
): readonly (readonly string[])[] {
  const recorded = new Set(outcomes.filter(({ outcome }) => outcome !== 'refused').map(({ runId }) => runId));
  const found = fileOverlaps(readings, ({ runId, missingFields }) => missingFields.length === 0 && recorded.has(runId));
  return (found ?? []).map((overlap) => {
    if (overlap === null) return [];
    const { surfaces, earlier } = overlap;
    const named = listed(surfaces, SURFACES_NAMED);
    return [`it waits until ${readings[earlier]?.packet.taskId ?? ''} has ended: both are for ${named}`];
  });
}
