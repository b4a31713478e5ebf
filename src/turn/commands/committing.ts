/**
 * Who commits: Pawl, never an agent.
 *
 * Owns: the sentence that says so, and recognising an attempt. Does not own: who is told (turn/turn-prompt, agents/tool-policy), what an attempt means for a turn (turn/turn-conclusion).
 */
import { looksOnly, placedCommands } from './looking.ts';

/** What an agent is told before it starts, and again when it tries to commit. */
export const COMMIT_RULE = 'Do not commit: leave your changes in the worktree, Pawl commits them.';

const ANYWHERE = { roots: null, closedFolders: [] };
const STAGING = new Set(['add', 'commit', 'stage']);
/** For a text that cannot be parsed as commands, such as one with a message from a here-document: it begins with a commit, and names no other writing command of git. */
const BEGINS = /^\s*(?:cd\s+\S+\s*&&\s*)?git\s+(?:-[cC]\s+\S+\s+)*(?:add|commit|stage)\b/;
const OTHER = /\bgit\s+(?!add\b|commit\b|stage\b|status\b|log\b|diff\b)[a-z]/;

/** True when a shell text does nothing but stage, commit and read. */
export function isCommitAttempt(text: string): boolean {
  const commands = placedCommands(text, ANYWHERE);
  if (commands === null) return BEGINS.test(text) && !OTHER.test(text);
  const commits = commands.map(({ words }) => isStaging(words));
  return (
    commits.includes(true) &&
    commands.every((command, index) => commits[index] === true || looksOnly(command, ANYWHERE))
  );
}

function isStaging(words: readonly string[]): boolean {
  if (words[0] !== 'git') return false;
  let index = 1;
  while (words[index] === '-c' || words[index] === '-C') index += 2;
  return STAGING.has(words[index] ?? '');
}
