/**
 * The local handoff: the evidence bundle under the run's own artifacts, for a person to read.
 *
 * Owns: where it lies. Does not own: its content (run/handoff/bundle). No network (L8).
 */
import { dirname, join } from 'node:path';
import type { HandoffBundle, HandoffResult, ScmPort } from '../../ports/scm.ts';
import { writeArtifact } from '../../store/artifacts.ts';
import type { Files } from '../../store/files.ts';

/** The transport that leaves the bundle in `artifacts/handoff/` of the run's folder. */
export function localScm(files: Files, runFolder: string): ScmPort {
  return {
    name: 'local',
    project: async (bundle: HandoffBundle): Promise<HandoffResult> => {
      const reference = join(runFolder, 'artifacts', 'handoff', 'handoff.md');
      await files.ensureFolders([dirname(reference)]);
      await files.replace(reference, new TextEncoder().encode(bundle.markdown));
      // Syncs the folder that both are in.
      const ref = await writeArtifact(files, runFolder, 'handoff', 'handoff', bundle.json);
      return { artifact: ref.path, sha256: ref.sha256, reference };
    },
  };
}
