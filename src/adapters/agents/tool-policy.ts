/**
 * Who answers when an agent asks for permission and nobody is there: a rule.
 *
 * Owns: whether one use of a tool is allowed. Does not own: how an agent asks (acp-permission, adapters/mcp/approval).
 *
 * Invariants: 1. Pure: the same question has the same answer. 2. What no rule names is denied (L5). 3. Of a text that a shell would read as several commands, each is
 * judged by itself, and all must be allowed; what a shell would expand is not read. 4. An edit outside of the worktree, or of git's own files, is
 * allowed in `bypass` alone, and so is reading outside of it. Links inside of the worktree are seen only where somebody followed them (real-paths).
 */
import { ANSWER_FOLDER } from '../../model/request.ts';
import { isShellWord, splitCommand } from '../../packets/allow-list.ts';
import type { PermissionMode } from '../../ports/agent-adapter.ts';
import { COMMIT_RULE, isCommitAttempt } from '../../turn/commands/committing.ts';
import { editedFiles, redirectedFiles } from '../../turn/commands/editing.ts';
import {
  bareWords,
  type LookingPlace,
  looksOnly,
  type PlacedCommand,
  pathInside,
  placedCommands,
  takesOnly,
} from '../../turn/commands/looking.ts';

/** The rules of one turn. */
export interface ToolPolicy {
  readonly permission: PermissionMode;
  /** Tools as the agent names them; `Bash(npm test)` and `Bash(npm run:*)` name commands of a tool, `mcp__server` all tools of a server, `*` every tool. */
  readonly allowedTools: readonly string[];
  /** Word by word; `*` as the last word: any further words, also none. */
  readonly allowedCommands: readonly (readonly string[])[];
  /** The worktree, absolute; more than one path when links lead to it. */
  readonly roots: readonly string[];
  /** The name of our own MCP server, whose tools need no permission; null: the agent has not got it. */
  readonly ownServer: string | null;
}

/** One use of a tool, as far as the agent tells what it is. */
export interface ToolUse {
  /** Every name it goes by; never a text that the model has chosen. */
  readonly names: readonly string[];
  readonly kind: 'read' | 'edit' | 'execute' | 'other';
  /** What its shell is to run: a text, or words; null: it runs nothing. */
  readonly command: string | readonly string[] | null;
  /** The files that it is about to read or to change. */
  readonly paths: readonly string[];
  /** Where the files that its command would write really lie, when somebody followed the links to them. */
  readonly written?: readonly string[];
}

/** The answer; the reason is a sentence for the agent. */
export type Judgement = { readonly isAllowed: true } | { readonly isAllowed: false; readonly reason: string };

/** The tools of our MCP server that an agent may always use. */
const OWN_TOOLS = ['get_task', 'complete_task', 'report_blocked'] as const;

const ALLOWED: Judgement = { isAllowed: true };

/** Whether `use` is allowed by `policy`. */
export function judgeTool(policy: ToolPolicy, use: ToolUse): Judgement {
  if (policy.permission === 'bypass') return ALLOWED;
  // A command decides alone: an agent may call one that reads a "read", and the model chooses its words.
  if (use.command !== null || use.kind === 'execute') return judgeCommand(policy, use);
  if (use.kind === 'edit') return judgeEdit(policy, use);
  if (isOwnTool(policy.ownServer, use.names) || isNamed(policy, use)) return ALLOWED;
  if (use.kind === 'read') return judgeRead(policy, use);
  return denied('The tool is not among those that are allowed here.');
}

/** The words of a command that runs as one plain command in any shell, without the shell that carries it; null when it does not. */
export function plainWords(command: string | readonly string[]): readonly string[] | null {
  if (typeof command === 'string') {
    const split = splitCommand(command);
    return split.kind === 'split' ? split.argv : null;
  }
  const [shell = '', flag = '', text, ...more] = command;
  if (SHELL.test(shell))
    return SHELL_FLAG.test(flag) && text !== undefined && more.length === 0 ? plainWords(text) : null;
  // Whether the agent joins the words or not, they must come out as they are.
  return command.length > 0 && command.every((word) => PLAIN_WORD.test(word)) ? command : null;
}

const SHELL = /^(?:\S*\/)?(?:ba|da|z|k)?sh$/;
const SHELL_FLAG = /^-l?c$/;
const PLAIN_WORD = /^[A-Za-z0-9_@%+:,./=-]+$/;

function judgeRead({ roots }: ToolPolicy, { paths }: ToolUse): Judgement {
  const isInside = paths.every((path) => !/^~|\0/.test(path) && pathInside(path, '', roots) !== null);
  return isInside ? ALLOWED : denied('Only files of the worktree may be read.');
}

function judgeCommand(policy: ToolPolicy, use: ToolUse): Judgement {
  if (isNamed(policy, use)) return ALLOWED;
  const commands = use.command === null ? null : commandsOf(use.command, placeOf(policy));
  const text = typeof use.command === 'string' ? use.command : (use.command?.at(-1) ?? '');
  if (commands?.every((command) => isAllowedCommand(policy, use, command)) === true) {
    const isOwn = (use.written ?? []).every((path) => isOwnFile(policy.roots, path, null));
    return isOwn ? ALLOWED : denied(EDIT_RULE);
  }
  if (isCommitAttempt(text)) return denied(COMMIT_RULE);
  return denied(
    commands === null
      ? 'Only plain commands are allowed here: no variables, substitutions, background jobs or paths outside of the worktree.'
      : 'The command is not among those that are allowed here.',
  );
}

