/**
 * The runs of all projects, for whoever asks over the API: found, shown, commanded.
 *
 * Owns: finding a run among projects, its view in its surroundings, a command from its key to its answer. Does not own: HTTP (api/handlers), deciding
 * (engine/inbox-desk), the projects (daemon/project-directory).
 *
 * Invariants: 1. A key names one command on this machine: the same again is the same command, anything else under it is refused. 2. A command that was accepted is
 * durable before it is answered. 3. Nothing is left for a registry whose holder is unknown.
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { registryUser } from '../app/options.ts';
import { outcomesIn, type PacketOutcome } from '../engine/intake.ts';
import type { WidePlace } from '../engine/liveness.ts';
import { lookAtRun, unknownRun } from '../engine/run-look.ts';
import { driverFacts, shownRuns } from '../engine/surroundings.ts';
import type { World } from '../engine/world.ts';
import type { CommandDecision, CommandKey, CommandRequest, InboxCommand } from '../model/command.ts';
import type { Inbox } from '../ports/inbox.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import type { DriverFacts } from '../run/next-actions.ts';
import type { RunView } from '../run/run-view.ts';
import { fileInbox, keyedCommandId, readKeyed } from '../store/inbox.ts';
import { assertOwnRegistry } from '../store/registry-binding.ts';
import { assertHolderKnown } from '../store/registry-lock.ts';
import { isSafeName } from '../store/registry-paths.ts';
import { ApiError } from './api/problem.ts';
import type { ShownRun } from './api/run-schema.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Project, ProjectDirectory } from './project-directory.ts';

/** A run and the project that it belongs to. */
export interface FoundRun {
  readonly project: Project;
  readonly view: RunView;
}

/** A command, and the decision on it; null while there is none. */
export interface AnsweredCommand {
  readonly project: Project;
  readonly command: InboxCommand;
  readonly decision: CommandDecision | null;
}

const LOOK_MS = 50;

let processes: ProcessesPort | null = null;

/** What tells one boot or one process table from another is read once. */
function processesHere(): ProcessesPort {
  processes ??= systemProcesses();
  return processes;
}

/** Finds, shows and commands runs. */
export class RunsDesk {
  readonly #projects: ProjectDirectory;
  /** Keys whose commands are being left or decided. */
  readonly #underWay = new Set<string>();

  constructor(projects: ProjectDirectory) {
    this.#projects = projects;
  }

  /** The run of that id. Throws PAWL_RUN_UNKNOWN, RUN_AMBIGUOUS, PAWL_PROJECT_UNKNOWN. */
  async find(runId: string, projectId: string | undefined): Promise<FoundRun> {
    const projects = projectId === undefined ? this.#projects.list() : [this.#projects.get(projectId)];
    const found: FoundRun[] = [];
    for (const project of projects) {
      const view = isSafeName(runId) ? await viewIn(project, runId) : null;
      if (view !== null) found.push({ project, view });
    }
    const [first, ...others] = found;
    if (first === undefined) throw unknownRun(runId);
    if (others.length === 0) return first;
    const ids = found.map(({ project }) => project.id);
    throw new ApiError('RUN_AMBIGUOUS', `${found.length} projects have a run ${runId}.`, {
      next: 'Name the project with `?project=`.',
      details: { projects: ids },
    });
  }

  /** The command is left under its key and decided, if that does not take too long. */
  async command(
    project: Project,
    request: CommandRequest,
    key: CommandKey,
    signal: AbortSignal,
  ): Promise<AnsweredCommand> {
    if (this.#underWay.has(key.key)) throw pending(key.key);
    this.#underWay.add(key.key);
    try {
      await project.underPresentConfig(signal);
      this.assertFree(key.key, project);
      return await this.#decided(project, request, key, signal);
    } finally {
      this.#underWay.delete(key.key);
    }
  }

  /**
   * What became of the command with that key; null where no project has one. A project that is being opened may still find it in its records: it is waited for. Throws
   * PROJECT_UNAVAILABLE where that takes too long.
   */
  async commandOf(key: string, signal: AbortSignal): Promise<AnsweredCommand | null> {
    const found = await this.#knownUnder(key);
    const opening = this.#projects.list().filter(isOpening);
    if (found !== null || opening.length === 0) return found;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(DAEMON_BOUNDS.commandMs)]);
    await Promise.all(opening.map(({ engine }) => engine.settled(patience)));
    const later = await this.#knownUnder(key);
    const late = opening.find(isOpening);
    if (later !== null || late === undefined) return later;
    throw new ApiError('PROJECT_UNAVAILABLE', `${late.id} is being recovered, and may have a command with this key.`, {
      next: 'Ask again once it is driven.',
    });
  }

  async #knownUnder(key: string): Promise<AnsweredCommand | null> {
    const commandId = keyedCommandId(key);
    for (const project of this.#projects.list()) {
      const known = await knownIn(project, commandId);
      if (known !== null) return known;
    }
    return null;
  }

  /** Throws KEY_REUSED where a project, but for that one, is known to have a command with that key. */
  assertFree(key: string, except?: Project): void {
    const commandId = keyedCommandId(key);
    for (const project of this.#projects.list())
      if (project !== except && mayHave(project, commandId)) throw reused(key);
  }

  async #decided(
    project: Project,
    request: CommandRequest,
    key: CommandKey,
    signal: AbortSignal,
  ): Promise<AnsweredCommand> {
    const { driving } = project.engine;
    if (driving === null) return leftToOthers(project, request, key, signal);
    const left = await driving.desk.leave(request, key);
    if (left === null) throw reused(key.key);
    return { project, command: left.command, decision: await within(left.decision, signal) };
  }
}

