/**
 * The floors of the building (docs/architecture.md), and what each may use.
 *
 * Owns: the table of floors; the rules on imports between them, on Node and on clocks; what must start fast.
 * Does not own: rings of imports (cycles).
 */
import { type Edge, edgesOf } from './imports.ts';
import { maskSource } from './lexer.ts';
import { matchesOf, type SourceFile, type Violation } from './source-tree.ts';

/** Rooms by floor; the longest prefix that fits a path is its room. A name with a dot is one file. */
const FLOORS: readonly (readonly string[])[] = [
  ['src/base/'],
  ['src/model/', 'src/ports/'],
  ['machines/', 'src/kernel/'],
  ['src/blockers/', 'src/packets/', 'src/run/', 'src/turn/', 'src/scm/'],
  ['src/adapters/', 'src/store/'],
  ['src/worker/'],
  ['src/engine/', 'src/host/'],
  ['src/app/'],
  [
    ...['src/cli/', 'src/client/', 'src/daemon/', 'src/inspector/', 'src/prove/'],
    // The document of a proof, which the page shows, knows nothing of how it is made.
    ...['src/prove/proof.ts', 'src/prove/system/system-proof.ts'],
    ...['src/durable-actors.ts', 'src/index.ts'],
  ],
];

/** Where a file lives: its room and its floor. */
export interface Place {
  readonly room: string;
  readonly floor: number;
}

/** The place of a file, null where the table knows none. */
export function placeOf(path: string): Place | null {
  const places = FLOORS.flatMap((rooms, floor) => rooms.map((room) => ({ room, floor })));
  const fitting = places.filter(({ room }) => (room.endsWith('/') ? path.startsWith(room) : path === room));
  return fitting.sort((a, b) => b.room.length - a.room.length)[0] ?? null;
}

const isProgram = (path: string): boolean => /\.(?:tsx?|mjs)$/.test(path);
const isSource = (path: string): boolean => path.startsWith('src/') || path.startsWith('machines/');

/** Every file of src/ and machines/ has a floor, and imports only from a lower one or its own. */
export function floorViolations(files: readonly SourceFile[]): Violation[] {
  const sources = files.filter(({ path }) => isSource(path));
  const known = new Set(sources.map(({ path }) => path));
  const homeless = sources
    .filter(({ path }) => placeOf(path) === null)
    .map(({ path }) => ({ path, line: 0, message: 'no floor has this file' }));
  const wrong = edgesOf(sources).flatMap((edge): Violation[] => {
    const message = wrongImport(edge, known);
    return message === null ? [] : [{ path: edge.from, line: edge.line, message }];
  });
  return [...homeless, ...wrong];
}

function wrongImport(edge: Edge, known: ReadonlySet<string>): string | null {
  if (edge.isPackage) return null;
  const [from, to] = [placeOf(edge.from), placeOf(edge.to)];
  if (to === null) return `imports ${edge.to}, which is on no floor`;
  if (isProgram(edge.to) && !known.has(edge.to)) return `imports ${edge.to}, which is not there`;
  if (from === null || to.floor <= from.floor) return null;
  return `floor ${from.floor} imports ${edge.to} of floor ${to.floor}`;
}

/** The floor that puts Pawl together; whoever stands above may choose adapters too. */
const WIRING_FLOOR = 7;
/** Programs below it that a process begins with: each wires itself. */
const PROGRAMS = new Set(['src/host/main.ts', 'src/host/verification-worker.ts']);

/** Adapters are chosen on floor 7 and above and nowhere else: the floors between know ports, their types included. */
export function wiringViolations(files: readonly SourceFile[]): Violation[] {
  return edgesOf(files.filter(({ path }) => isSource(path)))
    .filter(({ from, to }) => to.startsWith('src/adapters/') && !mayWire(from))
    .map(({ from, to, line }) => ({
      path: from,
      line,
      message: `only floor 7 and above wire: ${to} must come through a port`,
    }));
}

const mayWire = (path: string): boolean =>
  path.startsWith('src/adapters/') || (placeOf(path)?.floor ?? 0) >= WIRING_FLOOR || PROGRAMS.has(path);

/** Rooms that may ask the system itself: the ports made real, and those of floors 7 and 8. */
const RAW_ROOMS = [
  'src/adapters/',
  'src/app/',
  'src/cli/',
  'src/client/',
  'src/daemon/',
  'src/inspector/',
  'src/prove/',
];
/** What reaches files or starts processes, and what stands for that everywhere else. */
const RAW_PARTS: readonly { readonly part: RegExp; readonly instead: string }[] = [
  { part: /^(?:node:)?fs(?:\/|$)/, instead: 'files are reached through src/ports/fs' },
  { part: /^(?:node:)?(?:child_process|cluster)$/, instead: 'processes are started behind a port' },
];

/** Files are reached and processes started through ports, types included: so the fault loops meet every operation, and each can be made to fail. */
export function rawViolations(files: readonly SourceFile[]): Violation[] {
  const ported = files.filter(({ path }) => isSource(path) && !RAW_ROOMS.some((room) => path.startsWith(room)));
  return edgesOf(ported).flatMap(({ from, to, line, isPackage }): Violation[] => {
    const raw = isPackage ? RAW_PARTS.find(({ part }) => part.test(to)) : undefined;
    return raw === undefined ? [] : [{ path: from, line, message: `imports ${to}: ${raw.instead}` }];
  });
}

