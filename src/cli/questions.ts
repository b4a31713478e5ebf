/**
 * Questions to a person at the terminal.
 *
 * Owns: asking on stderr, so that stdout holds the result alone, and an end of input. Does not own: what is asked.
 *
 * Invariant: every question is answered or abandoned: the end of input and Ctrl-C settle what waits, so that no command hangs on it.
 */
import { createInterface } from 'node:readline';
import { EXIT } from '../model/error-codes.ts';

/** A way to ask. */
export interface Questions {
  /** The line that was typed, without white space around it; null when there is no answer to come. */
  ask(question: string): Promise<string | null>;
  close(): void;
  /** What a command that was abandoned exits with. */
  exitCode(): number;
}

const INTERRUPTED = 130;

/** Questions on this process' terminal; null where nobody sits: stdin or stderr is no terminal. */
export function terminalQuestions(): Questions | null {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  return questionsOn(process.stdin, process.stderr);
}

/** Questions on `output`, whose answers come by `input`. */
export function questionsOn(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Questions {
  const lines = createInterface({ input, output, terminal: true });
  // What is pasted is several lines at once: those that come before they are asked for wait.
  const waiting: string[] = [];
  let take: ((line: string | null) => void) | null = null;
  let isClosed = false;
  let isInterrupted = false;
  const settle = (line: string | null): void => {
    const taker = take;
    take = null;
    taker?.(line);
  };
  lines.on('line', (line) => (take === null ? void waiting.push(line) : settle(line)));
  lines.on('SIGINT', () => {
    isInterrupted = true;
    lines.close();
  });
  lines.on('close', () => {
    isClosed = true;
    settle(null);
  });
  return {
    ask: (question) =>
      new Promise((resolve) => {
        lines.setPrompt(question);
        if (!isClosed) lines.prompt();
        take = (line) => resolve(line === null ? null : line.trim());
        const next = waiting.shift();
        if (next !== undefined) settle(next);
        else if (isClosed) settle(null);
      }),
    close: () => lines.close(),
    exitCode: () => (isInterrupted ? INTERRUPTED : EXIT.usage),
  };
}
