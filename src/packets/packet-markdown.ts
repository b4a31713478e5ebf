/**
 * A work item in Markdown, as people and issue trackers write it, read as the draft of a packet.
 *
 * Owns: which heading means which part, what a list, a paragraph and a code block come to (pure). Does not own: the draft (packets/packet-draft).
 *
 * Invariants: 1. No text is lost: what stands under a heading that means no part is an instruction, heading and all. 2. What a reader of the
 * rendered page does not see is not part of the packet (comments), or is written out (characters that turn the direction of a text).
 */
import { legible } from '../base/sanitise.ts';
import { EMPTY_DRAFT, type PacketDraft } from './packet-draft.ts';

type Part =
  | 'goal'
  | 'scope'
  | 'nonGoals'
  | 'acceptance'
  | 'instructions'
  | 'verification'
  | 'criteria'
  | 'surface'
  | 'taskId'
  | 'repo'
  | 'issue'
  | 'branch'
  | 'base'
  | 'agent';

/** Headings by the part that they mean, in lower case. */
const HEADINGS: ReadonlyMap<string, Part> = new Map([
  ...named('goal', 'goal', 'summary'),
  ...named('scope', 'scope', 'in scope'),
  ...named('nonGoals', 'non goals', 'out of scope', 'not in scope'),
  ...named('acceptance', 'acceptance', 'acceptance criteria', 'definition of done', 'done when'),
  ...named('instructions', 'instructions', 'instruction', 'implementation', 'steps', 'tasks', 'what to do'),
  ...named('verification', 'verification', 'verify', 'tests', 'testing', 'how to verify', 'how to test'),
  ...named('criteria', 'review', 'review criteria'),
  ...named('surface', 'surface', 'conflict surface', 'files', 'paths'),
  ...named('taskId', 'task', 'task id', 'id'),
  ...named('repo', 'repo', 'repository'),
  ...named('issue', 'issue', 'issue number'),
  ...named('branch', 'branch'),
  ...named('base', 'base', 'base branch'),
  ...named('agent', 'agent'),
]);

function named(part: Part, ...headings: readonly string[]): readonly (readonly [string, Part])[] {
  return headings.map((heading) => [heading, part]);
}

interface Section {
  readonly heading: string;
  readonly part: Part | null;
  readonly lines: string[];
}

/** The draft that the text comes to. `isCommand`: whether a text that is not marked as code is a command all the same. */
export function draftOfMarkdown(text: string, isCommand: (text: string) => boolean): PacketDraft {
  const { title, sections } = sectionsOf(plain(text));
  const of = (part: Part): readonly Block[] =>
    sections.filter((section) => section.part === part).flatMap(({ lines }) => blocksOf(lines));
  const texts = (part: Part): readonly string[] => of(part).map(({ text: said }) => said);
  const first = (part: Part): string | null => bare(texts(part)[0] ?? '') || null;
  const loose = sections.filter(({ part }) => part === null).map(looseText);
  const { commands, expectations } = checksIn(of('verification'), isCommand);
  return {
    ...EMPTY_DRAFT,
    taskId: first('taskId'),
    repo: first('repo'),
    issue: first('issue'),
    branch: first('branch'),
    base: first('base'),
    agent: first('agent'),
    goal:
      [texts('goal').join('\n\n') || (title ?? ''), ...texts('scope')].filter((each) => each !== '').join('\n\n') ||
      null,
    nonGoals: texts('nonGoals'),
    acceptance: texts('acceptance'),
    instructions: [...loose.filter((each) => each !== ''), ...texts('instructions')],
    commands,
    expectations,
    criteria: texts('criteria'),
    surface: of('surface').flatMap(pathsIn),
  };
}

/** Without what a rendered page does not show. */
function plain(text: string): string {
  return legible(text).replace(FENCE_OR_COMMENT, (found) => (found.startsWith('<!--') ? '' : found));
}

/** A block of code, which is shown with all that is in it, or a comment, which is not. */
const FENCE_OR_COMMENT = /(?<=^|\n) {0,3}(`{3,}|~{3,})[\s\S]*?(?:\n {0,3}\1[`~]*[ \t]*(?=\n)|$)|<!--[\s\S]*?(?:-->|$)/g;

function sectionsOf(text: string): { readonly title: string | null; readonly sections: readonly Section[] } {
  let title: string | null = null;
  const sections: Section[] = [{ heading: '', part: null, lines: [] }];
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? null;
    const above = sections.at(-1)?.lines ?? [];
    const underlined = fence === null ? underlinedHeading(above, line) : null;
    if (underlined !== null) above.pop();
    const heading = fence === null ? (underlined ?? headingIn(line)) : null;
    if (fence === null) fence = mark;
    else if (mark?.startsWith(fence) === true) fence = null;
    if (heading === null) {
      sections.at(-1)?.lines.push(line);
      continue;
    }
    const part = HEADINGS.get(headingWords(heading.text)) ?? null;
    if (heading.level === 1 && part === null && title === null) title = heading.text;
    else sections.push({ heading: heading.text, part, lines: [] });
  }
  return { title, sections };
}

