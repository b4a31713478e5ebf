/**
 * What a page asks for one by one: artifacts, the recovery of a run, the proof.
 *
 * Owns: reading and making them safe. Does not own: when they are sent (hub/page-session).
 *
 * Invariants: 1. An artifact is shown only when its bytes are those that the journal has recorded. 2. Nothing outside of the run's
 * artifacts is read for a path that a client names.
 */
import { dirname, join } from 'node:path';
import { isObject, type JsonObject } from '../../base/canonical-json.ts';
import { sanitise } from '../../base/sanitise.ts';
import { dryFindings } from '../../engine/recovery/dry-run.ts';
import type { LookPlace, Place } from '../../engine/run-look.ts';
import { driverFacts } from '../../engine/surroundings.ts';
import { PawlError } from '../../model/error.ts';
import type { ArtifactRef } from '../../model/event.ts';
import type { RunView } from '../../run/run-view.ts';
import { readArtifact } from '../../store/artifacts.ts';
import { parseJson, parseJsonObject } from '../../store/json-file.ts';
import { type QuarantineResolution, readQuarantine } from '../../store/quarantine.ts';
import type { RecoveryFinding, RecoveryView } from '../wire/page-api.ts';
import { areFolders } from './folders.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { safeDocument } from './safe-document.ts';

/** An artifact that the run's journal names: its document, or why there is none. */
export function artifactDocument(
  { files, paths }: Place,
  runId: string,
  ref: ArtifactRef | null,
): { readonly document: unknown; readonly problem: string | null } {
  if (ref === null) return { document: null, problem: 'no record of this run names it' };
  try {
    const run = paths.run(runId);
    // A link leads to what is none of the run's.
    if (!areFolders(files, [run, join(run, 'artifacts'), dirname(join(run, ref.path))]))
      return { document: null, problem: 'its folder is missing, or a link' };
    const text = readArtifact(files, run, ref);
    if (text.length > HUB_BOUNDS.artifactBytes) return { document: null, problem: 'it is too long to be shown here' };
    const document = parseJson(text);
    return {
      document: document === undefined ? sanitise(text, HUB_BOUNDS.outputChars) : safeDocument(document),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { document: null, problem: error.message };
  }
}

/** Where the run's recovery stands, by its quarantine, its view (as last seen) and how far its journal can be followed. */
export async function recoveryView(
  place: LookPlace,
  runId: string,
  view: RunView | null,
  journal: { readonly fault: string | null; readonly isTorn: boolean },
): Promise<RecoveryView> {
  const quarantine = readQuarantine(place.files, place.paths, runId);
  if (quarantine === null)
    return { findings: await findingsOf(place, view, journal), quarantine: null, journalFault: journal.fault };
  const { record, resolved } = quarantine;
  const { code, detail, surfaces, atMs, findings } = record;
  return {
    findings,
    quarantine: { code, detail, surfaces, atMs, resolved: resolved === null ? null : wordOf(resolved) },
    journalFault: journal.fault,
  };
}

function wordOf({ decision, reason, by, atMs }: QuarantineResolution) {
  return { decision, reason, by, atMs };
}

/** What the next start would find: while nobody drives the very checks of a start, else what a look without them can tell. */
async function findingsOf(
  place: LookPlace,
  view: RunView | null,
  { isTorn }: { readonly isTorn: boolean },
): Promise<readonly RecoveryFinding[]> {
  const isEarlier = view?.earlierRules !== undefined;
  const canMove = !isEarlier && view !== null && view.kind !== 'terminal' && view.kind !== 'quarantined';
  const findings: RecoveryFinding[] = [];
  if (canMove && driverFacts(place).kind !== 'alive') findings.push(...(await foundDry(place, view.runId)));
  if (view?.kind === 'quarantined') {
    const detail = view.blockers.map(({ message }) => message).join(' ');
    findings.push({ class: 'ambiguous', detail, action: 'set aside by the next pawl run or pawl recover' });
  }
  if (isTorn && findings.every((finding) => finding.class !== 'interruptedAppend')) {
    const detail = 'the last line of the journal is not finished';
    findings.push({
      class: 'interruptedAppend',
      detail,
      action: isEarlier ? 'left as it is' : 'cut and kept aside by the next pawl run or pawl recover',
    });
  }
  return findings;
}

async function foundDry(place: LookPlace, runId: string): Promise<readonly RecoveryFinding[]> {
  try {
    return (await dryFindings(place, runId))?.findings ?? [];
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return [{ class: 'ambiguous', detail: error.message, action: 'set aside by the next pawl run or pawl recover' }];
  }
}

/** The first of these files that holds a JSON object, its texts made safe; null when none does. */
export function proofDocument({ files }: Pick<Place, 'files'>, paths: readonly string[]): JsonObject | null {
  for (const path of paths) {
    try {
      const bytes = files.readBytes(path, HUB_BOUNDS.proofBytes);
      const value = bytes === null ? null : safeDocument(parseJsonObject(bytes), HUB_BOUNDS.proofMembers);
      if (isObject(value)) return { ...value };
    } catch (error) {
      if (!(error instanceof PawlError)) throw error;
    }
  }
  return null;
}
