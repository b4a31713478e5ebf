/**
 * What a service of the user is made from: which program, with which environment, and for how long it may stop.
 *
 * Owns: choosing these from the environment, the bounds of the subject. Does not own: how a service manager wants them written (unit-text,
 * plist-text).
 *
 * Invariant: the environment of the service holds names from one list and nothing else: a service file is no place for secrets.
 */
import { isAbsolute, join, resolve } from 'node:path';

/** Bounds of the daemon as a service. */
export const SERVICE_BOUNDS = {
  /** How long a daemon that was told to stop waits for its own short work. */
  drainMs: 30_000,
  /** What its manager waits on top of that before it kills it. */
  stopMarginMs: 15_000,
  /** One call of systemctl or launchctl; a stop waits for the daemon. */
  callMs: 60_000,
  callOutputBytes: 1024 * 1024,
  /** Of a service file that is read. */
  fileBytes: 64 * 1024,
  /** Differences of a service file that an error names. */
  differencesNamed: 6,
} as const;

/** Variables of an environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What a service runs. Paths are absolute. */
export interface ServiceFacts {
  readonly node: string;
  /** The built command line. */
  readonly program: string;
  readonly logFile: string;
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stopSeconds: number;
}

/** Base folders of the XDG specification; the others of its names belong to a login, and differ with each one. */
const FOLDERS = ['XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME'];

/** The facts of the service of a user whose home is `userHome`, from `environment` as it is now. */
export function serviceFacts(
  environment: Variables,
  { node, program, userHome }: { readonly node: string; readonly program: string; readonly userHome: string },
): ServiceFacts {
  const kept = ['PATH', 'PAWL_HOME', ...FOLDERS].flatMap((name): [string, string][] => {
    const value = environment[name] ?? '';
    // The service starts in another folder.
    return value === '' ? [] : [[name, name === 'PAWL_HOME' ? resolve(value) : value]];
  });
  return {
    node,
    program,
    logFile: join(stateFolder(environment, userHome), 'daemon.log'),
    environment: kept,
    stopSeconds: (SERVICE_BOUNDS.drainMs + SERVICE_BOUNDS.stopMarginMs) / 1_000,
  };
}

/** The folder that `name` names; `otherwise` where it names none. A relative one counts as none (XDG base directory specification). */
export function folderNamed(environment: Variables, name: string, otherwise: string): string {
  const folder = environment[name] ?? '';
  return isAbsolute(folder) ? folder : otherwise;
}

function stateFolder(environment: Variables, userHome: string): string {
  const named = environment.PAWL_HOME ?? '';
  if (named !== '') return resolve(named);
  return join(folderNamed(environment, 'XDG_STATE_HOME', join(userHome, '.local/state')), 'pawl');
}
