/**
 * The registers of a task folder as bytes: read with plain checks, written in one form.
 *
 * Owns: parsing and encoding request, claim, agent record and outcome.
 * Does not own: their types (model/request), the files (store/register), the worker's answer (turn/answer).
 *
 * Invariants: 1. What is parsed has every field of its type; unknown keys are tolerated and dropped. 2. Encoded bytes are canonical JSON
 * and a line break, so equal values have equal hashes. Free of zod: the worker host loads this file.
 */
import { canonicalJson, isObject, type Json, type JsonObject } from '../base/canonical-json.ts';
import type { ProcessIdentity } from '../base/process-identity.ts';
import {
  absolute,
  command,
  count,
  type Fields,
  flag,
  hash,
  json,
  list,
  mark,
  none,
  nullable,
  object,
  oneOf,
  type Parsed,
  parse,
  text,
  texts,
  time,
  variableName,
  variables,
  version,
  wrong,
} from '../model/fields.ts';
import { PURPOSES } from '../model/limits.ts';
import {
  type AgentRecord,
  type Claim,
  END_REASONS,
  type Outcome,
  type RecordedCause,
  TASK_RESULTS,
  type TaskRequest,
} from '../model/request.ts';
import { turnReport, turnRequest } from './turn-files.ts';

/** The request in `bytes`, or why they hold none. */
export function parseRequest(bytes: Uint8Array): Parsed<TaskRequest> {
  return parse(bytes, (file) => ({
    ...version(file),
    runId: text(file, 'runId'),
    taskId: text(file, 'taskId'),
    purpose: oneOf(file, 'purpose', PURPOSES),
    epoch: count(file, 'epoch'),
    attempt: count(file, 'attempt'),
    nonce: text(file, 'nonce'),
    key: text(file, 'key'),
    agent: text(file, 'agent'),
    argv: command(file, 'argv'),
    cwd: absolute(file, 'cwd'),
    envNames: list(file, 'envNames', variableName),
    env: variables(file, 'env'),
    mark: mark(file, 'mark'),
    completionFile: absolute(file, 'completionFile'),
    completion: oneOf(file, 'completion', ['file', 'exitCode'] as const),
    isolation: oneOf(file, 'isolation', ['pidNamespace', 'none'] as const),
    hasTreeLock: flag(file, 'hasTreeLock'),
    limits: limits(object(file, 'limits')),
    recordsTree: flag(file, 'recordsTree'),
    task: json(file, 'task'),
    ...(file.git === undefined ? {} : { git: gitPlace(object(file, 'git')) }),
    ...(file.instructions === undefined ? {} : { instructions: instructionFiles(object(file, 'instructions')) }),
    ...(file.turn === undefined ? {} : { turn: turnRequest(object(file, 'turn')) }),
  }));
}

/** The claim in `bytes`, or why they hold none. */
export function parseClaim(bytes: Uint8Array): Parsed<Claim> {
  return parse(bytes, (file): Claim => {
    const common = {
      ...version(file),
      requestHash: hash(file, 'requestHash'),
      nonce: text(file, 'nonce'),
      atMs: time(file, 'atMs'),
    };
    return oneOf(file, 'kind', ['host', 'revoked'] as const) === 'host'
      ? { ...common, kind: 'host', host: identity(file, 'host') }
      : { ...common, kind: 'revoked', reason: oneOf(file, 'reason', END_REASONS) };
  });
}

/** The record of a started worker in `bytes`, or why they hold none. */
export function parseAgentRecord(bytes: Uint8Array): Parsed<AgentRecord> {
  return parse(bytes, (file) => ({
    ...version(file),
    requestHash: hash(file, 'requestHash'),
    nonce: text(file, 'nonce'),
    worker: identity(file, 'worker'),
    isNamespaced: flag(file, 'isNamespaced'),
    mark: mark(file, 'mark'),
    sessionId: nullable(file, 'sessionId', text),
    startedAtMs: time(file, 'startedAtMs'),
    ...(file.startedMonotonicMs === undefined ? {} : { startedMonotonicMs: time(file, 'startedMonotonicMs') }),
  }));
}

/** The outcome in `bytes`, or why they hold none. */
export function parseOutcome(bytes: Uint8Array): Parsed<Outcome> {
  return parse(bytes, (file) => {
    if (file.v !== 2) throw wrong('v', '2');
    const cause = nullable(file, 'cause', causeIn);
    return { v: 2, ...endIn(file), cause, summary: nullable(file, 'summary', words) };
  });
}

