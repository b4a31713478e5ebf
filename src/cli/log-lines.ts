/**
 * A worker's log as lines for a terminal: one rendering of the events of every coding agent, and of the lines of any other program.
 *
 * Owns: the words and columns of `pawl logs`. Does not own: the entries (app/task-log), where they are written (cli/commands/logs).
 *
 * Invariants: 1. Whatever a worker has printed is data: no control codes, bidi marks written out, likely secrets masked, in every line. 2. A text that
 * comes in pieces is shown line by line, each when it is whole. 3. A denial is shown once, however often the agent reports it.
 */

import type { LogEntry } from '../app/task-log.ts';
import { unreachable } from '../base/unreachable.ts';
import type { AgentEvent } from '../model/agent-event.ts';
import { BOUNDS } from '../model/limits.ts';
import { denialName } from '../turn/denial-words.ts';
import { spentWords } from '../turn/turn-words.ts';
import type { Output } from './output.ts';
import { oneLine } from './render.ts';
import { SafeLines } from './safe-lines.ts';

/** From the word that says what an entry is to what it says. */
const WORD_COLUMNS = 9;

const SHORT_CHARS = 160;

/** Tools that change files, by the names that the agents have for them. */
const EDITS: ReadonlySet<string> = new Set([
  'apply_patch',
  'create',
  'edit',
  'file_change',
  'multiedit',
  'notebookedit',
  'patch',
  'replace',
  'str_replace',
  'str_replace_editor',
  'write',
  'write_file',
]);

/** How a log is shown. */
export interface LogStyle {
  readonly colour: Output['colour'];
  /** Paths below it are shown relative to it; null: it is not known. */
  readonly worktree: string | null;
  /** stderr stands between the lines of stdout, each line with a mark; else below them under a heading. */
  readonly isInterleaved: boolean;
}

/** Renders the entries of one task, in their order. */
export class LogLines {
  readonly #style: LogStyle;
  readonly #stdout = new SafeLines();
  readonly #stderr = new SafeLines();
  /** The tools under way, by id. */
  readonly #tools = new Map<string, { readonly name: string; readonly what: string }>();
  readonly #denied = new Set<string>();
  /** What has come of the line that a text in pieces has reached. */
  #piece = '';
  #startedAs = '';
  #hasHeading = false;

  constructor(style: LogStyle) {
    this.#style = style;
  }

