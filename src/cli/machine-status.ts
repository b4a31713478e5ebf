/**
 * What `pawl status` says beyond one registry: the daemon, the projects, and their runs.
 *
 * Owns: looking at them, the lines. Does not own: how the daemon stands (app/daemon/standing), one run's line (cli/render). Read-only: no lock.
 * Free of zod and xstate, unless a journal is ahead of its snapshot.
 */
import { statSync } from 'node:fs';
import { type DaemonPlace, daemonHere } from '../app/daemon/daemon-place.ts';
import { type DaemonState, standingOf } from '../app/daemon/standing.ts';
import { placesOf } from '../app/options.ts';
import { counted } from '../base/counted.ts';
import { visible } from '../base/visible.ts';
import { lookAtAll } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import type { RunView } from '../run/run-view.ts';
import { type ProjectRecord, ProjectStore } from '../store/home/projects.ts';
import type { Output } from './output.ts';
import { runLine } from './render.ts';
import { shownLooks } from './shown.ts';

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
  /** `driven`: by some process; `idle`: by none; `degraded`: it cannot be looked at. */
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
  const daemon = await daemonStatus(place);
  if (records.length === 0 && daemon.state === 'stopped') return null;
  const projects: ProjectStatus[] = [];
  for (const record of records) projects.push(await projectStatus(record));
  return { daemon, projects };
}

async function daemonStatus(place: DaemonPlace): Promise<DaemonStatus> {
  const { state, daemon, holderPid, detail } = await standingOf(place);
  return {
    ...{ state, detail, pid: holderPid },
    version: daemon?.version ?? null,
    startedAt: daemon?.startedAt ?? null,
    socket: daemon?.socket ?? null,
    port: daemon?.port ?? null,
    logFile: daemon?.logFile ?? null,
  };
}

async function projectStatus({ id, name, path }: ProjectRecord): Promise<ProjectStatus> {
  try {
    const places = placesOf({}, path);
    const { driver, runs } = shownLooks(places, await lookAtAll(places));
    return { id, name, path, state: driver.kind === 'none' ? 'idle' : 'driven', reason: null, runs };
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
