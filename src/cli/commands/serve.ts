/**
 * `pawl serve`: the engine kept running, with its API, until it is told to end.
 *
 * Owns: its options, signals, where it logs, its exit code. Does not own: the daemon (daemon/serve).
 */
import { homedir, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { builtPath } from '../../adapters/built-path.ts';
import { rotatingLog } from '../../adapters/rotating-log.ts';
import type { CommonOptions } from '../../app/options.ts';
import { visible } from '../../base/visible.ts';
import { DAEMON_BOUNDS } from '../../daemon/daemon-bounds.ts';
import { startDaemon } from '../../daemon/serve.ts';
import { EXIT } from '../../model/error-codes.ts';
import { HomePaths, homeFolder, socketPath } from '../../store/home/home-paths.ts';
import type { Output } from '../output.ts';
import { packageVersion } from '../package-version.ts';

/** Options of `pawl serve`. */
export interface ServeOptions extends CommonOptions {
  readonly port?: number;
  readonly logFile?: string;
}

/** Serves until it is told to end. */
export async function serve(output: Output, options: ServeOptions): Promise<number> {
  const environment = process.env;
  const home = new HomePaths(homeFolder({ environment, homedir: homedir() }));
  const place = { environment, platform: process.platform, temporaryFolder: tmpdir(), uid: process.getuid?.() ?? 0 };
  const logFile = options.logFile === undefined ? null : resolve(options.logFile);
  const write = logFile === null ? (line: string) => output.log(line) : rotatingLog(logFile, DAEMON_BOUNDS);
  const log = (line: string): void => write(`${new Date().toISOString()} ${visible(line)}`);
  const daemon = await startDaemon({
    home,
    socket: socketPath(home, place),
    port: options.port ?? null,
    pageFolder: builtPath('inspector/page-dist'),
    version: packageVersion(),
    logFile,
    log,
  });
  const stop = (signal: NodeJS.Signals): void => {
    log(`${signal}`);
    daemon.stop();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  const { port, socket, generation } = daemon;
  output.json({ pid: process.pid, socket, port, generation });
  output.line(`Serving  ${output.colour.cyan(`http://127.0.0.1:${port}`)}  socket ${socket}`);
  const broken = await daemon.ended;
  if (broken === null) return EXIT.done;
  log(`ends at once: ${broken.code}: ${broken.message}`);
  // Whatever is still going on here is of no right any more, and must not end first.
  process.exit(output.fail(broken));
}
