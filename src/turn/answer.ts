/**
 * What a worker's answer says: the one parser that host, runner and inspector share.
 *
 * Owns: checking and bounding an answer.
 * Does not own: cleaning a text (base/sanitise), finding and copying the answer's bytes (worker/answer-file), what it means for the task (turn/conclusion).
 *
 * Invariants: 1. Every text that leaves this file is bounded and free of control characters (L9). 2. The reason of an invalid answer
 * names keys and never quotes content.
 */
import { isObject } from '../base/canonical-json.ts';
import { sanitise, sanitiseTail } from '../base/sanitise.ts';
import { BOUNDS, type Purpose } from '../model/limits.ts';
import {
  type Answer,
  type CommandRun,
  CRITERION_STATUSES,
  type CriterionVerdict,
  type Finding,
  type Verdict,
} from '../model/request.ts';
import { encode } from './task-files.ts';

/** The result of reading a worker's answer; a reason is part of a sentence that continues after `its answer is not valid:`. */
export type AnswerReading =
  | { readonly kind: 'valid'; readonly answer: Answer }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Thrown and caught inside this file: what is wrong with the answer. */
class Flaw extends Error {}

/** The worker's answer, checked against the contract and bounded; unknown keys are dropped. */
export function readAnswer(bytes: Uint8Array | null, purpose: Purpose): AnswerReading {
  if (bytes === null) return { kind: 'missing' };
  try {
    checkSize(bytes);
    const answer = checkAnswer(parseJson(bytes), purpose);
    // Masking can lengthen a text, and the validated copy must be readable again.
    checkSize(encode(answer));
    return { kind: 'valid', answer };
  } catch (error) {
    if (error instanceof Flaw) return { kind: 'invalid', reason: error.message };
    throw error;
  }
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.byteLength <= BOUNDS.answerBytes) return;
  throw new Flaw(`it has ${bytes.byteLength} bytes; the limit is ${BOUNDS.answerBytes}`);
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) throw new Flaw('the file is empty');
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    // The parser's own message quotes the content, which is the worker's output.
    if (error instanceof SyntaxError) throw new Flaw('it is not valid JSON');
    if (error instanceof TypeError) throw new Flaw('it is not valid UTF-8');
    throw error;
  }
}

function checkAnswer(value: unknown, purpose: Purpose): Answer {
  if (!isObject(value)) throw new Flaw('it is not a JSON object');
  if (value.v !== undefined && value.v !== null && value.v !== 1) throw new Flaw('`v` is not 1');
  const status = oneOf(value.status, ['completed', 'failed', 'blocked'] as const, 'status');
  const verdict = isAbsent(value.verdict) ? null : checkVerdict(value.verdict);
  if (verdict === null && status === 'completed' && isGate(purpose)) {
    throw new Flaw(`a completed ${purpose} needs a \`verdict\``);
  }
  return {
    status,
    summary: textOf(value.summary, 'summary', BOUNDS.summaryChars),
    filesChanged: isAbsent(value.filesChanged)
      ? []
      : listOf(value.filesChanged, 'filesChanged', BOUNDS.filesListed, (file, at) =>
          textOf(file, at, BOUNDS.findingChars),
        ),
    verdict,
    problem: isAbsent(value.problem) ? null : checkProblem(value.problem),
    commands: purpose === 'verification' || purpose === 'setup' ? readCommands(value.commands) : [],
  };
}

function checkVerdict(value: unknown): Verdict {
  if (!isObject(value)) throw new Flaw('`verdict` is not an object');
  const criteria = readCriteria(value.criteria);
  return {
    status: oneOf(value.status, ['PASS', 'FAIL', 'BLOCKED'] as const, 'verdict.status'),
    findings: listOf(value.findings, 'verdict.findings', BOUNDS.findings, checkFinding),
    summary: textOf(value.summary, 'verdict.summary', BOUNDS.summaryChars),
    ...(criteria.length === 0 ? {} : { criteria }),
  };
}

/** Nothing depends on them, so no verdict is refused because of their form: an invalid one is skipped, an unknown status counts as unclear. */
function readCriteria(value: unknown): readonly CriterionVerdict[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, BOUNDS.criteria).flatMap((each: unknown): readonly CriterionVerdict[] => {
    if (!isObject(each) || typeof each.criterion !== 'string') return [];
    const evidence = typeof each.evidence === 'string' ? sanitise(each.evidence, BOUNDS.findingChars) : '';
    const status = CRITERION_STATUSES.find((known) => known === each.status) ?? 'unclear';
    return [{ criterion: sanitise(each.criterion, BOUNDS.findingChars), status, evidence }];
  });
}

function checkFinding(value: unknown, at: string): Finding {
  if (!isObject(value)) throw new Flaw(`\`${at}\` is not an object`);
  const { file, line } = value;
  if (!isAbsent(line) && !(typeof line === 'number' && Number.isSafeInteger(line) && line >= 0)) {
    throw new Flaw(`\`${at}.line\` is not a line number`);
  }
  return {
    severity: textOf(value.severity, `${at}.severity`, 100),
    message: textOf(value.message, `${at}.message`, BOUNDS.findingChars),
    ...(isAbsent(file) ? {} : { file: textOf(file, `${at}.file`, BOUNDS.findingChars) }),
    ...(typeof line === 'number' ? { line } : {}),
  };
}

function checkProblem(value: unknown): { code: string; message: string } {
  if (!isObject(value)) throw new Flaw('`problem` is not an object');
  return {
    code: textOf(value.code, 'problem.code', 100),
    message: textOf(value.message, 'problem.message', BOUNDS.findingChars),
  };
}

/** Our verification worker's list. From anyone else `commands` is an unknown key, so a different shape is not an error. */
function readCommands(value: unknown): CommandRun[] {
  if (!Array.isArray(value)) return [];
  const runs: CommandRun[] = [];
  for (const run of value) {
    if (!isObject(run) || !Array.isArray(run.argv) || !run.argv.every((word) => typeof word === 'string')) return [];
    const { exitCode, signal, durationMs, outputTail } = run;
    if (exitCode !== null && !Number.isSafeInteger(exitCode)) return [];
    if (signal !== null && typeof signal !== 'string') return [];
    if (typeof durationMs !== 'number' || typeof outputTail !== 'string') return [];
    runs.push({
      argv: run.argv.map((word: string) => sanitise(word, BOUNDS.findingChars)),
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      signal: signal === null ? null : sanitise(signal, 40),
      durationMs,
      outputTail: sanitiseTail(outputTail, BOUNDS.outputTailChars),
    });
  }
  return runs;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** True when the purpose ends in a verdict. */
export function isGate(purpose: Purpose): boolean {
  return purpose === 'verification' || purpose === 'review';
}

function textOf(value: unknown, at: string, charsMax: number): string {
  if (typeof value !== 'string') throw new Flaw(`\`${at}\` is ${value === undefined ? 'missing' : 'not a string'}`);
  return sanitise(value, charsMax);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], at: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Flaw(`\`${at}\` is not one of ${allowed.join(', ')}`);
  return found;
}

function listOf<T>(value: unknown, at: string, countMax: number, check: (item: unknown, at: string) => T): T[] {
  if (!Array.isArray(value)) throw new Flaw(`\`${at}\` is ${value === undefined ? 'missing' : 'not a list'}`);
  return value.slice(0, countMax).map((item, index) => check(item, `${at}[${index}]`));
}
