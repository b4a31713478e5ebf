/**
 * The catalogue of blockers: what is said of each, and what to do about it, by its code and its facts.
 *
 * Owns: that every code has its words; hints of codes that only set a run aside. Does not own: the words of each subject (blockers/place-words,
 * git-words, agent-words, task-words), what is shown of a recorded blocker (blockers/shown-blocker), commands (run/next-actions).
 * Free of zod and xstate: `status` and hosts load this file.
 *
 * Invariants: 1. A code without words does not compile. 2. A hint holds no command: commands are shown by run/next-actions alone, quoted and
 * complete. A hint that its facts make look like one is not shown: the code's own is.
 */
import type { BlockerCode, CauseOf } from '../model/blocker.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { AGENT_WORDS } from './agent-words.ts';
import { GIT_WORDS } from './git-words.ts';
import { PLACE_WORDS } from './place-words.ts';
import { TASK_WORDS } from './task-words.ts';
import type { Entries } from './words.ts';

/** What is shown of a cause. */
export interface Rendered {
  readonly message: string;
  readonly hint: string;
}

const CATALOGUE: Entries<BlockerCode> = { ...PLACE_WORDS, ...GIT_WORDS, ...AGENT_WORDS, ...TASK_WORDS };

const SET_ASIDE =
  'This run will not be resumed. Its files are unchanged: look at the named files and keep what you need.';

/** Of codes that no journal holds as a blocker. */
const OTHER_HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  PAWL_GIT_FAILED: "Read git's message; retry once the cause is fixed.",
  PAWL_RULES_UNSUPPORTED:
    'Finish or abandon it with the version of Pawl that began it. Its packet, submitted with --again, becomes a new run, which waits for what this one holds.',
  PAWL_JOURNAL_DAMAGED: SET_ASIDE,
  PAWL_JOURNAL_DIVERGED: SET_ASIDE,
  PAWL_SNAPSHOT_DAMAGED: SET_ASIDE,
  PAWL_SNAPSHOT_DIVERGED: SET_ASIDE,
  PAWL_HISTORY_LOST: `${SET_ASIDE} Do not delete the snapshot: it is the evidence.`,
  PAWL_REGISTER_CONTRADICTION: SET_ASIDE,
  PAWL_ARTIFACT_DAMAGED: SET_ASIDE,
};

/** True when that is the code of a blocker. */
function isBlockerCode(code: string): code is BlockerCode {
  return Object.hasOwn(CATALOGUE, code);
}

/** The code's own hint, without a command; null where the catalogue has none. */
export function knownHint(code: ErrorCode): string | null {
  return isBlockerCode(code) ? CATALOGUE[code].hint : (OTHER_HINTS[code] ?? null);
}

/** What to do about a blocker of that code, in words, without a command. */
export function hintOf(code: ErrorCode): string {
  return knownHint(code) ?? 'Read the message, then decide.';
}

/** What happened and what to do about it. */
export function wordsOf<Code extends BlockerCode>({ code, params }: CauseOf<Code>): Rendered {
  const { hint: ofCode, words } = CATALOGUE[code];
  const { message, hint = ofCode } = words(params);
  return { message, hint: isProse(hint) ? hint : ofCode };
}

/** A name of ours or of git before a word, a placeholder, or a character that only shells and code spans use. */
const COMMAND = /\b(?:pawl|git|kill|rm|sudo|sh|bash)\s+-{0,2}[a-z]|\bRUN_ID\b|\bTEXT\b|[`$|&\\]|;(?! )|\n/;

/** True for a hint that holds nothing that somebody could take for a command. */
export function isProse(hint: string): boolean {
  return hint !== '' && !COMMAND.test(hint);
}