/** Those who drive: what they read and write of a registry may be kept elsewhere than in files one day. */
const DRIVING = [
  'src/engine/effects/',
  'src/engine/recovery/',
  'src/engine/commands.ts',
  'src/engine/intake.ts',
  'src/engine/kept-packet.ts',
  'src/engine/live-run.ts',
  'src/engine/live-system.ts',
  'src/engine/replace-packet.ts',
  'src/engine/snapshot-keeper.ts',
  'src/worker/observe.ts',
  'src/worker/task-folder.ts',
];
/** What stands behind the ports of a registry. */
const BEHIND_PORTS =
  /^src\/store\/(?:artifacts|files|file-registers|inbox|journal|journal-writer|register|snapshot|snapshot-reading)\.ts$/;

/** Whoever drives knows journals, snapshots, registers, artifacts and the inbox by their ports, which are asynchronous. */
export function portViolations(files: readonly SourceFile[]): Violation[] {
  return edgesOf(files.filter(({ path }) => DRIVING.some((place) => path.startsWith(place))))
    .filter(({ to }) => BEHIND_PORTS.test(to))
    .map(({ from, to, line }) => ({ path: from, line, message: `imports ${to}, which stands behind a port` }));
}

const PURE_ROOMS = ['machines/', 'src/kernel/', 'src/blockers/', 'src/packets/', 'src/run/', 'src/turn/', 'src/scm/'];
const CLOCKS =
  /\b(?:Date\.now|performance\.|process\.|Math\.random|setTimeout\b|setInterval\b|setImmediate\b|globalThis\b|randomUUID\b)|\bnew Date\(\s*\)|(?<![\w.]|new )Date\(\s*\)/g;

/** Machines and the rooms of floor 3 name no part of Node and read neither clock nor chance. */
export function purityViolations(files: readonly SourceFile[]): Violation[] {
  const pure = files.filter(({ path }) => PURE_ROOMS.some((room) => path.startsWith(room)));
  const node = edgesOf(pure)
    .filter(({ to, isPackage }) => isPackage && isPartOfNode(to))
    .map(({ from, to, line }) => ({ path: from, line, message: `a pure room imports ${to}` }));
  const clocks = pure.flatMap(({ path, text }) =>
    matchesOf(path, maskSource(text).code, CLOCKS, 'a pure room reads a clock, chance or the process'),
  );
  return [...node, ...clocks];
}

const isPartOfNode = (specifier: string): boolean => specifier.startsWith('node:');

/** A promise that files keep with everything they load at once: not one of these packages among it. */
export interface Diet {
  readonly name: string;
  readonly covers: (file: SourceFile) => boolean;
  readonly forbids: (specifier: string) => boolean;
}

const isHeavy = (specifier: string): boolean => /^(?:@?xstate|zod)(?:$|\/)/.test(specifier);

/** What must start fast or run in a page; a file may also promise it in its charter: "Free of zod". */
export const DIETS: readonly Diet[] = [
  { name: 'the worker host', covers: ({ path }) => /^src\/(?:host|worker)\//.test(path), forbids: isHeavy },
  { name: 'the way to `pawl status`', covers: ({ path }) => path === 'src/cli/main.ts', forbids: isHeavy },
  { name: 'floor 0', covers: ({ path }) => path.startsWith('src/base/'), forbids: isHeavy },
  { name: 'a port', covers: ({ path }) => path.startsWith('src/ports/'), forbids: isHeavy },
  {
    name: 'a file that says "free of zod"',
    covers: ({ text }) => /\bfree of (?:zod|xstate)\b/i.test(maskSource(text).comments),
    forbids: isHeavy,
  },
  {
    name: 'a pure room',
    covers: ({ path }) => PURE_ROOMS.some((room) => path.startsWith(room)),
    forbids: isPartOfNode,
  },
];

/** Each file on a diet that loads what it forbids, with the way there. Types and `import()` load nothing. */
export function dietViolations(files: readonly SourceFile[], diets: readonly Diet[] = DIETS): Violation[] {
  const loads = grouped(edgesOf(files));
  return diets.flatMap(({ name, covers, forbids }) =>
    files.filter(covers).flatMap((file): Violation[] => {
      const way = wayTo(file.path, loads, forbids);
      return way === null ? [] : [{ path: file.path, line: 0, message: `${name} loads ${way.join(' → ')}` }];
    }),
  );
}

function grouped(edges: readonly Edge[]): Map<string, Edge[]> {
  const groups = new Map<string, Edge[]>();
  for (const edge of edges) groups.set(edge.from, [...(groups.get(edge.from) ?? []), edge]);
  return groups;
}

/** The shortest way over static imports from a file to a forbidden package. */
function wayTo(
  start: string,
  loads: ReadonlyMap<string, readonly Edge[]>,
  forbids: (specifier: string) => boolean,
): string[] | null {
  const ways: string[][] = [[start]];
  const seen = new Set([start]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const { to, kind, isPackage } of loads.get(way.at(-1) ?? start) ?? []) {
      if (kind !== 'static' || seen.has(to)) continue;
      seen.add(to);
      if (isPackage && forbids(to)) return [...way.slice(1), to];
      if (!isPackage) ways.push([...way, to]);
    }
  }
  return null;
}
