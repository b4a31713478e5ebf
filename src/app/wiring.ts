/**
 * Puts Pawl together: the real ports, the config, the lock, one driver.
 *
 * Owns: the composition; nothing else wires. Does not own: what any part does.
 */
import { adapterOf } from '../adapters/agents/adapters.ts';
import { createAgents } from '../adapters/agents/agents.ts';
import { builtPath } from '../adapters/built-path.ts';
import { restoreHead, showBase } from '../adapters/git/base-instructions.ts';
import { createGit } from '../adapters/git/git.ts';
import { flockHelperLock } from '../adapters/git/helper-lock.ts';
import { excludePatterns } from '../adapters/git/locate.ts';
import { headOf, makeDurable, recordTree, settingsOf } from '../adapters/git/tree.ts';
import { hasPidNamespaces, hasProgram } from '../adapters/processes/abilities.ts';
import { hostsInScopes, scopeCommand } from '../adapters/processes/host-scope.ts';
import { systemProcesses } from '../adapters/processes/system.ts';
import { localScm } from '../adapters/scm/local.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { sha256 } from '../base/sha256.ts';
import { visible } from '../base/visible.ts';
import type { RunInspector } from '../engine/mirror.ts';
import type { World } from '../engine/world.ts';
import { definitionHash } from '../kernel/image.ts';
import { type Config, parseConfig } from '../model/config.ts';
import { PawlError, systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { ANSWER_FOLDER } from '../model/request.ts';
import type { AgentsPort } from '../ports/agent.ts';
import type { GitPort } from '../ports/git.ts';
import { runSystem } from '../run/system.ts';
import { fileStore } from '../store/file-store.ts';
import type { TakeOver } from '../store/generation-lock.ts';
import { openRegistry } from '../store/registry.ts';
import { bindRegistry } from '../store/registry-binding.ts';
import { takeLock } from '../store/registry-lock.ts';
import { gitHere } from './git-here.ts';
import { assertNotify } from './notifying.ts';
import { type Places, registryUser } from './options.ts';

/** What a driving process is made from. */
export interface WorldRequest {
  readonly places: Places;
  readonly log: (line: string) => void;
  readonly takeOver?: TakeOver;
  readonly inspector?: RunInspector;
  /** Overrides the config file's value. */
  readonly config?: Config;
  /** The control group of this process, as /proc/self/cgroup has it; asked for by default. */
  readonly ownCgroup?: string;
}

/** The config that counts: the file's, or the defaults where there is none. Throws PAWL_CONFIG_INVALID. */
export function readConfig(places: Pick<Places, 'files' | 'configFile' | 'isConfigNamed'>): Config {
  const bytes = configBytes(places);
  if (bytes === null && places.isConfigNamed) throw noConfig(places.configFile, 'There is no config file');
  const config = parseConfig(bytes === null ? null : new TextDecoder().decode(bytes), places.configFile);
  assertNotify(config, places.configFile);
  return config;
}

/**
 * The world of a driving process: registry made and bound to the repository, lock taken. Release `world.lock` at the end.
 * Throws PAWL_REGISTRY_LOCKED, PAWL_REGISTRY_FOREIGN for the registry of another repository.
 */
export async function openWorld(request: WorldRequest): Promise<World> {
  const { places, log } = request;
  const { files, paths, repository } = places;
  const config = request.config ?? readConfig(places);
  const processes = hostsInScopes(systemProcesses(), scopeCommand(request.ownCgroup));
  await openRegistry(files, paths.root);
  await bindRegistry(files, paths, registryUser(places));
  excludePatterns(repository.commonDir, [`/${ANSWER_FOLDER}/`, ...registryPattern(places)]);
  const lock = await takeLock({
    files,
    paths,
    clock: systemClock,
    processes,
    helperLock: flockHelperLock,
    ...(request.takeOver === undefined ? {} : { takeOver: request.takeOver }),
  });
  const treeGit = { environment: process.env, helperFd: lock.helperFd };
  return {
    files,
    clock: systemClock,
    processes,
    git: createGit(gitHere(places, lock.helperFd)),
    agents: agentsOf(places, config),
    adapterOf,
    scm: (runFolder) => localScm(files, runFolder),
    worktrees: {
      headOf: (worktree, place) => headOf(worktree, treeGit, place),
      recordTree: (worktree, place) => recordTree(worktree, treeGit, place),
      settingsOf: (worktree, place) => settingsOf(worktree, treeGit, place),
      makeDurable,
      showBase: (judged) => showBase(judged, treeGit),
      restoreHead: (judged) => restoreHead(judged, treeGit),
    },
    config,
    paths,
    lock,
    helperFd: lock.helperFd,
    ...fileStore(files, paths, lock.assertHighest),
    isolation: abilities().hasPidNamespaces ? 'pidNamespace' : 'none',
    hasTreeLock: abilities().hasFlock,
    verificationWorker: [process.execPath, builtPath('host/verification-worker.js')],
    definitionHash: definitionOfRuns(),
    // Messages about files and runs contain their names.
    log: (line) => log(visible(line)),
    inspector: request.inspector ?? null,
  };
}

let ofRuns: string | null = null;

/** The same for every registry. */
function definitionOfRuns(): string {
  ofRuns ??= definitionHash(runSystem, sha256);
  return ofRuns;
}

let tried: { readonly untilMs: number; readonly hasPidNamespaces: boolean; readonly hasFlock: boolean } | null = null;

/** What this machine can do for workers. Trying it takes a while, and many registries may be opened at once. */
function abilities(): NonNullable<typeof tried> {
  const nowMs = systemClock.monotonicMs();
  if (tried === null || nowMs > tried.untilMs)
    tried = {
      untilMs: nowMs + ABILITIES_MS,
      hasPidNamespaces: hasPidNamespaces(),
      hasFlock: hasProgram('flock'),
    };
  return tried;
}

const ABILITIES_MS = 10_000;

function configBytes({ files, configFile }: Pick<Places, 'files' | 'configFile'>): Uint8Array | null {
  try {
    return files.readBytes(configFile, BOUNDS.answerBytes);
  } catch (error) {
    const isFolder = error instanceof PawlError && systemCode(error.cause) === 'EISDIR';
    throw isFolder ? noConfig(configFile, 'The config must be a file, but this is a folder:', error) : error;
  }
}

function noConfig(configFile: string, what: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_CONFIG_INVALID',
    message: `${what} ${configFile}.`,
    subject: configFile,
    hint: 'Paths are relative to the current folder.',
    cause,
  });
}

/** The agents of `config`, whose relative paths belong to its folder. */
export function agentsOf({ configFile }: Pick<Places, 'configFile'>, config: Config): AgentsPort {
  return createAgents(config, {
    configFolder: folderOf(configFile),
    environment: process.env,
    mcpServer: [process.execPath, builtPath('cli/main.js'), 'mcp'],
  });
}

/** Git for a single read of the repository by a process that holds no lock: answers are cached. */
export function gitToLookAt(places: Pick<Places, 'repository'>): GitPort {
  return createGit({ ...gitHere(places, null), isOneLook: true });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The registry's entry in .git/info/exclude, when it is inside the checkout. */
function registryPattern({ repository, paths }: Places): readonly string[] {
  const prefix = `${repository.mainWorktree}/`;
  return paths.root.startsWith(prefix) ? [`/${paths.root.slice(prefix.length)}/`] : [];
}
