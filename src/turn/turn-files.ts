/**
 * The agent's part of request and outcome, read with plain checks.
 *
 * Owns: checking both. Does not own: their types (model/turn), the files that they lie in (turn/task-files). Free of zod: the worker host loads this file.
 */
import {
  absolute,
  count,
  type Fields,
  flag,
  hash,
  json,
  list,
  nullable,
  object,
  oneOf,
  text,
  texts,
  time,
  wrong,
} from '../model/fields.ts';
import {
  AGENT_KINDS,
  ANSWER_ORIGINS,
  DENIAL_KINDS,
  END_CAUSES,
  type EstimatedPart,
  LIMIT_KINDS,
  TURN_ENDS,
  type TurnDenial,
  type TurnReport,
  type TurnRequest,
  type TurnUsage,
  USAGE_SCOPES,
} from '../model/turn.ts';

/** The agent's part of a request; throws what a parse catches. */
export function turnRequest(file: Fields): TurnRequest {
  const program = object(file, 'program');
  const session = object(file, 'session');
  const budget = object(file, 'budget');
  const usedBefore = object(file, 'usedBefore');
  return {
    kind: oneOf(file, 'kind', AGENT_KINDS),
    program: { path: absolute(program, 'path'), version: text(program, 'version'), sha256: hash(program, 'sha256') },
    session: { id: nullable(session, 'id', text), isResume: flag(session, 'isResume') },
    prompt: text(file, 'prompt', true),
    stdin: oneOf(file, 'stdin', ['prompt', 'empty'] as const),
    answerSchema: nullable(file, 'answerSchema', json),
    budget: { tokens: nullable(budget, 'tokens', time), usd: nullable(budget, 'usd', time) },
    usedBefore: {
      tokens: time(usedBefore, 'tokens'),
      usd: time(usedBefore, 'usd'),
      ...amounts(usedBefore, ['contextTokens']),
    },
    ...amounts(file, ['usdPerMillion']),
    firstEventMs: count(file, 'firstEventMs'),
    expectedDenials: list(file, 'expectedDenials', text),
    bypassesPermissions: flag(file, 'bypassesPermissions'),
    ...(file.mayRemind === undefined ? {} : { mayRemind: flag(file, 'mayRemind') }),
    ...(file.isStreaming === undefined ? {} : { isStreaming: flag(file, 'isStreaming') }),
    ...(file.files === undefined ? {} : { files: filesOf(file) }),
  };
}

function filesOf(file: Fields): Record<string, string> {
  const files = texts(file, 'files');
  if (!Object.keys(files).every((name) => /^[\w-][\w.-]*$/.test(name))) throw wrong('files', 'plain names');
  return files;
}

/** The agent's part of an outcome; throws what a parse catches. */
export function turnReport(file: Fields): TurnReport {
  const lines = object(file, 'lines');
  return {
    agent: text(file, 'agent'),
    kind: oneOf(file, 'kind', AGENT_KINDS),
    cliVersion: nullable(file, 'cliVersion', text),
    model: nullable(file, 'model', text),
    permissionMode: nullable(file, 'permissionMode', text),
    bypassesPermissions: flag(file, 'bypassesPermissions'),
    askedSession: nullable(file, 'askedSession', text),
    session: nullable(file, 'session', text),
    isResume: flag(file, 'isResume'),
    sessionMismatch: nullable(file, 'sessionMismatch', mismatch),
    isSessionRefused: flag(file, 'isSessionRefused'),
    usage: nullable(file, 'usage', usage),
    limited: nullable(file, 'limited', limited),
    denials: list(file, 'denials', denial),
    ...(file.unasked === undefined ? {} : { unasked: list(file, 'unasked', unasked) }),
    ended: nullable(file, 'ended', ended),
    answerFrom: nullable(file, 'answerFrom', (from, name) => oneOf(from, name, ANSWER_ORIGINS)),
    ...(file.hasNoAnswer === undefined ? {} : { hasNoAnswer: flag(file, 'hasNoAnswer') }),
    lines: {
      all: count(lines, 'all'),
      unknown: count(lines, 'unknown'),
      malformed: count(lines, 'malformed'),
      overlong: count(lines, 'overlong'),
      ...(lines.endsOverlong === true ? { endsOverlong: true } : {}),
    },
  };
}

function mismatch(file: Fields, name: string): { asked: string; got: string } {
  const value = object(file, name);
  return { asked: text(value, 'asked'), got: text(value, 'got') };
}

function usage(file: Fields, name: string): TurnUsage {
  const value = object(file, name);
  return {
    scope: oneOf(value, 'scope', [...USAGE_SCOPES, 'estimate'] as const),
    tokens: time(value, 'tokens'),
    usd: nullable(value, 'usd', time),
    ...(value.estimated === undefined ? {} : { estimated: estimated(object(value, 'estimated')) }),
    ...amounts(value, ['cacheReadTokens', 'cacheWriteTokens', 'outputTokens', 'contextTokens']),
  };
}

function estimated(value: Fields): EstimatedPart {
  return {
    tokens: time(value, 'tokens'),
    usd: nullable(value, 'usd', time),
    ...amounts(value, ['assumedUsdPerMillion']),
  };
}

/** Those of the numbers that are present: files of older versions have none. */
function amounts<Name extends string>(value: Fields, names: readonly Name[]): { readonly [Each in Name]?: number } {
  const found: { [Each in Name]?: number } = {};
  for (const name of names) if (value[name] !== undefined) found[name] = time(value, name);
  return found;
}

function limited(file: Fields, name: string): NonNullable<TurnReport['limited']> {
  const value = object(file, name);
  return { kind: oneOf(value, 'kind', LIMIT_KINDS), resetsAtMs: nullable(value, 'resetsAtMs', time) };
}

function denial(file: Fields, name: string): TurnDenial {
  const value = object(file, name);
  return {
    tool: text(value, 'tool', true),
    reason: text(value, 'reason', true),
    isExpected: flag(value, 'isExpected'),
    ...(value.what === undefined ? {} : { what: text(value, 'what', true) }),
    ...(value.kind === undefined ? {} : { kind: oneOf(value, 'kind', DENIAL_KINDS) }),
  };
}

function unasked(file: Fields, name: string): NonNullable<TurnReport['unasked']>[number] {
  const value = object(file, name);
  return { tool: text(value, 'tool', true), reason: text(value, 'reason', true) };
}

function ended(file: Fields, name: string): NonNullable<TurnReport['ended']> {
  const value = object(file, name);
  return {
    how: oneOf(value, 'how', TURN_ENDS),
    cause: oneOf(value, 'cause', END_CAUSES),
    reason: text(value, 'reason', true),
  };
}
