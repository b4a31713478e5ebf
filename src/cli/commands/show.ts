/**
 * `pawl show`: one run for a reader: what was wanted, what changed, what the gates said, where the evidence is.
 *
 * Owns: collecting it, its output. Does not own: the facts (engine/run-report, app/comparing), the words (cli/show-lines). Read-only: no lock.
 */
import { existsSync } from 'node:fs';
import { changeOf } from '../../app/comparing.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { type RunReport, reportOn } from '../../engine/run-report.ts';
import { EXIT } from '../../model/error-codes.ts';
import { readCleaned } from '../../store/removed-runs.ts';
import type { Output } from '../output.ts';
import { resolveRun } from '../run-argument.ts';
import { type ShownRun, showLines } from '../show-lines.ts';
import { shown } from '../shown.ts';

/** Shows the run. */
export async function show(output: Output, options: CommonOptions, [run = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const report = await reportOn(places, resolveRun(places, run));
  const told: ShownRun = {
    ...report,
    view: shown(places, [report.view])[0] ?? report.view,
    ...(await changeOf(places, report.story)),
    evidence: evidenceOf(places, report),
  };
  const { view, story, packet, rounds, change, changeProblem, evidence } = told;
  const { attempts, decisions, commits, packetHash, packets, branch: name, baseBranch, baseCommit, headCommit } = story;
  output.json({
    run: view,
    packet,
    packetHash,
    packets,
    branch: { name, baseBranch, baseCommit, headCommit, nowAt: told.branchCommit ?? null },
    commits,
    change: change === null ? null : { ...change, lines: undefined, linesLeftOut: undefined },
    changeProblem,
    rounds,
    attempts,
    decisions,
    evidence,
  });
  for (const line of showLines(output, told)) output.line(line);
  return EXIT.done;
}

function evidenceOf({ files, paths }: Places, { view, story }: RunReport): ShownRun['evidence'] {
  const { runId } = view;
  const cleaned = readCleaned(files, paths, runId);
  const refs = [...story.rescueRefs, ...(cleaned?.rescueRef ? [cleaned.rescueRef] : [])];
  const worktree = paths.worktree(runId);
  return [
    ...(view.handoff === null ? [] : [{ what: 'handoff', path: view.handoff.reference }]),
    { what: 'artifacts', path: paths.artifacts(runId) },
    { what: 'tasks', path: paths.tasks(runId) },
    { what: 'journal', path: paths.journal(runId) },
    ...(existsSync(worktree) ? [{ what: 'worktree', path: worktree }] : []),
    ...[...new Set(refs)].map((path) => ({ what: 'kept', path })),
  ];
}
