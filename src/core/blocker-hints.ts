/**
 * What to do about a blocker, in words, by its code.
 *
 * Owns: the one catalogue of these hints, and when a hint that was recorded says more. Does not own: commands (core/next-actions).
 *
 * Invariants: 1. A hint holds no command: commands are shown by core/next-actions alone, quoted and complete. 2. What a journal holds is
 * shown only where the catalogue cannot know it, and only if it holds nothing that somebody could take for a command.
 */
import { counted } from '../base/counted.ts';
import type { Blocker } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';

interface Hint {
  readonly text: string;
  /** The recorded hint names what the catalogue cannot know (a program to install, a branch): it is shown instead. */
  readonly isRecordedBetter?: true;
}

const READ_OUTPUT = 'Read the last lines of its output.';
const SET_ASIDE =
  'This run is not resumed. Its files are as they were: look at the named files and keep what you need.';

/** Every code that a blocker can have. */
const HINTS: Readonly<Partial<Record<ErrorCode, Hint>>> = {
  PAWL_PACKET_INSUFFICIENT: { text: 'Add the fields that are named; an edited packet is a new run.' },
  PAWL_AGENT_MISSING: {
    text: 'Install the agent, or name its program under "agents" in pawl.config.json.',
    isRecordedBetter: true,
  },
  PAWL_AGENT_UNUSABLE: { text: 'Install the agent again, or name another program for it.', isRecordedBetter: true },
  PAWL_AGENT_FLAG_UNKNOWN: {
    text: 'Install a version of the agent that knows the flag, or take it out of extraArgs in pawl.config.json.',
    isRecordedBetter: true,
  },
  PAWL_AGENT_CAPABILITY: {
    text: "Change the agent's settings in pawl.config.json, or name another agent.",
    isRecordedBetter: true,
  },
  PAWL_AGENT_DENIED: {
    text: 'Allow it (allowedTools of the agent, allowed_tools of the packet, verification.allow for commands), or declare the denial expected (expectedDenials).',
  },
  PAWL_AGENT_LOGIN: { text: "Log in with the agent itself, or name its key's variable under env of the agent." },
  PAWL_AGENT_ACCOUNT: {
    text: "See to the agent's account with its provider, then retry: the same session continues, and no attempt was used.",
  },
  PAWL_AGENT_SETTING_REFUSED: {
    text: 'Change the named setting of the agent in pawl.config.json; then retry: no attempt was used.',
    isRecordedBetter: true,
  },
  PAWL_AGENT_FAILED: { text: READ_OUTPUT },
  PAWL_AGENT_NO_ANSWER: {
    text: 'Nothing to do: the agent is asked for its answer once more, and no attempt is charged.',
  },
  PAWL_AGENT_NO_END: { text: READ_OUTPUT },
  PAWL_AGENT_NO_EVENT: { text: 'Start the agent by hand; check its login and network.' },
  PAWL_AGENT_UNREADABLE: { text: "Report it, with the task's output.ndjson if that may be shown." },
  PAWL_AGENT_TURN_LIMIT: { text: "Raise the agent's limit, or make the packet smaller." },
  PAWL_AGENT_SESSION_REFUSED: { text: 'Nothing to do: the next attempt begins a fresh session.' },
  PAWL_AGENT_LIMITED: {
    text: 'Nothing to do: while runs are driven, this one resumes automatically, in the same session, and no attempt is charged.',
  },
  PAWL_AGENT_UNREACHABLE: {
    text: 'Nothing to do unless it lasts: while runs are driven, this one resumes automatically, in the same session, and no attempt is charged.',
  },
  PAWL_AGENT_LIMIT_WAITS: { text: "Look at the agent's account, then decide." },
  PAWL_BUDGET_EXCEEDED: { text: 'A retry grants the same budget again.', isRecordedBetter: true },
  PAWL_LEASE_CONFLICT: { text: 'While runs are driven, this one resumes automatically once what it needs is free.' },
  PAWL_SURFACE_CONFLICT: {
    text: 'The work is kept as a commit on its branch. Retry once the run that holds these paths has ended, or decide on them yourself.',
    isRecordedBetter: true,
  },
  PAWL_WORKSPACE_BRANCH_ELSEWHERE: {
    text: 'Check out another branch there; if that folder is gone, prune the worktrees of the repository. Then retry.',
  },
  PAWL_WORKSPACE_BRANCH_IN_WAY: {
    text: "Git cannot keep a branch next to one whose name starts with that branch's name and a slash. Rename the named branch, or delete it if nobody needs it; then retry.",
  },
  PAWL_REPOSITORY_MISMATCH: {
    text: 'Use the clone of the repository that the packet names, or allow it under scm.allowRepos in pawl.config.json.',
    isRecordedBetter: true,
  },
  PAWL_WORKSPACE_BRANCH_PROTECTED: { text: 'Give the packet a branch of its own.', isRecordedBetter: true },
  PAWL_WORKSPACE_PATH_TOO_LONG: { text: 'Shorten the named branch or path.', isRecordedBetter: true },
  PAWL_WORKSPACE_FOREIGN: {
    text: 'Look at the contents of that folder and move the folder away, then retry.',
    isRecordedBetter: true,
  },
  PAWL_WORKSPACE_DIRTY: {
    text: 'Keep or discard the contents of that folder, so that the worktree is clean and on its branch, then retry.',
    isRecordedBetter: true,
  },
  PAWL_WORKSPACE_BASE_MISSING: {
    text: 'Fetch or create the base branch, or name another one in the packet, then retry.',
    isRecordedBetter: true,
  },
  PAWL_WORKSPACE_DIVERGED: {
    text: 'Rebase or rename the branch, or give the packet another one, then retry.',
    isRecordedBetter: true,
  },
  PAWL_WORKSPACE_CHANGED: {
    text: 'Look at the worktree and its branch. A retry keeps the contents of both under a rescue ref, resets them to the last recorded commit and has the work done again.',
  },
  PAWL_WORKSPACE_FILTERS: {
    text: 'A retry keeps this work under a rescue ref and has it done again; if the packet asks for the filter, correct it first. Pawl cannot work on repositories that use filters.',
  },
  PAWL_WORKSPACE_FAILED: { text: "Read git's message; retry once the cause is fixed.", isRecordedBetter: true },
  PAWL_GIT_FAILED: { text: "Read git's message; retry once the cause is fixed.", isRecordedBetter: true },
  PAWL_REPOSITORY_FILTERS: {
    text: 'Pawl commits files byte for byte. Remove these patterns from the attributes on the base branch and retry, or do this work without Pawl.',
  },
  PAWL_GIT_TAMPERED: {
    text: 'Look at what is named. If you or a tool you trust made the change, retry: the run resumes with these settings. If not, undo it first, then retry or abandon.',
  },
  PAWL_GIT_OBJECTS_DAMAGED: {
    text: "Check the repository's objects (fsck) and repair it from another clone; delete a commit graph that is named (it is made again when needed). Then retry, or abandon the run. Do not use its branch from here.",
  },
  PAWL_SETUP_NOT_ALLOWED: {
    text: 'If it may run, admit it under verification.allow in pawl.config.json (word by word, * last); else correct workspace.setup. Then retry.',
    isRecordedBetter: true,
  },
  PAWL_VERIFICATION_NOT_ALLOWED: {
    text: 'If it may run, admit it under verification.allow in pawl.config.json (word by word, * last), then retry; else correct the packet.',
    isRecordedBetter: true,
  },
  PAWL_GATE_BLOCKED: { text: 'Read why the gate could not judge, then decide.' },
  PAWL_GATE_FAILED: { text: 'Read the findings, then decide.' },
  PAWL_FIX_LIMIT: { text: 'Read the findings, then decide.' },
  PAWL_FIX_STUCK: { text: 'Read the findings, round by round, then decide.' },
  PAWL_ATTEMPTS_EXHAUSTED: {
    text: 'If the cause is gone, retry. Otherwise change the packet or the agent, then submit the packet again with --again.',
  },
  PAWL_INTERRUPTIONS_EXHAUSTED: { text: 'Find out what keeps ending it, then decide.' },
  PAWL_WORKER_BLOCKED: { text: 'Give it what it lacks, then retry.' },
  PAWL_WORKER_FAILED: { text: READ_OUTPUT },
  PAWL_WORKER_EXIT: { text: READ_OUTPUT },
  PAWL_WORKER_NO_COMPLETION: {
    text: 'Have the worker write its answer to PAWL_COMPLETION_FILE, or configure "completion": "exitCode" for it.',
  },
  PAWL_WORKER_ANSWER_INVALID: { text: 'Compare the answer with the schema in the task file.' },
  PAWL_WORKER_CONTRADICTION: { text: 'Read the answer, then decide.' },
  PAWL_WORKER_NO_CHANGE: { text: 'If no change is right for this packet, say so in it: "allow_empty": true.' },
  PAWL_WORKER_START_FAILED: {
    text: 'Install the named program, make it executable, or correct its command line in pawl.config.json; it is looked up on the PATH of the shell that started Pawl. Then retry: no attempt was used.',
    isRecordedBetter: true,
  },
  PAWL_WORKER_DEADLINE: { text: 'Raise limits.deadlineMs, or make the packet smaller.' },
  PAWL_WORKER_STALLED: {
    text: 'Raise the limit that the message names (limits.stallMs or limits.silenceMaxMs) if the worker is silent by nature.',
  },
  PAWL_WORKER_OUTPUT_LIMIT: { text: 'Raise limits.outputBytesMax, or make the worker quieter.' },
  PAWL_WORKER_INTERRUPTED: { text: 'Nothing to do: it is not charged, and the next attempt starts automatically.' },
  PAWL_WORKER_LOST: { text: READ_OUTPUT },
  PAWL_WORKER_CANCELLED: { text: 'Nothing to do.' },
  PAWL_WORKER_SURVIVORS: {
    text: 'End these processes yourself, then retry: your word that they have ended is recorded.',
  },
  PAWL_HOST_UNKNOWN: {
    text: 'Make sure yourself that the host and its worker have ended, then retry: your word is recorded.',
  },
  PAWL_HOST_HUNG: { text: 'Look at the load and the disk of the machine.' },
  PAWL_HOST_STARTS_EXHAUSTED: {
    text: "Look at host.log in the task's folder and at the machine's process limits, then retry: no attempt was used.",
  },
  PAWL_HANDOFF_REFUSED: {
    text: 'Look at the commits that are named. A retry keeps the contents of the branch and the worktree under a rescue ref, and resets them to the commit that both gates judged.',
  },
  PAWL_JOURNAL_DAMAGED: { text: SET_ASIDE },
  PAWL_JOURNAL_DIVERGED: { text: SET_ASIDE },
  PAWL_SNAPSHOT_DAMAGED: { text: SET_ASIDE },
  PAWL_SNAPSHOT_DIVERGED: { text: SET_ASIDE },
  PAWL_HISTORY_LOST: { text: `${SET_ASIDE} Do not delete the snapshot: it is the proof.` },
  PAWL_REGISTER_CONTRADICTION: { text: SET_ASIDE },
  PAWL_ARTIFACT_DAMAGED: { text: SET_ASIDE },
};

