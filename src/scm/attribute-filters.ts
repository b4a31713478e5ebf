/**
 * Which filters a file of git attributes asks for.
 *
 * Owns: reading its lines. Does not own: which files count, and whether a filter is there (adapters/git/repository-filters).
 */

/** One line that asks for a filter. */
export interface FilterUse {
  readonly filter: string;
  /** As the file has it; of a macro its definition. */
  readonly pattern: string;
  /** From 1. */
  readonly line: number;
}

/** A quoted pattern, or one without blanks; then the attributes. */
const LINE = /^(?<pattern>"(?:[^"\\]|\\.)*"|\S+)(?<attributes>.*)$/;

/** The lines of a `.gitattributes` that ask for a filter, a macro's definition among them. */
export function filtersIn(text: string): readonly FilterUse[] {
  return text.split('\n').flatMap((raw, index): FilterUse[] => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    const { pattern = '', attributes = '' } = LINE.exec(line)?.groups ?? {};
    const filter = attributes
      .split(/\s+/)
      .findLast((word) => /^[-!]?filter(?:=|$)/.test(word))
      ?.replace(/^filter=/, '');
    const isAsked = filter !== undefined && filter !== '' && !/^[-!]?filter$/.test(filter);
    return isAsked ? [{ filter, pattern, line: index + 1 }] : [];
  });
}
