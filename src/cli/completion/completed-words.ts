/**
 * What can stand where on the command line of `pawl`, as a completion script needs it.
 *
 * Owns: reading that from the command table. Does not own: the table (cli/command-table), the scripts (a file for each shell).
 *
 * Invariant: what the table does not say is not guessed: such a place is completed with nothing.
 */
import type { Option } from 'commander';
import { DECISIONS } from '../../model/command.ts';
import { PURPOSES } from '../../model/limits.ts';
import { AGENT_KINDS } from '../../model/turn.ts';
import type { CommandEntry } from '../program.ts';

/** The shells that there are scripts for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** Such a shell. */
export type Shell = (typeof SHELLS)[number];

/** What completes a place: names of files or folders, these words, the runs of the registry; `none`: nothing is known. */
export type Source =
  | { readonly kind: 'files' | 'folders' | 'runs' | 'none' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

/** An option, by all of its names. */
export interface CompletedOption {
  readonly names: readonly string[];
  readonly description: string;
  /** What its value is; null: it takes none. */
  readonly value: Source | null;
  readonly isRepeatable: boolean;
}

/** A command. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly places: readonly Source[];
  /** The last place can be filled again and again. */
  readonly isVariadic: boolean;
}

/** All that can be completed. */
export interface CompletedProgram {
  readonly commands: readonly CompletedCommand[];
  /** Options of every command. */
  readonly options: readonly CompletedOption[];
}

const flag = (names: readonly string[], description: string): CompletedOption => ({
  names,
  description,
  value: null,
  isRepeatable: false,
});

/** As cli/program has them. */
const COMMON: readonly CompletedOption[] = [
  flag(['--json'], 'one JSON document on stdout and nothing else there'),
  { ...flag(['--registry'], 'where runs are kept'), value: { kind: 'folders' } },
  { ...flag(['--config'], 'the config'), value: { kind: 'files' } },
  flag(['--version', '-V'], 'prints the version'),
  flag(['--help', '-h'], 'prints the help'),
];

/** What the table's commands can be completed with; commands that are not for people are left out. */
export function completedProgram(table: readonly CommandEntry[]): CompletedProgram {
  const shown = table.filter(({ json }) => json !== null);
  const names = shown.map(nameOf);
  const help: CompletedCommand = {
    name: 'help',
    description: 'prints the help of a command',
    options: [],
    places: [{ kind: 'words', words: names }],
    isVariadic: false,
  };
  return { commands: [...shown.map(commandOf), help], options: COMMON };
}

function nameOf({ usage }: CommandEntry): string {
  return usage.split(' ')[0] ?? '';
}

function commandOf(entry: CommandEntry): CompletedCommand {
  const [, ...args] = entry.usage.split(' ');
  const places = args.map((arg) => arg.replace(/[<>[\].]/g, ''));
  return {
    name: nameOf(entry),
    description: entry.description,
    options: entry.options.filter(({ hidden }) => !hidden).map(optionOf),
    places: places.map((place, at) => sourceOfPlace(place, places[at - 1] ?? null)),
    isVariadic: args.at(-1)?.includes('...') === true,
  };
}

const RUN_PLACES: readonly string[] = ['run', 'runId', 'runIds'];

function sourceOfPlace(place: string, before: string | null): Source {
  if (RUN_PLACES.includes(place)) return { kind: 'runs' };
  if (place === 'packets') return { kind: 'files' };
  if (place === 'decision') return { kind: 'words', words: DECISIONS };
  if (place === 'shell') return { kind: 'words', words: SHELLS };
  // The task of a run can be named by its purpose; one of a packets file cannot.
  if (place === 'task' && before !== null && RUN_PLACES.includes(before)) return { kind: 'words', words: PURPOSES };
  return place.includes('|') ? { kind: 'words', words: place.split('|') } : { kind: 'none' };
}

function optionOf(option: Option): CompletedOption {
  const takesValue = option.required || option.optional;
  return {
    names: [option.long, option.short].filter((name) => name !== undefined),
    description: option.description,
    value: takesValue ? sourceOfValue(option) : null,
    isRepeatable: option.description.includes('may be given several times'),
  };
}

function sourceOfValue({ argChoices, flags, long }: Option): Source {
  if (argChoices !== undefined) return { kind: 'words', words: argChoices };
  if (long === '--agent' || long === '--probe') return { kind: 'words', words: AGENT_KINDS };
  const [, named] = /[<[]([^>\]]*)[>\]]/.exec(flags) ?? [];
  if (named === 'file') return { kind: 'files' };
  return { kind: named === 'folder' || named === 'dir' ? 'folders' : 'none' };
}
