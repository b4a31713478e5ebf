/**
 * What `pawl doctor --json` prints: the shape of its document.
 *
 * Owns: that shape. Does not own: finding it out (machine-checks, registry-checks, daemon-checks, agent-checks, probe), printing it as text (doctor-lines).
 *
 * Invariant: 1. No value of a variable and no content of a file of the user is in it: names and paths only.
 */
import type { AgentKind } from '../../model/turn.ts';
import type { ProbeReport } from './probe-report.ts';

/** Everything that is checked besides agents. */
export type CheckName =
  | 'node'
  | 'git'
  | 'platform'
  | 'pidNamespace'
  | 'flock'
  | 'links'
  | 'disk'
  | 'registry'
  | 'lock'
  | 'gitConfig'
  | 'gitLocks'
  | 'config'
  | 'defaultAgent'
  | 'stateFolder'
  | 'socket'
  | 'daemonLock'
  | 'daemon'
  | 'token'
  | 'projects';

/** One thing looked at. */
export interface Check {
  readonly name: CheckName;
  /** `warning`: Pawl runs, and knows or does less. `failed`: Pawl cannot run here. `unknown`: nothing to look at from here. */
  readonly status: 'ok' | 'warning' | 'failed' | 'unknown';
  /** What was found. */
  readonly found: string;
  /** What it means and what to do, null where all is well. */
  readonly hint: string | null;
}

/** What an agent can do here, its installed version included. */
export interface AgentAbilities {
  readonly session: 'assigned' | 'reported' | 'none';
  readonly resume: boolean;
  readonly structuredOutput: boolean;
  readonly mcp: boolean;
  /** The command that starts it as an ACP agent, null when there is none. */
  readonly acp: string | null;
  readonly usage: 'usd' | 'tokens' | 'none';
  readonly turnLimit: boolean;
}

/** One agent: a kind that Pawl knows, or an agent of the config. */
export interface AgentCheck {
  /** Its name in the config, else its kind. */
  readonly name: string;
  readonly kind: AgentKind | 'command' | 'scripted';
  readonly isConfigured: boolean;
  /** Null when it was not found. */
  readonly path: string | null;
  readonly version: string | null;
  readonly sha256: string | null;
  /** Null where nothing is known of it before it runs. */
  readonly abilities: AgentAbilities | null;
  /** Flags that Pawl would use and that the installed version does not know. */
  readonly unknownFlags: readonly string[];
  /** `found`: a key or a file of a login is there; whether it is valid only a call could tell. */
  readonly login: 'found' | 'unknown';
  /** The variable or the file, null when none was found. */
  readonly loginFrom: string | null;
  /** Why it cannot be used, null when it can. */
  readonly problem: string | null;
}

/** The document of `pawl doctor --json`. */
export interface DoctorReport {
  /** False when something is missing without which Pawl does not run; an agent is no such thing. */
  readonly isUsable: boolean;
  readonly checks: readonly Check[];
  readonly agents: readonly AgentCheck[];
  /** Null unless one was asked for. */
  readonly probe: ProbeReport | null;
}
