/**
 * Whether a path below the registry stays in it.
 *
 * Owns: that check. Does not own: what is read there.
 */
import type { Files } from '../../store/files.ts';

/** True when each of these paths is a folder itself, and no link to one. */
export function areFolders({ fs }: Files, paths: readonly string[]): boolean {
  return paths.every((path) => fs.stat(path)?.kind === 'folder');
}
