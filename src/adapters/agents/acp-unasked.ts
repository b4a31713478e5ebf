/**
 * What an ACP agent did without asking, although the policy would have denied it.
 *
 * Owns: telling such tool calls. Does not own: what a call is (acp-permission), the policy (tool-policy).
 *
 * Invariants: 1. A call that was asked for is never told, whatever it was answered. 2. A call that did not run is not told: it failed without an exit code. 3. Each
 * call is told once, and what it is told of is at most one event.
 */
import type { JsonObject } from '../../base/canonical-json.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import { exitCodeOf } from './acp-events.ts';
import { judgeCall } from './acp-permission.ts';
import { textOf } from './line-fields.ts';
import type { ToolPolicy } from './tool-policy.ts';

const CALLS_MAX = 1_000;

/** The tool calls of one turn that were not asked for. */
export class UnaskedCalls {
  readonly #policy: ToolPolicy;
  /** Asked for, or told. */
  readonly #settled = new Set<string>();
  readonly #open = new Map<string, JsonObject>();

  constructor(policy: ToolPolicy) {
    this.#policy = policy;
  }

  /** The agent has asked for this call. */
  asked(call: JsonObject): void {
    this.#settle(textOf(call.toolCallId) ?? '');
  }

  /** What is told of a call, as far as it is known now. */
  told(call: JsonObject): readonly AgentEvent[] {
    const id = textOf(call.toolCallId) ?? '';
    if (this.#settled.has(id)) return [];
    if (call.status === 'completed' || call.status === 'failed') {
      this.#settle(id);
      return hasRun(call) ? this.#event(call) : [];
    }
    if (this.#open.size < CALLS_MAX || this.#open.has(id)) this.#open.set(id, call);
    return [];
  }

  /** Calls that were under way when the turn ended, or was ended. */
  rest(): readonly AgentEvent[] {
    const events = [...this.#open.values()]
      .filter(({ status }) => status === 'in_progress')
      .flatMap((call) => this.#event(call));
    this.#open.clear();
    return events;
  }

  /** A file of the worktree by its name there. */
  #short(path: string): string {
    const root = this.#policy.roots.find((one) => path.startsWith(`${one}/`));
    return root === undefined ? path : path.slice(root.length + 1);
  }

  #settle(id: string): void {
    this.#open.delete(id);
    if (this.#settled.size < CALLS_MAX) this.#settled.add(id);
  }

  #event(call: JsonObject): readonly AgentEvent[] {
    const { tool, paths, judgement } = judgeCall(this.#policy, call);
    if (judgement.isAllowed) return [];
    const isNamed = tool.includes('(') || paths.length === 0;
    const what = isNamed
      ? tool
      : `${tool}(${paths
          .map((path) => this.#short(path))
          .join(', ')
          .slice(0, 200)})`;
    return [
      { type: 'unasked', tool: what, reason: `${judgement.reason} ${textOf(call.title) ?? ''}`.trim().slice(0, 1_000) },
    ];
  }
}

/** Denials of an agent's own and calls that went wrong before they began have no exit code. */
function hasRun(call: JsonObject): boolean {
  return call.status === 'completed' || exitCodeOf(call) !== null;
}
