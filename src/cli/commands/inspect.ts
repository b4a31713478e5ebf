/**
 * `pawl inspect`: the local page on which runs are looked at.
 *
 * Owns: its options, what it prints, opening a browser, ending when asked. Does not own: the hub (inspector/hub), the token that outlives
 * it (store/home/token-file). Read-only as to registries: no lock, no repair, and, with --registry, no repository either.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { builtPath } from '../../adapters/built-path.ts';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { daemonHere } from '../../app/daemon/daemon-place.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { legible, quote } from '../../base/sanitise.ts';
import type { Place } from '../../engine/run-look.ts';
import { newToken, type TokenSource } from '../../inspector/hub/access.ts';
import { createHub, type Hub } from '../../inspector/hub/hub.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { Files } from '../../store/files.ts';
import { HomePaths, homeFolder } from '../../store/home/home-paths.ts';
import { ensureToken, readToken } from '../../store/home/token-file.ts';
import { readRegistry } from '../../store/registry.ts';
import { RegistryPaths } from '../../store/registry-paths.ts';
import { type DaemonLink, daemonFor } from '../daemon-link.ts';
import type { Output } from '../output.ts';
import { packageVersion } from '../package-version.ts';
import { resolveRun } from '../run-argument.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl inspect`. */
export interface InspectOptions extends CommonOptions {
  readonly port?: string;
  /** False with --no-open. */
  readonly open?: boolean;
  readonly stately?: boolean;
}

/** Stately's hosted inspector. */
const STATELY_URL = 'https://stately.ai/inspect';
const PORT_MAX = 65_535;
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Serves the inspector until it is interrupted. */
export async function inspect(output: Output, options: InspectOptions, [run]: readonly string[]): Promise<number> {
  const link = linkFor(output, options);
  if (link !== null) return inspectByDaemon(output, options, link, run);
  const place = placeFor(options);
  const runId = run === undefined ? null : resolveRun(place, run);
  const hub = await createHub({
    place,
    pageFolder: builtPath('inspector/page-dist'),
    pawlVersion: packageVersion(),
    token: await tokenSource(output, place.files),
    ...(options.port === undefined ? {} : { port: portOf(options.port) }),
    runId,
    proofPaths: [join('proof', 'proof.json'), 'proof.json'].map((path) => resolve(path)),
    statelyUrl: options.stately === true ? STATELY_URL : null,
  });
  const ended = whenAsked();
  show(output, hub, place, runId);
  if (options.open !== false && process.stdout.isTTY === true) openInBrowser(output, hub.statelyUrl ?? hub.url);
  await ended;
  await hub.close();
  return EXIT.done;
}

interface PageLink {
  readonly link: DaemonLink;
  readonly places: Places;
}

/** The daemon whose page shows the registry; null where there is none, and for what only a page of our own does. */
function linkFor(output: Output, options: InspectOptions): PageLink | null {
  if (options.registry !== undefined || options.port !== undefined || options.stately === true) return null;
  const places = placesOf(options);
  const link = daemonFor(output, places);
  return link === null ? null : { link, places };
}

/** The daemon serves the page already: its address is told, and nothing is left to wait for. */
function inspectByDaemon(output: Output, options: InspectOptions, { link, places }: PageLink, run?: string): number {
  const runId = run === undefined ? null : resolveRun(places, run);
  const { port } = link.daemon;
  const facts = new URLSearchParams({ token: readToken(places.files, daemonHere().home) ?? '', project: link.project });
  if (runId !== null) facts.set('run', runId);
  const url = `http://127.0.0.1:${port}/#${facts.toString()}`;
  output.json({ url, statelyUrl: null, port, registry: places.paths.root, runId });
  output.line(`Inspector  ${output.colour.cyan(url)}`);
  output.line(
    output.colour.dim(
      'The daemon serves it. Keep the address private: anyone who has it can read and command its projects.',
    ),
  );
  if (options.open !== false && process.stdout.isTTY === true) openInBrowser(output, url);
  return EXIT.done;
}

/** The registry that is looked at. One that is named may lie anywhere: a copy from another machine has no repository around it. */
function placeFor(options: CommonOptions): Place {
  if (options.registry === undefined) return placesOf(options);
  const root = resolve(options.registry);
  const place = { files: new Files(nodeFs, systemClock), paths: new RegistryPaths(root, ['--registry', root]) };
  readRegistry(place.files, place.paths);
  if (existsSync(place.paths.runs)) return place;
  throw usageError('inspect', `No registry in ${place.paths.root}.`, {
    hint: 'Name the folder that contains `runs`: the .pawl of a repository, or a copy of it.',
  });
}

/** The token of this user's pages, the same at every start; one for this start alone where none can be kept. */
async function tokenSource(output: Output, files: Files): Promise<TokenSource> {
  const home = new HomePaths(homeFolder({ environment: process.env, homedir: homedir() }));
  try {
    await ensureToken(files, home);
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    output.log(
      `${output.logColour.yellow('notice')} ${legible(error.message)}: the address changes with every start, and an open tab does not survive one.`,
    );
    const token = newToken();
    return { read: () => token };
  }
  return { read: () => readToken(files, home) };
}

function show(output: Output, hub: Hub, place: Place, runId: string | null): void {
  const { url, statelyUrl, port } = hub;
  output.json({ url, statelyUrl, port, registry: place.paths.root, runId });
  output.line(`Inspector  ${output.colour.cyan(url)}`);
  if (statelyUrl !== null) {
    output.line(`Stately    ${output.colour.cyan(statelyUrl)}`);
    output.log(
      `${output.logColour.yellow('notice')} The second address shows this registry in a page of ${new URL(STATELY_URL).host}: names of states, events and tasks, ids, counts and times leave this machine when it is opened. Texts, paths and branches are left out.`,
    );
  }
  output.line(
    output.colour.dim('Keep the address private: anyone who has it can read this registry. Press Ctrl-C to stop.'),
  );
}

/** A browser that cannot be opened is no failure: the address is printed. */
function openInBrowser(output: Output, url: string): void {
  const opener = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true });
  opener.on('error', () => output.log('No browser could be opened here: open the address yourself.'));
  opener.unref();
}

/** Resolves when the command is asked to end. */
function whenAsked(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ENDINGS) process.once(signal, () => done());
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw usageError('inspect', `--port must be a number from 1 to ${PORT_MAX}, not ${quote(text)}.`);
}
