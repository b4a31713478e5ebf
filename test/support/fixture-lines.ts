/**
 * The lines that real coding agents write, as far as tests of turns need them, and the steps of a fixture agent around them.
 *
 * Owns: those lines, one vocabulary for three CLIs. Does not own: playing them (fixture-agent).
 */
import type { Json } from '../../src/base/canonical-json.ts';
import type { Answer } from '../../src/model/request.ts';

/** The CLIs that a fixture speaks as. */
export const SPOKEN = ['claude', 'codex', 'opencode'] as const;
/** A CLI that a fixture speaks as. */
export type Spoken = (typeof SPOKEN)[number];

/** One step of a fixture agent. */
export type Step = { readonly do: string } & { readonly [key: string]: unknown };

/** Steps by task id, by purpose, or for anything else (`any`). */
export type Plan = Readonly<Record<string, readonly Step[]>>;

/** Writes a line. */
export function say(line: Json): Step {
  return { do: 'say', line };
}

/** What a turn reports of its use, in whatever unit the CLI has. */
export interface Used {
  readonly input: number;
  readonly output?: number;
  readonly usd?: number;
}

/** The lines of one CLI: what it begins with, says, and ends with. */
export interface Lines {
  readonly started: Json;
  text(text: string): Json;
  /** A step that has used something, where the CLI tells it during the turn. */
  step(id: string, used: Used): Json;
  /** An error that ends the turn. */
  failed(reason: string): Json;
  /** The end of a turn that went well. */
  done(used: Used): Json;
}

const claude: Lines = {
  started: {
    type: 'system',
    subtype: 'init',
    session_id: '$SESSION',
    model: 'm',
    permissionMode: 'acceptEdits',
    claude_code_version: '2.1.329',
  },
  text: (text) => ({ type: 'assistant', message: { model: 'm', content: [{ type: 'text', text }] } }),
  step: (id, { input, output = 0 }) => ({
    type: 'assistant',
    message: { id, model: 'm', content: [], usage: { input_tokens: input, output_tokens: output } },
  }),
  failed: (reason) => ({ type: 'result', subtype: 'error_during_execution', is_error: true, errors: [reason] }),
  done: ({ input, output = 0, usd = 0 }) => ({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'done',
    result_index: 0,
    total_cost_usd: usd,
    modelUsage: { m: { inputTokens: input, outputTokens: output } },
  }),
};

const codex: Lines = {
  started: { type: 'thread.started', thread_id: '$SESSION' },
  text: (text) => ({ type: 'item.completed', item: { id: 'item_0', type: 'agent_message', text } }),
  step: () => ({ type: 'turn.started' }),
  failed: (message) => ({ type: 'turn.failed', error: { message } }),
  done: ({ input, output = 0 }) => ({ type: 'turn.completed', usage: { input_tokens: input, output_tokens: output } }),
};

const stepFinish = (id: string, reason: string, { input, output = 0, usd = 0 }: Used): Json => ({
  type: 'step_finish',
  sessionID: '$SESSION',
  part: { id, reason, cost: usd, tokens: { input, output } },
});

const opencode: Lines = {
  started: { type: 'step_start', sessionID: '$SESSION', part: {} },
  text: (text) => ({ type: 'text', sessionID: '$SESSION', part: { text } }),
  step: (id, used) => stepFinish(id, 'tool-calls', used),
  failed: (message) => ({ type: 'error', sessionID: '$SESSION', error: { name: 'UnknownError', data: { message } } }),
  done: (used) => stepFinish('last', 'stop', used),
};

/** The lines of each CLI. */
export const LINES: Readonly<Record<Spoken, Lines>> = { claude, codex, opencode };

const LITTLE: Used = { input: 100, output: 10, usd: 0.001 };

/** A turn that begins, does `steps`, answers with `answer`, and ends well. */
export function goodTurn(
  kind: Spoken,
  steps: readonly Step[] = [],
  answer: Partial<Answer> = {},
  used: Used = LITTLE,
): readonly Step[] {
  const lines = LINES[kind];
  return [say(lines.started), ...steps, { do: 'answer', answer }, say(lines.text('done')), say(lines.done(used))];
}

/** A turn that begins and then stays until it is ended. */
export function openTurn(kind: Spoken, steps: readonly Step[] = []): readonly Step[] {
  return [say(LINES[kind].started), ...steps, { do: 'note', text: 'open' }, { do: 'hold' }];
}

/** A file of the worktree is written. */
export function change(path: string, text?: string): Step {
  return { do: 'change', path, ...(text === undefined ? {} : { text }) };
}
