/**
 * What every command knows: the options common to all, and the places that they name.
 *
 * Owns: finding repository, registry and config. Does not own: reading the config (wiring).
 * Free of zod and xstate: `status` starts with it.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { locateRepository, type RepositoryPlace } from '../adapters/git/locate.ts';
import { canonicalPath } from '../adapters/git/worktree.ts';
import { nodeFs } from '../adapters/node-fs.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { PawlError } from '../model/error.ts';
import { Files } from '../store/files.ts';
import { readRegistry } from '../store/registry.ts';
import type { RegistryUser } from '../store/registry-binding.ts';
import { RegistryPaths } from '../store/registry-paths.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly registry?: string;
  readonly config?: string;
}

/** Where things are. Paths are absolute. */
export interface Places {
  readonly cwd: string;
  readonly repository: RepositoryPlace;
  readonly paths: RegistryPaths;
  readonly configFile: string;
  readonly isConfigNamed: boolean;
  /** What was given with `--agent`, where the command takes that. */
  readonly agent?: string;
  readonly files: Files;
}

/**
 * The places that the options mean.
 * Throws PAWL_REPOSITORY_MISSING outside a repository, PAWL_REGISTRY_INVALID for a registry of another version.
 */
export function placesOf(options: CommonOptions & { readonly agent?: string }, cwd: string = process.cwd()): Places {
  const repository = locateRepository(cwd);
  const root = options.registry === undefined ? join(repository.mainWorktree, '.pawl') : resolve(cwd, options.registry);
  const configFile =
    options.config === undefined ? join(repository.mainWorktree, 'pawl.config.json') : resolve(cwd, options.config);
  const paths = new RegistryPaths(root, namedOptions(options, cwd));
  const files = new Files(nodeFs, systemClock, [repository.mainWorktree]);
  // Readers check too: this Pawl must not guess what a registry of another version means.
  readRegistry(files, paths);
  const isConfigNamed = options.config !== undefined;
  const named = options.agent === undefined ? {} : { agent: options.agent };
  return { cwd, repository, paths, configFile, isConfigNamed, ...named, files };
}

/** What `--agent` named, as an intake records it. */
export function agentNamed({ agent }: { readonly agent?: string }): { readonly agentOverride?: string } {
  return agent === undefined ? {} : { agentOverride: agent };
}

/** The repository as it uses the registry: at the default place that is its own. */
export function registryUser({ repository, paths }: Pick<Places, 'repository' | 'paths'>): RegistryUser {
  const home = join(repository.mainWorktree, '.pawl');
  return { commonDir: repository.commonDir, isHome: canonicalPath(paths.root) === home };
}

/** The options that name a registry and a config other than the default ones, with absolute paths: for commands that are shown. */
export function namedOptions({ registry, config }: CommonOptions, cwd: string = process.cwd()): readonly string[] {
  return [
    ...(registry === undefined ? [] : ['--registry', resolve(cwd, registry)]),
    ...(config === undefined ? [] : ['--config', resolve(cwd, config)]),
  ];
}

/** The content of the file an argument names, relative to the current folder. Throws PAWL_PACKETS_UNREADABLE. */
export function argumentPath(places: Pick<Places, 'cwd'>, path: string): string {
  const absolute = resolve(places.cwd, path);
  if (existsSync(absolute)) return absolute;
  throw new PawlError({
    code: 'PAWL_PACKETS_UNREADABLE',
    message: `File not found: ${absolute}`,
    subject: absolute,
    hint: 'Paths are relative to the current folder.',
  });
}
