/**
 * Where the registry and the config are, and in what state; from outside of a repository too.
 *
 * Owns: those checks. Does not own: the registry (store), the config (model/config).
 *
 * Invariant: 1. Nothing is locked, repaired or written.
 */

import { existsSync } from 'node:fs';
import { systemProcesses } from '../../adapters/processes/system.ts';
import { takeOver } from '../../core/next-actions.ts';
import type { Config } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import { listRuns, REGISTRY_VERSION, readRegistry } from '../../store/registry.ts';
import { type Holder, readHolder } from '../../store/registry-lock.ts';
import { type CommonOptions, type Places, placesOf } from '../options.ts';
import { toldOf } from '../output.ts';
import { readConfig } from '../wiring.ts';
import type { Check } from './doctor-report.ts';

/** What was found of registry and config. */
export interface RegistryFindings {
  readonly checks: readonly Check[];
  /** The registry's folder, null when there is none. */
  readonly root: string | null;
  /** Null when there is none that can be read. */
  readonly config: Config | null;
  /** Relative programs of the config lie here. */
  readonly configFolder: string;
}

/** Registry, lock and config as the options mean them. */
export function registryFindings(options: CommonOptions, cwd: string): RegistryFindings {
  let places: Places;
  try {
    places = placesOf(options, cwd);
  } catch (error) {
    return { checks: [unreachable(error)], root: null, config: null, configFolder: cwd };
  }
  const { paths, configFile } = places;
  const config = configFinding(places);
  const isThere = existsSync(paths.root);
  return {
    checks: [registryCheck(places), ...(isThere ? [lockCheck(places)] : []), config.check],
    root: isThere ? paths.root : null,
    config: config.config,
    configFolder: configFile.slice(0, configFile.lastIndexOf('/')),
  };
}

/** Outside of a repository there is nothing to look at; a registry that cannot be read is something that is missing. */
function unreachable(error: unknown): Check {
  const { code, message, hint } = toldOf(error);
  if (!(error instanceof PawlError)) throw error;
  const isElsewhere = code === 'PAWL_REPOSITORY_MISSING';
  return { name: 'registry', status: isElsewhere ? 'unknown' : 'failed', found: message, hint };
}

function registryCheck({ files, paths }: Places): Check {
  if (readRegistry(files, paths) === null) {
    return { name: 'registry', status: 'ok', found: `none yet; it will be ${paths.root}`, hint: null };
  }
  const runs = listRuns(files, paths).length;
  const found = `${paths.root}, version ${REGISTRY_VERSION}, ${runs} run${runs === 1 ? '' : 's'}`;
  return { name: 'registry', status: 'ok', found, hint: null };
}

function lockCheck({ files, paths }: Places): Check {
  const holder = readHolder({ files, paths, processes: systemProcesses() });
  if (holder.kind === 'unknown') {
    const { command } = takeOver(paths.commandOptions, 'your word is recorded');
    const hint = `Make sure that it no longer runs, then assert it:\n${command}`;
    return { name: 'lock', status: 'warning', found: `${whoOf(holder)}, and cannot be judged from here`, hint };
  }
  return { name: 'lock', status: 'ok', found: holder.kind === 'free' ? 'free' : whoOf(holder), hint: null };
}

function whoOf({ content }: Holder): string {
  if (content === null) return 'held by somebody unknown: its file is unreadable';
  return `held by process ${content.holder.pid} on ${content.holder.hostname}`;
}

function configFinding(places: Places): { readonly check: Check; readonly config: Config | null } {
  try {
    const config = readConfig(places);
    const names = Object.keys(config.agents);
    const agents = names.length === 0 ? 'names no agent' : `agents ${names.join(', ')}`;
    const found = existsSync(places.configFile) ? `${places.configFile}, ${agents}` : 'none: all defaults hold';
    return { check: { name: 'config', status: 'ok', found, hint: null }, config };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { check: { name: 'config', status: 'failed', found: error.message, hint: error.hint }, config: null };
  }
}
