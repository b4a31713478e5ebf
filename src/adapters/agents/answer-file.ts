/**
 * Leaves a worker's answer where Pawl looks for it.
 *
 * Owns: writing the file so that a reader sees it whole or not at all. Does not own: what it says; making it durable (the host copies and syncs it).
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** `text` stands at `path`, whole; folders on the way exist. */
export function writeAnswerFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
