/**
 * The PACKETS argument: a file, bounded, read and checked.
 *
 * Owns: opening it. Does not own: its meaning (core/packets).
 */
import { readFileSync, statSync } from 'node:fs';
import { sha256 } from '../base/sha256.ts';
import { assertPacketsSize, type PacketsFile, readPackets } from '../core/packets.ts';
import { PawlError } from '../model/error.ts';
import { argumentPath } from './options.ts';

/** The packets of the file. Throws PAWL_PACKETS_UNREADABLE, PAWL_PACKETS_TOO_LARGE or PAWL_PACKETS_INVALID. */
export function readPacketsArgument(cwd: string, argument: string): PacketsFile {
  const path = argumentPath({ cwd }, argument);
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw unreadable(path, 'it is not a file');
    assertPacketsSize(stat.size);
    const bytes = readFileSync(path);
    return readPackets(new TextDecoder('utf-8', { fatal: true }).decode(bytes), sha256, bytes.byteLength);
  } catch (error) {
    if (error instanceof PawlError) throw error;
    throw unreadable(path, error instanceof Error ? error.message : String(error), error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_PACKETS_UNREADABLE',
    message: `${path} cannot be read: ${why}.`,
    subject: path,
    hint: 'Give a JSON file in UTF-8 with packets.',
    cause,
  });
}
