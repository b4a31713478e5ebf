/**
 * The registers of a task folder as bytes: read with plain checks, written in one form.
 *
 * Owns: parsing and encoding request, claim, agent record and outcome.
 * Does not own: their types (model/request), the files (store/register), the worker's answer (core/answer).
 *
 * Invariants: 1. What is parsed has every field of its type; unknown keys are tolerated and dropped. 2. Encoded bytes are canonical JSON
 * and a line break, so equal values have equal hashes. Free of zod: the worker host loads this file.
 */
import { canonicalJson, isObject, type Json } from '../base/canonical-json.ts';
import type { ProcessIdentity } from '../base/process-identity.ts';
import { ERROR_CODES, type ErrorCode } from '../model/error-codes.ts';
import { PURPOSES } from '../model/limits.ts';
import { type AgentRecord, type Claim, type Outcome, TASK_RESULTS, type TaskRequest } from '../model/request.ts';

/** A value, or why the bytes hold none: a part of a sentence that names the field. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

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
  }));
}

/** The outcome in `bytes`, or why they hold none. */
export function parseOutcome(bytes: Uint8Array): Parsed<Outcome> {
  return parse(bytes, (file) => ({
    ...version(file),
    requestHash: hash(file, 'requestHash'),
    nonce: text(file, 'nonce'),
    by: oneOf(file, 'by', ['host', 'runner', 'operator'] as const),
    result: oneOf(file, 'result', TASK_RESULTS),
    code: nullable(file, 'code', errorCode),
    message: text(file, 'message', true),
    exitCode: nullable(file, 'exitCode', count),
    signal: nullable(file, 'signal', text),
    completion: nullable(file, 'completion', digest),
    output: nullable(file, 'output', digest),
    stderr: nullable(file, 'stderr', digest),
    head: nullable(file, 'head', text),
    tree: nullable(file, 'tree', text),
    survivors: none(file, 'survivors'),
    startedAtMs: nullable(file, 'startedAtMs', time),
    endedAtMs: time(file, 'endedAtMs'),
  }));
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

const END_REASONS = ['cancelled', 'deadline', 'hung', 'operator', 'exhausted', 'interrupted'] as const;

/** Thrown inside a parse and caught at its door: which field is wrong. */
class Mismatch extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function parse<T>(bytes: Uint8Array, read: (file: Fields) => T): Parsed<T> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (!isObject(value)) return { ok: false, reason: 'not a JSON object' };
    return { ok: true, value: read(value) };
  } catch (error) {
    if (error instanceof Mismatch) return { ok: false, reason: error.message };
    if (error instanceof SyntaxError || error instanceof TypeError) return { ok: false, reason: 'not valid JSON' };
    throw error;
  }
}

function wrong(name: string, expected: string): Mismatch {
  return new Mismatch(`\`${name}\` is not ${expected}`);
}

function version(file: Fields): { readonly v: 1 } {
  if (file.v !== 1) throw wrong('v', '1');
  return { v: 1 };
}

function text(file: Fields, name: string, canBeEmpty = false): string {
  const value = file[name];
  if (typeof value !== 'string' || (value === '' && !canBeEmpty)) throw wrong(name, 'a text');
  return value;
}

function flag(file: Fields, name: string): boolean {
  const value = file[name];
  if (typeof value !== 'boolean') throw wrong(name, 'true or false');
  return value;
}

function count(file: Fields, name: string): number {
  const value = file[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(name, 'a whole number from 0');
  return value;
}

function time(file: Fields, name: string): number {
  const value = file[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(name, 'a time in milliseconds');
  return value;
}

function none(file: Fields, name: string): 0 {
  if (file[name] !== 0) throw wrong(name, '0');
  return 0;
}

function hash(file: Fields, name: string): string {
  const value = file[name];
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw wrong(name, 'a SHA-256 in hex');
  return value;
}

/** No colon (it separates the marks of nested workers), and nothing that an environment cannot hold. */
function mark(file: Fields, name: string): string {
  const value = passable(file, name);
  if (!/^[^:\s]+$/.test(value)) throw wrong(name, 'a mark');
  return value;
}

function absolute(file: Fields, name: string): string {
  const value = passable(file, name);
  if (!value.startsWith('/')) throw wrong(name, 'an absolute path');
  return value;
}

/** A text that the system takes as an argument or a path. */
function passable(file: Fields, name: string): string {
  const value = file[name];
  if (typeof value !== 'string' || value.includes('\0')) throw wrong(name, 'a text without NUL');
  return value;
}

function variableName(file: Fields, name: string): string {
  const value = passable(file, name);
  if (value === '' || value.includes('=')) throw wrong(name, 'the name of a variable');
  return value;
}

function oneOf<T extends string>(file: Fields, name: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === file[name]);
  if (found === undefined) throw wrong(name, `one of ${allowed.join(', ')}`);
  return found;
}

function errorCode(file: Fields, name: string): ErrorCode {
  return oneOf(file, name, Object.keys(ERROR_CODES).filter(isErrorCode));
}

function isErrorCode(key: string): key is ErrorCode {
  return key in ERROR_CODES;
}

function nullable<T>(file: Fields, name: string, read: (file: Fields, name: string) => T): T | null {
  return file[name] === null ? null : read(file, name);
}

function object(file: Fields, name: string): Fields {
  const value = file[name];
  if (!isObject(value)) throw wrong(name, 'an object');
  return value;
}

function list<T>(file: Fields, name: string, read: (file: Fields, name: string) => T): T[] {
  const value = file[name];
  if (!Array.isArray(value)) throw wrong(name, 'a list');
  return value.map((item: unknown, index) => read({ [`${name}[${index}]`]: item }, `${name}[${index}]`));
}

function command(file: Fields, name: string): string[] {
  const words = list(file, name, passable);
  if (words[0] === undefined || words[0] === '') throw wrong(name, 'a command');
  return words;
}

function variables(file: Fields, name: string): Record<string, string> {
  const given = object(file, name);
  return Object.fromEntries(
    Object.keys(given).map((key) => [variableName({ [name]: key }, name), passable(given, key)]),
  );
}

function limits(file: Fields): TaskRequest['limits'] {
  return {
    deadlineMs: count(file, 'deadlineMs'),
    stallMs: count(file, 'stallMs'),
    graceMs: count(file, 'graceMs'),
    outputBytesMax: count(file, 'outputBytesMax'),
  };
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

function json(file: Fields, name: string): Json {
  const value = file[name];
  if (!isJson(value)) throw wrong(name, 'JSON');
  return value;
}

/** What JSON.parse returns is JSON by construction; only a missing field is not. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}
