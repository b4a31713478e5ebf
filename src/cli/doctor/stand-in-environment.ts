/**
 * What an agent is started with to take the stand-in for its model: variables, files of a home of its own, arguments.
 *
 * Owns: the stand-in's names, the whole of those settings. Does not own: the stand-in (model-stand-in), how one kind is turned to it (its adapter).
 *
 * Invariant: no login of the user is in it. The key is a dummy, and a long one: some agents blank out their key wherever it occurs in their output.
 */
import type { AgentAdapter } from '../../ports/agent-adapter.ts';

/** What an agent is started with beyond its own command line. */
export interface StandInEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Contents of files by their path in the home. */
  readonly files: Readonly<Record<string, string>>;
  readonly model: string | null;
  readonly extraArgs: readonly string[];
}

const MODEL = 'stand-in';
const KEY = 'sk-stand-in-dummy-key-0123456789';

/** What an agent needs to take the stand-in at `url` for its model; its home is the absolute folder `home`. Null: no way is known. */
export function standInEnvironment(adapter: AgentAdapter, url: string, home: string): StandInEnvironment | null {
  if (adapter.standIn === null) return null;
  const { env = {}, files = {}, model = null, extraArgs = [] } = adapter.standIn({ url, home, model: MODEL, key: KEY });
  return { env: { HOME: home, ...env }, files, model, extraArgs };
}
