/**
 * A folder on the real file system for one test.
 *
 * Owns: making it, and removing it when the test has ended. Does not own: what is in it.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Its path. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-home-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
