/**
 * Which versions of the API this Pawl speaks, and what it says to a daemon that speaks none of them.
 *
 * Owns: that range, the comparison, the error. Does not own: what is done instead (cli), the versions of the daemon (daemon/api/document). Free of zod.
 *
 * Invariant: two versions of Pawl that share a version of the API work together, whatever their own versions are.
 */
import { PawlError } from '../model/error.ts';

/** A range of versions of the API. */
export interface ApiRange {
  readonly min: number;
  readonly max: number;
}

/** The paths that this client uses are those of one version. */
const SPOKEN: ApiRange = { min: 1, max: 1 };

/** True when a daemon that speaks these versions understands this client. */
export function isSpoken({ min, max }: ApiRange): boolean {
  return min <= SPOKEN.max && max >= SPOKEN.min;
}

/** The error of a daemon that does not. `daemon`: its version of Pawl; `own`: that of this program. */
export function versionMismatch(daemon: { readonly version: string; readonly api: ApiRange }, own: string): PawlError {
  const { version, api } = daemon;
  const isOlder = api.max < SPOKEN.min;
  return new PawlError({
    code: 'PAWL_DAEMON_VERSION',
    message: `The daemon is pawl ${version}, which speaks ${rangeText(api)} of the API; this is pawl ${own}, which speaks ${rangeText(SPOKEN)}.`,
    subject: version,
    hint: isOlder
      ? 'Start the daemon again with this version: `pawl stop`, then `pawl start`. Workers go on meanwhile.'
      : 'Install the version of the daemon for your command line, too.',
    kind: 'needsHuman',
  });
}

function rangeText({ min, max }: ApiRange): string {
  return min === max ? `version ${min}` : `versions ${min} to ${max}`;
}