  /** The lines of one more entry. */
  take(entry: LogEntry): readonly string[] {
    switch (entry.type) {
      case 'text':
        return entry.isDelta ? this.#textPiece(entry.text) : [...this.#endText(), ...this.#text(entry.text)];
      // They stand between the pieces of a text.
      case 'noted':
      case 'usage':
        return [];
      case 'stderr':
        return this.#stderrLines(entry.text);
      default:
        return [...this.#endText(), ...this.#lines(entry)];
    }
  }

  /** The lines that are still held when no more entries come. */
  rest(): readonly string[] {
    return this.#endText();
  }

  #lines(entry: Exclude<LogEntry, { type: 'text' | 'noted' | 'usage' | 'stderr' }>): readonly string[] {
    const { red, yellow, dim } = this.#style.colour;
    switch (entry.type) {
      case 'line':
        return this.#text(entry.text);
      case 'unread':
        return [this.#worded('unread', unreadWords(entry), dim)];
      case 'unreadable':
        return [this.#worded('error', `${entry.stream}: ${oneLine(entry.message)}`, red)];
      case 'used':
        return this.#used(entry);
      case 'started':
        return this.#started(entry);
      case 'toolStarted':
        return [this.#toolStarted(entry)];
      case 'toolFinished':
        return this.#toolFinished(entry);
      case 'denied':
        return this.#deniedLine(entry);
      case 'unasked':
        return [this.#worded('unasked', nameAnd(entry.tool, entry.reason), yellow)];
      case 'retrying':
        return [this.#worded('retry', retryWords(entry), yellow)];
      case 'limited':
        return [this.#worded('limited', limitWords(entry), yellow)];
      case 'answer':
        return [this.#worded('answer', short(JSON.stringify(entry.value)))];
      case 'ended':
        return [this.#ended(entry)];
      default:
        return unreachable(entry);
    }
  }

  #worded(word: string, text: string, colour: (text: string) => string = this.#style.colour.dim): string {
    return `  ${colour(word.padEnd(WORD_COLUMNS))}${text}`;
  }

  #text(text: string): readonly string[] {
    return text.split('\n').flatMap((line) => this.#stdout.take(line));
  }

  #textPiece(text: string): readonly string[] {
    this.#piece += text;
    // A line without an end is cut, as one of a program is.
    if (!text.includes('\n') && this.#piece.length <= BOUNDS.lineBytes) return [];
    const lines = this.#piece.split('\n');
    const last = lines.pop() ?? '';
    const isCut = last.length > BOUNDS.lineBytes;
    this.#piece = isCut ? '' : last;
    return (isCut ? [...lines, last] : lines).flatMap((line) => this.#stdout.take(line));
  }

  #endText(): readonly string[] {
    const piece = this.#piece;
    this.#piece = '';
    return piece === '' ? [] : this.#stdout.take(piece);
  }

  #stderrLines(text: string): readonly string[] {
    const { colour, isInterleaved } = this.#style;
    const lines = this.#stderr.take(text);
    if (isInterleaved) return lines.map((line) => `${colour.yellow('stderr │')} ${line}`);
    const heading = this.#hasHeading ? [] : [...this.#endText(), colour.dim('── stderr ──')];
    this.#hasHeading = true;
    return [...heading, ...lines];
  }

  #started({ model, cliVersion, sessionId }: Of<'started'>): readonly string[] {
    const parts = [model, cliVersion, sessionId === null ? null : `session ${sessionId}`];
    const told = parts.flatMap((part) => (part === null ? [] : [short(part)])).join(', ');
    // Some agents say it at every call of their model.
    if (told === '' || told === this.#startedAs) return [];
    this.#startedAs = told;
    return [this.#worded('started', told)];
  }

  #toolStarted({ id, name, what = '' }: Of<'toolStarted'>): string {
    const asked = short(this.#relative(what));
    if (this.#tools.size < BOUNDS.openTools) this.#tools.set(id, { name: short(name), what: asked });
    const { cyan, green } = this.#style.colour;
    if (EDITS.has(name.toLowerCase())) return this.#worded('edit', asked === '' ? short(name) : asked, green);
    return this.#worded('tool', nameAnd(name, asked), cyan);
  }

  #toolFinished({ id, name, isError, exitCode }: Of<'toolFinished'>): readonly string[] {
    const started = this.#tools.get(id);
    this.#tools.delete(id);
    // That it failed is what a denial comes to.
    if (this.#denied.has(id) || !(isError || (exitCode ?? 0) !== 0)) return [];
    const tool = started?.name ?? (name === null ? 'a tool' : short(name));
    const end = exitCode === null ? 'failed' : `exit code ${exitCode}`;
    return [this.#worded('error', `${tool}: ${end}`, this.#style.colour.red)];
  }

  #deniedLine({ tool, reason, what = '', id }: Of<'denied'>): readonly string[] {
    if (id !== undefined && this.#denied.has(id)) return [];
    if (id !== undefined && this.#denied.size < BOUNDS.openTools) this.#denied.add(id);
    const started = id === undefined ? undefined : this.#tools.get(id);
    const name = tool === 'unknown' ? (started?.name ?? tool) : tool;
    const asked = what === '' ? (started?.what ?? '') : short(this.#relative(what));
    const use = denialName({ tool: short(name), what: asked });
    const why = oneLine(reason);
    return [this.#worded('denied', why === '' ? use : `${use}: ${why}`, this.#style.colour.red)];
  }

  #ended({ how, reason }: Of<'ended'>): string {
    const { green, red } = this.#style.colour;
    if (how === 'completed') return this.#worded('ended', 'completed', green);
    const words = how === 'noTerminalEvent' ? 'without saying how' : how;
    return this.#worded('ended', nameAnd(words, reason), red);
  }

  #used({ tokens, usd, estimated }: Extract<LogEntry, { type: 'used' }>): readonly string[] {
    const words = spentWords({
      tokens: tokens + (estimated?.tokens ?? 0),
      usd: usd + (estimated?.usd ?? 0),
      isEstimate: estimated !== null,
      ...(estimated === null ? {} : { estimated }),
    });
    return words === null ? [] : [this.#worded('used', words)];
  }

  #relative(path: string): string {
    const { worktree } = this.#style;
    return worktree !== null && path.startsWith(`${worktree}/`) ? path.slice(worktree.length + 1) : path;
  }
}

type Of<Type extends AgentEvent['type']> = Extract<AgentEvent, { type: Type }>;

/** One short line, safe to show. */
function short(text: string): string {
  const line = oneLine(text);
  return line.length > SHORT_CHARS ? `${line.slice(0, SHORT_CHARS - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : line;
}

function nameAnd(name: string, more: string): string {
  const told = oneLine(more);
  return told === '' ? short(name) : `${short(name)}: ${told}`;
}

function unreadWords({ why, text }: Extract<LogEntry, { type: 'unread' }>): string {
  if (why === 'overlong') return `a line of more than ${BOUNDS.lineBytes} bytes`;
  return short(text);
}

function retryWords({ attempt, status, delayMs }: Of<'retrying'>): string {
  const parts = [
    attempt === null ? null : `attempt ${attempt}`,
    status === null ? null : `HTTP status ${status}`,
    delayMs === null ? null : `in ${delayMs} ms`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'its model did not answer' : parts.join(', ');
}

function limitWords({ kind, resetsAtMs }: Of<'limited'>): string {
  const date = resetsAtMs === null ? null : new Date(resetsAtMs);
  // Any number may stand there, also one that is no date.
  return date === null || Number.isNaN(date.getTime()) ? kind : `${kind}, until ${date.toISOString()}`;
}
