/**
 * What an installed agent is: its version, its bytes, its flags.
 *
 * Owns: asking the program, once in a process for every state of its file. Does not own: finding it (find-program), reading help (program-flags).
 *
 * Invariants: 1. Asking costs no model call and needs no login: version and help alone. 2. The program sees no variable but PATH, HOME and those that its adapter names.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../base/error-text.ts';
import { sanitiseTail } from '../../base/sanitise.ts';
import { blockerError } from '../../blockers/blocker-error.ts';
import { blocker } from '../../model/blocker.ts';
import type { PawlError } from '../../model/error.ts';
import type { AgentProgram } from '../../model/turn.ts';
import type { AgentAdapter } from '../../ports/agent-adapter.ts';
import { type BoundedCommand, type CommandOutcome, runBounded } from './bounded-command.ts';
import { flagsBeyond, flagsOf } from './program-flags.ts';

const PROBE_MS = 30_000;
const PROBE_BYTES = 1024 * 1024;
const TOLD_CHARS = 300;
/** Nothing of a project or of the user lies there that a program could take for its settings. */
const PROBE_FOLDER = '/';

/** An installed agent that answers. */
export interface ProbedProgram extends AgentProgram {
  /** Flags that its help names; null: they are not checked. */
  readonly flags: ReadonlySet<string> | null;
}

type Variables = Readonly<Record<string, string | undefined>>;

const known = new Map<string, Promise<ProbedProgram>>();

/**
 * The program at `path`, asked for its version and flags; a second time costs nothing while the file is the same.
 * Throws PAWL_AGENT_UNUSABLE when it does not answer as that agent does.
 */
export async function probeProgram(
  adapter: AgentAdapter,
  path: string,
  environment: Variables = process.env,
): Promise<ProbedProgram> {
  const key = await fileKey(adapter, path);
  const before = known.get(key);
  if (before !== undefined) return before;
  const probing = probe(adapter, path, environment);
  known.set(key, probing);
  try {
    return await probing;
  } catch (error) {
    // What failed once may go well the next time.
    known.delete(key);
    throw error;
  }
}

/** Flags among `args` (given without the prompt) that this program does not know, and its adapter neither. */
export function unknownFlags(adapter: AgentAdapter, program: ProbedProgram, args: readonly string[]): string[] {
  return program.flags === null ? [] : flagsBeyond(args, [program.flags, new Set(adapter.hiddenFlags)]);
}

async function fileKey(adapter: AgentAdapter, path: string): Promise<string> {
  try {
    const { size, mtimeNs, ino, dev } = await stat(path, { bigint: true });
    return [adapter.kind, path, size, mtimeNs, ino, dev].join('\n');
  } catch (error) {
    throw unusable(adapter, path, { reason: 'unreadable', said: messageOf(error) }, error);
  }
}

async function probe(adapter: AgentAdapter, path: string, environment: Variables): Promise<ProbedProgram> {
  const env = environmentOf(adapter, environment);
  const ask = (args: readonly string[]): Promise<string> => answerOf(adapter, { ...BOUNDED, path, args, env });
  const asked = await Promise.allSettled([
    adapter.versionArgs === null ? Promise.resolve('') : ask(adapter.versionArgs),
    hashOf(adapter, path),
    ...adapter.helpArgs.map(ask),
  ]);
  // All have ended by now: a failure leaves no process behind.
  const [versionText, sha256, ...helpTexts] = asked.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  if (versionText === undefined || sha256 === undefined) throw new Error('bug: a probe without an answer');
  const version = adapter.versionArgs === null ? 'unknown' : adapter.readVersion(versionText);
  if (version === null) {
    throw unusable(adapter, path, { reason: 'noVersion', said: toldOf(versionText) });
  }
  const flags = adapter.helpArgs.length === 0 ? null : flagsOf(helpTexts);
  if (flags?.size === 0) throw unusable(adapter, path, { reason: 'noFlags', said: toldOf(helpTexts.join('\n')) });
  return { path, version, sha256, flags };
}

const BOUNDED = { cwd: PROBE_FOLDER, timeMs: PROBE_MS, outputBytesMax: PROBE_BYTES } as const;

async function answerOf(adapter: AgentAdapter, command: BoundedCommand): Promise<string> {
  const outcome: CommandOutcome = await runBounded(command);
  const asked = command.args.join(' ');
  if (outcome.status === 'failed') {
    throw unusable(adapter, command.path, { reason: 'unanswered', asked, said: outcome.failure.slice(0, TOLD_CHARS) });
  }
  const text = `${outcome.stdout}\n${outcome.stderr}`;
  if (outcome.code === 0) return text;
  throw unusable(adapter, command.path, { reason: 'exit', asked, exitCode: outcome.code, said: toldOf(text) });
}

async function hashOf(adapter: AgentAdapter, path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw unusable(adapter, path, { reason: 'unreadable', said: messageOf(error) }, error);
  }
  return hash.digest('hex');
}

function environmentOf(adapter: AgentAdapter, environment: Variables): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', ...adapter.envNames]) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

type Problem =
  | { readonly reason: 'unreadable' | 'noVersion' | 'noFlags'; readonly said: string }
  | { readonly reason: 'unanswered'; readonly asked: string; readonly said: string }
  | { readonly reason: 'exit'; readonly asked: string; readonly exitCode: number; readonly said: string };

function unusable({ title, install }: AgentAdapter, path: string, problem: Problem, cause?: unknown): PawlError {
  const found = blocker('PAWL_AGENT_UNUSABLE', { ...problem, path, title, installation: install }, [path]);
  return blockerError(found, { subject: path, kind: 'needsHuman', ...(cause === undefined ? {} : { cause }) });
}

/** What it printed, on one line; empty where it printed nothing. */
function toldOf(text: string): string {
  return sanitiseTail(text.trim(), TOLD_CHARS).replace(/\s+/g, ' ');
}
