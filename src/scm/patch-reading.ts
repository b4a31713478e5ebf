/**
 * A patch as git prints it, read line by line for a person: bounded, counted, with nothing in it that a terminal would obey.
 *
 * Owns: which lines are kept, what is counted of each file, what stands for binary content. Does not own: asking git (adapters/git),
 * colours (cli).
 *
 * Invariants: 1. However long a patch or a line of it is, what is kept is bounded and the rest is counted (L9). 2. Whether content is
 * binary is judged by its bytes, never by attributes that the repository holds: those could hide a change from its reviewer.
 */
import { visible } from '../base/visible.ts';
import { BOUNDS } from '../model/limits.ts';
import type { DiffStat, FileChange } from '../ports/git.ts';

/** What a line of a patch is. */
export type PatchLineKind = 'header' | 'hunk' | 'added' | 'deleted' | 'context';

/** One line that is shown. */
export interface PatchLine {
  readonly kind: PatchLineKind;
  readonly text: string;
}

/** A patch, as far as it is shown. */
export interface PatchReading extends DiffStat {
  readonly lines: readonly PatchLine[];
  readonly linesLeftOut: number;
}

interface OpenFile {
  path: string;
  added: number;
  deleted: number;
  isBinary: boolean;
  isInHunk: boolean;
  /** Lines kept, and lines in all, before the first hunk of this file. */
  headerLines: PatchLine[];
  bodyLines: PatchLine[];
  bodyCount: number;
}

const NUL = '\0';

/** Reads the output of `git diff --text` as it comes. */
export class PatchReader {
  readonly #linesMax: number;
  readonly #decoder = new TextDecoder();
  readonly #files: FileChange[] = [];
  readonly #lines: PatchLine[] = [];
  #fileCount = 0;
  #added = 0;
  #deleted = 0;
  #leftOut = 0;
  #file: OpenFile | null = null;
  #rest = '';
  #restCut = 0;

  /** `linesMax`: lines of the patch that are kept; 0 keeps the counts alone. */
  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  /** Takes the next bytes of git's output. */
  take(chunk: Uint8Array): void {
    this.#takeText(this.#decoder.decode(chunk, { stream: true }));
  }

  /** All of it, once git has ended. */
  end(): PatchReading {
    this.#takeText(this.#decoder.decode());
    if (this.#rest !== '' || this.#restCut > 0) this.#line();
    this.#closeFile();
    return {
      files: this.#files,
      fileCount: this.#fileCount,
      added: this.#added,
      deleted: this.#deleted,
      lines: this.#lines,
      linesLeftOut: this.#leftOut,
    };
  }

  #takeText(text: string): void {
    const parts = text.split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      this.#grow(part);
      this.#line();
    }
    this.#grow(last);
  }

  /** A line that never ends is not kept whole. */
  #grow(text: string): void {
    const room = Math.max(0, BOUNDS.patchLineChars - this.#rest.length);
    if (this.#file?.isInHunk === true && text.includes(NUL)) this.#file.isBinary = true;
    this.#rest += text.slice(0, room);
    this.#restCut += Math.max(0, text.length - room);
  }

  #line(): void {
    const raw = this.#rest;
    const cut = this.#restCut;
    this.#rest = '';
    this.#restCut = 0;
    if (raw.startsWith('diff --git ')) this.#openFile(raw.slice('diff --git '.length));
    const file = this.#file;
    if (file === null) return;
    const kind = kindOf(raw, file.isInHunk);
    const text = `${visible(raw.replace(/\t/g, '    '))}${cut > 0 ? `… and ${cut} more characters` : ''}`;
    if (kind === 'hunk') file.isInHunk = true;
    if (!file.isInHunk) {
      file.path = pathIn(raw) ?? file.path;
      if (file.headerLines.length < HEADER_LINES_MAX) file.headerLines.push({ kind, text });
      return;
    }
    if (kind === 'added') file.added += 1;
    if (kind === 'deleted') file.deleted += 1;
    file.bodyCount += 1;
    if (this.#lines.length + file.headerLines.length + file.bodyLines.length < this.#linesMax)
      file.bodyLines.push({ kind, text });
  }

  #openFile(names: string): void {
    this.#closeFile();
    const path = sameName(names);
    const counts = { added: 0, deleted: 0, bodyCount: 0 };
    this.#file = { path, ...counts, isBinary: false, isInHunk: false, headerLines: [], bodyLines: [] };
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    const { path, isBinary } = file;
    const added = isBinary ? 0 : file.added;
    const deleted = isBinary ? 0 : file.deleted;
    this.#fileCount += 1;
    this.#added += added;
    this.#deleted += deleted;
    if (this.#files.length < BOUNDS.filesListed) this.#files.push({ path: visible(path), added, deleted, isBinary });
    const body = isBinary ? [BINARY] : file.bodyLines;
    const room = Math.max(0, this.#linesMax - this.#lines.length);
    const kept = [...file.headerLines, ...body].slice(0, room);
    this.#lines.push(...kept);
    this.#leftOut += file.headerLines.length + (isBinary ? 1 : file.bodyCount) - kept.length;
  }
}

const BINARY: PatchLine = { kind: 'hunk', text: 'binary content, not shown' };

/** Git writes fewer before a hunk: what is more is no header. */
const HEADER_LINES_MAX = 16;

function kindOf(raw: string, isInHunk: boolean): PatchLineKind {
  if (raw.startsWith('@@ ')) return 'hunk';
  if (!isInHunk) return 'header';
  if (raw.startsWith('+')) return 'added';
  return raw.startsWith('-') ? 'deleted' : 'context';
}

/** The name in `a/NAME b/NAME`; where both differ a later line of the header tells it. */
function sameName(names: string): string {
  const half = (names.length - 1) / 2;
  return names.slice(0, half).replace(/^("?)a\//, '$1');
}

/** The file's name, where a line of the header tells it. */
function pathIn(raw: string): string | null {
  const renamed = /^(?:rename|copy) to (.*)$/.exec(raw)?.[1];
  if (renamed !== undefined) return renamed;
  const named = /^(?:---|\+\+\+) ("?)[ab]\/(.*?)\t?$/.exec(raw);
  return named === null ? null : `${named[1]}${named[2]}`;
}
