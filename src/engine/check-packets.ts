/**
 * What an intake and a run would find of each packet of a file, before anything is recorded.
 *
 * Owns: asking every rule once, in the order in which a run would meet it. Does not own: the rules (packets/preflight, engine/intake, adapters/git).
 *
 * Invariants: 1. Nothing is locked, recorded or changed. 2. A packet whose run has not begun is checked like a new one; for any other run
 * only what is known about it is reported.
 */
import { listed } from '../base/listed.ts';
import { unreachable } from '../base/unreachable.ts';
import { shownBlocker } from '../blockers/shown-blocker.ts';
import type { Action } from '../model/action.ts';
import type { Config } from '../model/config.ts';
import type { ShownBlocker } from '../model/error.ts';
import type { PacketReading, Role } from '../model/packet.ts';
import type { AgentsToChoose } from '../packets/choose-agents.ts';
import { fileOverlaps } from '../packets/file-overlaps.ts';
import { preflight } from '../packets/preflight.ts';
import type { GitPort, RepositoryFacts } from '../ports/git.ts';
import { isHeldByEarlier } from '../run/earlier-view.ts';
import type { RunView } from '../run/run-view.ts';
import { type PacketOutcome, planIntake, runsWithOtherPackets } from './intake.ts';

/** Where the packets will run. */
export interface CheckPlace {
  readonly config: Config;
  readonly agents: AgentsToChoose;
  readonly git: Pick<GitPort, 'facts' | 'workspaceProblem'>;
  readonly agentOverride: string | null;
  /** The existing runs. */
  readonly views: ReadonlyMap<string, RunView>;
  worktreeOf(runId: string): string;
}

/** How far a packet has come: `new` where no run of it has begun, else what its run does. */
export type Standing = 'new' | 'underWay' | 'parked' | 'setAside' | 'ended';

/** What was found of one packet. */
export interface PacketCheck {
  readonly reading: PacketReading;
  readonly standing: Standing;
  /** Its run, where it has one. */
  readonly view: RunView | null;
  /** The agents that its run would be given, by role; empty where none could be given, or its run has begun. */
  readonly agents: Readonly<Partial<Record<Role, string>>>;
  /** Why it would be refused, or its run stopped before its first worker; for a parked run, why it is parked. */
  readonly problems: readonly ShownBlocker[];
  /** What can be done if it is refused. */
  readonly actions: readonly Action[];
  /** Warnings: worth knowing, but they stop nothing. */
  readonly notes: readonly string[];
}

const NOWHERE: RepositoryFacts = { origin: null, defaultBranches: [] };
const SURFACES_NAMED = 3;

/** Every packet of a file, checked in order; with `place` null only what the file itself says. */
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
  const found = readings.map((reading, index): Found => {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error('bug: an intake without an outcome for a packet');
    const view = outcome.outcome === 'recorded' ? null : (views.get(outcome.runId) ?? null);
    return { reading, outcome, view, standing: standingOf(view) };
  });
  const waits = waitNotes(found);
  const checks: PacketCheck[] = [];
  for (const [index, packet] of found.entries()) {
    const { reading, outcome, view, standing } = packet;
    const { agents, problems } =
      standing === 'new'
        ? await beforeStart(packet, repository, place)
        : { agents: {}, problems: knownProblems(packet) };
    const known = view === null ? [] : runNotes(view, standing);
    const actions = outcome.refusal?.actions ?? [];
    checks.push({ reading, standing, view, agents, problems, actions, notes: [...known, ...(waits[index] ?? [])] });
  }
  return checks;
}

/** A packet with the result of an intake for it, and its current run. */
interface Found extends Pick<PacketCheck, 'reading' | 'standing' | 'view'> {
  readonly outcome: PacketOutcome;
}

function standingOf(view: RunView | null): Standing {
  if (view === null || (view.state === 'queued' && !isHeldByEarlier(view))) return 'new';
  return STANDINGS[view.kind];
}

