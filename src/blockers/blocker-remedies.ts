/**
 * What a retry means for a blocker, and whether a corrected packet may help, by its code.
 *
 * Owns: these two tables. Does not own: hints in words (blockers/catalogue), the actions that are made of them (run/next-actions).
 */
import type { ErrorCode } from '../model/error-codes.ts';

type Blockers = readonly { readonly code: ErrorCode }[];

/** What `retry` means where it is more than another try. */
const RETRIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  PAWL_FIX_LIMIT: 'one more fix round',
  PAWL_FIX_STUCK: 'one more fix round',
  PAWL_BUDGET_EXCEEDED: 'grant the same budget again',
  PAWL_HOST_UNKNOWN: 'assert that host and worker have ended, and try again',
  PAWL_WORKSPACE_CHANGED: 'have the work done again; the current contents are kept under a rescue ref',
  PAWL_WORKSPACE_FILTERS: 'have the work done again; the current contents are kept under a rescue ref',
  PAWL_HANDOFF_REFUSED: 'reset the branch and continue; the current contents are kept under a rescue ref',
  PAWL_WORKER_SURVIVORS: 'assert that these processes have ended, and try again',
};

/** What the packet may be the cause of: with a corrected one the same run continues. */
const OF_THE_PACKET: ReadonlySet<ErrorCode> = new Set([
  'PAWL_SETUP_NOT_ALLOWED',
  'PAWL_VERIFICATION_NOT_ALLOWED',
  'PAWL_GATE_BLOCKED',
  'PAWL_GATE_FAILED',
  'PAWL_FIX_LIMIT',
  'PAWL_FIX_STUCK',
  'PAWL_WORKER_BLOCKED',
  'PAWL_WORKSPACE_FILTERS',
]);

/** What `retry` does about these blockers, in a few words. */
export function retryLabel(blockers: Blockers): string {
  const labels = blockers.map(({ code }) => RETRIES[code]);
  return labels.find((label) => label !== undefined) ?? 'try again where it stopped';
}

/** True when the packet may be the cause. */
export function isPacketToBlame(blockers: Blockers): boolean {
  return blockers.some(({ code }) => OF_THE_PACKET.has(code));
}
