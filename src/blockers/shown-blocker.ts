/**
 * A recorded blocker as it is shown.
 *
 * Owns: that, also for blockers that the release before has recorded. Does not own: the words (blockers/catalogue), cleaning them for a
 * terminal (run/shown-run).
 *
 * Invariant: what the release before recorded is shown as it is, except that a hint of ours is shown as it is now, and a recorded one only if it
 * holds nothing that somebody could take for a command.
 */
import { counted } from '../base/counted.ts';
import type { Blocker, ShownBlocker } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { hintOf, isProse, knownHint, wordsOf } from './catalogue.ts';

/** A blocker as a journal may hold it: facts, or the words of the release before. */
export type RecordedBlocker = Blocker | ShownBlocker;

/** The blocker in words. */
export function shownBlocker(blocker: RecordedBlocker): ShownBlocker {
  const { code, evidence } = blocker;
  if ('params' in blocker) return { code, ...wordsOf(blocker), evidence };
  if (code === 'PAWL_PACKET_INSUFFICIENT') {
    // The evidence of this code is what its facts are now.
    return { code, ...wordsOf({ code, params: { missing: evidence } }), evidence };
  }
  return { code, message: withPlurals(blocker), hint: shownHint(blocker), evidence };
}

/** The release before recorded `2 fix round(s)`. */
function withPlurals({ code, message }: ShownBlocker): string {
  if (code !== 'PAWL_FIX_LIMIT') return message;
  return message.replace(/(\d+) fix round\(s\)/, (_, count: string) => counted(Number(count), 'fix round'));
}

/** What happened, in words. */
export function messageOf(blocker: RecordedBlocker): string {
  return shownBlocker(blocker).message;
}

/** Codes whose recorded hint names what the code does not tell: a program to install, a branch. */
const RECORDED_SAYS_MORE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PAWL_AGENT_MISSING',
  'PAWL_AGENT_UNUSABLE',
  'PAWL_AGENT_FLAG_UNKNOWN',
  'PAWL_AGENT_CAPABILITY',
  'PAWL_AGENT_SETTING_REFUSED',
  'PAWL_BUDGET_EXCEEDED',
  'PAWL_SURFACE_CONFLICT',
  'PAWL_REPOSITORY_MISMATCH',
  'PAWL_WORKSPACE_BRANCH_PROTECTED',
  'PAWL_WORKSPACE_PATH_TOO_LONG',
  'PAWL_WORKSPACE_FOREIGN',
  'PAWL_WORKSPACE_DIRTY',
  'PAWL_WORKSPACE_BASE_MISSING',
  'PAWL_WORKSPACE_DIVERGED',
  'PAWL_WORKSPACE_FAILED',
  'PAWL_GIT_FAILED',
  'PAWL_SETUP_NOT_ALLOWED',
  'PAWL_VERIFICATION_NOT_ALLOWED',
  'PAWL_WORKER_START_FAILED',
  'PAWL_STORE_FAILED',
]);

/** What is shown as the hint of a blocker that holds one. */
export function shownHint({ code, hint }: Pick<ShownBlocker, 'code' | 'hint'>): string {
  const isOurs = knownHint(code) !== null && !RECORDED_SAYS_MORE.has(code);
  return isOurs || !isProse(hint) ? hintOf(code) : hint;
}
