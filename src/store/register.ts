/**
 * A register: a write-once file. The first value stands for ever.
 *
 * Owns: linking and reading one. Does not own: what it says, or what must be checked before.
 *
 * Invariants (L3, L6): 1. A reader sees a whole value or none. 2. The winner is the contestant whose bytes the file holds, not the one whose link(2)
 * returned 0; so the bytes of contestants must differ (a nonce). 3. Nothing is ever unlinked or replaced.
 * Free of zod and xstate: the worker host loads this file.
 */
import { dirname } from 'node:path';
import { PawlError, systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { RegisterResult } from '../ports/registers.ts';
import { areSameBytes, type Files } from './files.ts';
import { NO_LINK_CODES, storeFailure } from './store-errors.ts';

/**
 * The register at `path` has a value, durably: `bytes` if nobody was first. Its folder must exist.
 * Throws PAWL_STORE_NO_LINKS where the file system has no hard links.
 */
export async function linkRegister(
  files: Files,
  path: string,
  bytes: Uint8Array,
  bytesMax: number = BOUNDS.registerBytes,
): Promise<RegisterResult> {
  const result = await linkUnsettledRegister(files, path, bytes, bytesMax);
  // What was read cannot change any more: syncing after the read is as good as before it.
  await files.syncFolder(dirname(path));
  return result;
}

/** Like `linkRegister`, but durable only once the caller has synced its folder: nothing may rely on it before. */
export async function linkUnsettledRegister(
  files: Files,
  path: string,
  bytes: Uint8Array,
  bytesMax: number = BOUNDS.registerBytes,
): Promise<RegisterResult> {
  if (bytes.length > bytesMax) throw new Error(`bug: ${bytes.length} bytes are too many for the register ${path}`);
  // An existing register never disappears: then nothing needs to be written, only settled and read.
  if (!files.exists(path)) await linkOnce(files, path, bytes);
  return standingAt(files, path, bytes, bytesMax);
}

/** The register at `path` has a value for every process; after a power cut it may be gone or empty. For facts that such a cut itself makes evident. */
export async function linkFleetingRegister(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  if (!files.exists(path)) await linkOnce(files, path, bytes, true);
}

/** The register's value, null when nobody was first yet. Says nothing about durability. */
export function readRegister(files: Files, path: string, bytesMax: number = BOUNDS.registerBytes): Uint8Array | null {
  return files.readBytes(path, bytesMax);
}

/** The register's value, durable, so that it may be journaled; null when nobody was first yet. */
export async function readSettledRegister(
  files: Files,
  path: string,
  bytesMax: number = BOUNDS.registerBytes,
): Promise<Uint8Array | null> {
  const bytes = readRegister(files, path, bytesMax);
  // What was read cannot change any more: syncing after the read is as good as before it, and costs nothing if there is no value.
  if (bytes !== null) await files.syncFolder(dirname(path));
  return bytes;
}

function standingAt(files: Files, path: string, bytes: Uint8Array, bytesMax: number): RegisterResult {
  const standing = readRegister(files, path, bytesMax);
  if (standing === null) throw vanished(path);
  return { isWinner: areSameBytes(standing, bytes), bytes: standing };
}

async function linkOnce(files: Files, path: string, bytes: Uint8Array, isFleeting = false): Promise<void> {
  const temporary = await files.writeTemporary(dirname(path), bytes, isFleeting);
  try {
    files.fs.link(temporary, path);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code !== 'EEXIST')
      throw NO_LINK_CODES.includes(code) ? noLinks(path, error) : storeFailure('link', path, error);
  } finally {
    files.removeTemporary(temporary);
  }
}

function noLinks(path: string, cause: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_STORE_NO_LINKS',
    message: `could not link ${path}: the file system has no hard links`,
    subject: path,
    hint: 'Put the registry on a file system with hard links (--registry DIR).',
    kind: 'needsHuman',
    cause,
  });
}

function vanished(path: string): PawlError {
  return new PawlError({
    code: 'PAWL_REGISTER_CONTRADICTION',
    message: `${path} was written but is missing`,
    subject: path,
    hint: 'Find out who removes files from the registry.',
  });
}
