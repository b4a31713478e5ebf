/**
 * `pawl validate`: what each packet lacks, and what would stop its run before the first worker.
 *
 * Owns: its output, and where the packets would run. Does not own: the checks (runtime/check-packets). Writes nothing.
 */
import { visible } from '../../base/visible.ts';
import { type Config, parseConfig } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { type CheckPlace, checkPackets, type PacketCheck } from '../../runtime/check-packets.ts';
import { lookAtRun } from '../../runtime/run-look.ts';
import { listRuns } from '../../store/registry.ts';
import { type CommonOptions, type Places, placesOf } from '../options.ts';
import type { Output } from '../output.ts';
import { readPacketsArgument } from '../packets-argument.ts';
import { agentsOf, gitToLookAt, readConfig } from '../wiring.ts';

/** Options of `pawl validate`. */
export interface ValidateOptions extends CommonOptions {
  readonly agent?: string;
}

/** Shows what was found of each packet; exit 3 when any lacks something or would be stopped, 5 when its run is set aside. */
export async function validate(
  output: Output,
  options: ValidateOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const { readings } = readPacketsArgument(process.cwd(), file);
  const places = placesIfAny(options);
  const config = places === null ? parseConfig(null, '') : readConfig(places);
  const place = places === null ? null : await placeOf(places, config, options.agent ?? null);
  const checks = await checkPackets(readings, config, place);
  const packets = checks.map(told);
  const insufficient = packets.filter((packet) => !packet.sufficient).length;
  const ready = packets.filter((packet) => packet.ready).length;
  const summary = { total: packets.length, sufficient: packets.length - insufficient, insufficient, ready };
  output.json({ summary, packets, isRepository: place !== null });
  for (const check of checks) for (const line of checkLines(output, check)) output.line(line);
  output.line(
    `${ready} of ${packets.length} ready to run${insufficient === 0 ? '' : `, ${insufficient} of them insufficient`}`,
  );
  if (place === null) {
    output.line('This is not a git repository with a checkout: agents, commands, branches and runs were not checked.');
  }
  return exitOf(checks);
}

/** Where the packets would run; null outside of a repository, where only the file itself can be checked. */
function placesIfAny(options: CommonOptions): Places | null {
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
  return {
    config,
    agents: agentsOf(places, config),
    git: gitToLookAt(places),
    agentOverride,
    views: new Map(looks.flatMap((view) => (view === null ? [] : [[view.runId, view]]))),
    worktreeOf: (runId) => paths.worktree(runId),
  };
}

/** One packet as `--json` tells it. */
function told({ reading, problems, notes }: PacketCheck) {
  const isSufficient = reading.missingFields.length === 0;
  return {
    taskId: reading.packet.taskId,
    runId: reading.runId,
    sufficient: isSufficient,
    ready: isSufficient && problems.length === 0,
    missingFields: reading.missingFields,
    problems: problems.map(({ code, message, hint }) => ({ code, message, hint })),
    notes,
    warnings: warningsOf(reading),
  };
}

function warningsOf({ unknownFields }: PacketCheck['reading']): readonly string[] {
  return unknownFields.map((field) => `nobody reads ${field}`);
}

function checkLines({ colour }: Output, { reading, problems, notes }: PacketCheck): readonly string[] {
  const isReady = reading.missingFields.length === 0 && problems.length === 0;
  return [
    `${isReady ? colour.green('✓') : colour.red('✗')} ${visible(reading.packet.taskId)}  ${colour.dim(reading.runId)}`,
    ...reading.missingFields.map((field) => `    lacks ${field}`),
    ...problems.flatMap(({ code, message, hint }) => [
      `    ${colour.yellow(code)}  ${visible(message)}`,
      `    ${colour.dim('hint')}  ${visible(hint)}`,
    ]),
    ...notes.map((note) => `    ${colour.dim('note')}  ${visible(note)}`),
    ...warningsOf(reading).map((warning) => `    ${colour.yellow('warning')}  ${warning}`),
  ];
}

function exitOf(checks: readonly PacketCheck[]): number {
  const problems = checks.flatMap((check) => check.problems);
  if (problems.some(({ code }) => code === 'PAWL_RUN_QUARANTINED')) return EXIT.quarantined;
  const isStopped = problems.length > 0 || checks.some(({ reading }) => reading.missingFields.length > 0);
  return isStopped ? EXIT.blocked : EXIT.done;
}
