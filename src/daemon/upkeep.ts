/**
 * Cleaning a project and checking its runs, for whoever asks over the API.
 *
 * Owns: the part of the work that one request does, why a project cannot be cleaned or checked now. Does not own: HTTP (api/handlers), doing it
 * (app/projects/project-engine), what is removed (app/cleaning).
 *
 * Invariant: only the process that holds the registry changes anything; what is only to be looked at is looked at whoever holds it.
 */
import { type CleanedPart, type CleanOrder, lookAtPart } from '../app/cleaning.ts';
import type { RunFindings } from '../engine/recovery/load-run.ts';
import { PawlError } from '../model/error.ts';
import { ApiError } from './api/problem.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Project } from './project-directory.ts';

/** What is asked for: which runs, what of them, after which run to begin. */
export interface CleanAsked {
  readonly order: CleanOrder;
  readonly after: string;
  /** Nothing is changed. */
  readonly isDry: boolean;
}

/** A part of the runs is cleaned. Throws PAWL_REGISTRY_LOCKED where another process holds the registry, PROJECT_UNAVAILABLE. */
export async function cleanProject(
  project: Project,
  { order, after, isDry }: CleanAsked,
  signal: AbortSignal,
): Promise<CleanedPart> {
  const part = {
    after,
    runsMax: DAEMON_BOUNDS.cleanedRuns,
    msMax: DAEMON_BOUNDS.cleanMs,
    isOver: () => signal.aborted,
  };
  if (isDry) return lookAtPart(project.places(), [...(await project.views()).values()], order, part);
  await project.underPresentConfig(signal);
  const cleaned = await project.engine.clean(order, part);
  if (cleaned === null) throw unavailable(project);
  return cleaned;
}

/** Every run is checked; what was found, by run. Throws as `cleanProject` does. */
export async function recoverProject(project: Project, signal: AbortSignal): Promise<readonly RunFindings[]> {
  const findings = await project.engine.checkAll(signal);
  if (findings === null) throw unavailable(project);
  return findings;
}

function unavailable(project: Project): Error {
  const { root } = project.places().paths;
  const { state } = project.engine;
  if (state.kind === 'elsewhere')
    return new PawlError({
      code: 'PAWL_REGISTRY_LOCKED',
      message: `Process ${state.pid} on ${state.hostname} drives this registry.`,
      subject: root,
      hint: 'Wait for it, or stop it.',
    });
  const why =
    state.kind === 'degraded' ? `${state.code}: ${state.reason}` : 'its registry is being opened or given back';
  return new ApiError('PROJECT_UNAVAILABLE', `${project.id} is not driven now: ${why}`, {
    next: 'Try again when its project is `driven`.',
  });
}