/** An outcome as the previous release wrote it: with a sentence instead of facts. */
export interface EarlierOutcome extends Omit<Outcome, 'v' | 'cause' | 'summary'> {
  readonly v: 1;
  readonly code: string | null;
  readonly message: string;
}

/** The outcome in `bytes`, of an earlier version too, for callers that only show it. */
export function parseShownOutcome(bytes: Uint8Array): Parsed<Outcome | EarlierOutcome> {
  const outcome = parseOutcome(bytes);
  if (outcome.ok) return outcome;
  const earlier = parse(bytes, (file) => {
    const code = nullable(file, 'code', text);
    return { ...version(file), ...endIn(file), code, message: text(file, 'message', true) };
  });
  return earlier.ok ? earlier : outcome;
}

function causeIn(file: Fields, name: string): RecordedCause {
  const value = json(file, name);
  if (!isJsonObject(value)) throw wrong(name, 'an object');
  const { code, params } = value;
  if (typeof code !== 'string' || !isJsonObject(params)) throw wrong(name, 'a code with its facts');
  return { code, params };
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return isObject(value);
}

function words(file: Fields, name: string): string {
  return text(file, name, true);
}

/** What outcomes of all versions hold. */
function endIn(file: Fields): Omit<Outcome, 'v' | 'cause' | 'summary'> {
  return {
    requestHash: hash(file, 'requestHash'),
    nonce: text(file, 'nonce'),
    by: oneOf(file, 'by', ['host', 'runner', 'operator'] as const),
    result: oneOf(file, 'result', TASK_RESULTS),
    exitCode: nullable(file, 'exitCode', count),
    signal: nullable(file, 'signal', text),
    completion: nullable(file, 'completion', digest),
    output: nullable(file, 'output', digest),
    stderr: nullable(file, 'stderr', digest),
    head: nullable(file, 'head', text),
    tree: nullable(file, 'tree', text),
    ...(file.gitSettings === undefined ? {} : { gitSettings: texts(file, 'gitSettings') }),
    survivors: none(file, 'survivors'),
    startedAtMs: nullable(file, 'startedAtMs', time),
    endedAtMs: time(file, 'endedAtMs'),
    ...(file.turn === undefined ? {} : { turn: turnReport(object(file, 'turn')) }),
  };
}

/** The bytes of a request register. */
export function encodeRequest(value: TaskRequest): Uint8Array {
  return encode(value);
}

/** The bytes of a claim register. */
export function encodeClaim(value: Claim): Uint8Array {
  return encode(value);
}

/** The bytes of an agent register. */
export function encodeAgentRecord(value: AgentRecord): Uint8Array {
  return encode(value);
}

/** The bytes of an outcome register. */
export function encodeOutcome(value: Outcome): Uint8Array {
  return encode(value);
}

/** Canonical JSON and a line break: the form of every small file in a task folder. */
export function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${canonicalJson(value)}\n`);
}

function limits(file: Fields): TaskRequest['limits'] {
  return {
    deadlineMs: count(file, 'deadlineMs'),
    stallMs: count(file, 'stallMs'),
    ...(file.silenceMaxMs === undefined ? {} : { silenceMaxMs: count(file, 'silenceMaxMs') }),
    graceMs: count(file, 'graceMs'),
    outputBytesMax: count(file, 'outputBytesMax'),
  };
}

function gitPlace(file: Fields): NonNullable<TaskRequest['git']> {
  return {
    commonDir: absolute(file, 'commonDir'),
    adminDir: absolute(file, 'adminDir'),
    settings: texts(file, 'settings'),
  };
}

function instructionFiles(file: Fields): NonNullable<TaskRequest['instructions']> {
  return { base: text(file, 'base'), head: text(file, 'head'), patterns: list(file, 'patterns', text) };
}

function identity(file: Fields, name: string): ProcessIdentity {
  const value = object(file, name);
  const pid = count(value, 'pid');
  // 0 names no process: to kill(2) it means our own group.
  if (pid === 0) throw wrong(`${name}.pid`, 'a pid');
  return {
    pid,
    startTime: text(value, 'startTime'),
    bootId: text(value, 'bootId', true),
    pidNamespace: text(value, 'pidNamespace', true),
    hostname: text(value, 'hostname', true),
    machineId: text(value, 'machineId', true),
  };
}

function digest(file: Fields, name: string): { sha256: string; bytes: number } {
  const value = object(file, name);
  return { sha256: hash(value, 'sha256'), bytes: count(value, 'bytes') };
}
