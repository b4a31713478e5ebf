/**
 * How a command speaks: one JSON document or lines on stdout, everything else on stderr.
 *
 * Owns: stdout and stderr, colours, the rendering of errors, exit codes. Does not own: what is said.
 * Free of zod and xstate: `status` starts with it.
 *
 * Invariant: with --json, stdout holds one JSON document and nothing else.
 */
import { createColors } from 'picocolors';
import { messageOf } from '../base/error-text.ts';
import { sanitise } from '../base/sanitise.ts';
import { visible, visibleJson } from '../base/visible.ts';
import type { Action, ActionKind } from '../model/action.ts';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, type ExitCode } from '../model/error-codes.ts';
import { completed } from '../run/error-actions.ts';
import { systemFailure } from '../store/store-errors.ts';

const TOLD_CHARS_MAX = 4_000;

/** From the word that says what a command is for to the command. */
const WORD_COLUMNS = 10;

/** stdout and stderr of one command. */
export class Output {
  readonly isJson: boolean;
  readonly options: readonly string[];
  /** For what goes to stdout. */
  readonly colour = createColors(isColoured(process.stdout, process.env));
  /** For what goes to stderr, which may be a terminal when stdout is not. */
  readonly logColour = createColors(isColoured(process.stderr, process.env));

  /** `options`: those that name the registry and the config, for the commands that an error shows. */
  constructor(isJson: boolean, options: readonly string[] = []) {
    this.isJson = isJson;
    this.options = options;
  }

  /** A line of the result; not shown with --json. */
  line(text = ''): void {
    if (!this.isJson) process.stdout.write(`${text}\n`);
  }

  /** The result as data; shown with --json only. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${visibleJson(JSON.stringify(value, null, 2))}\n`);
  }

  /** One line of NDJSON, for results that never end. */
  ndjson(value: unknown): void {
    if (this.isJson) process.stdout.write(`${visibleJson(JSON.stringify(value))}\n`);
  }

  /** A line about progress. */
  log(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Shows the error and returns its exit code. */
  fail(error: unknown): ExitCode {
    const told = partsOf(error, this.options);
    const { red, bold, dim } = this.logColour;
    if (this.isJson) this.json({ error: errorReport(error, this.options) });
    this.log(`${red('error')} ${bold(told.code)}: ${told.message}`);
    if (told.subject !== '' && !told.message.includes(told.subject)) this.log(`  ${dim('what')}  ${told.subject}`);
    if (told.hint !== '') this.log(`  ${dim('next')}  ${told.hint}`);
    for (const line of actionLines(told.actions, dim)) this.log(`  ${line}`);
    if (told.code === 'PAWL_BUG' && error instanceof Error && error.stack !== undefined) this.log(dim(error.stack));
    return ERROR_CODES[told.code];
  }
}

/**
 * Are colours wanted on this stream? On a terminal, unless `NO_COLOR` says no; elsewhere only when `FORCE_COLOR` says so. A
 * build server's `CI` is no reason: its log is read by programs too.
 */
export function isColoured(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if ((env.NO_COLOR ?? '') !== '') return false;
  const forced = env.FORCE_COLOR ?? '';
  if (forced !== '') return forced !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/**
 * An error as data: its code and its three sentences; what can be run stands at the end of its hint, one command a line, with the `options`
 * that name the registry and the config.
 */
export function errorReport(
  error: unknown,
  options: readonly string[] = [],
): Pick<PawlError, 'code' | 'message' | 'subject' | 'hint'> {
  const { code, message, subject, hint, actions } = partsOf(error, options);
  const commands = actions.map((action) => action.command ?? action.label);
  return { code, message, subject, hint: [hint, ...commands].filter((line) => line !== '').join('\n') };
}

function partsOf(
  error: unknown,
  options: readonly string[],
): Pick<PawlError, 'code' | 'message' | 'subject' | 'hint' | 'actions'> {
  const failure = systemFailure(error);
  if (failure instanceof PawlError) {
    const { code, message, subject, hint } = failure;
    const actions = failure.actions.map((action) => completed(action, options));
    const name = visible(subject);
    const told = subject === '' ? message : message.replaceAll(subject, name);
    return { code, message: sanitise(told, TOLD_CHARS_MAX), subject: name, hint, actions };
  }
  return {
    code: 'PAWL_BUG',
    message: messageOf(error),
    subject: '',
    hint: 'This is a bug in Pawl; please report the output above. Starting again is safe: everything recorded is kept.',
    actions: [],
  };
}

/**
 * The actions as lines: each command whole and by itself, so that it can be copied; what is not a command as words. Commands that have the
 * same word (two runs can be abandoned, say) stand each below what it does.
 */
export function actionLines(actions: readonly Action[], dim: (text: string) => string): readonly string[] {
  const words = actions.map(({ kind, command }) => (command === null ? 'next' : (WORDS[kind] ?? kind)));
  return actions.flatMap(({ label, command }, at) => {
    const title = words[at] ?? '';
    const line = (text: string, before = title): string => `${dim(before.padEnd(WORD_COLUMNS))}${text}`;
    if (command === null) return [line(label)];
    const isAlone = words.indexOf(title) === words.lastIndexOf(title);
    return isAlone ? [line(command)] : [line(label), line(command, '')];
  });
}

const WORDS: Readonly<Partial<Record<ActionKind, string>>> = {
  waitForSurface: 'frees it',
  waitForAgent: 'run',
  configureAgent: 'run',
  inspect: 'look',
  intakeAgain: 'again',
  takeOver: 'assert',
  moveBranch: 'rename',
};

/** The exit code of an error. */
export function exitCodeOfError(error: unknown): ExitCode {
  return ERROR_CODES[errorReport(error).code];
}
