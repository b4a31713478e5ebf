/**
 * Who answers when an agent asks for permission and nobody is there: a rule.
 *
 * Owns: whether one use of a tool is allowed. Does not own: how an agent asks (acp-permission, adapters/mcp/approval).
 *
 * Invariants: 1. Pure: the same question has the same answer. 2. What no rule names is denied (L5). 3. A command that a shell would read
 * as more than one plain command is never admitted by a rule on commands. 4. An edit outside of the worktree, or of git's own files, is
 * allowed in `bypass` alone. Links inside of the worktree are not seen here.
 */
import { splitCommand } from '../../core/allow-list.ts';
import { ANSWER_FOLDER } from '../../model/request.ts';
import type { PermissionMode } from '../../ports/agent-adapter.ts';

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
  /** The files that it is about to change. */
  readonly paths: readonly string[];
}

/** The answer; the reason is a sentence for the agent. */
export type Judgement = { readonly isAllowed: true } | { readonly isAllowed: false; readonly reason: string };

/** The tools of our MCP server that an agent may always use. */
export const OWN_TOOLS = ['get_task', 'complete_task', 'report_blocked'] as const;

const ALLOWED: Judgement = { isAllowed: true };

/** Whether `use` is allowed by `policy`. */
export function judgeTool(policy: ToolPolicy, use: ToolUse): Judgement {
  if (policy.permission === 'bypass') return ALLOWED;
  // A command decides alone: an agent may call one that reads a "read", and the model chooses its words.
  if (use.command !== null || use.kind === 'execute') return judgeCommand(policy, use);
  if (use.kind === 'edit') return judgeEdit(policy, use);
  if (use.kind === 'read' || isOwnTool(policy.ownServer, use.names) || isNamed(policy, use)) return ALLOWED;
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

function judgeCommand(policy: ToolPolicy, use: ToolUse): Judgement {
  if (isNamed(policy, use)) return ALLOWED;
  const words = use.command === null ? null : plainWords(use.command);
  if (words === null)
    return denied('Only plain commands are allowed here: no shell operators, variables or line breaks.');
  const isAllowed =
    isLooking(words) ||
    policy.allowedCommands.some((pattern) => areWordsOf(pattern, words)) ||
    policy.allowedTools.some((rule) => isCommandOf(rule, use.names, words));
  return isAllowed ? ALLOWED : denied('The command is not among those that are allowed here.');
}

/** Commands that only look. */
const LOOKING: readonly (readonly string[])[] = [
  ...['status', 'diff', 'log', 'show', 'ls-files', 'blame'].map((name) => ['git', name, '*']),
  ...['cat', 'diff', 'grep', 'head', 'ls', 'pwd', 'stat', 'tail', 'wc'].map((name) => [name, '*']),
];
/** Options by which git writes a file or starts a program, also cut short as git takes them. */
const DOING = /^(?:--out|--ext|--textc|--open|-O)/;

function isLooking(words: readonly string[]): boolean {
  return LOOKING.some((pattern) => areWordsOf(pattern, words)) && !words.some((word) => DOING.test(word));
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
  return denied(
    folder === null
      ? 'Only files of the worktree may be changed, and nothing of git.'
      : `Nothing may be changed here but the answer in ${ANSWER_FOLDER}.`,
  );
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
