/**
 * The model that real agents ask in these stories: it works in two steps, answers in one way, and ends its turn as models do.
 *
 * Owns: what it says to a call. Does not own: the API that the agent speaks (src/cli/doctor), what is asked of it (turn/turn-prompt).
 *
 * It looks at the whole conversation: a step whose result is there is done, whichever turn it was done in.
 */

/** The ways in which it can answer; `asked`: the one that the prompt asks for. */
export const WAYS = ['asked', 'message', 'structured', 'mcp'];

/** The steps of the implementation: scripts in the worktree, and what their output ends with. */
export const STEPS = [
  { command: './one.sh', done: 'step one is done' },
  { command: './two.sh', done: 'step two is done' },
];

const PROMPT = 'Task id of this answer:';

/** How the model replies when it answers in this way. */
export function replyIn(way) {
  return (call) => {
    const prompts = promptsOf(call);
    if (isAside(call)) return { kind: 'text', text: 'Nothing to add.' };
    const isReview = prompts.some((text) => text.includes('Review what'));
    const next = isReview ? undefined : STEPS.find(({ done }) => !hasResult(call, done));
    if (next !== undefined) return { kind: 'command', command: next.command };
    return answered(call, isReview, way === 'asked' ? wayIn(prompts.at(-1)) : way);
  };
}

/** What an agent asks beside its turn: which model fits, a title, what is worth remembering. */
export function isAside(call) {
  const hasToldAll = call.messages.some(({ from, text }) => from === 'model' && text.includes('"status":"completed"'));
  return promptsOf(call).length === 0 || call.tools.length === 0 || (hasToldAll && !isReminder(call));
}

function promptsOf(call) {
  return call.messages.filter(({ from, text }) => from === 'user' && text.includes(PROMPT)).map(({ text }) => text);
}

/** Agents remind the model of the tool that they wait for. */
function isReminder(call) {
  const last = call.messages.findLast(({ from }) => from !== 'model');
  return (
    call.tools.some(isStructured) &&
    last?.from === 'user' &&
    /StructuredOutput/.test(last.text) &&
    !last.text.includes(PROMPT)
  );
}

const isStructured = ({ name }) => name === 'StructuredOutput';

function wayIn(prompt) {
  if (prompt.includes('StructuredOutput')) return 'structured';
  return /call the tool complete_task/.test(prompt) ? 'mcp' : 'message';
}

function hasResult(call, words) {
  return call.messages.some(({ from, text }) => from === 'tool' && text.includes(words));
}

function answered(call, isReview, way) {
  const verdict = { status: 'PASS', findings: [], summary: 'as asked' };
  const answer = { status: 'completed', summary: 'said hello', ...(isReview ? { verdict } : {}) };
  const structured = call.tools.find(isStructured);
  if (isReminder(call)) return { kind: 'tool', name: structured.name, input: answer };
  const isAnswered = hasResult(call, 'The answer is kept') || hasResult(call, 'Structured output provided');
  if (isAnswered) return { kind: 'text', text: 'Done.' };
  const report = call.tools.find(({ name }) => /complete_task$/.test(name));
  if (way === 'mcp' && report !== undefined) {
    const { status: _, ...input } = answer;
    return { kind: 'tool', name: report.name, input };
  }
  if (way === 'structured' && structured !== undefined) return { kind: 'tool', name: structured.name, input: answer };
  if (call.answerSchema !== null) return { kind: 'text', text: JSON.stringify(filled(answer, call.answerSchema)) };
  return { kind: 'text', text: `Done.\n\`\`\`json\n${JSON.stringify(answer)}\n\`\`\`` };
}

/** With everything that the schema requires. */
function filled(answer, { required = [] }) {
  const empty = { filesChanged: [], verdict: null, problem: null };
  return { ...Object.fromEntries(required.map((key) => [key, empty[key] ?? null])), ...answer };
}