const EDIT_RULE = 'Only files of the worktree may be changed, and nothing of git.';

/** Where commands may look: in the worktree. */
export function placeOf({ roots }: Pick<ToolPolicy, 'roots'>): LookingPlace {
  return { roots, closedFolders: SETTINGS };
}

/** The commands of a text or of words, as they will be run; null when nobody can tell. */
function commandsOf(command: string | readonly string[], place: LookingPlace): readonly PlacedCommand[] | null {
  const text = typeof command === 'string' ? command : carriedBy(command);
  const read = text === null ? null : placedCommands(text, place);
  if (read !== null) return read;
  // One plain command is one, whatever else a shell text may not hold.
  const words = plainWords(command);
  if (words === null) return null;
  return [{ words, assignments: [], inputs: [], outputs: [], join: 'then', folders: [''], fedBy: [] }];
}

function carriedBy(words: readonly string[]): string | null {
  const [shell = '', flag = '', text, ...more] = words;
  return SHELL.test(shell) && SHELL_FLAG.test(flag) && text !== undefined && more.length === 0 ? text : null;
}

function isAllowedCommand(policy: ToolPolicy, { names }: ToolUse, command: PlacedCommand): boolean {
  const place = placeOf(policy);
  const words = bareWords(command.words);
  const isNamedCommand =
    !isShellWord(words[0] ?? '') &&
    (policy.allowedCommands.some((pattern) => areWordsOf(pattern, words)) ||
      policy.allowedTools.some((rule) => isCommandOf(rule, names, words)));
  const isHarmless = (isNamedCommand && takesOnly(command, place)) || looksOnly({ ...command, outputs: [] }, place);
  if (isHarmless && command.outputs.length === 0) return true;
  if (policy.permission !== 'edit' || !takesOnly(command, place)) return false;
  const files = isHarmless ? redirectedFiles(command, place) : editedFiles(command, place);
  return files?.every((path) => isOwnFile(policy.roots, path, null)) === true;
}

function areWordsOf(pattern: readonly string[], words: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? words.length < Math.max(1, fixed.length) : words.length !== fixed.length) return false;
  return words.length > 0 && fixed.every((word, index) => word === words[index]);
}

/** A rule `Bash(npm run:*)` on a tool of one of `names`. */
function isCommandOf(rule: string, names: readonly string[], words: readonly string[]): boolean {
  const { tool, inner } = /^(?<tool>[^()]+)\((?<inner>.*)\)$/s.exec(rule)?.groups ?? {};
  if (tool === undefined || inner === undefined || !names.includes(tool)) return false;
  const split = splitCommand(inner.replace(/:\*$/, ' *'));
  return split.kind === 'split' && areWordsOf(split.argv, words);
}

function judgeEdit(policy: ToolPolicy, use: ToolUse): Judgement {
  const folder = policy.permission === 'edit' ? null : ANSWER_FOLDER;
  if (use.paths.length === 0) {
    if (folder === null && isNamed(policy, use)) return ALLOWED;
    return denied('The request does not say which files would change.');
  }
  if (use.paths.every((path) => isOwnFile(policy.roots, path, folder))) return ALLOWED;
  return denied(folder === null ? EDIT_RULE : `Nothing may be changed here but the answer in ${ANSWER_FOLDER}.`);
}

/** True when `path` lies in a root, or in `folder` of it, as it is written; one that goes up anywhere lies nowhere. */
function isOwnFile(roots: readonly string[], path: string, folder: string | null): boolean {
  const inside = path.startsWith('/')
    ? roots.filter((root) => path.startsWith(`${trimmed(root)}/`)).map((root) => path.slice(trimmed(root).length + 1))
    : [path];
  return inside.some((relative) => {
    const segments = relative.split('/').filter((segment) => segment !== '' && segment !== '.');
    if (segments.length === 0 || relative.startsWith('~') || relative.includes('\0')) return false;
    if (segments.some((segment) => segment === '..' || SETTINGS.includes(segment.toLowerCase()))) return false;
    return folder === null || (segments[0] === folder && segments.length > 1);
  });
}

/** Folders and files of git and of agents: who writes there gives orders to those that come after. */
const SETTINGS: readonly string[] = [
  '.git',
  '.claude',
  '.codex',
  '.copilot',
  '.gemini',
  '.mcp.json',
  '.opencode',
  '.qwen',
  'opencode.json',
  'opencode.jsonc',
];

const trimmed = (root: string): string => root.replace(/\/+$/, '');

function isNamed(policy: ToolPolicy, { names }: ToolUse): boolean {
  return policy.allowedTools.some(
    (rule) =>
      rule === '*' ||
      names.includes(rule) ||
      (/^mcp__(?!.*__)[^()]+$/.test(rule) && names.some((name) => name.startsWith(`${rule}__`))),
  );
}

/** Agents name the tool of a server in forms of their own; each is written out, so that nothing else passes for ours. */
function isOwnTool(server: string | null, names: readonly string[]): boolean {
  if (server === null) return false;
  return OWN_TOOLS.some((tool) =>
    [`mcp__${server}__`, `${server}__`, `${server}_`, `${server}/`, `${server}.`, `${server}: `]
      .map((prefix) => `${prefix}${tool}`)
      .concat(`${tool} (${server} MCP Server)`)
      .some((form) => names.includes(form)),
  );
}

function denied(reason: string): Judgement {
  return { isAllowed: false, reason };
}
