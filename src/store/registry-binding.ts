/**
 * Which repository a registry belongs to: the one in which it was first opened for writing.
 *
 * Owns: the register that says so, and the mark in the git folder by which a moved repository is recognised. Does not own: finding the
 * repository (adapters/git), which commands ask (cli).
 *
 * Invariants: 1. A registry is bound once, before anything else is written to it for that repository; one of an older Pawl at its next opening.
 * 2. Killed at any step and called again, it has the same result: the mark is durable before the register names it. The register itself is
 * durable with the lock that is taken next, in the same folder.
 */
import { join } from 'node:path';
import { PawlError } from '../model/error.ts';
import type { Files } from './files.ts';
import { jsonBytes, parseJsonObject } from './json-file.ts';
import { linkRegister, linkUnsettledRegister, readRegister } from './register.ts';
import type { RegistryPaths } from './registry-paths.ts';

/** The repository in which a registry is used. */
export interface RegistryUser {
  /** Absolute, without symbolic links: the git folder that all worktrees share. */
  readonly commonDir: string;
  /** The registry is at the default place of this repository: both may have been moved or copied together. */
  readonly isHome: boolean;
}

interface Binding {
  readonly commonDir: string;
  readonly mark: string;
}

const MARK = 'pawl-repository';

/** The registry belongs to the repository, durably once its lock is taken. Throws PAWL_REGISTRY_FOREIGN when it belongs to another one; then nothing was written. */
export async function bindRegistry(files: Files, paths: RegistryPaths, user: RegistryUser): Promise<void> {
  if (readRegister(files, paths.repositoryFile) === null) {
    const nonce = new TextEncoder().encode(`${files.clock.nonce()}\n`);
    const mark = textOf((await linkRegister(files, join(user.commonDir, MARK), nonce)).bytes);
    await linkUnsettledRegister(files, paths.repositoryFile, jsonBytes({ v: 1, commonDir: user.commonDir, mark }));
  }
  assertOwnRegistry(files, paths, user);
}

/** Throws PAWL_REGISTRY_FOREIGN when the registry belongs to another repository, PAWL_REGISTRY_INVALID when that is unknown. Writes nothing. */
export function assertOwnRegistry(files: Files, paths: RegistryPaths, { commonDir, isHome }: RegistryUser): void {
  const bytes = readRegister(files, paths.repositoryFile);
  if (bytes === null) return;
  const binding = bindingOf(bytes, paths);
  const isSamePlace = binding.commonDir === commonDir;
  const isMarked = markIn(files, commonDir) === binding.mark;
  // If two have the mark, as after a copy, only the one where it was made may use a registry that is elsewhere.
  if (isMarked && (isHome || isSamePlace || markIn(files, binding.commonDir) !== binding.mark)) return;
  throw new PawlError({
    code: 'PAWL_REGISTRY_FOREIGN',
    message: isSamePlace
      ? `The registry ${paths.root} belongs to another repository that was at ${commonDir}: its mark ${MARK} is missing there, or differs.`
      : `The registry ${paths.root} belongs to the repository ${binding.commonDir}, not to ${commonDir}.`,
    subject: paths.root,
    hint: `Start pawl in that repository, or name another registry with --registry DIR. If this repository has taken the place of that one, remove ${paths.repositoryFile}.`,
  });
}

/** The mark of the repository with that git folder; null when it has none, or is not there. */
function markIn(files: Files, commonDir: string): string | null {
  const path = join(commonDir, MARK);
  const bytes = files.exists(path) ? readRegister(files, path) : null;
  return bytes === null ? null : textOf(bytes);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}

function bindingOf(bytes: Uint8Array, paths: RegistryPaths): Binding {
  const { v, commonDir, mark } = parseJsonObject(bytes) ?? {};
  if (v === 1 && typeof commonDir === 'string' && typeof mark === 'string') return { commonDir, mark };
  throw new PawlError({
    code: 'PAWL_REGISTRY_INVALID',
    message: `${paths.repositoryFile} does not say which repository the registry belongs to`,
    subject: paths.root,
    hint: 'Use the Pawl that made it, or name another folder with --registry DIR.',
  });
}
