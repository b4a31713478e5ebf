/**
 * What keeps a service of the user running, as an interface.
 *
 * Owns: the interface, calling the programs of a manager and what their failure is. Does not own: the managers (systemd, launchd), what is asked
 * of them (service).
 */
import type { CommandOutcome } from '../../adapters/agents/bounded-command.ts';
import { PawlError } from '../../model/error.ts';

/** Runs a program of the manager, found on PATH, to its end; never rejects. */
export type ManagerCall = (program: string, args: readonly string[]) => Promise<CommandOutcome>;

/** How the service stands with its manager. */
export interface Standing {
  readonly isEnabled: boolean;
  readonly isRunning: boolean;
  readonly pid: number | null;
  /** False when it ends with the last login, null where that is not known or there is no such thing. */
  readonly isLingering: boolean | null;
}

/** One manager, and the service file that it reads. */
export interface ServiceManager {
  readonly name: 'systemd' | 'launchd';
  readonly file: string;
  /** What the file is to hold. */
  readonly text: string;
  /** Throws PAWL_SERVICE_UNSUPPORTED when the manager does not answer. */
  standing(): Promise<Standing>;
  /** The service is enabled and runs, by the file as it is now. `isReplaced`: it ran by another one, and is started anew. */
  start(isReplaced: boolean): Promise<void>;
  /** The service does not run and is not enabled. */
  stop(): Promise<void>;
  /** The file was removed. */
  forget(): Promise<void>;
}

/** What the program printed. Throws PAWL_SERVICE_FAILED when it did not end well. */
export async function demand(call: ManagerCall, program: string, args: readonly string[]): Promise<string> {
  const outcome = await call(program, args);
  if (outcome.status === 'exited' && outcome.code === 0) return outcome.stdout;
  throw new PawlError({
    code: 'PAWL_SERVICE_FAILED',
    message: `${[program, ...args].join(' ')}: ${reasonOf(outcome)}`,
    subject: program,
    hint: 'What it says is its own reason. Run the command again when that is dealt with.',
  });
}

/** Why the call did not end well, in the program's own words where it has some. */
export function reasonOf(outcome: CommandOutcome): string {
  if (outcome.status === 'failed') return outcome.failure;
  const said = outcome.stderr.trim();
  return said === '' ? `exit ${outcome.code}` : said;
}

/** Thrown where no manager can keep the daemon running. */
export function unsupported(message: string): PawlError {
  return new PawlError({
    code: 'PAWL_SERVICE_UNSUPPORTED',
    message,
    subject: 'service',
    hint: 'Start the daemon with `pawl start` instead.',
  });
}
