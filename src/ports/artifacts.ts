/**
 * Artifacts: immutable texts of a system, named by their content.
 *
 * Owns: the port. Does not own: files (store/artifacts), their content; the event that names one, which comes after it is durable.
 *
 * Invariant (L4): what is relied upon is hashed again when it is read.
 */
import type { ArtifactRef } from '../model/event.ts';

/** The artifacts of one registry; `folder` is the absolute path of a system's folder. */
export interface Artifacts {
  /** The artifact is stored, durably, under a name made of stage, name and hash. */
  write(folder: string, stage: string, name: string, text: string): Promise<ArtifactRef>;
  /** Its text, whose bytes still match the hash. Rejects with PAWL_ARTIFACT_DAMAGED when they do not, or are gone. */
  read(folder: string, ref: ArtifactRef): Promise<string>;
  /**
   * The artifact of that stage and name, durable, whoever wrote it; null when there is none. Rejects with PAWL_ARTIFACT_DAMAGED when its content does not
   * match the hash in its name.
   */
  find(folder: string, stage: string, name: string): Promise<ArtifactRef | null>;
}
