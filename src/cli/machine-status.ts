/**
 * What `pawl status` says beyond one registry: the daemon, the projects, and their runs.
 *
 * Owns: looking at them, the lines. Does not own: how the daemon stands (app/daemon/standing), asking it (cli/present-reader), one run's line (cli/render). Read-only: no
 * lock.
 * Free of zod and xstate, unless a journal is ahead of its snapshot.
 */
import { statSync } from 'node:fs';
import { daemonHere } from '../app/daemon/daemon-place.ts';
import { type DaemonState, type Standing, standingOf } from '../app/daemon/standing.ts';
import { placesOf } from '../app/options.ts';
import { FileRunReader } from '../app/reading/file-run-reader.ts';
import { counted } from '../base/counted.ts';
import { visible } from '../base/visible.ts';
import { PawlError } from '../model/error.ts';
import type { RunView } from '../run/run-view.ts';
import { type ProjectRecord, ProjectStore } from '../store/home/projects.ts';
import type { Output } from './output.ts';
import { type ToldProject, toldProjects } from './present-reader.ts';
import { runLine } from './render.ts';

/** The daemon as status tells of it. */
export interface DaemonStatus {
  readonly state: DaemonState;
  readonly detail: string;
  readonly pid: number | null;
  readonly version: string | null;
  readonly startedAt: string | null;
  readonly socket: string | null;
  readonly port: number | null;
  readonly logFile: string | null;
}

/** A project as status tells of it. */
export interface ProjectStatus {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** `driven`: by some process; `idle`: by none; `degraded`: it cannot be looked at, or the daemon cannot drive it. */
  readonly state: 'driven' | 'idle' | 'degraded';
  readonly reason: string | null;
  readonly runs: readonly RunView[];
}

/** What there is on this machine. */
export interface MachineStatus {
  readonly daemon: DaemonStatus;
  readonly projects: readonly ProjectStatus[];
}

/** The daemon and the projects of this machine; null where there never was either. */
export async function machineStatus(): Promise<MachineStatus | null> {
  const place = daemonHere();
  // What is no folder holds neither.
  if (statSync(place.home.root, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const records = new ProjectStore(place.files, place.home).list();
  const standing = await standingOf(place);
  if (records.length === 0 && standing.state === 'stopped') return null;
  const told = await toldProjects(standing);
  const projects: ProjectStatus[] = [];
  for (const record of records) projects.push(await projectStatus(record, told.get(record.id) ?? null));
  return { daemon: daemonStatus(standing), projects };
}

function daemonStatus({ state, daemon, holderPid, detail }: Standing): DaemonStatus {
  return {
    ...{ state, detail, pid: holderPid },
    version: daemon?.version ?? null,
    startedAt: daemon?.startedAt ?? null,
    socket: daemon?.socket ?? null,
    port: daemon?.port ?? null,
    logFile: daemon?.logFile ?? null,
  };
}

/** The project as the daemon that drives it tells, else as its files show it. */
async function projectStatus({ id, name, path }: ProjectRecord, told: ToldProject | null): Promise<ProjectStatus> {
  const known = told?.path === path ? told : null;
  if (known?.problem === null) return { id, name, path, state: 'driven', reason: null, runs: known.runs };
  try {
    const { driver, runs } = await new FileRunReader(placesOf({}, path)).registry();
    const state = driver.kind === 'none' ? 'idle' : 'driven';
    return known === null
      ? { id, name, path, state, reason: null, runs }
      : { id, name, path, state: 'degraded', reason: known.problem, runs };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { id, name, path, state: 'degraded', reason: error.message, runs: [] };
  }
}

/** The daemon in a line. */
export function daemonStatusLine({ colour }: Output, { state, detail, pid, port, version }: DaemonStatus): string {
  const tone = state === 'ready' ? colour.green : state === 'stopped' ? colour.dim : colour.yellow;
  const facts = [
    pid === null ? '' : `process ${pid}`,
    version === null || state !== 'ready' ? '' : `Pawl ${version}`,
    port === null || state !== 'ready' ? '' : `http://127.0.0.1:${port}`,
    detail,
    state === 'stopped' || state === 'stale' ? 'pawl start starts it' : '',
  ].filter((fact) => fact !== '');
  return `${colour.dim('daemon')}    ${tone(state)}${facts.length === 0 ? '' : colour.dim(`  ${facts.join(', ')}`)}`;
}

/** The projects, each with its runs; `here` is the one whose runs are shown anyway. */
export function projectLines(
  output: Output,
  projects: readonly ProjectStatus[],
  here: string | null,
): readonly string[] {
  const { colour } = output;
  return projects.flatMap(({ id, path, state, reason, runs }) => {
    const open = runs.filter(({ kind }) => kind !== 'terminal');
    const counts = `${counted(open.length, 'open run')}, ${runs.length - open.length} ended`;
    const tone = state === 'degraded' ? colour.yellow : colour.dim;
    const line = `${colour.dim('project')}   ${colour.bold(visible(id))}  ${tone(state)}  ${colour.dim(`${counts}  ${visible(path)}`)}`;
    const why = reason === null ? [] : [`    ${colour.yellow(visible(reason))}`];
    return [line, ...why, ...(path === here ? [] : open.map((view) => `  ${runLine(output, view)}`))];
  });
}