interface Heading {
  readonly level: number;
  readonly text: string;
}

/** The line above, where this one underlines it and it is a paragraph by itself. */
function underlinedHeading(above: readonly string[], line: string): Heading | null {
  const [, rule] = /^ {0,3}(=+|-+)[ \t]*$/.exec(line) ?? [];
  const text = above.at(-1) ?? '';
  const isParagraph = /^ {0,3}\S/.test(text) && !/^ {0,3}(?:[-*+>|]|\d{1,9}[.)])(?:\s|$)/.test(text);
  if (rule === undefined || !isParagraph || (above.at(-2) ?? '').trim() !== '') return null;
  return { level: rule.startsWith('=') ? 1 : 2, text: text.trim() };
}

/** A heading in small letters, without emphasis and a colon; hyphens are blanks. */
function headingWords(text: string): string {
  return text
    .replace(/[*_`]/g, '')
    .toLowerCase()
    .replace(/[:\s]+$/, '')
    .replaceAll('-', ' ')
    .trim();
}

function headingIn(line: string): Heading | null {
  const [, marks = '', text = ''] = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/.exec(line) ?? [];
  return marks === '' || text === '' ? null : { level: marks.length, text };
}

/** One entry of a section. */
interface Block {
  readonly kind: 'item' | 'paragraph' | 'code';
  readonly text: string;
}

/** Columns by which an entry of a list is part of the one above it. */
const NESTED_INDENT = 2;

function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: { kind: Block['kind']; lines: string[] }[] = [];
  let fence: string | null = null;
  let isOpen = false;
  let itemIndent = 0;
  for (const line of lines) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? null;
    if (fence !== null) {
      if (mark?.startsWith(fence) === true) fence = null;
      else blocks.at(-1)?.lines.push(line);
      continue;
    }
    if (mark !== null) {
      fence = mark;
      isOpen = false;
      blocks.push({ kind: 'code', lines: [] });
      continue;
    }
    const [, lead = '', item] = /^([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(.*)$/.exec(line) ?? [];
    const isBelowItem = blocks.at(-1)?.kind === 'item';
    const isNested = isBelowItem && lead.length >= itemIndent + NESTED_INDENT;
    if (item !== undefined && !isNested) {
      itemIndent = lead.length;
      blocks.push({ kind: 'item', lines: [item.replace(/^\[[ xX]\][ \t]+/, '')] });
    } else if (line.trim() === '') isOpen = false;
    else if (isOpen || (/^\s/.test(line) && isBelowItem)) blocks.at(-1)?.lines.push(line.trim());
    else blocks.push({ kind: 'paragraph', lines: [line.trim()] });
    if (line.trim() !== '') isOpen = true;
  }
  return blocks
    .map((block) => ({ kind: block.kind, text: block.lines.join('\n').trim() }))
    .filter(({ text }) => text !== '');
}

/** What stands under a heading that means no part, as it was written. */
function looseText({ heading, lines }: Section): string {
  const body = lines.join('\n').trim();
  if (heading === '') return body;
  return `${heading}:\n${body}`.trim();
}

function checksIn(
  blocks: readonly Block[],
  isCommand: (text: string) => boolean,
): { readonly commands: readonly string[]; readonly expectations: readonly string[] } {
  const commands: string[] = [];
  const expectations: string[] = [];
  for (const { kind, text } of blocks) {
    const code = /^`([^`]+)`[.;,]?$/.exec(text)?.[1];
    if (kind === 'code') commands.push(...commandLines(text));
    else if (code !== undefined) commands.push(code.trim());
    else if (isCommand(text)) commands.push(text);
    else expectations.push(text);
  }
  return { commands, expectations };
}

/** The commands of a code block: its lines, without prompts and comments. */
function commandLines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replace(/^\$[ \t]+/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The paths that an entry names: what it marks as code, else where it links to, else the whole of an item, else a list with commas. */
function pathsIn({ kind, text }: Block): readonly string[] {
  const marked = Array.from(text.matchAll(/`([^`]+)`/g), (match) => match[1]?.trim() ?? '');
  if (marked.length > 0) return marked;
  const linked = Array.from(text.matchAll(LINK), ([, shown = '', target = '']) => pathOfLink(shown, target));
  if (linked.length > 0) return linked;
  const parts = kind === 'item' ? [text] : text.split(/[,\n]/);
  return parts.map((part) => part.trim().replace(REMARK, '')).filter((part) => part !== '');
}

const LINK = /\[([^\]]+)\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)/g;
/** What is said of a path behind it, as in `src/a.js – the parser` or `src/a.js (new)`. */
const REMARK = /(?<=\S)(?:\s+[–—-]\s.*|:\s.*|\s+\([^()]*\))$/su;

/** A link to a page of a forge shows the path; one within the repository is it. */
function pathOfLink(shown: string, target: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('#')
    ? shown.trim()
    : target.replace(/^\.\//, '').replace(/#.*$/, '');
}

/** The first line, without marks of code around it. */
function bare(text: string): string {
  return (text.split('\n')[0] ?? '').trim().replace(/^`([^`]*)`$/, '$1');
}
