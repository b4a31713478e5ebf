/**
 * Everything that `pawl show` reports about a run: its view, its story, and the content of the files that the story names.
 *
 * Owns: reading those files. Does not own: the story (run/run-story), the words (cli). Read-only: no lock.
 *
 * Invariant: a file that is gone, or does not match its hash, is reported as such and affects nothing else.
 */
import { isObject } from '../base/canonical-json.ts';
import { PawlError } from '../model/error.ts';
import type { ArtifactRef } from '../model/event.ts';
import type { Packet } from '../model/packet.ts';
import type { CommandRun, CriterionVerdict, Finding } from '../model/request.ts';
import { readEvidence } from '../run/gate-evidence.ts';
import { type JudgedGate, type Round, type RunStory, storyOf } from '../run/run-story.ts';
import type { RunView } from '../run/run-view.ts';
import { readArtifact } from '../store/artifacts.ts';
import { lookAtRun, type Place, recordsOf, unknownRun } from './run-look.ts';

/** A gate with its evidence. */
export interface GateReport extends JudgedGate {
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly commands: readonly CommandRun[];
  readonly criteria: readonly CriterionVerdict[];
  /** Why the evidence cannot be read; null when it can. */
  readonly problem: string | null;
}

/** A round with the evidence of its gates. */
export interface RoundReport extends Omit<Round, 'gates'> {
  readonly gates: readonly GateReport[];
}

/** Everything about one run. */
export interface RunReport {
  readonly view: RunView;
  readonly story: RunStory;
  /** Null when the kept packet cannot be read. */
  readonly packet: Packet | null;
  readonly rounds: readonly RoundReport[];
}

/** The report of a run. Throws PAWL_RUN_UNKNOWN for a folder that holds no run. */
export async function reportOn(place: Place, runId: string): Promise<RunReport> {
  const view = await lookAtRun(place, runId);
  if (view === null) throw unknownRun(runId);
  const story = storyOf(recordsOf(place, runId));
  const folder = place.paths.run(runId);
  return {
    view,
    story,
    packet: packetOf(place, folder, story.packet),
    rounds: roundReports(place, runId, story.rounds),
  };
}

/** The rounds with the evidence of their gates. */
export function roundReports(place: Place, runId: string, rounds: readonly Round[]): readonly RoundReport[] {
  const folder = place.paths.run(runId);
  return rounds.map((round) => ({ ...round, gates: round.gates.map((gate) => gateReport(place, folder, gate)) }));
}

function gateReport(place: Place, folder: string, gate: JudgedGate): GateReport {
  const { text, problem } = artifactText(place, folder, gate.evidence);
  return { ...gate, ...readEvidence(text === null ? null : JSON.parse(text)), problem };
}

function packetOf(place: Place, folder: string, ref: ArtifactRef | null): Packet | null {
  const { text } = ref === null ? { text: null } : artifactText(place, folder, ref);
  const kept: unknown = text === null ? null : JSON.parse(text);
  // The stored text was written by us, and its hash has been checked.
  return isObject(kept) && isObject(kept.packet) ? (kept.packet as object as Packet) : null;
}

function artifactText(
  { files }: Place,
  folder: string,
  ref: ArtifactRef,
): { readonly text: string | null; readonly problem: string | null } {
  try {
    return { text: readArtifact(files, folder, ref), problem: null };
  } catch (error) {
    if (!(error instanceof PawlError) || error.code !== 'PAWL_ARTIFACT_DAMAGED') throw error;
    return { text: null, problem: error.message };
  }
}
