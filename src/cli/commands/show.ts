/**
 * `pawl show`: one run for a reader: what was wanted, what changed, what the gates said, where the evidence is.
 *
 * Owns: collecting it, its output. Does not own: the facts (engine/run-report), the words (cli/show-lines). Read-only: no lock.
 */
import { existsSync } from 'node:fs';
import { branchCommit, compareCommits } from '../../adapters/git/comparison.ts';
import { openGit } from '../../adapters/git/git.ts';
import type { GitContext } from '../../adapters/git/worktree.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { type RunReport, reportOn } from '../../engine/run-report.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { readCleaned } from '../../store/removed-runs.ts';
import type { Output } from '../output.ts';
import { resolveRun } from '../run-argument.ts';
import { type ShownRun, showLines } from '../show-lines.ts';
import { shown } from '../shown.ts';

/** Shows the run. */
export async function show(
  output: Output,
  options: CommonOptions,
  [run = '']: readonly string[],
  cwd: string = process.cwd(),
): Promise<number> {
  const places = placesOf(options, cwd);
  const report = await reportOn(places, resolveRun(places, run));
  const git = openGit({ repository: places.repository.mainWorktree, helperFd: null });
  const told: ShownRun = {
    ...report,
    view: shown(places, [report.view])[0] ?? report.view,
    ...(await changeOf(git, report)),
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

/** What git tells of the run's branch and commits; where it cannot, the rest is shown without it. */
async function changeOf(
  git: GitContext,
  { story }: RunReport,
): Promise<Pick<ShownRun, 'change' | 'changeProblem' | 'branchCommit'>> {
  const { branch, baseCommit, headCommit } = story;
  let nowAt: string | null | undefined;
  try {
    nowAt = branch === '' ? null : await branchCommit(git, branch);
    const isChanged = baseCommit !== null && headCommit !== null;
    const change = isChanged ? await compareCommits(git, baseCommit, headCommit, 0) : null;
    return { change, changeProblem: null, branchCommit: nowAt };
  } catch (error) {
    if (!(error instanceof PawlError) || error.code !== 'PAWL_GIT_FAILED') throw error;
    return { change: null, changeProblem: error.message, branchCommit: nowAt };
  }
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