function isOpening({ engine }: Project): boolean {
  return engine.state.kind === 'opening';
}

/** True where the project has a command of that id. It is asked of every one before a command is left in another: those that are driven are not looked at. */
function mayHave(project: Project, commandId: string): boolean {
  const { driving } = project.engine;
  if (driving !== null) return driving.driver.world.inbox.mayHave(commandId);
  const at = project.place();
  return project.engine.remembered(commandId) !== null || at?.files.exists(at.paths.command(commandId)) === true;
}

/** The command of that id that the project has, by a record that is not filed yet or in its inbox; null where it has none. */
async function knownIn(project: Project, commandId: string): Promise<AnsweredCommand | null> {
  const recorded = project.engine.remembered(commandId);
  if (recorded !== null) return { project, ...recorded };
  const place = project.place();
  const known = place === null ? null : await readKeyed(place.files, place.paths, commandId);
  if (place === null || known === null) return null;
  const decided = await project.engine.driving?.desk.known(commandId);
  const decision = decided ?? (await fileInbox(place.files, place.paths).decision(commandId));
  return { project, command: known.command, decision };
}

/** Another process, or a later one of ours, decides on the command. */
async function leftToOthers(
  project: Project,
  request: CommandRequest,
  key: CommandKey,
  signal: AbortSignal,
): Promise<AnsweredCommand> {
  const inbox = inboxOfOthers(project);
  const left = await inbox.leaveKeyed(request, key);
  if (left.kind === 'other') throw reused(key.key);
  await left.settled;
  return { project, command: left.command, decision: await decisionLater(inbox, left.command.commandId, signal) };
}

/** The inbox of a registry that is not driven here. Throws where nothing may be left in it. */
function inboxOfOthers(project: Project): Inbox {
  const places = project.places();
  const { files, paths } = places;
  assertOwnRegistry(files, paths, registryUser(places));
  assertHolderKnown({ files, paths, processes: processesHere() });
  return fileInbox(files, paths);
}

/** Another process, or a later one of ours, decides: its decision is looked for, for a while. */
async function decisionLater(inbox: Inbox, commandId: string, signal: AbortSignal): Promise<CommandDecision | null> {
  const endMs = systemClock.monotonicMs() + DAEMON_BOUNDS.commandMs;
  for (;;) {
    const decision = await inbox.decision(commandId);
    if (decision !== null || signal.aborted || systemClock.monotonicMs() > endMs) return decision;
    await new Promise<void>((done) => systemClock.timer(LOOK_MS, done));
  }
}

/** The decision, or null where it takes too long. */
async function within(decision: Promise<CommandDecision>, signal: AbortSignal): Promise<CommandDecision | null> {
  let callOff = (): void => undefined;
  const over = new Promise<null>((resolve) => {
    callOff = systemClock.timer(DAEMON_BOUNDS.commandMs, () => resolve(null));
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    return await Promise.race([decision, over]);
  } finally {
    callOff();
  }
}

/** The view of a run in that project; null where it has none. */
async function viewIn(project: Project, runId: string): Promise<RunView | null> {
  const known = project.engine.views.get(runId);
  if (known !== undefined) return known;
  const place = project.place();
  if (place === null || !place.files.exists(place.paths.run(runId))) return null;
  return lookAtRun(place, runId);
}

/** The views as they are shown, each in its surroundings as they are now. */
export function show(project: Project, views: readonly RunView[]): readonly ShownRun[] {
  const place = project.place();
  if (place === null) return [];
  const wide: WidePlace = { ...place, processes: processesHere() };
  const others = project.engine.views;
  return shownRuns(wide, views, driverOf(project, wide), others.size === 0 ? {} : { others }).map((view) => ({
    ...view,
    project: project.id,
  }));
}

const ourselves = new WeakMap<World, DriverFacts>();

/** Who drives it; while this process does, that was read once. */
function driverOf(project: Project, place: WidePlace): DriverFacts {
  const world = project.drivenWorld();
  const known = world === null ? undefined : ourselves.get(world);
  if (known !== undefined) return known;
  const facts = driverFacts(place);
  if (world !== null && facts.kind === 'alive') ourselves.set(world, facts);
  return facts;
}

/** The outcomes of an intake that was decided; null of any other command. */
export function outcomesOf({ command, decision }: AnsweredCommand): readonly PacketOutcome[] | null {
  return decision?.outcomes === undefined ? null : outcomesIn(decision.outcomes, command.commandId);
}

function pending(key: string): ApiError {
  return new ApiError('COMMAND_PENDING', `The command with the key ${key} is still being carried out.`, {
    next: 'Ask `/api/v1/commands/{key}` for its decision.',
    retryAfterS: 1,
  });
}

/** The error of a key that names another command. */
export function reused(key: string): ApiError {
  return new ApiError('KEY_REUSED', `The key ${key} names another command.`, {
    next: 'Use a new key for a new command.',
    details: { key },
  });
}
