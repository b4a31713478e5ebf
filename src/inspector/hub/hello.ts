/**
 * The first word of the hub to a page.
 *
 * Owns: what is in it. Does not own: when it is said (hub/page-host).
 */
import { sha256 } from '../../base/sha256.ts';
import type { Place } from '../../engine/run-look.ts';
import { definitionHash } from '../../kernel/image.ts';
import { PawlError } from '../../model/error.ts';
import { runSystem } from '../../run/system.ts';
import { readRegistry } from '../../store/registry.ts';
import { type HubMessage, PAGE_API_VERSION, type ProjectFacts } from '../wire/page-api.ts';
import { machineDefinitions } from '../wire/stately-message.ts';

/** What is known when a page connects. */
export interface Occasion {
  readonly pawlVersion: string;
  readonly projects: readonly ProjectFacts[];
  readonly project: string | null;
  /** Null while no project is chosen. */
  readonly registry: string | null;
  /** Null where no registry can be looked at. */
  readonly place: Place | null;
  readonly runId: string | null;
  readonly proofPaths: readonly string[];
  readonly nowMs: number;
}

/** The first message that a page gets. */
export function helloOf({ place, projects, proofPaths, ...rest }: Occasion): HubMessage {
  return {
    type: 'hello',
    apiVersion: PAGE_API_VERSION,
    registryId: place === null ? null : registryIdOf(place),
    machines: machineDefinitions(),
    definitionHash: definitionHash(runSystem, sha256),
    hasProof: place !== null && proofPaths.some((path) => place.files.exists(path)),
    projects: projects.map(factsOf),
    ...rest,
  };
}

/** What a page is told of a project, and nothing else that its entry holds. */
export function factsOf({ id, name, state, reason }: ProjectFacts): ProjectFacts {
  return { id, name, state, reason };
}

/** Null where there is no registry, or one whose registry.json cannot be read: its runs are shown all the same. */
function registryIdOf({ files, paths }: Place): string | null {
  try {
    return readRegistry(files, paths)?.registryId ?? null;
  } catch (error) {
    if (error instanceof PawlError) return null;
    throw error;
  }
}
