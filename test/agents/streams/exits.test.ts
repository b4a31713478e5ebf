/** What exit and standard error tell beyond the lines. */
import { expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import type { TurnExit } from '../../../src/ports/agent-adapter.ts';
import { RECORDED_KINDS } from './recorded.ts';

const SESSION = '0dd68e64-101d-4231-a6f6-a44ca4a78af3';
const codexLog = '2026-11-20T23:28:09Z ERROR codex_core::session: failed to record rollout items: thread x not found';
const refusal = '2026-11-20T23:28:09Z ERROR codex_core::tools::router: error=approval policy is Never; reject command';

const guarded = (what: string) =>
  `2026-11-20T23:28:09Z ERROR codex_core::tools::router: error=Command blocked by PreToolUse hook: Not allowed here. Why.. Command: ${what}`;

it('each tool that the hook of Codex denies is one denial, whatever lines the command has', () => {
  const view = guarded('x').replace('Command: x', 'Tool: view_image').replace('=Command', '=Tool call');
  const stderrTail = [
    guarded('cat /etc/passwd'),
    guarded('echo one\necho two Command: x'),
    'warning: more',
    view,
    codexLog,
  ].join('\n');
  const exit = { code: 0, signal: null, stderrTail, hasEnded: true, hasCompleted: true, resumed: null };
  const reason = 'Not allowed here. Why.';
  expect(adapterOf('codex').readExit(exit)).toEqual([
    { type: 'denied', tool: 'command_execution', reason, what: 'cat /etc/passwd' },
    { type: 'denied', tool: 'command_execution', reason, what: 'echo one\necho two Command: x' },
    { type: 'denied', tool: 'view_image', reason },
  ]);
});

it.each<[AgentKind, number, string, string]>([
  ['claude', 1, `No conversation found with session ID: ${SESSION}`, 'failed sessionUnknown'],
  ['claude', 1, 'Error: --resume requires a valid session ID or session title', 'failed sessionUnknown'],
  ['claude', 1, `Error: Session ID ${SESSION} is already in use.`, 'failed sessionBusy'],
  ['claude', 1, '--dangerously-skip-permissions cannot be used with root/sudo privileges', 'failed setting'],
  ['claude', 1, 'Error: When using --print, --output-format=stream-json requires --verbose', 'failed setting'],
  ['claude', 1, "error: option '--permission-mode <mode>' argument 'foo' is invalid.", 'failed setting'],
  ['claude', 1, "error: unknown option '--nonsense'", 'failed setting'],
  ['claude', 1, 'Invalid API key · Please run /login', 'failed login'],
  ['claude', 143, '', ''],
  ['claude', 0, '', ''],
  [
    'codex',
    1,
    `Error: thread/resume failed: no rollout found for thread id ${SESSION}\n\nStack:\n 0: x`,
    'failed sessionUnknown',
  ],
  ['codex', 1, 'Error: thread x already has an active writer', 'failed sessionBusy'],
  ['codex', 1, `WARNING: proceeding\nReading prompt from stdin...\n${codexLog}`, 'interrupted other'],
  ['codex', 1, 'Not inside a trusted directory and --skip-git-repo-check was not specified.', 'failed setting'],
  ['codex', 1, 'Error: 401 Unauthorized', 'failed login'],
  ['codex', 2, "error: unexpected argument '-s' found", 'failed setting'],
  [
    'codex',
    2,
    "error: invalid value 'foo' for '--sandbox <SANDBOX_MODE>'\n  [possible values: read-only]",
    'failed setting',
  ],
  ['codex', 1, 'WARNING: proceeding\nError: Model provider `nope` not found', 'failed setting'],
  ['codex', 0, refusal, 'denied command_execution'],
  ['codex', 1, guarded('echo one\nCannot continue'), 'denied command_execution, interrupted other'],
  ['codex', 1, `${guarded('x')}\nError: 401 Unauthorized`, 'denied command_execution, failed login'],
  ['opencode', 1, '\u001b[91m\u001b[1mError: \u001b[0mSession not found', 'failed sessionUnknown'],
  ['opencode', 1, 'Error: disk is full', 'failed other'],
  ['opencode', 0, '\u001b[93m\u001b[1m! \u001b[0mpermission requested: bash (echo zz); auto-rejecting', 'denied bash'],
  ['gemini', 42, 'Error resuming session: No previous sessions found for this project.', 'failed sessionUnknown'],
  ['gemini', 53, '', 'limit turns'],
  [
    'opencode',
    0,
    '\u001b[93m\u001b[1m! \u001b[0m agent "nope" not found. Falling back to default agent',
    'failed setting',
  ],
  [
    'opencode',
    1,
    'level=ERROR message=failed error="ProviderModelNotFoundError: Model not found: a/b."',
    'failed setting',
  ],
  ['opencode', 1, '\u001b[1mError: \u001b[0mConfiguration is invalid at OPENCODE_CONFIG_CONTENT', 'failed setting'],
  ['gemini', 55, 'Error: this folder is not trusted', 'failed setting'],
  ['gemini', 55, '', 'failed setting'],
  [
    'gemini',
    1,
    'Invalid values:\n  Argument: approval-mode, Given: "foo", Choices: "default"\nUsage: x',
    'failed setting',
  ],
  ['gemini', 1, 'Unknown argument: nonsense\nUsage: gemini [options]', 'failed setting'],
  ['qwen', 1, 'Invalid values:\n  Argument: approval-mode, Given: "foo", Choices: "plan"\nUsage: x', 'failed setting'],
  ['copilot', 1, "error: invalid value 'nope' for '--mode <mode>'\n  [possible values: plan]", 'failed setting'],
  ['gemini', 41, '', 'failed login'],
  ['gemini', 144, '', 'failed other'],
  ['gemini', 145, '', 'failed login'],
  ['gemini', 173, '', 'limited rate, limit other'],
  ['gemini', 146, '', 'failed account'],
  ['gemini', 244, '', 'limited connection, limit other'],
  ['gemini', 0, 'Attempt 2 failed with status 500. Retrying with backoff... _ApiError', 'retrying 500'],
  [
    'gemini',
    145,
    '_ApiError: {"error":{"code":401,"message":"no"}}\n    at throwErrorIfNotOK (x.js:1:2)',
    'failed login',
  ],
  [
    'gemini',
    144,
    'Error when talking _ApiError: {"error":{"message":"Your credit balance is too low"}}',
    'failed account',
  ],
  ['gemini', 0, 'Attempt 2 failed. Retrying with backoff... Error: exception TypeError: fetch failed', 'retrying null'],
  ['gemini', 130, '', 'interrupted other'],
  ['gemini', 0, '', ''],
  ['qwen', 1, '', ''],
  ['qwen', 53, 'Reached max session turns for this session.', 'limit turns'],
  ['qwen', 55, 'Reached max tool calls.', 'limit other'],
  ['qwen', 1, `No saved session found with ID ${SESSION}.`, 'failed sessionUnknown'],
  ['copilot', 1, `Error: No session, task, or name matched '${SESSION}'.\n\nTo resume: x`, 'failed sessionUnknown'],
  ['copilot', 1, 'Error: No authentication information found. Please log in.', 'failed login'],
  ['copilot', 0, '', ''],
  [
    'copilot',
    1,
    'GitHub Copilot native binary at /x was terminated by signal SIGKILL.\nGitHub Copilot CLI: no platform package found.',
    '',
  ],
])('%s, exit code %i, "%s": %s', (kind, code, stderrTail, expected) => {
  expect(told(kind, { code, stderrTail })).toBe(expected);
});

it('gemini calls a session busy that it was to begin, and unknown only one that it was to continue with', () => {
  const stderrTail = `Error: Session ID ${SESSION} is already in use`;
  expect(told('gemini', { code: 42, stderrTail, resumed: null })).toBe('failed sessionBusy');
  expect(told('gemini', { code: 42, stderrTail: 'Error: no input', resumed: null })).toBe('failed other');
});

it('opencode reports an unknown agent or model only there, even after an end that it reported', () => {
  const error = 'level=ERROR error="ProviderModelNotFoundError: Model not found: a/b."';
  expect(told('opencode', { code: 0, stderrTail: '!  agent "x" not found. Falling back', hasEnded: true })).toBe(
    'failed setting',
  );
  expect(told('opencode', { code: 1, stderrTail: error, hasEnded: true })).toBe('failed setting');
  // It has ended well: the log is about something else, a small model for a title.
  expect(told('opencode', { code: 0, stderrTail: error, hasEnded: true })).toBe('');
});

it.each(RECORDED_KINDS)('%s: exit adds no second end to one that was reported', (kind) => {
  for (const code of [0, 1, 2, 42, 53, 143, 145])
    expect(told(kind, { code, stderrTail: 'Error: Session not found', hasEnded: true, hasCompleted: true })).toBe('');
});

it('gemini tells more by its exit than by an end that has only words of the service', () => {
  const ended = { hasEnded: true, hasCompleted: false };
  expect(told('gemini', { code: 145, stderrTail: '', ...ended })).toBe('failed login');
  expect(told('gemini', { code: 144, stderrTail: '', ...ended })).toBe('');
  expect(told('gemini', { code: 42, stderrTail: '', ...ended })).toBe('');
});

it.each(RECORDED_KINDS)(
  '%s: a death that nobody saw, or by a signal, is not reported as anything that it may not be',
  (kind) => {
    expect(told(kind, { code: null, stderrTail: '' })).toBe('');
    expect(told(kind, { code: null, signal: 'SIGKILL', stderrTail: '' })).toBe('');
  },
);

function told(kind: AgentKind, exit: Partial<TurnExit>): string {
  return adapterOf(kind)
    .readExit({
      code: 0,
      signal: null,
      stderrTail: '',
      hasEnded: false,
      hasCompleted: false,
      resumed: SESSION,
      ...exit,
    })
    .map((event) => {
      if (event.type === 'ended') return `${event.how} ${event.cause}`;
      if (event.type === 'limited') return `limited ${event.kind}`;
      if (event.type === 'retrying') return `retrying ${event.status}`;
      return event.type === 'denied' ? `denied ${event.tool}` : event.type;
    })
    .join(', ');
}
