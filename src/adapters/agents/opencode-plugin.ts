/**
 * The plugin that OpenCode loads: its shell commands are judged by Pawl's rules.
 *
 * Owns: opening the shell tool, and judging what it is to run. Does not own: the rules (tool-policy), OpenCode's own permissions (opencode).
 *
 * Invariant: the shell tool is opened by the plugin alone: where it is not loaded, or cannot read its rules, every command stays denied.
 */
import { textOf } from './line-fields.ts';
import { withRealPaths } from './real-paths.ts';
import { guardDenial, parsePolicy } from './tool-guard.ts';
import { judgeTool } from './tool-policy.ts';

/** The variable that holds the rules. */
const POLICY_VARIABLE = 'PAWL_TOOL_POLICY';

interface Called {
  readonly tool: string;
}

interface Arguments {
  readonly args: { readonly command?: string };
}

interface Settings {
  permission?: { bash?: unknown };
}

/** The hooks of the plugin; none where there are no rules. */
export const pawlPlugin = async (): Promise<object> => {
  const policy = parsePolicy(process.env[POLICY_VARIABLE] ?? '');
  if (!policy.ok) return {};
  const rules = policy.value;
  return {
    config: async (settings: Settings) => {
      if (typeof settings.permission === 'object') settings.permission.bash = { '*': 'allow' };
    },
    'tool.execute.before': async ({ tool }: Called, { args }: Arguments) => {
      if (tool !== 'bash') return;
      const use = { names: [tool], kind: 'execute', command: textOf(args.command), paths: [] } as const;
      const judgement = judgeTool(rules, withRealPaths(use, rules.roots[0] ?? '/'));
      if (!judgement.isAllowed) throw new Error(guardDenial(judgement.reason));
    },
  };
};
