/**
 * Where the built program lies, for tests that start parts of it.
 *
 * Owns: that. Does not own: building it (npm run build).
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built file of a source path. Throws where it is not built. */
export function builtPath(source: string): string {
  const path = fileURLToPath(new URL(`../../dist/${source.replace(/\.ts$/, '.js')}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${path} is missing: npm run build makes it`);
  return path;
}