/** True when the catalogue has a hint for that code. */
export function hasHint(code: ErrorCode): boolean {
  return HINTS[code] !== undefined;
}

/** What to do about a blocker of that code, in words, without a command. */
export function hintOf(code: ErrorCode): string {
  return HINTS[code]?.text ?? 'Read the message, then decide.';
}

/** What is shown as the hint of a recorded blocker. */
export function shownHint(blocker: Pick<Blocker, 'code' | 'hint'>): string {
  const known = HINTS[blocker.code];
  const isOurs = known !== undefined && known.isRecordedBetter !== true;
  return isOurs || !isProse(blocker.hint) ? hintOf(blocker.code) : blocker.hint;
}

/** A recorded blocker as it is shown. */
export function shownCause(blocker: Blocker): Blocker {
  const { code, evidence } = blocker;
  if (code === 'PAWL_PACKET_INSUFFICIENT' && evidence.includes('packet_object'))
    return { ...blocker, ...NOT_AN_OBJECT };
  return { ...blocker, message: withPlurals(blocker), hint: shownHint(blocker) };
}

/** The machine records `2 fix round(s)`: its words are part of the state that a journal proves, and are never changed. */
function withPlurals({ code, message }: Blocker): string {
  if (code !== 'PAWL_FIX_LIMIT') return message;
  return message.replace(/(\d+) fix round\(s\)/, (_, count: string) => counted(Number(count), 'fix round'));
}

/** What the journal records as a missing field, in plain words. */
const NOT_AN_OBJECT = {
  message: 'The packet is not an object.',
  hint: 'Write an object with the fields of a packet; an edited packet is a new run.',
};

/** A name of ours or of git before a word, a placeholder, or a character that only shells and code spans use. */
const COMMAND = /\b(?:pawl|git|kill|rm|sudo|sh|bash)\s+-{0,2}[a-z]|\bRUN_ID\b|\bTEXT\b|[`$|&\\]|;(?! )|\n/;

function isProse(hint: string): boolean {
  return hint !== '' && !COMMAND.test(hint);
}
