/**
 * `pawl validate`: what each packet lacks, and what would stop its run before the first worker.
 *
 * Owns: its output, and where the packets would run. Does not own: the checks (engine/check-packets). Writes nothing.
 */
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { agentsOf, gitToLookAt, readConfig } from '../../app/wiring.ts';
import { visible } from '../../base/visible.ts';
import { type CheckPlace, checkPackets, type PacketCheck, type Standing } from '../../engine/check-packets.ts';
import { lookAtRun } from '../../engine/run-look.ts';
import type { Action } from '../../model/action.ts';
import { type Config, parseConfig } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { intakeAgain, lookAtRun as lookAtRunAction } from '../../run/error-actions.ts';
import { removedView } from '../../run/removed-view.ts';
import { MARKS } from '../../run/run-marks.ts';
import { listRuns } from '../../store/registry.ts';
import { listRemovals } from '../../store/removed-runs.ts';
import { actionLines, type Output } from '../output.ts';
import { readPacketsArgument } from '../packets-argument.ts';
import { shown } from '../shown.ts';

/** Options of `pawl validate`. */
export interface ValidateOptions extends CommonOptions {
  readonly agent?: string;
}

/**
 * Shows what was found of each packet; exit 3 when any lacks something, would be stopped, or has a run that is parked or has failed, 5 when its
 * run is set aside.
 */
export async function validate(
  output: Output,
  options: ValidateOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const { readings } = readPacketsArgument(process.cwd(), file);
  const places = placesIfAny(options);
  const config = places === null ? parseConfig(null, '') : readConfig(places);
  const place = places === null ? null : await placeOf(places, config, options.agent ?? null);
  const checks = (await checkPackets(readings, config, place)).map(
    (check): PacketCheck => ({ ...check, actions: places === null ? [] : actionsOf(check, places) }),
  );
  const packets = checks.map(told);
  const agent = options.agent === undefined ? [] : ['--agent', options.agent];
  const again = checks.some(mayRunAgain) ? [intakeAgain(file, [...agent, ...output.options])] : [];
  output.json({ summary: summaryOf(packets), packets, actions: again, isRepository: place !== null });
  for (const check of checks) for (const line of checkLines(output, check)) output.line(line);
  output.line(summaryLine(packets));
  for (const line of actionLines(again, output.colour.dim)) output.line(line);
  if (place === null) {
    output.line('This is not a git repository with a checkout: agents, commands, branches and runs were not checked.');
  }
  return exitOf(packets);
}

/** Where the packets would run; null outside of a repository, where only the file itself can be checked. */
function placesIfAny(options: ValidateOptions): Places | null {
  try {
    return placesOf(options);
  } catch (error) {
    if (error instanceof PawlError && error.code === 'PAWL_REPOSITORY_MISSING') return null;
    throw error;
  }
}

async function placeOf(places: Places, config: Config, agentOverride: string | null): Promise<CheckPlace> {
  const { files, paths } = places;
  const looks = await Promise.all(listRuns(files, paths).map((runId) => lookAtRun(places, runId)));
  const views = [...listRemovals(files, paths).map(removedView), ...looks.filter((view) => view !== null)];
  return {
    config,
    agents: agentsOf(places, config),
    git: gitToLookAt(places),
    agentOverride,
    views: new Map(views.map((view) => [view.runId, view])),
    worktreeOf: (runId) => paths.worktree(runId),
  };
}

/** What fits the packet: where it is refused what its refusal names, else what fits its run, unless that has not begun. */
function actionsOf({ standing, view, actions }: PacketCheck, places: Places): readonly Action[] {
  if (view === null || standing === 'new' || standing === 'setAside') return actions;
  if (standing === 'underWay') return [lookAtRunAction(view.runId, places.paths.commandOptions)];
  return shown(places, [view]).flatMap(({ actions: fitting }) =>
    fitting.filter(({ kind }) => kind !== 'driven' && kind !== 'intakeAgain'),
  );
}

/** Its run has ended, and the packet can be taken in once more. */
function mayRunAgain({ reading, standing }: PacketCheck): boolean {
  return standing === 'ended' && reading.missingFields.length === 0;
}