const STANDINGS = {
  active: 'underWay',
  blocked: 'parked',
  quarantined: 'setAside',
  terminal: 'ended',
} as const satisfies Readonly<Record<RunView['kind'], Standing>>;

function runNotes({ runId, state }: RunView, standing: Standing): readonly string[] {
  switch (standing) {
    case 'new':
      return [`it is already recorded: its run ${runId} is ${state}`];
    case 'underWay':
      return [`its run ${runId} is under way: ${state}`];
    case 'parked':
      return [`its run ${runId} is parked: ${state}`];
    case 'setAside':
      // Its refusal says so.
      return [];
    case 'ended':
      return [
        state === 'quarantined'
          ? `its run ${runId} was set aside and abandoned`
          : `its run ${runId} has ended: ${state}`,
      ];
    default:
      return unreachable(standing);
  }
}

/** The facts of a run that has begun. */
function knownProblems({ outcome: { refusal }, view, standing }: Found): readonly ShownBlocker[] {
  if (refusal !== null) return [{ ...refusal, evidence: [] }];
  return standing === 'parked' ? (view?.blockers ?? []) : [];
}

async function beforeStart(
  { reading: { packet, missingFields }, outcome: { runId, refusal }, view }: Found,
  repository: RepositoryFacts,
  place: CheckPlace | null,
): Promise<Pick<PacketCheck, 'agents' | 'problems'>> {
  const refused = refusal === null ? [] : [{ ...refusal, evidence: [] }];
  // A packet that lacks something ends before any of this is asked.
  if (place === null || missingFields.length > 0) return { agents: {}, problems: refused };
  const agentOverride = place.agentOverride ?? view?.agentOverride ?? null;
  const { agents, blockers } = preflight(packet, { ...place, repository, agentOverride });
  const workspace = refusal === null ? await workspaceProblem(packet, runId, place) : null;
  const found = [...refused, ...blockers.map(shownBlocker), ...(workspace === null ? [] : [workspace])];
  const problems = found.filter(
    ({ code, message }, at) => at === found.findIndex((each) => each.code === code && each.message === message),
  );
  return { agents, problems };
}

async function workspaceProblem(
  { scm }: PacketReading['packet'],
  runId: string,
  place: CheckPlace,
): Promise<ShownBlocker | null> {
  const ended = [...place.views.values()].filter(({ kind }) => kind === 'terminal');
  const blocker = await place.git.workspaceProblem({
    runId,
    worktree: place.worktreeOf(runId),
    branch: scm.intendedBranch ?? '',
    baseBranch: scm.baseBranch,
    endedWorktrees: ended.map((view) => place.worktreeOf(view.runId)),
  });
  // Worded for a run that was stopped; here there is none yet.
  const shown = blocker === null ? null : shownBlocker(blocker);
  return shown === null
    ? null
    : { ...shown, hint: shown.hint.replace(/(?:,? then|\. Then) retry(?: the run)?\.$/, '.') };
}

/** For each packet that has not begun, the earlier one of the file that it will wait for. */
function waitNotes(found: readonly Found[]): readonly (readonly string[])[] {
  const holding = new Set(found.filter(mayHold).map(({ reading }) => reading));
  const overlaps = fileOverlaps(
    found.map(({ reading }) => reading),
    (reading) => holding.has(reading),
  );
  return (overlaps ?? []).map((overlap, index) => {
    if (overlap === null || found[index]?.standing !== 'new') return [];
    const { surfaces, earlier } = overlap;
    const named = listed(surfaces, SURFACES_NAMED);
    return [`it waits until ${found[earlier]?.reading.packet.taskId ?? ''} has ended: both are for ${named}`];
  });
}

/** The packet's run holds its surfaces, or will. */
function mayHold({ reading, outcome, view, standing }: Found): boolean {
  if (reading.missingFields.length > 0 || outcome.outcome === 'refused') return false;
  return (
    standing === 'new' || standing === 'underWay' || (standing === 'parked' && view !== null && view.lease !== null)
  );
}
