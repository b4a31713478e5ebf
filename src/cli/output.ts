/**
 * How a command speaks: one JSON document or lines on stdout, everything else on stderr.
 *
 * Owns: stdout and stderr, colours, the rendering of errors, exit codes. Does not own: what is said.
 * Free of zod and xstate: `status` starts with it.
 *
 * Invariant: with --json, stdout holds one JSON document and nothing else.
 */
import { createColors } from 'picocolors';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, type ExitCode } from '../model/error-codes.ts';
import { systemFailure } from '../store/store-errors.ts';

/** stdout and stderr of one command. */
export class Output {
  readonly isJson: boolean;
  /** For what goes to stdout. */
  readonly colour = createColors(isColoured(process.stdout, process.env));
  /** For what goes to stderr, which may be a terminal when stdout is not. */
  readonly logColour = createColors(isColoured(process.stderr, process.env));

  constructor(isJson: boolean) {
    this.isJson = isJson;
  }

  /** A line of the result; not shown with --json. */
  line(text = ''): void {
    if (!this.isJson) process.stdout.write(`${text}\n`);
  }

  /** The result as data; shown with --json only. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** One line of NDJSON, for results that never end. */
  ndjson(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A line about what is going on. */
  log(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Shows the error and returns its exit code. */
  fail(error: unknown): ExitCode {
    const told = toldOf(error);
    const { red, bold, dim } = this.logColour;
    if (this.isJson) this.json({ error: told });
    this.log(`${red('error')} ${bold(told.code)}: ${told.message}`);
    if (told.subject !== '' && !told.message.includes(told.subject)) this.log(`  ${dim('what')}  ${told.subject}`);
    if (told.hint !== '') this.log(`  ${dim('next')}  ${told.hint}`);
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

/** The error as it is told: its code and its three sentences. */
export function toldOf(error: unknown): Pick<PawlError, 'code' | 'message' | 'subject' | 'hint'> {
  const failure = systemFailure(error);
  if (failure instanceof PawlError) {
    const { code, message, subject, hint } = failure;
    return { code, message, subject, hint };
  }
  return {
    code: 'PAWL_BUG',
    message: error instanceof Error ? error.message : String(error),
    subject: '',
    hint: 'This is a defect of Pawl. Start it again: what is recorded stands; please report what is shown here.',
  };
}

/** The exit code of an error. */
export function exitCodeOfError(error: unknown): ExitCode {
  return ERROR_CODES[toldOf(error).code];
}
