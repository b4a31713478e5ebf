/**
 * Reading a stored snapshot: it is complete and has its shape, or it is damaged.
 *
 * Owns: reading the bytes of snapshot.json, and the plain check of their shape. Does not own: writing (store/snapshot),
 * contexts of the machines and comparison with the fold (engine/recovery/rehydrate).
 *
 * Invariant: nothing unreadable is ever taken for "no snapshot", and no default stands in for it.
 * Free of zod and lowdb: `status` loads this file.
 */

import { canonicalJson, isObject } from '../base/canonical-json.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { SNAPSHOT_VERSION, type StoredSnapshot } from '../model/system-record.ts';
import { recoverRegistry } from '../run/error-actions.ts';
import type { Files } from './files.ts';
import { decodeText, isOrdinal, isSha256, parseJson } from './json-file.ts';

const EARLIER_KEYS = 'actors,deadlines,machine,outbox,runId,seq,sum,v';
const KEYS = [
  'actors,deadlines,definitionHash,outbox,rules,seq,sum,systemId,v',
  'actors,deadlines,definitionHash,kinds,outbox,rules,seq,sum,systemId,v',
];
const MACHINE_KEYS = 'definitionHash,id,version';

/** The stored snapshot, null when there is none. Throws PAWL_SNAPSHOT_DAMAGED for anything but a whole one. */
export function readSnapshot(files: Files, path: string): StoredSnapshot | null {
  const bytes = files.readBytes(path, BOUNDS.snapshotBytes);
  return bytes === null ? null : parseSnapshot(bytes, path);
}

/** The snapshot in the bytes of the file at `path`. Throws PAWL_SNAPSHOT_DAMAGED. */
export function parseSnapshot(bytes: Uint8Array, path: string): StoredSnapshot {
  const text = decodeText(bytes);
  if (text === null) throw damaged(path, 'it is not UTF-8');
  const value = parseJson(text);
  if (value === undefined) throw damaged(path, 'it is not JSON');
  if (!isSnapshot(value)) throw damaged(path, 'it does not have the shape of a snapshot');
  if (`${canonicalJson(value)}\n` !== text) throw damaged(path, 'it is not written as Pawl writes it');
  return value;
}

/** True when the value has the shape of a stored snapshot, without a check of its machines' own parts. */
export function isSnapshot(value: unknown): value is StoredSnapshot {
  return (
    isObject(value) &&
    (value.v === SNAPSHOT_VERSION ? isPresent(value) : isEarlier(value)) &&
    isOrdinal(value.seq) &&
    isSha256(value.sum) &&
    isObject(value.actors) &&
    isListOfObjects(value.outbox) &&
    isListOfObjects(value.deadlines)
  );
}

function isPresent(value: Record<string, unknown>): boolean {
  return (
    KEYS.includes(keysOf(value)) &&
    typeof value.systemId === 'string' &&
    isOrdinal(value.rules, 1) &&
    typeof value.definitionHash === 'string' &&
    (value.kinds === undefined || isObject(value.kinds))
  );
}

function isEarlier(value: Record<string, unknown>): boolean {
  return (
    value.v === 1 &&
    keysOf(value) === EARLIER_KEYS &&
    typeof value.runId === 'string' &&
    isObject(value.machine) &&
    keysOf(value.machine) === MACHINE_KEYS &&
    typeof value.machine.id === 'string' &&
    isOrdinal(value.machine.version) &&
    typeof value.machine.definitionHash === 'string'
  );
}

function keysOf(value: Record<string, unknown>): string {
  return Object.keys(value).sort().join();
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject);
}

function damaged(path: string, detail: string): PawlError {
  return new PawlError({
    code: 'PAWL_SNAPSHOT_DAMAGED',
    message: `${path} is not a valid snapshot: ${detail}`,
    subject: path,
    hint: 'Recovering the registry sets the run aside with a report.',
    actions: [recoverRegistry()],
  });
}
