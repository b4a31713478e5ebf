/**
 * Where the registry and the config are, and in what state; from outside of a repository too.
 *
 * Owns: those checks. Does not own: the registry (store), the config (model/config).
 *
 * Invariant: 1. Nothing is locked, repaired or written.
 */
import { existsSync } from 'node:fs';
import { askGit } from '../../adapters/git/locate.ts';
import { lockFilesOf } from '../../adapters/git/lock-files.ts';
import { systemProcesses } from '../../adapters/processes/system.ts';
import { type CommonOptions, namedOptions, type Places, placesOf, registryUser } from '../../app/options.ts';
import { readConfig } from '../../app/wiring.ts';
import { counted } from '../../base/counted.ts';
import { elapsed, spanMs } from '../../base/elapsed.ts';
import { listed } from '../../base/listed.ts';
import type { Config } from '../../model/config.ts';
import { PawlError } from '../../model/error.ts';
import { removeFiles, takeOver } from '../../run/next-actions.ts';
import type { Holder } from '../../store/generation-lock.ts';
import { listRuns, REGISTRY_VERSION, readRegistry } from '../../store/registry.ts';
import { assertOwnRegistry } from '../../store/registry-binding.ts';
import { readHolder } from '../../store/registry-lock.ts';
import { errorReport } from '../output.ts';
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
    return { checks: [unusable(error, namedOptions(options, cwd))], root: null, config: null, configFolder: cwd };
  }
  const { paths, configFile } = places;
  const config = configFinding(places);
  const isThere = existsSync(paths.root);
  return {
    checks: [
      registryCheck(places),
      ...(isThere ? [lockCheck(places)] : []),
      gitConfigCheck(places),
      gitLocksCheck(places.repository.commonDir),
      config.check,
    ],
    root: isThere ? paths.root : null,
    config: config.config,
    configFolder: configFile.slice(0, configFile.lastIndexOf('/')),
  };
}

/** Outside of a repository there is nothing to look at; a registry that cannot be read, or is another repository's, cannot be used. */
function unusable(error: unknown, options: readonly string[]): Check {
  const { code, message, hint } = errorReport(error, options);
  if (!(error instanceof PawlError)) throw error;
  const isElsewhere = code === 'PAWL_REPOSITORY_MISSING';
  return { name: 'registry', status: isElsewhere ? 'unknown' : 'failed', found: message, hint };
}

function registryCheck(places: Places): Check {
  const { files, paths } = places;
  if (readRegistry(files, paths) === null) {
    return { name: 'registry', status: 'ok', found: `none yet; it will be ${paths.root}`, hint: null };
  }
  try {
    assertOwnRegistry(files, paths, registryUser(places));
  } catch (error) {
    return unusable(error, paths.commandOptions);
  }
  const runs = listRuns(files, paths).length;
  const found = `${paths.root}, version ${REGISTRY_VERSION}, ${counted(runs, 'run')}`;
  return { name: 'registry', status: 'ok', found, hint: null };
}

function lockCheck({ files, paths }: Places): Check {
  const holder = readHolder({ files, paths, processes: systemProcesses() });
  if (holder.kind === 'unknown') {
    const { command } = takeOver(paths.commandOptions, 'your confirmation is recorded');
    const hint = `Make sure that it no longer runs, then assert it:\n${command}`;
    return { name: 'lock', status: 'warning', found: `${whoOf(holder)}, and cannot be judged from here`, hint };
  }
  return { name: 'lock', status: 'ok', found: holder.kind === 'free' ? 'free' : whoOf(holder), hint: null };
}

/** Whether git can work in the repository at all. */
function gitConfigCheck({ repository, paths }: Places): Check {
  try {
    askGit(repository.mainWorktree, ['config', '--list'], process.env);
    return { name: 'gitConfig', status: 'ok', found: 'readable', hint: null };
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    const { message, hint } = errorReport(error, paths.commandOptions);
    return { name: 'gitConfig', status: 'failed', found: message, hint };
  }
}

/** Locks that git has left behind, killed in the middle: nobody else ever removes them, and whatever needs them fails. */
function gitLocksCheck(commonDir: string): Check {
  const nowMs = Date.now();
  const locks = lockFilesOf(commonDir).map(({ path, atMs }) => ({ path, ageMs: spanMs(atMs, nowMs) }));
  const left = locks.filter(({ ageMs }) => ageMs >= LEFT_AFTER_MS);
  if (left.length === 0) return { name: 'gitLocks', status: 'ok', found: heldWords(locks), hint: null };
  const paths = left.map(({ path }) => path);
  const oldestMs = Math.max(...left.map(({ ageMs }) => ageMs));
  const found = `left behind for ${elapsed(oldestMs)}: ${listed(paths, LOCKS_NAMED)}`;
  const { command } = removeFiles(paths.slice(0, LOCKS_REMOVED), 'remove them');
  const hint = `While they exist, git operations that need them fail. Make sure that no git process is running in this repository, then remove them:\n${command}`;
  return { name: 'gitLocks', status: 'warning', found, hint };
}

/** Locks that are as young as those of a git at work. */
function heldWords(locks: readonly { readonly path: string; readonly ageMs: number }[]): string {
  if (locks.length === 0) return 'none';
  const named = locks.map(({ path, ageMs }) => `${path} (${elapsed(ageMs)} old)`);
  return `none left behind; a running git may hold ${listed(named, LOCKS_NAMED)}`;
}

/** No git that is at work holds a lock for that long. */
const LEFT_AFTER_MS = 60_000;
const LOCKS_NAMED = 5;
const LOCKS_REMOVED = 100;

function whoOf({ content }: Holder): string {
  if (content === null) return 'held by an unknown process: its file is unreadable';
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
