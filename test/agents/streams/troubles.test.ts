/** What the services behind the agents say when they do not serve, in the words that each agent passes on, and what Pawl makes of it. */
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import { endOfWords } from '../../../src/adapters/agents/line-events.ts';
import { troubleIn } from '../../../src/adapters/agents/trouble.ts';
import type { Json } from '../../../src/base/canonical-json.ts';
import type { AgentEvent } from '../../../src/model/agent-event.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import { foldEvent, SILENT_TURN } from '../../../src/turn/turn.ts';
import { reportTurn } from '../../../src/turn/turn-report.ts';
import { conclusionOf } from '../../support/told-ends.ts';
import { TURN_REQUEST } from '../../support/turn-request.ts';

type Told = readonly [kind: AgentKind, status: number | null, words: string];

/** The last line of a turn that ends with these words, as the agent writes it; `acp` writes the events themselves. */
function eventsOf([kind, status, words]: Told): readonly AgentEvent[] {
  if (kind === 'acp') return endOfWords(words);
  const line: Record<Exclude<AgentKind, 'acp'>, Json> = {
    claude: { type: 'result', subtype: 'success', is_error: true, api_error_status: status, result: words },
    codex: { type: 'turn.failed', error: { message: words } },
    opencode: {
      type: 'error',
      sessionID: 'ses_1',
      error: { name: 'APIError', data: { message: words, ...(status === null ? {} : { statusCode: status }) } },
    },
    gemini: { type: 'result', status: 'error', error: { type: 'unknown', message: words } },
    copilot: {
      type: 'session.error',
      data: { errorType: 'query', message: words, ...(status === null ? {} : { statusCode: status }) },
    },
    qwen: { type: 'result', subtype: 'success', is_error: false, result: words },
  };
  return adapterOf(kind).read(line[kind]) ?? [];
}

/** What becomes of a task whose turn ends so. */
function outcomeOf(told: Told): string {
  const turn = eventsOf(told).reduce(foldEvent, SILENT_TURN);
  const report = reportTurn({
    turn,
    request: { ...TURN_REQUEST, kind: told[0] },
    agent: told[0],
    capabilities: { usage: 'tokens' },
    answerFrom: null,
    hasRun: true,
  });
  const { result, code, message } = conclusionOf({
    purpose: 'implementation',
    completion: 'file',
    exit: { code: 1, signal: null },
    reading: { kind: 'missing' },
    forced: null,
    orphanResult: 'lost',
    turn: report,
  });
  expect(message, 'the words of the provider').toContain(told[2].slice(0, 60));
  return `${result} ${code}${report.limited === null ? '' : ` ${report.limited.kind}`}`;
}

describe('a service that cannot be reached, or fails, is waited for', () => {
  it.each<Told>([
    ['claude', null, 'API Error: Connection error.'],
    ['claude', null, 'API Error: Unable to connect to API (ECONNREFUSED)'],
    ['claude', null, 'API Error: Unable to connect to API. Check your internet connection'],
    ['claude', null, 'Request timed out. If the API is slow to answer, set API_TIMEOUT_MS above 3000.'],
    ['claude', 500, 'API Error: 500 {"type":"error","error":{"type":"api_error","message":"Internal server error"}}'],
    ['claude', 503, 'API Error: 503 upstream connect error or disconnect/reset before headers'],
    [
      'codex',
      null,
      'stream disconnected before completion: error sending request for url (https://api.invalid/v1/responses)',
    ],
    ['codex', null, 'stream disconnected before completion: An error occurred while processing your request.'],
    ['codex', null, 'exceeded retry limit, last status: 503 Service Unavailable, request id: req_1'],
    ['codex', null, 'unexpected status 502 Bad Gateway: <html>, url: https://api.invalid/v1/responses'],
    ['codex', null, 'timeout waiting for child process to exit, then: connection closed before message completed'],
    ['opencode', null, 'Unable to connect. Is the computer able to access the url?'],
    ['opencode', null, 'Cannot connect to API: getaddrinfo ENOTFOUND api.invalid'],
    ['opencode', 502, '<!DOCTYPE html><html><title>502: Bad gateway</title></html>'],
    ['opencode', null, 'The socket connection was closed unexpectedly. For more information, pass `verbose: true`'],
    ['gemini', null, '[API Error: exception TypeError: fetch failed sending request]'],
    [
      'gemini',
      null,
      '[API Error: {"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}]',
    ],
    ['gemini', null, '[API Error: {"error":{"code":503,"message":"Deadline expired","status":"UNAVAILABLE"}}]'],
    ['copilot', null, 'Failed to get response from the AI model; retried 5 times Last error: Connection error.'],
    ['copilot', 500, 'Failed to get response from the AI model; retried 5 times Last error: 500 mock 500'],
    ['qwen', null, '[API Error: Connection error. (cause: fetch failed)]'],
    ['qwen', null, '[API Error: 504 Gateway Time-out]'],
    ['acp', null, 'Internal error: {"details":"fetch failed"}'],
    ['acp', null, 'read ECONNRESET'],
  ])('%s %s: %s', (...told) => expect(outcomeOf(told)).toBe('limited PAWL_AGENT_UNREACHABLE connection'));
});

