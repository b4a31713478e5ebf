/**
 * What a session has used, as the agent's own command line exports it: for OpenCode, which tells only the last call of its model over ACP.
 *
 * Owns: that command, reading what it prints. Does not own: when it is asked (acp-client), what the numbers come to (acp-events).
 *
 * Invariants: 1. It never waits longer than it is told to, and leaves no process and no file. 2. An export that cannot be read is none.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../base/canonical-json.ts';
import { countOf, fieldsOf, listOf } from './line-fields.ts';

/** Tokens of a session, all of its turns. */
export interface SessionTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const EXPORT_BYTES_MAX = 64 * 1024 * 1024;

/** What the session has used; null when the agent does not export it within `ms`. */
export async function exportedUsage(
  argv: readonly string[],
  sessionId: string,
  ms: number,
): Promise<SessionTokens | null> {
  const [program, ...args] = exportCommand(argv, sessionId);
  if (program === undefined) return null;
  const folder = mkdtempSync(join(tmpdir(), 'pawl-export-'));
  try {
    const path = join(folder, 'session.json');
    // A file: into a pipe it may not write all before it exits.
    const isDone = await printed(program, args, path, ms);
    if (!isDone || statSync(path).size > EXPORT_BYTES_MAX) return null;
    return tokensOfExport(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    // Not what it should be: then there is no export.
    if (error instanceof SyntaxError) return null;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command that exports a session of the agent that `argv` starts; empty when none is known. */
export function exportCommand(argv: readonly string[], sessionId: string): readonly string[] {
  const at = argv.indexOf('acp');
  return at < 1 ? [] : [...argv.slice(0, at), 'export', sessionId];
}

/** The tokens of every step of an exported session; null when it holds none. */
export function tokensOfExport(session: Json): SessionTokens | null {
  let inputTokens = 0;
  let outputTokens = 0;
  for (const message of listOf(fieldsOf(session).messages)) {
    const tokens = fieldsOf(fieldsOf(fieldsOf(message).info).tokens);
    const cache = fieldsOf(tokens.cache);
    inputTokens += countOf(tokens.input) + countOf(cache.read) + countOf(cache.write);
    outputTokens += countOf(tokens.output) + countOf(tokens.reasoning);
  }
  return inputTokens + outputTokens === 0 ? null : { inputTokens, outputTokens };
}

/** True when the program has ended with 0 in time, its standard output in the file. */
function printed(program: string, args: readonly string[], path: string, ms: number): Promise<boolean> {
  return new Promise((done) => {
    const output = openSync(path, 'w');
    const child = spawn(program, args, { stdio: ['ignore', output, 'ignore'] });
    closeSync(output);
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    const ended = (isDone: boolean): void => {
      clearTimeout(timer);
      done(isDone);
    };
    child.once('error', () => ended(false));
    child.once('exit', (code) => ended(code === 0));
  });
}
