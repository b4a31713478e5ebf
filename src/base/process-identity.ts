/**
 * Which process is meant, and whether it is proven dead.
 *
 * Owns: the identity of a process and the judgement over two sightings of it (pure).
 * Does not own: reading /proc or ps (adapters/processes).
 *
 * Invariants: 1. *dead* is proven, never guessed; everything else is alive or unknown (L3, L6). 2. A pid alone decides nothing.
 */

/** Which process is meant: one start of one pid, in one namespace, at one boot of one machine. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the unit of the system that told it: clock ticks since boot on Linux, `ps` text elsewhere. */
  readonly startTime: string;
  readonly bootId: string;
  /** The PID namespace the pid is meant in (`pid:[4026531836]`); empty where the system has none. */
  readonly pidNamespace: string;
  readonly hostname: string;
  readonly machineId: string;
}

/** What one look at a pid on this machine found: `absent` is a proof, `unreadable` is not. */
export type Sighting =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'present'; readonly startTime: string; readonly state: string };

/** What can be said of a process; `unknown` is never taken for dead. */
export type Life = 'alive' | 'dead' | 'unknown';

/** The parts of an identity that belong to the machine and the observer, not to one process. */
export type Place = Pick<ProcessIdentity, 'bootId' | 'pidNamespace' | 'machineId'>;

/** True when a pid of `place` can be looked up from `here`: same machine, same boot, same PID namespace. */
export function isProbeable(identity: Place, here: Place): boolean {
  return (
    isSameMachine(identity, here) &&
    identity.bootId !== '' &&
    identity.bootId === here.bootId &&
    identity.pidNamespace === here.pidNamespace
  );
}

/** True when both name the same machine by a non-empty machine id; a host name proves nothing. */
export function isSameMachine(identity: Pick<Place, 'machineId'>, here: Pick<Place, 'machineId'>): boolean {
  return identity.machineId !== '' && identity.machineId === here.machineId;
}

/**
 * Whether the process of `identity` lives, seen from `here`.
 * `look` is asked only when the pid can mean the same process table.
 */
export function judgeLife(identity: ProcessIdentity, here: Place, look: (pid: number) => Sighting): Life {
  if (!isSameMachine(identity, here)) return 'unknown';
  if (identity.bootId === '' || here.bootId === '') return 'unknown';
  if (identity.bootId !== here.bootId) return 'dead';
  if (identity.pidNamespace !== here.pidNamespace) return 'unknown';
  const sighting = look(identity.pid);
  if (sighting.kind === 'absent') return 'dead';
  if (sighting.kind === 'unreadable') return 'unknown';
  if (sighting.startTime !== identity.startTime) return 'dead';
  return sighting.state === 'Z' || sighting.state === 'X' ? 'dead' : 'alive';
}
