/**
 * `pawl prove`: the restart proof, on this machine, with the roles and limits of the config, in sandboxes of its own.
 *
 * Owns: its options, progress, where the report goes, the exit code. Does not own: the proof (prove).
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';
import { gitNow } from '../../adapters/git/run-git.ts';
import { nodeFs } from '../../adapters/node-fs.ts';
import { hasPidNamespaces } from '../../adapters/processes/abilities.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { CommonOptions } from '../../app/options.ts';
import { readConfig } from '../../app/wiring.ts';
import { quote } from '../../base/sanitise.ts';
import type { Config } from '../../model/config.ts';
import { EXIT } from '../../model/error-codes.ts';
import { cellNames } from '../../prove/kills.ts';
import type { CellName, Circumstances, Level, Proof } from '../../prove/proof.ts';
import { prove as doProve, type Part } from '../../prove/prove.ts';
import { closeOpenSites } from '../../prove/real/site.ts';
import { type RolesAndLimits, rolesAndLimitsOf } from '../../prove/real/stories.ts';
import { proofHtml } from '../../prove/report/proof-html.ts';
import { proofJson } from '../../prove/report/proof-json.ts';
import { proofText } from '../../prove/report/proof-text.ts';
import { Files } from '../../store/files.ts';
import { type LiveLines, liveLines } from '../live-lines.ts';
import type { Output } from '../output.ts';
import { packageVersion } from '../package-version.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl prove`. */
export interface ProveCommandOptions extends CommonOptions {
  readonly level?: string;
  readonly cell?: readonly string[];
  readonly seed?: string;
  readonly out?: string;
}

const SEEDS = 2 ** 31;
/** Sites at once: they wait as often as they work. */
const PARALLEL = 3;
/** Exit codes of an interrupted command, as shells have them. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const CONFIG_FILE = 'pawl.config.json';

/** Does the proof, shows it, and leaves `proof.json` and `proof.html`. Exit 0 only when every cell holds. */
export async function prove(output: Output, options: ProveCommandOptions): Promise<number> {
  const level = levelOf(options.level ?? 'smoke');
  const only = options.cell === undefined ? null : options.cell.map(cellOf);
  const seed = options.seed === undefined ? Math.floor(Math.random() * SEEDS) : seedOf(options.seed);
  const { config, path } = configFor(options);
  const rolesAndLimits = rolesAndLimitsOf(config);
  const folder = folderFor(options);
  const progress = new Progress(output, await liveLines());
  endWhenAsked();
  const proof = await doProve({
    level,
    only,
    seed,
    rolesAndLimits,
    circumstances: circumstances(path, rolesAndLimits),
    parallel: PARALLEL,
    onProgress: progress.on,
  }).finally(() => progress.end());
  const files = write(folder, proof);
  output.json({ ...proof, files });
  output.line(proofText(proof, output.colour));
  for (const file of Object.values(files)) output.line(`  ${file}`);
  return proof.holds ? EXIT.done : EXIT.failed;
}

/** Interrupted, it leaves no process and no sandbox behind. */
function endWhenAsked(): void {
  for (const [signal, code] of Object.entries(INTERRUPTED)) {
    process.once(signal, () => {
      closeOpenSites();
      process.exit(code);
    });
  }
}

/** What is being done, on stderr: one line that changes on a terminal, a line for each part elsewhere. */
class Progress {
  readonly #output: Output;
  readonly #lines: LiveLines | null;
  #part: Part | null = null;

  constructor(output: Output, lines: LiveLines | null) {
    this.#output = output;
    this.#lines = lines;
  }

  readonly on = (part: Part, done: number, of: number): void => {
    if (this.#lines !== null) this.#lines.draw(`${part}  ${done} of ${of}`);
    else if (part !== this.#part) this.#output.log(`${part}  ${of}`);
    this.#part = part;
  };

  end(): void {
    this.#lines?.clear();
  }
}

function write(folder: string, proof: Proof): { readonly json: string; readonly html: string } {
  mkdirSync(folder, { recursive: true });
  const files = { json: join(folder, 'proof.json'), html: join(folder, 'proof.html') };
  writeFileSync(files.json, proofJson(proof));
  writeFileSync(files.html, proofHtml(proof));
  return files;
}

/** The named folder, or a new one of the system's. Made before the work is done: a folder that cannot be made is told at once. */
function folderFor({ out }: ProveCommandOptions): string {
  if (out === undefined) return mkdtempSync(join(tmpdir(), 'pawl-proof-'));
  const folder = resolve(out);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw usageError('prove', `Cannot write the report to ${folder}.`, { hint: String(cause) });
  }
  return folder;
}

/** The config that is named, the one in the current folder, or the defaults. */
function configFor(options: CommonOptions): { readonly config: Config; readonly path: string | null } {
  const configFile = resolve(options.config ?? CONFIG_FILE);
  const files = new Files(nodeFs, systemClock);
  const config = readConfig({ files, configFile, isConfigNamed: options.config !== undefined });
  return { config, path: files.exists(configFile) ? configFile : null };
}

function circumstances(configuration: string | null, { limits, roles }: RolesAndLimits): Circumstances {
  return {
    pawl: packageVersion(),
    node: process.version,
    git: gitNow(['--version'], undefined, process.env).stdout.trim(),
    system: `${type()} ${release()} ${process.arch}`,
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 ** 2),
    isolation: hasPidNamespaces() ? 'pidNamespace' : 'none',
    configuration,
    roles,
    limits,
  };
}

function levelOf(text: string): Level {
  if (text === 'smoke' || text === 'full') return text;
  throw usageError('prove', `--level must be smoke or full, not ${quote(text)}.`);
}

function cellOf(text: string): CellName {
  const found = cellNames().find((name) => name === text);
  if (found !== undefined) return found;
  throw usageError('prove', `Unknown cell ${quote(text)}.`, { hint: `Cells: ${cellNames().join(', ')}.` });
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(seed) && seed >= 0 && seed < SEEDS) return seed;
  throw usageError('prove', `--seed must be a whole number from 0 to ${SEEDS - 1}, not ${quote(text)}.`);
}
