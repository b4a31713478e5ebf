/**
 * SHA-256 in lower-case hex.
 *
 * Owns: the digest used for records, registers, artifacts and ids.
 * Does not own: what is hashed. Pure code takes a `Hash` instead of importing this file, so that a page can bring its own.
 */
import { hash } from 'node:crypto';

/** A digest of bytes (a string counts as UTF-8), as 64 hex digits. */
export type Hash = (bytes: string | Uint8Array) => string;

/** The SHA-256 of `bytes` (a string counts as UTF-8), 64 hex digits. */
export const sha256: Hash = (bytes) => hash('sha256', bytes, 'hex');
