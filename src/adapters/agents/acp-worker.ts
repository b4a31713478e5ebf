/**
 * The program that stands between the worker host and an ACP agent: events out, the agent in its care.
 *
 * Owns: the agent's process, signals, standard output, the exit code. Does not own: the conversation (acp-client).
 *
 * Usage: `node acp-worker.js SPEC`, a file or the JSON itself; the prompt is standard input.
 *
 * Invariants: 1. Standard output holds one event a line and nothing else. 2. Exit 0 means that the turn was completed. 3. It never outlives the end of the
 * turn by more than the graces below; what the agent leaves behind is the host's to sweep.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync, realpathSync, writeSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { ndJsonStream } from '@agentclientprotocol/sdk';
import { messageOf } from '../../base/error-text.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import { type ConversationEnd, type ConversationParts, converse } from './acp-client.ts';
import { exportedUsage } from './acp-export.ts';
import { boundedWriter } from './acp-pipes.ts';
import { type AcpSpec, parseAcpSpec } from './acp-spec.ts';
import { failed } from './line-events.ts';

const WRITE_MS = 30_000;
const LIMITS = { requestMs: 60_000, cancelMs: 2_000, quietMs: 500 };
/** For the export of what a session has used. */
const EXPORT_MS = 5_000;
/** From the end of the agent's input to its exit, and from a signal to the next. */
const EXIT_MS = 5_000;
const KILL_MS = 1_000;
/** For what a dead agent has left in its pipe, which a tool of it may hold open. */
const REST_MS = 500;

type Agent = ChildProcessByStdio<Writable, Readable, null>;

async function main(): Promise<number> {
  const spec = specOf(process.argv[2] ?? '');
  if (typeof spec === 'string') {
    process.stderr.write(`pawl acp worker: ${spec}\n`);
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  const prompt = readFileSync(0, 'utf8');
  const roots = [...new Set([spec.worktree, realpathSync(spec.worktree)])];
  const [program = '', ...args] = spec.argv;
  const agent = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise<void>((done) => agent.once('exit', () => done()));
  const closed = new Promise<void>((done) => agent.once('close', () => done()));
  const refused = new Promise<ConversationEnd>((done) => {
    agent.once('error', (error: NodeJS.ErrnoException) => {
      if (agent.pid !== undefined) return;
      emit(failed('other', `The agent ${program} could not be started: ${error.code ?? error.message}.`));
      done('ended');
    });
  });
  const usageOf = (sessionId: string) => exportedUsage(spec.argv, sessionId, EXPORT_MS);
  // The write that failed is told to whoever wrote.
  agent.stdin.on('error', () => undefined);
  const end = await Promise.race([
    refused,
    talk(agent, { spec, roots, prompt, emit, stop: stop.signal, limits: LIMITS, usageOf }, exited),
  ]);
  if (agent.pid !== undefined) {
    await closeAgent(agent, exited, stop.signal.aborted ? 0 : EXIT_MS);
    await isWithin(closed, REST_MS);
  }
  return end === 'completed' ? 0 : 1;
}

/** The conversation; an agent that has exited is gone, whoever holds its pipes. */
async function talk(
  agent: Agent,
  parts: Omit<ConversationParts, 'stream'>,
  exited: Promise<void>,
): Promise<ConversationEnd> {
  const readable = Readable.toWeb(agent.stdout) as ReadableStream<Uint8Array>;
  const stream = ndJsonStream(boundedWriter(agent.stdin, WRITE_MS), readable);
  const gone = exited.then(() => after(REST_MS)).then((): ConversationEnd => 'gone');
  return await Promise.race([converse({ ...parts, stream }), gone]);
}

/** The agent's process has ended: by itself, or by signals after `graceMs`. */
async function closeAgent(agent: Agent, exited: Promise<void>, graceMs: number): Promise<void> {
  agent.stdin.end();
  if (await isWithin(exited, graceMs)) return;
  agent.kill('SIGTERM');
  if (await isWithin(exited, KILL_MS)) return;
  agent.kill('SIGKILL');
  await isWithin(exited, KILL_MS);
}

async function isWithin(event: Promise<void>, ms: number): Promise<boolean> {
  return await Promise.race([event.then(() => true), after(ms).then(() => false)]);
}

function after(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Writes the event; an output that cannot be written ends everything, as nothing that happens would be known. */
function emit(event: AgentEvent): void {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
  } catch (error) {
    process.stderr.write(`pawl acp worker: the output cannot be written: ${String(error)}\n`);
    process.exit(1);
  }
}

function specOf(argument: string): AcpSpec | string {
  try {
    const parsed = parseAcpSpec(argument.startsWith('{') ? Buffer.from(argument) : readFileSync(argument));
    return parsed.ok ? parsed.value : `the spec is not valid: ${parsed.reason}`;
  } catch (error) {
    return `the spec cannot be read: ${messageOf(error)}`;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`pawl acp worker: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
// A pipe that a tool of the agent holds open keeps nobody here.
process.exit();
