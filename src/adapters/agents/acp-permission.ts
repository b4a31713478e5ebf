/**
 * Permission requests of an ACP agent, answered by policy.
 *
 * Owns: what a request asks for, which option answers it. Does not own: the policy (tool-policy).
 *
 * Invariants: 1. Every request has an answer. 2. Nothing is allowed for longer than once, but in bypass where the agent offers nothing else.
 * 3. A title names a tool only where nothing else does: in most others the model writes it.
 */
import { type Json, type JsonObject, lastingJson } from '../../base/canonical-json.ts';
import { ownToolName, toolName } from './acp-events.ts';
import { fieldsOf, listOf, objectOf, textOf, textsOf } from './line-fields.ts';
import { withRealPaths } from './real-paths.ts';
import { type Judgement, judgeTool, type ToolPolicy, type ToolUse } from './tool-policy.ts';

/** An answer; `denied` is what is told of a refusal. */
export interface PermissionAnswer {
  readonly outcome: { readonly outcome: 'selected'; readonly optionId: string } | { readonly outcome: 'cancelled' };
  readonly denied: { readonly tool: string; readonly reason: string } | null;
}

/** The answer to a request about `call`, one of `options`. */
export function answerPermission(policy: ToolPolicy, call: JsonObject, options: Json | undefined): PermissionAnswer {
  const { tool, judgement } = judgeCall(policy, call);
  if (judgement.isAllowed) {
    const kinds = policy.permission === 'bypass' ? ['allow_once', 'allow_always'] : ['allow_once'];
    const optionId = optionOf(options, kinds);
    if (optionId !== null) return { outcome: { outcome: 'selected', optionId }, denied: null };
  }
  const optionId = optionOf(options, ['reject_once', 'reject_always']);
  const reason = judgement.isAllowed ? 'The agent does not offer to allow it once.' : judgement.reason;
  return {
    outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId },
    denied: { tool, reason: `${reason} ${textOf(call.title) ?? ''}`.trim().slice(0, 1_000) },
  };
}

/** What the policy says of a call, and the call as rules name it. */
export function judgeCall(
  policy: ToolPolicy,
  call: JsonObject,
): { readonly tool: string; readonly paths: readonly string[]; readonly judgement: Judgement } {
  const use = useOf(call);
  const judgement = judgeTool(policy, withRealPaths(use, policy.roots[0] ?? '/'));
  return { tool: described(call, use), paths: use.paths, judgement };
}

function optionOf(options: Json | undefined, kinds: readonly string[]): string | null {
  for (const kind of kinds) {
    const option = listOf(options)
      .map(fieldsOf)
      .find((one) => one.kind === kind && textOf(one.optionId) !== null);
    if (option !== undefined) return textOf(option.optionId);
  }
  return null;
}

/** As rules name it: the tool, and its command in parentheses. */
function described(call: JsonObject, { command }: ToolUse): string {
  const words = typeof command === 'string' ? command : command?.join(' ');
  return words === undefined ? toolName(call) : `${toolName(call)}(${words.slice(0, 200)})`;
}

function useOf(call: JsonObject): ToolUse {
  const input = fieldsOf(call.rawInput);
  const command = commandOf(input);
  const kind = textOf(call.kind) ?? 'other';
  const own = ownToolName(call);
  const title = own === null && command === null && kind === 'other' ? textOf(call.title) : null;
  const names = [own, kind === 'other' ? null : kind, title].filter((name) => name !== null);
  return { names, kind: KINDS[kind] ?? 'other', command, paths: pathsOf(call, input) };
}

const KINDS: Readonly<Record<string, ToolUse['kind']>> = {
  read: 'read',
  search: 'read',
  think: 'read',
  edit: 'edit',
  delete: 'edit',
  move: 'edit',
  execute: 'execute',
};

function commandOf(input: JsonObject): ToolUse['command'] {
  const command = input.command ?? input.cmd;
  if (command === undefined || command === null) return null;
  if (typeof command === 'string') return command;
  const words = listOf(command);
  // What is neither text nor words is not a command that a rule could know.
  return words.length > 0 && words.every((word) => typeof word === 'string') ? words.map(String) : lastingJson(command);
}

const PATH_KEYS = ['file_path', 'filePath', 'filepath', 'notebook_path', 'path', 'abs_path', 'new_path', 'destination'];

/** Every file that the request names, wherever it does: all of them must be allowed. */
function pathsOf(call: JsonObject, input: JsonObject): readonly string[] {
  const located = listOf(call.locations).map((location) => fieldsOf(location).path);
  const changed = listOf(call.content).map((part) => fieldsOf(part).path);
  const named = PATH_KEYS.map((key) => input[key]);
  const keyed = Object.keys(objectOf(input.changes) ?? {});
  return [...new Set([...textsOf([...located, ...changed, ...named].map((path) => path ?? null)), ...keyed])];
}
