/**
 * The artifacts that the journal of one run names, by their paths.
 *
 * Owns: finding them, piece by piece. Does not own: reading an artifact (hub/run-documents).
 *
 * Invariant: only records that verify name anything, and a journal that was replaced names nothing any more.
 */
import { isObject } from '../../base/canonical-json.ts';
import type { Place } from '../../engine/run-look.ts';
import type { ArtifactRef } from '../../model/event.ts';
import type { JournalRecord } from '../../model/record.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { JournalReader } from './journal-reader.ts';

/** What the journal names, as far as it was read. */
export class ArtifactIndex {
  readonly runId: string;
  readonly #reader: JournalReader;
  readonly #refs = new Map<string, ArtifactRef>();

  constructor(place: Place, runId: string) {
    this.runId = runId;
    this.#reader = new JournalReader(place.files, place.paths.journal(runId));
  }

  /** Reads on by a piece; true when that was all there is now. */
  advance(): boolean {
    const { records, isEnd, isReset } = this.#reader.read(HUB_BOUNDS.recordsAtOnce);
    if (isReset) this.#refs.clear();
    for (const ref of records.flatMap(artifactsIn)) this.#refs.set(ref.path, ref);
    return isEnd;
  }

  /** The artifact at that path below the run's folder, null where no record names one. */
  get(path: string): ArtifactRef | null {
    return this.#refs.get(path) ?? null;
  }
}

/** Every artifact that a record names. */
function artifactsIn({ event }: JournalRecord): readonly ArtifactRef[] {
  return Object.values(event).filter(isArtifact);
}

function isArtifact(value: unknown): value is ArtifactRef {
  return isObject(value) && typeof value.path === 'string' && typeof value.sha256 === 'string';
}
