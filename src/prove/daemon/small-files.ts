/**
 * The program of a daemon that begins a new file of its change feed after a few changes: what `pawl serve` does after megabytes.
 *
 * Owns: that composition. Does not own: the daemon (daemon/serve).
 */
import { homedir, tmpdir } from 'node:os';
import { builtPath } from '../../adapters/built-path.ts';
import { startDaemon } from '../../daemon/serve.ts';
import { HomePaths, homeFolder, socketPath } from '../../store/home/home-paths.ts';

const SEGMENT_BYTES = 4_096;

const environment = process.env;
const home = new HomePaths(homeFolder({ environment, homedir: homedir() }));
const place = { environment, platform: process.platform, temporaryFolder: tmpdir(), uid: process.getuid?.() ?? 0 };
const daemon = await startDaemon({
  home,
  socket: socketPath(home, place),
  port: null,
  pageFolder: builtPath('inspector/page-dist'),
  version: 'proof',
  logFile: null,
  log: (line) => void process.stderr.write(`${line}\n`),
  segmentBytes: SEGMENT_BYTES,
});
process.on('SIGTERM', () => daemon.stop());
await daemon.ended;
