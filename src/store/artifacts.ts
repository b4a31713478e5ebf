/**
 * Artifacts of a run: immutable texts named by their content.
 *
 * Owns: writing and re-reading them. Does not own: their content; the event that names them, which comes after.
 *
 * Invariant (L4): what is relied upon is hashed again when it is read.
 */

import { dirname, extname, join } from 'node:path';
import { sha256 } from '../base/sha256.ts';
import { PawlError } from '../model/error.ts';
import type { ArtifactRef } from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Artifacts } from '../ports/artifacts.ts';
import { recoverRegistry } from '../run/error-actions.ts';
import type { Files } from './files.ts';
import { decodeText, isSha256 } from './json-file.ts';
import { isSafeName, safeName } from './registry-paths.ts';

const HASH_DIGITS = 12;

/**
 * The artifact is in the run's folder, durably: `artifacts/<stage>/<name>-<12 hex>.<ext>`, the extension being that of
 * `name` (`handoff.md`), or json.
 */
export async function writeArtifact(
  files: Files,
  runFolder: string,
  stage: string,
  name: string,
  text: string,
): Promise<ArtifactRef> {
  const bytes = Buffer.from(text);
  if (bytes.length > BOUNDS.artifactBytes) {
    throw new Error(`bug: the artifact ${name} is longer than ${BOUNDS.artifactBytes} bytes`);
  }
  const hash = sha256(bytes);
  const extension = extname(name);
  const stem = extension === '' ? name : name.slice(0, -extension.length);
  const file = `${stem}-${hash.slice(0, HASH_DIGITS)}${extension === '' ? '.json' : extension}`;
  const path = `artifacts/${safeName(stage)}/${safeName(file)}`;
  const target = join(runFolder, path);
  await files.ensureFolders([dirname(target)]);
  await files.writeOnce(target, bytes);
  return { path, sha256: hash };
}

/** The artifact's text, whose bytes still match the hash. Throws PAWL_ARTIFACT_DAMAGED when they do not, or are gone. */
export function readArtifact(files: Files, runFolder: string, ref: ArtifactRef): string {
  const [top, stage, name, ...rest] = ref.path.split('/');
  if (top !== 'artifacts' || !isSafeName(stage ?? '') || !isSafeName(name ?? '') || rest.length > 0) {
    throw damaged(ref, runFolder, 'is not an artifact path');
  }
  const bytes = files.readBytes(join(runFolder, ref.path), BOUNDS.artifactBytes);
  if (bytes === null) throw damaged(ref, runFolder, 'is missing');
  if (sha256(bytes) !== ref.sha256) throw damaged(ref, runFolder, 'does not match its recorded hash');
  const text = decodeText(bytes);
  if (text === null) throw damaged(ref, runFolder, 'is not UTF-8');
  return text;
}

/** The bytes of the run's artifact with that hash, which they still match; null where there is none. */
export function artifactWithHash(files: Files, runFolder: string, hash: string): Uint8Array | null {
  const top = join(runFolder, 'artifacts');
  if (!isSha256(hash)) return null;
  for (const stage of files.listNames(top)) {
    for (const name of files.listNames(join(top, stage))) {
      if (!name.includes(`-${hash.slice(0, HASH_DIGITS)}`)) continue;
      const bytes = files.readBytes(join(top, stage, name), BOUNDS.artifactBytes);
      if (bytes !== null && sha256(bytes) === hash) return bytes;
    }
  }
  return null;
}

/** The artifacts of a registry that is kept as files. */
export function fileArtifacts(files: Files): Artifacts {
  return {
    write: (folder, stage, name, text) => writeArtifact(files, folder, stage, name, text),
    read: async (folder, ref) => readArtifact(files, folder, ref),
    find: (folder, stage, name) => findArtifact(files, folder, stage, name),
  };
}

/** The artifact of that stage and name, made durable: its writer may have died before its name was. */
async function findArtifact(files: Files, folder: string, stage: string, name: string): Promise<ArtifactRef | null> {
  const place = join(folder, 'artifacts', safeName(stage));
  const file = files.listNames(place).find((each) => each.startsWith(`${name}-`));
  if (file === undefined) return null;
  const path = `artifacts/${safeName(stage)}/${file}`;
  const hash = sha256(files.readBytes(join(folder, path), BOUNDS.artifactBytes) ?? new Uint8Array());
  const ref = { path, sha256: hash };
  if (!file.includes(hash.slice(0, HASH_DIGITS))) throw damaged(ref, folder, 'does not match the hash in its name');
  await files.syncFolder(place);
  return ref;
}

function damaged(ref: ArtifactRef, runFolder: string, detail: string): PawlError {
  return new PawlError({
    code: 'PAWL_ARTIFACT_DAMAGED',
    message: `${ref.path} ${detail}`,
    subject: join(runFolder, ref.path),
    hint: 'Recovering the registry sets the run aside with a report.',
    actions: [recoverRegistry()],
  });
}
