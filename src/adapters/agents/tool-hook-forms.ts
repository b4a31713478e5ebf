/**
 * Hooks that agents call before they use a tool: what they ask, and how they want the answer.
 *
 * Owns: both, for each agent that has such a hook. Does not own: the rules (tool-policy), the program (tool-hook).
 *
 * Invariants: 1. A shell command is always decided, one that cannot be read too: it is denied (L5). 2. Of other tools, what the agent decides well by itself is left to it.
 */
import type { JsonObject } from '../../base/canonical-json.ts';
import { shellWord } from '../../base/shell-words.ts';
import { fieldsOf, textOf } from './line-fields.ts';
import { withRealPaths } from './real-paths.ts';
import { guardDenial } from './tool-guard.ts';
import { judgeTool, type ToolPolicy, type ToolUse } from './tool-policy.ts';

/** Whose hook it is. */
export const HOOK_FORMS = ['codex', 'copilot', 'qwen'] as const;
/** Whose hook it is. */
export type HookForm = (typeof HOOK_FORMS)[number];

/** The answer to what an agent asked, as it wants it; empty: it decides by itself. */
export function hookAnswer(form: HookForm, policy: ToolPolicy, asked: JsonObject): string {
  const use = USES[form](asked);
  if (use === null) return '';
  const judgement = judgeTool(policy, withRealPaths(use, policy.roots[0] ?? '/'));
  // Its versions differ in whether they take a hook's yes.
  if (form === 'codex' && judgement.isAllowed) return '';
  const decision = judgement.isAllowed ? 'allow' : 'deny';
  const reason = judgement.isAllowed ? {} : { permissionDecisionReason: guardDenial(judgement.reason) };
  return JSON.stringify(
    form === 'copilot'
      ? { permissionDecision: decision, ...reason }
      : { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: decision, ...reason } },
  );
}

const USES: Readonly<Record<HookForm, (asked: JsonObject) => ToolUse | null>> = {
  codex: (asked) => {
    const tool = textOf(asked.tool_name) ?? '';
    const input = fieldsOf(asked.tool_input);
    const command = textOf(input.command);
    const folder = textOf(asked.cwd);
    // A path of the model's may be relative to the folder that it named.
    const placed = (path: string): string => (folder === null || /^[/~]/.test(path) ? path : `${folder}/${path}`);
    if (tool === 'view_image') return { names: [tool], kind: 'read', command: null, paths: pathsOf(input).map(placed) };
    const patch = command === null ? null : patchIn(tool, command);
    if (patch !== null)
      return {
        names: ['apply_patch', 'Edit', 'Write'],
        kind: 'edit',
        command: null,
        paths: patchedFiles(patch).map(placed),
      };
    if (tool !== 'Bash') return null;
    const text = command === null || folder === null ? command : `cd ${shellWord(folder)} && ${command}`;
    return { names: [tool, 'exec_command', 'shell'], kind: 'execute', command: text, paths: [] };
  },
  copilot: (asked) => {
    // Its own rules keep its other tools in the worktree, and deny edits to who may not make any.
    if (asked.toolName !== 'bash') return null;
    return { names: ['bash', 'shell'], kind: 'execute', command: textOf(argsOf(asked).command), paths: [] };
  },
  qwen: (asked) => {
    const tool = textOf(asked.tool_name) ?? '';
    const input = fieldsOf(asked.tool_input);
    if (tool === 'run_shell_command') {
      const command = textOf(input.command);
      // Where it is to run is told apart from what.
      const folder = textOf(input.directory);
      const placed = command === null || folder === null ? command : `cd ${shellWord(folder)} && ${command}`;
      return { names: [tool, 'Bash', 'Shell', 'ShellTool'], kind: 'execute', command: placed, paths: [] };
    }
    const kind = QWEN_TOOLS[tool];
    return kind === undefined ? null : { names: [tool], kind, command: null, paths: pathsOf(input) };
  },
};

/** Its tools that name files; in every mode it changes and reads files anywhere. */
const QWEN_TOOLS: Readonly<Record<string, 'read' | 'edit'>> = {
  edit: 'edit',
  write_file: 'edit',
  notebook_edit: 'edit',
  read_file: 'read',
  list_directory: 'read',
  glob: 'read',
  grep_search: 'read',
};

/** The patch of its tool for patches, or of a command that Codex takes for a call of that tool; nothing else may stand beside it. */
function patchIn(tool: string, command: string): string | null {
  if (tool === 'apply_patch') return command;
  const { mark, patch } = PATCH_COMMAND.exec(command.trim())?.groups ?? {};
  return mark === undefined || patch === undefined || patch.split('\n').includes(mark) ? null : patch;
}

const PATCH_COMMAND = /^apply_patch <<\s*(?<quote>['"])(?<mark>\w+)\k<quote>\n(?<patch>[\s\S]*)\n\k<mark>$/;

function patchedFiles(patch: string): readonly string[] {
  return [...patch.matchAll(/^\s*\*\*\* (?:Add File|Update File|Delete File|Move to): (.*)$/gm)].map(([, path = '']) =>
    path.trim(),
  );
}

function pathsOf(input: JsonObject): readonly string[] {
  return ['file_path', 'absolute_path', 'notebook_path', 'path', 'dir_path'].flatMap((key) => textOf(input[key]) ?? []);
}

/** Older versions give the arguments as a text. */
function argsOf(asked: JsonObject): JsonObject {
  if (typeof asked.toolArgs !== 'string') return fieldsOf(asked.toolArgs);
  try {
    return fieldsOf(JSON.parse(asked.toolArgs));
  } catch {
    // No arguments: a command that cannot be read is denied.
    return {};
  }
}
