/**
 * The token with which pages and tools speak to the daemon over TCP: it outlives processes, and can be replaced.
 *
 * Owns: making, reading and replacing it. Does not own: comparing it (inspector/hub/access). Free of zod.
 *
 * Invariants: 1. The first token stands until somebody replaces it, however many make one at once. 2. Nobody but its owner can read it (0600).
 */
import { randomBytes } from 'node:crypto';
import type { Files } from '../files.ts';
import { linkRegister, readRegister } from '../register.ts';
import type { HomePaths } from './home-paths.ts';

const TOKEN_BYTES = 32;
const FILE_BYTES_MAX = 1_024;

/** The token; made where there is none. */
export async function ensureToken(files: Files, home: HomePaths): Promise<string> {
  const known = readToken(files, home);
  if (known !== null) return known;
  await files.ensureFolders([home.root]);
  await linkRegister(files, home.tokenFile, tokenBytes(), FILE_BYTES_MAX);
  return readToken(files, home) ?? rotateToken(files, home);
}

/** The token; null where there is none, or what is there is none. */
export function readToken(files: Files, home: HomePaths): string | null {
  const bytes = readRegister(files, home.tokenFile, FILE_BYTES_MAX);
  const text = bytes === null ? '' : new TextDecoder().decode(bytes).trim();
  return /^[\w-]{16,200}$/.test(text) ? text : null;
}

/** A new token counts from now on, and the former one does not. */
export async function rotateToken(files: Files, home: HomePaths): Promise<string> {
  await files.ensureFolders([home.root]);
  const bytes = tokenBytes();
  await files.writeDurable(home.tokenFile, bytes);
  return new TextDecoder().decode(bytes).trim();
}

function tokenBytes(): Uint8Array {
  return new TextEncoder().encode(`${randomBytes(TOKEN_BYTES).toString('base64url')}\n`);
}