/** One packet as `--json` tells it. */
function told({ reading, standing, view, agents, problems, actions, notes }: PacketCheck): ToldPacket {
  const isSufficient = reading.missingFields.length === 0;
  return {
    taskId: reading.packet.taskId,
    runId: reading.runId,
    sufficient: isSufficient,
    ready: isSufficient && problems.length === 0 && standing === 'new',
    standing,
    done: view?.state === 'readyForManualReview',
    missingFields: reading.missingFields,
    agents,
    problems: problems.map(({ code, message, hint }) => ({ code, message, hint })),
    actions,
    notes,
    warnings: warningsOf(reading),
  };
}

interface ToldPacket {
  readonly taskId: string;
  readonly runId: string;
  readonly sufficient: boolean;
  readonly ready: boolean;
  readonly standing: Standing;
  /** Its run has passed both gates. */
  readonly done: boolean;
  readonly missingFields: readonly string[];
  /** Of a packet that has not begun: who would play which role. */
  readonly agents: PacketCheck['agents'];
  readonly problems: readonly Pick<PacketCheck['problems'][number], 'code' | 'message' | 'hint'>[];
  readonly actions: readonly Action[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

function warningsOf({ unknownFields }: PacketCheck['reading']): readonly string[] {
  return unknownFields.map((field) => `unknown field ${field}`);
}

function checkLines(output: Output, check: PacketCheck): readonly string[] {
  const { colour } = output;
  const { reading, agents, problems, actions, notes } = check;
  return [
    `${mark(output, told(check))} ${visible(reading.packet.taskId)}  ${colour.dim(`${reading.runId}${agentWords(agents)}`)}`,
    ...reading.missingFields.map((field) =>
      field === 'packet_object' ? '    is not an object' : `    lacks ${field}`,
    ),
    ...problems.flatMap(({ code, message, hint }) => [
      `    ${colour.yellow(code)}  ${visible(message)}`,
      `    ${colour.dim('hint')}  ${visible(hint)}`,
    ]),
    ...notes.map((note) => `    ${colour.dim('note')}  ${visible(note)}`),
    ...actionLines(actions, colour.dim).map((line) => `    ${line}`),
    ...warningsOf(reading).map((warning) => `    ${colour.yellow('warning')}  ${warning}`),
  ];
}

/** Who would do the work; by role where it is not one agent. */
function agentWords(agents: PacketCheck['agents']): string {
  const names = Object.values(agents);
  if (names.length === 0) return '';
  if (new Set(names).size === 1) return `  by ${names[0]}`;
  return `  by ${Object.entries(agents)
    .map(([role, name]) => `${name} (${role})`)
    .join(', ')}`;
}

function mark({ colour }: Output, { ready, done, standing }: ToldPacket): string {
  if (ready || done) return colour.green('✓');
  return standing === 'underWay' ? colour.cyan(MARKS.working) : colour.red('✗');
}

function summaryOf(packets: readonly ToldPacket[]) {
  const count = (is: (packet: ToldPacket) => boolean): number => packets.filter(is).length;
  return {
    total: packets.length,
    sufficient: count(({ sufficient }) => sufficient),
    insufficient: count(({ sufficient }) => !sufficient),
    ready: count(({ ready }) => ready),
    underWay: count(({ standing }) => standing === 'underWay'),
    parked: count(({ standing }) => standing === 'parked'),
    setAside: count(({ standing }) => standing === 'setAside'),
    ended: count(({ standing }) => standing === 'ended'),
  };
}

function summaryLine(packets: readonly ToldPacket[]): string {
  const { total, ready, insufficient, underWay, parked, setAside, ended } = summaryOf(packets);
  const others = { insufficient, 'under way': underWay, parked, 'set aside': setAside, ended };
  const parts = Object.entries(others).flatMap(([name, count]) => (count === 0 ? [] : [`${count} ${name}`]));
  return [`${ready} of ${total} ready to run`, ...parts].join(', ');
}

function exitOf(packets: readonly ToldPacket[]): number {
  if (packets.some(({ standing }) => standing === 'setAside')) return EXIT.quarantined;
  return packets.every(({ ready, done, standing }) => ready || done || standing === 'underWay')
    ? EXIT.done
    : EXIT.blocked;
}
