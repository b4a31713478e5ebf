/**
 * Reading small files of ours plainly: an object's fields, each checked when it is asked for.
 *
 * Owns: what each kind of field may hold, and how a wrong one is told. Does not own: which fields a file has (turn/task-files, turn/turn-files).
 *
 * Invariant: free of zod: the worker host loads this file.
 */
import { isObject, type Json } from '../base/canonical-json.ts';

/** A value, or why the bytes hold none: a part of a sentence that names the field. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Thrown inside a parse and caught at its door: which field is wrong. */
class Mismatch extends Error {}

/** The fields of an object that is being read. */
export type Fields = Readonly<Record<string, unknown>>;

/** What `read` makes of the object in `bytes`, or which field is wrong. */
export function parse<T>(bytes: Uint8Array, read: (file: Fields) => T): Parsed<T> {
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

/** What to throw for a field that is not as expected. */
export function wrong(name: string, expected: string): Mismatch {
  return new Mismatch(`\`${name}\` is not ${expected}`);
}

/** The version field, 1. */
export function version(file: Fields): { readonly v: 1 } {
  if (file.v !== 1) throw wrong('v', '1');
  return { v: 1 };
}

/** A text, not empty unless it may be. */
export function text(file: Fields, name: string, canBeEmpty = false): string {
  const value = file[name];
  if (typeof value !== 'string' || (value === '' && !canBeEmpty)) throw wrong(name, 'a text');
  return value;
}

/** True or false. */
export function flag(file: Fields, name: string): boolean {
  const value = file[name];
  if (typeof value !== 'boolean') throw wrong(name, 'true or false');
  return value;
}

/** A whole number from 0. */
export function count(file: Fields, name: string): number {
  const value = file[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(name, 'a whole number from 0');
  return value;
}

/** A time in milliseconds. */
export function time(file: Fields, name: string): number {
  const value = file[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(name, 'a time in milliseconds');
  return value;
}

/** Zero. */
export function none(file: Fields, name: string): 0 {
  if (file[name] !== 0) throw wrong(name, '0');
  return 0;
}

/** A SHA-256 in hex. */
export function hash(file: Fields, name: string): string {
  const value = file[name];
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw wrong(name, 'a SHA-256 in hex');
  return value;
}

/** No colon (it separates the marks of nested workers), and nothing that an environment cannot hold. */
export function mark(file: Fields, name: string): string {
  const value = passable(file, name);
  if (!/^[^:\s]+$/.test(value)) throw wrong(name, 'a mark');
  return value;
}

/** An absolute path. */
export function absolute(file: Fields, name: string): string {
  const value = passable(file, name);
  if (!value.startsWith('/')) throw wrong(name, 'an absolute path');
  return value;
}

/** A text that the system takes as an argument or a path. */
export function passable(file: Fields, name: string): string {
  const value = file[name];
  if (typeof value !== 'string' || value.includes('\0')) throw wrong(name, 'a string without NUL');
  return value;
}

/** The name of an environment variable. */
export function variableName(file: Fields, name: string): string {
  const value = passable(file, name);
  if (value === '' || value.includes('=')) throw wrong(name, 'the name of a variable');
  return value;
}

/** One of the allowed words. */
export function oneOf<T extends string>(file: Fields, name: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === file[name]);
  if (found === undefined) throw wrong(name, `one of ${allowed.join(', ')}`);
  return found;
}

/** Null, or what `read` makes of it. */
export function nullable<T>(file: Fields, name: string, read: (file: Fields, name: string) => T): T | null {
  return file[name] === null ? null : read(file, name);
}

/** An object. */
export function object(file: Fields, name: string): Fields {
  const value = file[name];
  if (!isObject(value)) throw wrong(name, 'an object');
  return value;
}

/** A list, each item read by `read`. */
export function list<T>(file: Fields, name: string, read: (file: Fields, name: string) => T): T[] {
  const value = file[name];
  if (!Array.isArray(value)) throw wrong(name, 'a list');
  return value.map((item: unknown, index) => read({ [`${name}[${index}]`]: item }, `${name}[${index}]`));
}

/** A program and its arguments. */
export function command(file: Fields, name: string): string[] {
  const words = list(file, name, passable);
  if (words[0] === undefined || words[0] === '') throw wrong(name, 'a command');
  return words;
}

/** Environment variables. */
export function variables(file: Fields, name: string): Record<string, string> {
  const given = object(file, name);
  return Object.fromEntries(
    Object.keys(given).map((key) => [variableName({ [name]: key }, name), passable(given, key)]),
  );
}

/** Texts by name. */
export function texts(file: Fields, name: string): Record<string, string> {
  const given = object(file, name);
  return Object.fromEntries(Object.keys(given).map((key) => [key, passable(given, key)]));
}

/** Any JSON. */
export function json(file: Fields, name: string): Json {
  const value = file[name];
  if (!isJson(value)) throw wrong(name, 'JSON');
  return value;
}

/** What JSON.parse returns is JSON by construction; only a missing field is not. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}
