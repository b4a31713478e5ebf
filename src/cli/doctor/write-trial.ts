/**
 * Whether a folder can hold what Pawl keeps: tried, not guessed.
 *
 * Owns: that trial. Does not own: what it means where (machine-checks, daemon-checks).
 *
 * Invariant: 1. What was made for it is removed.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { Files } from '../../store/files.ts';
import { linkRegister } from '../../store/register.ts';
import { errorReport } from '../output.ts';

/** What is in the way, in words. */
export type TrialProblem = Pick<ReturnType<typeof errorReport>, 'message' | 'hint'>;

/** The folder, else the nearest one above it that exists. */
export function existingFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existingFolder(dirname(folder));
}

/** Null when the folder can hold what Pawl keeps: the very operation is done, write, sync, link, sync the folder, read, remove. */
export async function writeTrial(folder: string): Promise<TrialProblem | null> {
  let made: string | null = null;
  try {
    made = mkdtempSync(join(folder, '.pawl-doctor-'));
    await linkRegister(new Files(nodeFs, systemClock), join(made, 'register'), new TextEncoder().encode('{}\n'));
    return null;
  } catch (error) {
    return errorReport(error);
  } finally {
    if (made !== null) rmSync(made, { recursive: true, force: true });
  }
}
