/**
 * Spans of time are made in one place, which lets none be negative when a clock was set back.
 *
 * Owns: finding instants that are subtracted from each other elsewhere. Does not own: that place (src/base/elapsed), spans by any other name.
 * Exempt: what is left until an instant (`dueMs - nowMs`: negative means overdue), and the order of two (`a.atMs - b.atMs`).
 */
import { maskSource } from './lexer.ts';
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

const MAKER = 'src/base/elapsed.ts';

/** Who subtracts instants for something else than a span. */
const OTHERS: Readonly<Record<string, string>> = {
  'src/engine/effects/orphan-limits.ts': 'how far one clock is ahead of another, which may be less than nothing',
  'src/inspector/page/hub-state.ts': 'how far the clock of the hub is ahead of ours, which may be less than nothing',
};

/** A name of an instant, or a call that tells one, and what it belongs to. */
const PATH = String.raw`(?:this\.)?(?:[\w$]+\??\.)*#?`;
const NOW = String.raw`(?:nowMs(?:\(\))?|monotonicMs\(\)|Date\.now\(\)|performance\.now\(\))`;
const INSTANT = String.raw`(?:\w*[aA]tMs|(?:\w*[a-z])?(?:[sS]tart|[eE]nd|[fF]rom|[tT]o|[fF]irst|[lL]ast|[sS]ince)Ms|${NOW})`;
const DIFFERENCE = new RegExp(`(?<![\\w$.#])(${PATH}${INSTANT})\\s-\\s(${PATH}${INSTANT})(?![\\w$(])`, 'g');
const IS_NOW = new RegExp(`${NOW}$`);

/** Differences of two instants in the shipped source that are made by hand. */
export function handMadeSpans(files: readonly SourceFile[]): Violation[] {
  return files.filter(({ path }) => isChecked(path) && OTHERS[path] === undefined).flatMap(differences);
}

/** Files that are named as exceptions and subtract no instants, or are not there any more. */
export function idleSpanExceptions(files: readonly SourceFile[]): string[] {
  return Object.keys(OTHERS).filter((path) => {
    const file = files.find((each) => each.path === path);
    return file === undefined || differences(file).length === 0;
  });
}

function isChecked(path: string): boolean {
  return /^(?:src|machines)\//.test(path) && path !== MAKER;
}

function differences({ path, text }: SourceFile): Violation[] {
  return [...maskSource(text).code.matchAll(DIFFERENCE)].flatMap((match) => {
    const [, later = '', earlier = ''] = match;
    const isOrder = later.startsWith('a.') && earlier === `b.${later.slice(2)}`;
    const isLeft = IS_NOW.test(earlier) && !IS_NOW.test(later);
    if (isOrder || isLeft) return [];
    const message = `subtracts two instants: spanMs of ${MAKER} does, and never comes to less than nothing`;
    return [{ path, line: lineOf(text, match.index), message }];
  });
}
