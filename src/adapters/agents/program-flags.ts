/**
 * The flags of a program, as its help names them (pure).
 *
 * Owns: reading help texts of the common kinds (commander, yargs, clap, argparse, pflag). Does not own: asking for them (probe-program).
 *
 * Invariant: 1. A flag counts where help defines or uses it: at the beginning of a line, or in a usage line. One that is only spoken of does not.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: styles in a terminal are made of them
const STYLES = /\u001B\[[0-9;]*m|.\u0008/g;
const FLAG = /(?<=^|[\s,|/(]|(?<!\w)\[)--?(?:\[no-\])?[A-Za-z0-9?][\w.:-]*(?:\[-[\w-]+\])?/g;

/** Every flag that the texts define, dashes included. */
export function flagsOf(helpTexts: readonly string[]): ReadonlySet<string> {
  const flags = new Set<string>();
  for (const text of helpTexts) {
    let isUsage = false;
    for (const line of text.replace(STYLES, '').split(/\r?\n/)) {
      const words = line.trim();
      isUsage = /^usage\b/i.test(words) || (isUsage && words !== '');
      const part = words.startsWith('-') ? definitionOf(words) : isUsage ? words : '';
      for (const [flag] of part.matchAll(FLAG)) for (const name of namesOf(flag)) flags.add(name);
    }
  }
  return flags;
}

/** The line up to its description, which begins after a gap. */
function definitionOf(words: string): string {
  const columns = words.split(/\s{2,}|\t/);
  const end = columns.findIndex((column) => !column.startsWith('-'));
  return columns.slice(0, end === -1 ? columns.length : end).join(' ');
}

/** `--[no-]color` and `--prompt[-file]` are two flags each. */
function namesOf(flag: string): readonly string[] {
  const name = flag.replace(/[.:-]+$/, '');
  const [, before, part, after] = /^(.*)\[(.+)\](.*)$/.exec(name) ?? [];
  return part === undefined ? [name] : [`${before}${after}`, `${before}${part}${after}`];
}

/** The flags among `args` that are in none of `known`, each once; what follows `--` is no flag. */
export function flagsBeyond(args: readonly string[], known: readonly ReadonlySet<string>[]): string[] {
  const isKnown = (flag: string): boolean => known.some((flags) => flags.has(flag));
  const unknown = new Set<string>();
  for (const argument of args) {
    if (argument === '--') break;
    const flag = /^(?:--[A-Za-z0-9][^=\s]*|-[A-Za-z?][^=\s]*)/.exec(argument)?.[0];
    if (flag === undefined || isKnown(flag)) continue;
    // A short flag may have its value, or further short flags, attached.
    if (!flag.startsWith('--') && flag.length > 2 && isKnown(flag.slice(0, 2))) continue;
    unknown.add(flag);
  }
  return [...unknown];
}