describe('a model without capacity is waited for', () => {
  it.each<Told>([
    ['claude', 529, 'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
    ['claude', null, 'Repeated 529 Overloaded errors'],
    ['codex', null, 'Selected model is at capacity. Please try a different model.'],
    ['codex', null, 'We’re currently experiencing high demand, which may cause temporary errors.'],
    ['opencode', 503, 'The model is overloaded. Please try again later.'],
    ['gemini', null, '[API Error: You have exhausted your capacity on this model.]'],
    ['gemini', null, '[API Error: No capacity available for model gemini-3-pro on the server]'],
    ['gemini', null, '[API Error: {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]'],
    ['copilot', 503, 'Sorry, the model is overloaded, please try again.'],
    ['qwen', null, '[API Error: 503 Service is overloaded]'],
    ['acp', null, 'Overloaded'],
  ])('%s %s: %s', (...told) => expect(outcomeOf(told)).toBe('limited PAWL_AGENT_LIMITED capacity'));
});

describe('too many requests, and a window that is used up, are waited for', () => {
  it.each<readonly [...Told, 'rate' | 'usage']>([
    ['claude', 429, 'API Error: Request rejected (429) · mock 429', 'rate'],
    ['claude', 429, 'Server is temporarily limiting requests (not your usage limit)', 'rate'],
    ['claude', 429, "You've hit your session limit · resets 3pm", 'usage'],
    ['codex', null, 'exceeded retry limit, last status: 429 Too Many Requests', 'rate'],
    ['codex', null, 'stream disconnected before completion: Rate limit is exceeded. Try again in 17 seconds.', 'rate'],
    ['codex', null, "You've hit your usage limit. Upgrade to Pro or try again in 3 days 4 hours.", 'usage'],
    ['opencode', 429, 'mock 429', 'rate'],
    ['opencode', 429, 'Rate limit exceeded. Please try again later.', 'rate'],
    [
      'gemini',
      null,
      '[API Error: You exceeded your current quota, please check your plan. Please retry in 34.07s.]',
      'rate',
    ],
    ['gemini', null, '[API Error: Quota exceeded for quota metric requests and limit requests per minute]', 'rate'],
    ['gemini', null, '[API Error: You have exhausted your daily quota on this model.]', 'usage'],
    ['copilot', 429, "Sorry, you've exceeded your rate limits. Please wait.", 'rate'],
    ['qwen', null, '[API Error: Qwen OAuth quota exceeded: Your free daily quota has been reached.]', 'usage'],
    ['acp', null, 'Too many requests', 'rate'],
  ])('%s %s: %s', (kind, status, words, limit) =>
    expect(outcomeOf([kind, status, words])).toBe(`limited PAWL_AGENT_LIMITED ${limit}`),
  );
});

describe('an account that is served no more is for a person', () => {
  it.each<Told>([
    ['claude', 400, 'Credit balance is too low'],
    ['claude', 400, 'Your organization has been disabled.'],
    ['claude', 429, "You've hit your monthly spend limit."],
    ['claude', 400, 'API Error: 400 You have reached your specified API usage limits. You will regain access later.'],
    ['codex', null, 'Quota exceeded. Check your plan and billing details.'],
    ['codex', null, 'unexpected status 402 Payment Required: {"detail":{"code":"deactivated_workspace"}}'],
    ['codex', null, 'stream disconnected before completion: You exceeded your current quota, please check your plan.'],
    ['opencode', 402, 'Insufficient Balance'],
    ['opencode', 401, 'Insufficient balance. Manage your billing here: https://account.invalid/billing'],
    ['opencode', 402, 'This request requires more credits, or fewer max_tokens.'],
    [
      'gemini',
      null,
      '[API Error: {"error":{"code":429,"message":"You exceeded your current quota, please check your plan."}}]',
    ],
    ['copilot', 402, '402 You have no quota (Request ID: 0DAE:25E807)'],
    ['copilot', 402, 'You have exceeded your premium request allowance.'],
    ['qwen', null, '[API Error: 402 Insufficient Balance]'],
    ['qwen', null, '[API Error: 400 Access denied, please make sure your account is in good standing.]'],
    ['acp', null, 'insufficient_quota'],
  ])('%s %s: %s', (...told) => expect(outcomeOf(told)).toBe('blocked PAWL_AGENT_ACCOUNT'));
});

describe('a login is for a person too', () => {
  it.each<Told>([
    ['claude', 401, 'Failed to authenticate. API Error: 401 mock 401'],
    ['claude', null, 'Invalid API key · Please run /login'],
    ['codex', null, 'unexpected status 401 Unauthorized: mock 401, url: https://api.invalid/v1/responses'],
    ['codex', null, 'Missing environment variable: `OPENAI_API_KEY`.'],
    ['codex', null, 'Your access token could not be refreshed. Please log out and sign in again.'],
    ['opencode', 401, 'mock 401'],
    ['gemini', null, '[API Error: API key not valid. Please pass a valid API key.]'],
    ['copilot', 401, 'Unauthorized'],
    ['qwen', null, '[API Error: 401 Incorrect API key provided]'],
  ])('%s %s: %s', (...told) => expect(outcomeOf(told)).toBe('blocked PAWL_AGENT_LOGIN'));
});

describe('what is wrong with the request or the agent is its failure', () => {
  it.each<Told>([
    ['codex', null, "Invalid 'input[403].id': 'rs_1'. Expected an ID that begins with 'msg'."],
    ['codex', null, "Invalid 'input[429].content': array too long."],
    ['claude', 400, 'API Error: 400 prompt is too long: 213462 tokens > 200000 maximum'],
    ['opencode', 400, 'messages.3.content: connection error is not one of the allowed values'],
    ['gemini', null, '[API Error: The input token count (1200401) exceeds the maximum number of tokens allowed]'],
    ['copilot', 413, 'Request body too large: 500 files'],
    ['qwen', null, '[API Error: 400 Range of input length should be [1, 129024]]'],
  ])('%s %s: %s', (...told) => expect(outcomeOf(told)).toBe('failed PAWL_AGENT_FAILED'));
});

describe('a model that the service does not know is a setting', () => {
  it.each<Told>([
    ['claude', 404, 'API Error: 404 model: claude-x was not found'],
    ['codex', null, "The 'gpt-x' model is not supported when using Codex with a ChatGPT account."],
    ['copilot', 404, 'The model `gpt-x` does not exist or you do not have access to it.'],
  ])('%s %s: %s', (...told) => expect(outcomeOf(told)).toBe('blocked PAWL_AGENT_SETTING_REFUSED'));
});

it('an agent that Pawl ends for its silence while it tries a failing service again has met an outage', () => {
  const retrying = foldEvent(SILENT_TURN, { type: 'retrying', attempt: 3, status: 500, delayMs: 8_000 });
  const said = foldEvent(retrying, { type: 'text', text: 'It works again.', isDelta: false });
  const ended = (turn: typeof retrying, forced: 'stalled' | 'noEvent' | 'deadline' | 'budget' | 'cancelled') =>
    conclusionOf({
      purpose: 'review',
      completion: 'file',
      exit: { code: null, signal: 'SIGTERM' },
      reading: { kind: 'missing' },
      forced,
      orphanResult: 'lost',
      turn: reportTurn({
        turn,
        request: TURN_REQUEST,
        agent: 'claude',
        capabilities: { usage: 'usd' },
        answerFrom: null,
        hasRun: true,
      }),
    }).code;
  for (const forced of ['stalled', 'noEvent', 'deadline'] as const)
    expect(ended(retrying, forced)).toBe('PAWL_AGENT_UNREACHABLE');
  expect(ended(retrying, 'budget')).toBe('PAWL_BUDGET_EXCEEDED');
  expect(ended(retrying, 'cancelled')).toBe('PAWL_WORKER_CANCELLED');
  expect(ended(said, 'stalled')).toBe('PAWL_WORKER_STALLED');
  // Some tell of no retry: one that was there and never had an answer has met an outage too, one that was never there has not.
  const started: AgentEvent = {
    type: 'started',
    sessionId: 's-1',
    model: null,
    cliVersion: null,
    permissionMode: null,
  };
  expect(ended(foldEvent(SILENT_TURN, started), 'stalled')).toBe('PAWL_AGENT_UNREACHABLE');
  expect(ended(foldEvent(SILENT_TURN, started), 'deadline')).toBe('PAWL_WORKER_DEADLINE');
  expect(ended(SILENT_TURN, 'stalled')).toBe('PAWL_WORKER_STALLED');
});

it('the status counts where it stands, not the number', () => {
  expect(troubleIn(null, 'read 403 files, 429 lines and 500 words')).toBeNull();
  expect(troubleIn(null, '403 Forbidden')).toBe('login');
  expect(troubleIn(408, '')).toBe('connection');
  expect(troubleIn(404, 'connection error')).toBe('connection');
  expect(troubleIn(400, 'connection error')).toBeNull();
});
