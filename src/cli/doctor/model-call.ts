/**
 * What an agent asks of a model, and what the stand-in may answer, whatever the API.
 *
 * Owns: those shapes, and the reply that a prompt scripts. Does not own: how an API writes them (the dialects), serving (model-stand-in).
 */
import { fieldsOf, listOf, textsOf } from '../../adapters/agents/line-fields.ts';
import type { Json, JsonObject } from '../../base/canonical-json.ts';

/** The APIs that the stand-in speaks. */
export type ModelApi = 'anthropicMessages' | 'openaiResponses' | 'openaiChat' | 'gemini';

/** A tool that the agent offers; `namespace` where the API groups them. */
export interface ModelTool {
  readonly name: string;
  readonly namespace: string | null;
  /** JSON Schema of its input. */
  readonly schema: JsonObject;
}

/** A piece of the conversation so far. */
export interface ModelMessage {
  readonly from: 'user' | 'model' | 'tool';
  readonly text: string;
}

/** What a request asks, read from its body. */
export interface ModelQuestion {
  readonly model: string | null;
  readonly isStream: boolean;
  readonly tools: readonly ModelTool[];
  readonly messages: readonly ModelMessage[];
  /** JSON Schema that the answer must keep to, null where any text will do. */
  readonly answerSchema: JsonObject | null;
}

/** One call of the model. */
export interface ModelCall extends ModelQuestion {
  /** From 1, in the order of arrival. */
  readonly number: number;
  readonly api: ModelApi;
}

/** What the model answers. */
export type ModelReply =
  | { readonly kind: 'text'; readonly text: string }
  /** A command for the shell tool that the agent offers; its first tool whose name fits. */
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'tool'; readonly name: string; readonly input: Json }
  /** An HTTP error. */
  | { readonly kind: 'failure'; readonly status: number }
  /** No answer until the stand-in is closed or the agent has gone. */
  | { readonly kind: 'hang' };

/** What is written back: a text, or a tool call that the agent can take. */
export type ModelSpeech =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly tool: ModelTool; readonly input: Json };

/** What the stand-in says when nothing else is asked of it. */
const DONE_TEXT = 'DONE';

const SHELL_NAMES = [
  /^bash$/i,
  /^shell_command$/,
  /^exec_command$/,
  /^shell$/i,
  /^run_shell_command$/,
  /^execute$/i,
  /bash|shell|exec|command/i,
];

/** The tool that runs a shell command, null when none is offered. */
export function shellToolOf(tools: readonly ModelTool[]): ModelTool | null {
  for (const name of SHELL_NAMES) {
    const found = tools.find((tool) => name.test(tool.name));
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * The reply that the conversation scripts: every `RUN:<<command>>` of the last user message that has one, one after the other, through the shell tool; then the
 * text of its `SAY:<<text>>`, else DONE. Without a shell tool: the text alone.
 */
export function scriptedReply(call: ModelCall): ModelReply {
  const { messages, tools } = call;
  const at = messages.findLastIndex(({ from, text }) => from === 'user' && /(?:RUN|SAY):<</.test(text));
  const script = messages[at]?.text ?? '';
  const commands = quoted(script, 'RUN');
  const results = messages.slice(at + 1).filter(({ from }) => from === 'tool').length;
  const command = shellToolOf(tools) === null ? undefined : commands[results];
  if (command !== undefined) return { kind: 'command', command };
  return { kind: 'text', text: quoted(script, 'SAY')[0] ?? DONE_TEXT };
}

function quoted(script: string, word: 'RUN' | 'SAY'): readonly string[] {
  return [...script.matchAll(new RegExp(`${word}:<<(.*?)>>`, 'gs'))].map(([, text]) => text ?? '');
}

/**
 * What is said for a reply to this call; null: it is not said but done. A tool that is not offered becomes a text that says so; a text that is no JSON, where JSON is
 * asked for, becomes some value of the schema.
 */
export function speechOf(call: ModelQuestion, reply: ModelReply): ModelSpeech | null {
  switch (reply.kind) {
    case 'text':
      return { kind: 'text', text: textFor(call, reply.text) };
    case 'command': {
      const tool = shellToolOf(call.tools);
      if (tool === null) return { kind: 'text', text: 'No shell tool is offered.' };
      return { kind: 'tool', tool, input: inputFor(tool, reply.command) };
    }
    case 'tool': {
      const tool = call.tools.find(({ name, namespace }) => [name, `${namespace}__${name}`].includes(reply.name));
      if (tool === undefined) return { kind: 'text', text: `The tool ${reply.name} is not offered.` };
      return { kind: 'tool', tool, input: reply.input };
    }
    default:
      return null;
  }
}

/** The command where the tool's schema has a place for it, and something for everything else that it requires. */
function inputFor(tool: ModelTool, command: string): JsonObject {
  const properties = fieldsOf(tool.schema.properties);
  const name = ['command', 'cmd', 'commands'].find((key) => key in properties) ?? 'command';
  const isList = fieldsOf(properties[name]).type === 'array';
  const input: Record<string, Json> = {
    [name]: !isList ? command : name === 'commands' ? [command] : ['bash', '-lc', command],
  };
  for (const key of textsOf(tool.schema.required)) {
    if (!(key in input)) input[key] = someValueOf(fieldsOf(properties[key]));
  }
  return input;
}

function textFor({ answerSchema }: ModelQuestion, text: string): string {
  return answerSchema === null || isJsonText(text) ? text : JSON.stringify(someValueOf(answerSchema));
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That is the question.
    return false;
  }
}

/** A value of the schema, as far as simple schemas go. Vendors write types in either case. */
function someValueOf(schema: JsonObject): Json {
  const [choice] = listOf(schema.enum);
  if (choice !== undefined) return choice;
  switch (String(schema.type ?? 'object').toLowerCase()) {
    case 'object': {
      const properties = fieldsOf(schema.properties);
      const names = schema.required === undefined ? Object.keys(properties) : textsOf(schema.required);
      return Object.fromEntries(names.map((name) => [name, someValueOf(fieldsOf(properties[name]))]));
    }
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'number':
    case 'integer':
      return 60_000;
    case 'null':
      return null;
    default:
      return 'stand-in';
  }
}
