/**
 * `pawl clean`: what ended runs have left on the disk is removed, after a rescue of what is nowhere else.
 *
 * Owns: its options, its output. Does not own: which runs are meant, what is removed (app/cleaning), asking a daemon that holds the registry
 * (cli/upkeep-by-daemon).
 *
 * Invariant: with --dry-run nothing is changed.
 */
import { type CleanOrder, cleanRuns, lookWhatToClean } from '../../app/cleaning.ts';
import { type CommonOptions, placesOf } from '../../app/options.ts';
import { quote } from '../../base/sanitise.ts';
import type { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { ageOf, type CleanLimits, sizeOf } from '../../run/clean-choice.ts';
import { cleanLines } from '../clean-lines.ts';
import { daemonFor } from '../daemon-link.ts';
import { errorReport, exitCodeOfError, type Output } from '../output.ts';
import { cleanByDaemon } from '../upkeep-by-daemon.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl clean`. */
export interface CleanOptions extends CommonOptions {
  readonly olderThan?: string;
  readonly largerThan?: string;
  readonly folders?: boolean;
  readonly keepBranches?: boolean;
  readonly dryRun?: boolean;
}

/** Cleans, and says what was removed and how many bytes that was. */
export async function clean(output: Output, options: CleanOptions): Promise<number> {
  const order: CleanOrder = {
    limits: limitsOf(options),
    removesFolders: options.folders === true,
    keepsBranches: options.keepBranches === true,
  };
  const places = placesOf(options);
  const isDry = options.dryRun === true;
  const link = isDry ? null : daemonFor(output, places);
  const cleaned = isDry
    ? await lookWhatToClean(places, order)
    : link === null
      ? await cleanRuns(output, places, order)
      : await cleanByDaemon(link, order);
  const runs = cleaned.runs.map(({ error, ...run }) => ({
    ...run,
    problem: error === null ? null : errorReport(error, output.options),
  }));
  output.json({ dryRun: isDry, runs, bytes: cleaned.bytes });
  for (const line of cleanLines(output, runs, cleaned.bytes, isDry)) output.line(line);
  const failed = cleaned.runs.find(({ error }) => error !== null);
  return failed === undefined ? EXIT.done : exitCodeOfError(failed.error);
}

function limitsOf({ olderThan, largerThan, folders }: CleanOptions): CleanLimits {
  const olderThanMs = olderThan === undefined ? null : ageOf(olderThan);
  if (olderThan !== undefined && olderThanMs === null)
    throw refused(`--older-than must be an age like 12h, 7d or 2w, not ${quote(olderThan)}.`);
  const largerThanBytes = largerThan === undefined ? null : sizeOf(largerThan);
  if (largerThan !== undefined && largerThanBytes === null)
    throw refused(`--larger-than must be a size like 200m or 1g, not ${quote(largerThan)}.`);
  if (folders === true && olderThanMs === null && largerThanBytes === null)
    throw refused('--folders removes the evidence too; choose the runs with --older-than or --larger-than.');
  return { olderThanMs, largerThanBytes };
}

function refused(message: string): PawlError {
  return usageError('clean', message, {
    subject: 'clean',
    hint: 'Nothing was removed. --dry-run shows what would be removed.',
  });
}
