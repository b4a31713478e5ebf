/**
 * Everything outside the machines that a driver acts through: ports, store, lock, config. The composition makes it.
 *
 * Owns: the bundle's type. Does not own: making it (app/wiring, index).
 */

import type { Config } from '../model/config.ts';
import type { AgentKind } from '../model/turn.ts';
import type { AgentsPort } from '../ports/agent.ts';
import type { AgentAdapter } from '../ports/agent-adapter.ts';
import type { Artifacts } from '../ports/artifacts.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { GitPort } from '../ports/git.ts';
import type { OwnInbox } from '../ports/inbox.ts';
import type { SystemStore } from '../ports/journal.ts';
import type { Ownership } from '../ports/ownership.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import type { Registers } from '../ports/registers.ts';
import type { ScmPort } from '../ports/scm.ts';
import type { Files } from '../store/files.ts';
import type { RegistryPaths } from '../store/registry-paths.ts';
import type { Worktrees } from '../worker/outcome.ts';
import type { RunInspector } from './mirror.ts';

/** Everything outside that effects are performed with. */
export interface World {
  readonly files: Files;
  readonly clock: ClockPort;
  readonly processes: ProcessesPort;
  readonly git: GitPort;
  readonly agents: AgentsPort;
  /** How the output of each kind of coding agent is read. */
  readonly adapterOf: (kind: AgentKind) => AgentAdapter;
  /** The handoff transport of one run. */
  readonly scm: (runFolder: string) => ScmPort;
  readonly worktrees: Worktrees;
  readonly config: Config;
  readonly paths: RegistryPaths;
  readonly lock: Ownership;
  /** Descriptor of the lock that helper processes inherit; null where the system has none. */
  readonly helperFd: number | null;
  readonly registers: Registers;
  readonly artifacts: Artifacts;
  readonly inbox: OwnInbox;
  /** Where each run's history is kept. */
  readonly systemStore: (runId: string) => SystemStore;
  readonly isolation: 'pidNamespace' | 'none';
  readonly hasTreeLock: boolean;
  /** Argument list of our verification worker. */
  readonly verificationWorker: readonly string[];
  /** SHA-256 over the machines' definitions. */
  readonly definitionHash: string;
  /** Logs one line for the operator, at most one per fact. */
  readonly log: (line: string) => void;
  readonly inspector: RunInspector | null;
}
