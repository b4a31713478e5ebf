/**
 * The words of a command that only reads: options and operands, and what they name as paths.
 *
 * Owns: telling them apart. Does not own: which are harmless (turn/commands/looking-programs, turn/commands/looking-git).
 */

/** Whether a path is one that may be read. */
export type PathCheck = (path: string) => boolean;

/** Whether a program with these arguments only reads. */
export type LookingRule = (args: readonly string[], isInside: PathCheck) => boolean;

/** Options and operands; what follows `--` is not an option. */
export function sorted(args: readonly string[]): {
  readonly options: readonly string[];
  readonly operands: readonly string[];
} {
  const end = args.indexOf('--');
  const head = end === -1 ? args : args.slice(0, end);
  const isOption = (arg: string): boolean => arg.startsWith('-') && arg !== '-';
  return {
    options: head.filter(isOption),
    operands: [...head.filter((arg) => !isOption(arg)), ...(end === -1 ? [] : args.slice(end + 1))],
  };
}

/** True when the path that an option names, if any, is inside. */
export function optionIsInside(option: string, isInside: PathCheck): boolean {
  const value = /^--?[^=]*=(.*)$/s.exec(option)?.[1] ?? /^-[^-/]*(\/.*)$/s.exec(option)?.[1];
  return value === undefined || isInside(value);
}

/** True when a long option is one of `names`, or the beginning of one: programs accept both. */
export function isLongOption(option: string, names: readonly string[]): boolean {
  const name = /^--([\w-]+)/.exec(option)?.[1];
  return name !== undefined && names.some((one) => one.startsWith(name));
}
