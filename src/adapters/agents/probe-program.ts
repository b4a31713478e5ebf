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
import { sanitiseTail } from '../../core/sanitise.ts';
import { PawlError } from '../../model/error.ts';
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
    throw unusable(adapter, path, `cannot be read: ${messageOf(error)}`, error);
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
    throw unusable(adapter, path, `does not report a version of ${adapter.title}: ${toldOf(versionText)}`);
  }
  const flags = adapter.helpArgs.length === 0 ? null : flagsOf(helpTexts);
  if (flags?.size === 0) throw unusable(adapter, path, `names no flag in its help: ${toldOf(helpTexts.join('\n'))}`);
  return { path, version, sha256, flags };
}

const BOUNDED = { cwd: PROBE_FOLDER, timeMs: PROBE_MS, outputBytesMax: PROBE_BYTES } as const;

async function answerOf(adapter: AgentAdapter, command: BoundedCommand): Promise<string> {
  const outcome: CommandOutcome = await runBounded(command);
  const asked = command.args.join(' ');
  if (outcome.status === 'failed') throw unusable(adapter, command.path, `${asked}: it ${outcome.failure}`);
  const text = `${outcome.stdout}\n${outcome.stderr}`;
  if (outcome.code === 0) return text;
  throw unusable(adapter, command.path, `${asked}: exit code ${outcome.code}: ${toldOf(text)}`);
}

async function hashOf(adapter: AgentAdapter, path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw unusable(adapter, path, `cannot be read: ${messageOf(error)}`, error);
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

function unusable(adapter: AgentAdapter, path: string, what: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_AGENT_UNUSABLE',
    kind: 'needsHuman',
    message: `${path} ${what}.`,
    subject: path,
    hint: `Install ${adapter.title}, or name another program in the config: ${adapter.install}`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function toldOf(text: string): string {
  const told = sanitiseTail(text.trim(), TOLD_CHARS).replace(/\s+/g, ' ');
  return told === '' ? 'it printed nothing' : told;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
