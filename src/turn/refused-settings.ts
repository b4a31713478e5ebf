/**
 * Settings that agents refuse when they start, recognised by the words with which each agent says so.
 *
 * Owns: that table: the words, the setting that they are about, what to do. Does not own: where an agent says it (adapters/agents), what it means for the task
 * (turn/turn-conclusion).
 *
 * Invariants: 1. Pure and total. 2. Words about a login, a limit or a session are in no row: those have results of their own. 3. An agent that has worked has refused
 * nothing: its words are then about something else, unless a row says that it continues nevertheless.
 */

/** A setting that was refused. */
export interface RefusedSetting {
  /** As the config names it, or in words if it is not a setting of the config. */
  readonly name: string;
  /** What to do about it. */
  readonly hint: string;
}

interface Row {
  readonly words: RegExp;
  /** Fixed, or taken from the flag that the words name. */
  readonly setting: RefusedSetting | ((flag: string) => RefusedSetting);
  /** The agent says so and continues, under other rules than requested. */
  readonly goesOn?: true;
}

const MODEL: RefusedSetting = {
  name: 'model',
  hint: 'Set the agent\'s "model" to one that it knows, or omit it to use the agent\'s default; then retry: no attempt was used.',
};
const MODE: RefusedSetting = {
  name: 'nativeMode',
  hint: 'Set the agent\'s "nativeMode" to a mode that it offers, or omit it; then retry: no attempt was used.',
};
const BYPASS: RefusedSetting = {
  name: 'permission "bypass"',
  hint: 'Set the agent\'s "permission" to "edit", or remove what forbids bypass: Claude Code refuses bypass to root unless IS_SANDBOX is 1. Then retry: no attempt was used.',
};
const TRUST: RefusedSetting = {
  name: 'trust in the folder',
  hint: 'Trust the repository folder in the agent itself, or add its flag for that to extraArgs; then retry: no attempt was used.',
};
const OWN_CONFIG: RefusedSetting = {
  name: "the agent's own configuration",
  hint: 'Correct the named file or variable; then retry: no attempt was used.',
};
const OWN_MODE: RefusedSetting = {
  name: "the agent's mode",
  hint: 'Set the agent\'s "nativeMode" to a mode that it offers, or accept the one that it starts in with "acceptsOwnMode"; then retry: no attempt was used.',
};

const MODE_FLAGS = /^-*(?:permission-mode|approval-mode|mode|sandbox|agent|a|s)$/;
const MODEL_FLAGS = /^-*(?:model|m)$/;

function ofFlag(flag: string): RefusedSetting {
  if (MODE_FLAGS.test(flag)) return MODE;
  if (MODEL_FLAGS.test(flag)) return MODEL;
  const name = `--${flag.replace(/^-+/, '')}`;
  return {
    name,
    hint: `Remove ${name} from the agent's extraArgs, or install a version that accepts it; then retry: no attempt was used.`,
  };
}

const FIXED: readonly RefusedSetting[] = [MODEL, MODE, BYPASS, TRUST, OWN_CONFIG, OWN_MODE];

/** What to do about the refused setting of that name; null for a name that is in no row. */
export function settingHint(name: string): string | null {
  if (name.startsWith('--')) return ofFlag(name).hint;
  return FIXED.find((setting) => setting.name === name)?.hint ?? null;
}

/** The first row that matches counts. A group named `flag` is the flag that the words are about. */
const ROWS: readonly Row[] = [
  { words: /cannot be used with root|root\/sudo privileges/i, setting: BYPASS },
  { words: /(?:bypass\w*|yolo|auto) mode\b.{0,40}\b(?:disabled|not allowed)/i, setting: BYPASS },
  { words: /requires (?<flag>--[a-z][\w-]*)\s*$/im, setting: ofFlag },
  { words: /not (?:running |inside |in )+a trusted (?:directory|folder)/i, setting: TRUST },
  {
    words: /\b(?:folder|directory|workspace) is (?:not trusted|untrusted)|untrusted (?:folder|directory|workspace)/i,
    setting: TRUST,
  },
  { words: /invalid value '[^']*' for '(?<flag>-{1,2}[\w-]+)/i, setting: ofFlag },
  { words: /option '(?:-\w, )?(?<flag>-{1,2}[\w-]+)[^']*' argument .* is invalid/i, setting: ofFlag },
  { words: /^\s*Argument: (?<flag>[\w-]+), Given: /im, setting: ofFlag },
  {
    words: /^(?:error: )?(?:unknown|unrecognized) (?:option|argument|flag)s?:? '?(?<flag>-*[\w-]+)/im,
    setting: ofFlag,
  },
  { words: /^error: unexpected argument '(?<flag>-{1,2}[\w-]+)/im, setting: ofFlag },
  { words: /agent "[^"]*" not found/i, setting: MODE, goesOn: true },
  { words: /offers no model "/, setting: MODEL },
  { words: /offers no mode "|unknown (?:session )?mode\b|invalid (?:session )?mode\b/i, setting: MODE },
  { words: /acceptsOwnMode/, setting: OWN_MODE },
  {
    words:
      /ModelNotFound|issue with the selected model|(?:unknown|invalid) model\b|\bmodel\b.{0,80}(?:not found|does not exist|not exist\b|is not supported)/i,
    setting: MODEL,
  },
  {
    words:
      /configuration is invalid at|^error loading config|^(?:error: )?(?:invalid mcp configuration|settings file not found)/im,
    setting: OWN_CONFIG,
  },
];

/** The setting that these words of an agent refuse, null when they are about something else. `toolCalls`: what it had done until then. */
export function refusedSetting(words: string, toolCalls = 0): RefusedSetting | null {
  for (const row of ROWS) {
    const found = row.words.exec(words);
    if (found === null || (toolCalls > 0 && row.goesOn !== true)) continue;
    return typeof row.setting === 'function' ? row.setting(found.groups?.flag ?? '') : row.setting;
  }
  return null;
}

/** The first of the lines that refuses a setting, null when none does. */
export function refusingLine(lines: readonly string[]): string | null {
  return lines.find((line) => refusedSetting(line) !== null) ?? null;
}
