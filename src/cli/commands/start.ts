/**
 * `pawl start`: the daemon in the background, ready.
 *
 * Owns: its options and output, the program that becomes the daemon. Does not own: starting it (app/daemon/starting).
 */
import { resolve } from 'node:path';
import { builtPath } from '../../adapters/built-path.ts';
import { CLIENT_BOUNDS } from '../../app/daemon/daemon-bounds.ts';
import { daemonHere } from '../../app/daemon/daemon-place.ts';
import { type Started, startInBackground } from '../../app/daemon/starting.ts';
import type { CommonOptions } from '../../app/options.ts';
import { visible } from '../../base/visible.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { Output } from '../output.ts';
import { packageVersion } from '../package-version.ts';

/** Options of `pawl start`. */
export interface StartOptions extends CommonOptions {
  /** Seconds. */
  readonly timeout?: number;
  readonly logFile?: string;
  readonly port?: number;
}

/** A daemon is ready; says which. */
export async function start(output: Output, options: StartOptions): Promise<number> {
  const place = daemonHere();
  const started = await startInBackground(place, {
    program: { path: process.execPath, args: [builtPath('cli/main.js'), 'serve'] },
    logFile: options.logFile === undefined ? place.home.logFile : resolve(options.logFile),
    port: options.port ?? null,
    timeoutMs: options.timeout === undefined ? CLIENT_BOUNDS.startMs : options.timeout * 1_000,
  });
  const { pid, socket, port, logFile, version, generation, startedAt } = started.daemon;
  output.json({ outcome: started.outcome, pid, socket, port, logFile, version, generation, startedAt });
  for (const line of startedLines(output, started)) output.line(line);
  return EXIT.done;
}

function startedLines(output: Output, { outcome, daemon }: Started): readonly string[] {
  const { pid, socket, port, logFile, version } = daemon;
  const own = packageVersion();
  return [
    outcome === 'started' ? `The daemon has started (pid ${pid}).` : `The daemon runs already (pid ${pid}).`,
    `address  ${output.colour.cyan(`http://127.0.0.1:${port}`)}`,
    `socket   ${visible(socket)}`,
    `log      ${logFile === null ? 'its standard error' : visible(logFile)}`,
    ...(version === own
      ? []
      : [`version  ${visible(version)}, this is ${own}: pawl stop, then pawl start, replaces it; workers go on`]),
  ];
}
