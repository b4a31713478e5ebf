/**
 * What must hold of a process one of whose file operations was refused by the system.
 *
 * Owns: how it has to end, each fault as a sentence. Does not own: what is left for the next one (inject-faults, system/failing-files).
 */
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, EXIT } from '../model/error-codes.ts';
import type { ProcessEnd } from './memory/memory-process.ts';

/** The failure is overcome, but for that of a sync, or told by an error of the system's class that says what to do. */
export function toldBadly(end: ProcessEnd, isSyncLost: boolean): readonly string[] {
  if (end.kind === 'stuck') return [`no failure is reported, and the engine does not continue: ${end.why}`];
  if (end.kind === 'closed') return isSyncLost ? ['the engine continued after a failed sync'] : [];
  if (end.kind === 'killed') return ['the engine dies by itself'];
  const { error } = end;
  if (!(error instanceof PawlError)) return [`an error without a code: ${String(error)}`];
  const told = `${error.code}: ${error.message}`;
  if (ERROR_CODES[error.code] !== EXIT.refused) return [`an unexpected code: ${told}`];
  if (isSyncLost && error.code !== 'PAWL_STORE_SYNC_FAILED')
    return [`a failed sync is reported as something else: ${told}`];
  return error.subject === '' || error.hint === '' ? [`it does not say what to do: ${told}`] : [];
}
