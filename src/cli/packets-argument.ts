/**
 * The PACKETS argument: a file, bounded, read and checked.
 *
 * Owns: opening it. Does not own: its meaning (packets/packets).
 */
import { readFileSync, statSync } from 'node:fs';
import { argumentPath } from '../app/options.ts';
import { messageOf } from '../base/error-text.ts';
import { sha256 } from '../base/sha256.ts';
import { PawlError } from '../model/error.ts';
import { assertPacketsSize, type PacketsFile, readPackets } from '../packets/packets.ts';

/** The packets of the file, at least one. Throws PAWL_PACKETS_UNREADABLE, PAWL_PACKETS_TOO_LARGE or PAWL_PACKETS_INVALID. */
export function readPacketsArgument(cwd: string, argument: string): PacketsFile {
  const path = argumentPath({ cwd }, argument);
  const text = packetsText(path);
  const file = readPackets(text, sha256, { name: path, sizeBytes: Buffer.byteLength(text) });
  if (file.readings.length === 0) throw noPacket(path);
  return file;
}

/**
 * The packets of that text, which the file at `path` holds or is to hold: the command writes into it what a refusal calls `edited`.
 * Throws PAWL_PACKETS_TOO_LARGE or PAWL_PACKETS_INVALID.
 */
export function packetsToEdit(path: string, text: string, edited = 'The packets file'): PacketsFile {
  const reader = { refused: edited, nothing: 'nothing was written' };
  return readPackets(text, sha256, { name: path, sizeBytes: Buffer.byteLength(text), reader });
}

function noPacket(path: string): PawlError {
  return new PawlError({
    code: 'PAWL_PACKETS_INVALID',
    message: `${path} contains no packets.`,
    subject: path,
    hint: 'Put at least one packet into it (docs/packets.md describes every field); nothing was changed.',
  });
}

/** The text of the packets file at `path`, as its bytes have it. Throws PAWL_PACKETS_UNREADABLE or PAWL_PACKETS_TOO_LARGE. */
export function packetsText(path: string): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw unreadable(path, 'it is not a file');
    assertPacketsSize(stat.size, path);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof PawlError) throw error;
    throw unreadable(path, messageOf(error), error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_PACKETS_UNREADABLE',
    message: `${path} cannot be read: ${why}.`,
    subject: path,
    hint: 'Pass a UTF-8 JSON file of packets.',
    cause,
  });
}
