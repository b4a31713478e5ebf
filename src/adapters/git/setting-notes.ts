/**
 * Names and digests, gathered: what was seen of the settings of git in one look.
 *
 * Owns: reading files, folders and links into digests, the bounds of one look. Does not own: which of them count (settings, submodule-settings).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. No value is kept, only its digest: configurations hold secrets. 2. What lies there is data: nothing of it is followed into a pipe
 * or read without a bound.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { GitSettings } from '../../model/request.ts';
import { smallTextOf } from './git-files.ts';

/** Of a file whose bytes are looked at; what is larger is known by its size and time. */
export const FILE_BYTES_MAX = 1024 * 1024;
/** Of all files together; what is beyond is known by its size and time. */
const LOOK_BYTES_MAX = 32 * FILE_BYTES_MAX;
const DIGEST_CHARS = 16;
/** How deep folders of hooks are looked into. */
export const HOOK_FOLDERS_MAX = 4;

/** What a digest of `text` is kept as. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_CHARS);
}

/** One look. */
export class SettingNotes {
  readonly #found = new Map<string, string>();
  #bytesLeft = LOOK_BYTES_MAX;

  /** `text` itself is what is known by that name. */
  text(name: string, text: string): void {
    this.#found.set(name, digest(text));
  }

  /** By that name the object of that id is known. */
  object(name: string, id: string): void {
    this.#found.set(name, id.slice(0, DIGEST_CHARS));
  }

  /** What a file is known by, where there is one: its content, whether it can be run, where a link leads. */
  file(name: string, path: string): void {
    const known = this.digestOf(path);
    if (known !== null) this.#found.set(name, known);
  }

  /**
   * Every file below, but for git's samples and what `isPassedOver` says; as many folders deep as `depth` says. A link in the place of the folder is
   * known by where it leads, and followed as git follows it.
   */
  folder(name: string, path: string, depth: number, isPassedOver: (path: string) => boolean = () => false): void {
    if (lookAt(path, lstatSync)?.isSymbolicLink()) this.file(name, path);
    for (const entry of namesBelow(path)) {
      const inside = join(path, entry);
      if (this.#found.size > BOUNDS.gitSettings || entry.endsWith('.sample') || isPassedOver(inside)) continue;
      if (depth > 0 && lookAt(inside, lstatSync)?.isDirectory()) {
        this.folder(`${name}/${entry}`, inside, depth - 1, isPassedOver);
      } else this.file(`${name}/${entry}`, inside);
    }
  }

  /** What `file` would keep; null when nothing is there. */
  digestOf(path: string): string | null {
    try {
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return null;
      if (stat.isSymbolicLink()) return digest(`link ${readlinkSync(path)} ${smallTextOf(path) ?? ''}`);
      if (stat.isFile() && stat.size <= Math.min(FILE_BYTES_MAX, this.#bytesLeft)) {
        this.#bytesLeft -= stat.size;
        return digest(`${stat.mode & 0o111} ${readFileSync(path, 'base64')}`);
      }
      return digest(`${stat.mode} ${stat.size} ${stat.mtimeMs}`);
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      return code === 'ENOENT' || code === 'ENOTDIR' ? null : digest(code);
    }
  }

  /** The first names by themselves, the others together. */
  get settings(): GitSettings {
    const sorted = [...this.#found].sort(([one], [other]) => (one < other ? -1 : 1));
    const rest = sorted.slice(BOUNDS.gitSettings);
    const last = rest.length === 0 ? [] : [['others', digest(JSON.stringify(rest))] as const];
    return Object.fromEntries([...sorted.slice(0, BOUNDS.gitSettings), ...last]);
  }
}

/** The names in a folder, or in the one that a link leads to; none where git cannot read one either. */
export function namesBelow(path: string): readonly string[] {
  try {
    return lookAt(path, statSync)?.isDirectory() ? readdirSync(path).sort() : [];
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}

/** What stands at a path, as `statSync` or `lstatSync` sees it; undefined where nothing does, or where that cannot be told. */
export function lookAt(path: string, look: typeof statSync | typeof lstatSync): Stats | undefined {
  try {
    return look(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined; // not readable for git either
  }
}
