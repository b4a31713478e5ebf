/**
 * `pawl status`: where every run stands and what to do next.
 *
 * Owns: its output. Does not own: the look (cli/present-reader). Read-only: no lock, no repair.
 * Free of zod and xstate, unless a journal is ahead of its snapshot.
 */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import type { ShownRegistry, ShownStory } from '../../app/reading/run-reader.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { listRuns } from '../../run/error-actions.ts';
import { type PictureLine, runPicture } from '../../run/run-picture.ts';
import type { MadeDecision } from '../../run/run-story.ts';
import { homeFolder } from '../../store/home/home-paths.ts';
import type { MachineStatus } from '../machine-status.ts';
import type { Output } from '../output.ts';
import { presentReader } from '../present-reader.ts';
import { decisionWords, driverLine, runDetails, runLine, runReport } from '../render.ts';
import { resolveRun } from '../run-argument.ts';

/** Options of `pawl status`. */
export interface StatusOptions extends CommonOptions {
  readonly watch?: boolean;
  readonly picture?: boolean;
}

const WATCH_MS = 1_000;

/** Shows one run, or all of them. */
export async function status(output: Output, options: StatusOptions, [run]: readonly string[]): Promise<number> {
  if (options.picture === true && run === undefined) throw pictureOfWhat();
  // The daemon and the projects are told with all runs of a registry that was not named.
  const isWhole = run === undefined && options.registry === undefined;
  const machine = isWhole && mayHaveDaemon() ? await import('../machine-status.ts') : null;
  const places = placesUnless(options, machine !== null);
  if (places === null && machine !== null) return machineOnly(output, options, machine);
  if (places === null) throw new Error('bug: there are no places, and no error');
  const runId = run === undefined ? undefined : resolveRun(places, run);
  for (;;) {
    const [shown, around] = await Promise.all([shownNow(places, runId), machine?.machineStatus() ?? null]);
    const { driver, runs, decisions, rescueRefs } = shown;
    const picture = options.picture === true ? runs.flatMap(runPicture) : [];
    const told = {
      driver,
      runs,
      ...(around ?? {}),
      ...(runId === undefined ? {} : { decisions, rescueRefs }),
      ...(options.picture === true ? { picture: picture.map(({ text }) => text) } : {}),
    };
    if (options.watch === true) output.ndjson(told);
    else output.json(told);
    const isScreen = options.watch === true && process.stdout.isTTY && !output.isJson;
    if (isScreen) output.line('\u001b[2J\u001b[H');
    for (const each of around === null || machine === null ? [] : machineLines(output, machine, around, places))
      output.line(each);
    const line = driverLine(output, driver, runs, Date.now());
    if (line !== null) output.line(line);
    const lines =
      runId !== undefined
        ? runs.flatMap((view) => [
            ...runReport(output, view, places.paths.run(view.runId)),
            ...decisionLines(output, decisions),
            ...rescueLines(output, rescueRefs),
          ])
        : isScreen
          ? (await import('../watch-lines.ts')).watchLines(output, runs, line)
          : runs.flatMap((view) => [runLine(output, view), ...runDetails(output, view)]);
    // One write for all: each costs as much as the line itself.
    if (lines.length > 0) output.line(lines.join('\n'));
    if (picture.length > 0) output.line();
    for (const line of picture) output.line(pictureLine(output, line));
    if (runs.length === 0)
      output.line(
        'No runs yet. pawl init writes a first config, pawl new a first packet, and pawl intake imports a packets file.',
      );
    const hasEnded = runId !== undefined && runs.every(({ kind }) => kind === 'terminal');
    if (options.watch !== true || hasEnded) return EXIT.done;
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  }
}

interface Shown extends ShownRegistry, Pick<ShownStory, 'decisions' | 'rescueRefs'> {}

/** One run, or all of them. The reader is chosen anew: a daemon may have come or gone. */
async function shownNow(places: Places, runId: string | undefined): Promise<Shown> {
  const reader = await presentReader(places);
  if (runId === undefined) return { ...(await reader.registry()), decisions: [], rescueRefs: [] };
  const { run, ...story } = await reader.story(runId);
  return { ...story, runs: run === null ? [] : [run] };
}

type MachineModule = typeof import('../machine-status.ts');

/** True when this user has ever had a state folder of a daemon: the rest is loaded only then. */
function mayHaveDaemon(): boolean {
  return existsSync(homeFolder({ environment: process.env, homedir: homedir() }));
}

/** Null outside of a repository, where there may be something to say nevertheless. */
function placesUnless(options: CommonOptions, mayBeOutside: boolean): Places | null {
  try {
    return placesOf(options);
  } catch (error) {
    if (mayBeOutside && error instanceof PawlError && error.code === 'PAWL_REPOSITORY_MISSING') return null;
    throw error;
  }
}

function machineLines(
  output: Output,
  { daemonStatusLine, projectLines }: MachineModule,
  { daemon, projects }: MachineStatus,
  places: Places | null,
): readonly string[] {
  return [
    daemonStatusLine(output, daemon),
    ...projectLines(output, projects, places?.repository.mainWorktree ?? null),
    ...(places === null ? [] : ['']),
  ];
}

/** Outside of a repository: the daemon, and every project. */
async function machineOnly(output: Output, options: StatusOptions, machine: MachineModule): Promise<number> {
  for (;;) {
    const around = await machine.machineStatus();
    // Nothing to tell: what is wrong is that this is no repository.
    if (around === null) placesOf(options);
    const told = { driver: { kind: 'none' }, runs: [], ...(around ?? {}) };
    if (options.watch === true) output.ndjson(told);
    else output.json(told);
    if (options.watch === true && process.stdout.isTTY && !output.isJson) output.line('\u001b[2J\u001b[H');
    if (around !== null) for (const line of machineLines(output, machine, around, null)) output.line(line);
    if (options.watch !== true) return EXIT.done;
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  }
}

function decisionLines({ colour }: Output, decisions: readonly MadeDecision[]): readonly string[] {
  return decisions.map((decision) => `    ${colour.dim('decided')}  ${decisionWords(decision)}`);
}

function rescueLines({ colour }: Output, refs: readonly string[]): readonly string[] {
  return refs.map((ref) => `    ${colour.dim('kept')}  ${ref}`);
}

function pictureLine({ colour }: Output, { mark, text }: PictureLine): string {
  if (mark === 'here') return colour.bold(colour.cyan(text));
  if (mark === 'stopped') return colour.bold(colour.yellow(text));
  return mark === 'passed' ? text : colour.dim(text);
}

function pictureOfWhat(): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: '--picture shows one run.',
    subject: '--picture',
    hint: 'Name a run: pawl status RUN_ID --picture.',
    actions: [listRuns([])],
  });
}
