/**
 * Where the build put a program of Pawl.
 *
 * Owns: that, whether the harness runs from source or built. Does not own: building.
 */
import { fileURLToPath } from 'node:url';

/** The absolute path of a built program, by its place below `src`. */
export function builtPath(place: string): string {
  const isSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(`${isSource ? '../../../dist/src' : '../..'}/${place}`, import.meta.url));
}
