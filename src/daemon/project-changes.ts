/**
 * What the change feed tells of a project.
 *
 * Owns: those changes. Does not own: when they are told (daemon/project-directory).
 */
import { systemClock } from '../adapters/system-clock.ts';
import type { ChangeDraft } from '../model/change.ts';
import type { Project } from './project-directory.ts';

/** The change that tells of the project as it is now. */
export function projectChange(
  type: 'project_added' | 'project_updated' | 'project_removed',
  { id, record, facts, engine }: Project,
): ChangeDraft {
  const { state } = engine;
  return {
    type,
    project: id,
    system: null,
    atMs: systemClock.nowMs(),
    data: {
      id,
      name: record.name,
      path: record.path,
      repo: facts.repo,
      defaultBranch: facts.defaultBranch,
      state: state.kind,
      code: state.kind === 'degraded' ? state.code : null,
      reason: state.kind === 'degraded' ? state.reason : null,
    },
  };
}
