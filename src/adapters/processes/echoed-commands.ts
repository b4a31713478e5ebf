/**
 * Commands whose output is echoed, with their command lines before it, as a shell with -x does.
 *
 * Owns: starting without a shell, the pipes, waiting for the end. Does not own: which commands, and what their ends mean (host/verification-command).
 *
 * Invariants: 1. Completion is process exit, never end of output: a child that holds the pipe open delays nothing but a short grace. 2. Nothing is kept of the output:
 * a command that writes faster than the echo is taken waits. 3. Nothing is detached: a command belongs to the tree of this process.
 */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { systemCode } from '../../model/error.ts';
import type { CommandEnd, CommandStart, CommandsPort } from '../../ports/commands.ts';
import { onceEnded } from './child-end.ts';

/** How long output that is on its way is waited for once the command has exited. */
const DRAIN_MS = 500;

/** Commands that are echoed to `echo`. */
export function echoedCommands(echo: Writable): CommandsPort {
  return {
    run: (start, hear) => {
      echo.write(`$ ${start.argv.map((word) => JSON.stringify(word)).join(' ')}\n`);
      return new Promise((resolve, reject) => {
        try {
          begin(start, echo, hear, resolve);
        } catch (error) {
          // Some refusals are thrown and not told as an event: too long an argument list, a NUL in it, no memory.
          const code = systemCode(error);
          if (code === undefined) reject(error);
          else resolve({ kind: 'notStarted', code });
        }
      });
    },
  };
}

function begin(
  { argv, env }: CommandStart,
  echo: Writable,
  hear: (text: string) => void,
  end: (end: CommandEnd) => void,
): void {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  child.once('error', (error) => {
    if (child.pid === undefined) end({ kind: 'notStarted', code: systemCode(error) ?? null });
  });
  // Without descriptors left there are no pipes either; the error event says why.
  if (child.pid === undefined) return;
  for (const stream of [child.stdout, child.stderr]) pass(stream, echo, hear);
  onceEnded(child, DRAIN_MS, (exitCode, signal) => {
    child.stdout.destroy();
    child.stderr.destroy();
    end({ kind: 'exited', exitCode, signal });
  });
}

function pass(stream: Readable, echo: Writable, hear: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  stream.on('data', (chunk: Buffer) => {
    hear(decoder.write(chunk));
    if (echo.write(chunk)) return;
    stream.pause();
    echo.once('drain', () => stream.resume());
  });
}
