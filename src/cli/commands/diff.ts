/**
 * `pawl diff`: what a run has changed, from its base to the commit that was judged.
 *
 * Owns: which two commits are compared, its output. Does not own: asking git (app/comparing), reading the patch (scm/patch-reading).
 * Read-only: no lock.
 */

import { difference } from '../../app/comparing.ts';
import { type CommonOptions, placesOf } from '../../app/options.ts';
import { recordsOf } from '../../engine/run-look.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { BOUNDS } from '../../model/limits.ts';
import { showRun } from '../../run/error-actions.ts';
import { type RunStory, storyOf } from '../../run/run-story.ts';
import type { PatchLine, PatchReading } from '../../scm/patch-reading.ts';
import type { Output } from '../output.ts';
import { resolveRun } from '../run-argument.ts';
import { statLines } from '../show-lines.ts';

/** Options of `pawl diff`. */
export interface DiffOptions extends CommonOptions {
  readonly stat?: boolean;
  readonly round?: number;
}

/** The two commits that are compared. */
interface Ends {
  readonly base: string;
  readonly head: string;
  /** The round in which `head` was judged; null when it was not. */
  readonly round: number | null;
}

/** Shows the difference. */
export async function diff(output: Output, options: DiffOptions, [run = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const runId = resolveRun(places, run);
  const ends = endsOf(runId, storyOf(recordsOf(places, runId)), options.round);
  if (ends === null) {
    output.json({ runId, base: null, head: null, round: null, files: [], lines: [] });
    output.line('Nothing yet: the run has no worktree.');
    return EXIT.done;
  }
  const patch = await difference(places, ends.base, ends.head, options.stat === true ? 0 : BOUNDS.patchLines);
  show(output, runId, ends, patch, options.stat === true);
  return EXIT.done;
}

function show(output: Output, runId: string, ends: Ends, patch: PatchReading, isStat: boolean): void {
  const { lines, linesLeftOut, ...figures } = patch;
  const told = isStat ? {} : { lines: lines.map(({ text }) => text), linesLeftOut };
  output.json({ runId, ...ends, ...figures, ...told });
  const state = ends.round === null ? 'not judged yet' : `judged in round ${ends.round}`;
  output.line(output.colour.dim(`${ends.base.slice(0, 12)}..${ends.head.slice(0, 12)}, ${state}`));
  if (patch.fileCount === 0) output.line('No difference.');
  else if (isStat) for (const line of statLines(output, patch)) output.line(line);
  for (const line of isStat ? [] : lines) output.line(painted(output, line));
  if (isStat || linesLeftOut === 0) return;
  output.line(`and ${linesLeftOut} more lines; all of them: git diff ${ends.base} ${ends.head}`);
}

function painted({ colour }: Output, { kind, text }: PatchLine): string {
  switch (kind) {
    case 'header':
      return colour.bold(text);
    case 'hunk':
      return colour.cyan(text);
    case 'added':
      return colour.green(text);
    case 'deleted':
      return colour.red(text);
    default:
      return text;
  }
}

/** The base and the commit of the named round, or of the last one; of a run without a round, its last commit. Null before it has a worktree. */
function endsOf(runId: string, story: RunStory, round: number | undefined): Ends | null {
  const { baseCommit: base, headCommit, rounds } = story;
  const meant = round === undefined ? rounds.at(-1) : rounds.find((each) => each.round === round);
  if (round !== undefined && meant === undefined) throw noSuchRound(runId, story, round);
  if (base === null || headCommit === null) return null;
  // A fix that no gate has judged yet is part of what there is.
  const isNewer = round === undefined && meant !== undefined && meant.commit !== headCommit;
  if (meant === undefined || isNewer) return { base, head: headCommit, round: null };
  return { base, head: meant.commit, round: meant.round };
}

function noSuchRound(runId: string, { rounds }: RunStory, round: number): PawlError {
  const known = rounds.map((each) => each.round).join(', ');
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `${runId} has no round ${round}${known === '' ? ': nothing was judged yet' : `; available: ${known}`}.`,
    subject: '--round',
    hint: 'List the rounds.',
    actions: [showRun(runId, [])],
  });
}
