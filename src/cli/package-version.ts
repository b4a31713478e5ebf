/**
 * The version of this package.
 *
 * Owns: reading it from the package's manifest. Does not own: where it is shown.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../adapters/built-path.ts';

/** The version in the package's manifest. */
export function packageVersion(): string {
  return String(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')).version);
}
