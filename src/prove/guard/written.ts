/**
 * What a trial has written, by listing its sandbox before and after: registry, worktree, branch, and what git needs for them.
 *
 * Owns: the two listings, what differs, which of it is out of place (L8). Does not own: what lies outside of the sandbox (guard).
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A sandbox: the folder around everything, and the repository in it. */
export interface Sandbox {
  readonly root: string;
  /** The repository's main worktree. */
  readonly path: string;
  git(args: readonly string[]): string;
}

/** A sandbox at one moment. */
export interface SandboxListing {
  /** What each file is known by, by its path relative to the root. */
  readonly files: ReadonlyMap<string, string>;
  /** Commits by reference, HEAD among them. */
  readonly refs: ReadonlyMap<string, string>;
  /** The repository, relative to the root. */
  readonly repository: string;
}

/** One place that differs. */
export interface SandboxChange {
  /** A file relative to the root, or a reference. */
  readonly subject: string;
  readonly area: Area;
}

const AREAS = ['registry', 'worktree', 'branch', 'pawlRef', 'gitObjects', 'gitAdministration', 'harness'] as const;
type Area = (typeof AREAS)[number] | 'checkout' | 'home' | 'gitOwn' | 'otherRef';

const NAMES: Readonly<Record<(typeof AREAS)[number], readonly [one: string, many: string]>> = {
  registry: ['file in the registry', 'files in the registry'],
  worktree: ['file in worktrees of runs', 'files in worktrees of runs'],
  branch: ['branch of a run', 'branches of runs'],
  pawlRef: ['reference under refs/pawl', 'references under refs/pawl'],
  gitObjects: ["file in git's object store", "files in git's object store"],
  gitAdministration: ["file of git's administration for these", "files of git's administration for these"],
  harness: ['file of the proof itself', 'files of the proof itself'],
};
/** What git needs for a branch and a worktree, and Pawl to know the repository again, below `.git`. */
const ADMINISTRATION = /^(?:worktrees\/|refs\/|logs\/refs\/|packed-refs$|info\/exclude$|pawl-repository$)/;
const OBJECTS = /^objects\//;

/** The sandbox as it is now. */
export function listSandbox({ root, path, git }: Sandbox): SandboxListing {
  const files = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const place = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(place);
      else files.set(place, knownBy(join(root, place)));
    }
  };
  walk('');
  const repository = path.slice(root.length + 1);
  // Whoever asks git for the state of the checkout lets it note times in the index: what counts is which content it names.
  if (files.has(`${repository}/.git/index`)) files.set(`${repository}/.git/index`, git(['ls-files', '--stage']));
  const refs = new Map<string, string>([['HEAD', git(['symbolic-ref', 'HEAD'])]]);
  for (const line of git(['for-each-ref', '--format=%(refname) %(objectname)']).split('\n')) {
    const [name = '', commit = ''] = line.split(' ');
    if (name !== '') refs.set(name, commit);
  }
  return { files, refs, repository };
}

function knownBy(path: string): string {
  const { ino, size, mode, mtimeMs, ctimeMs } = lstatSync(path);
  const isLink = (mode & 0o170000) === 0o120000;
  return [ino, size, mode, mtimeMs, ctimeMs, isLink ? readlinkSync(path) : ''].join(' ');
}

/** Every file and reference that was made, changed or removed between the two. */
export function changesBetween(before: SandboxListing, after: SandboxListing): readonly SandboxChange[] {
  const files = differing(before.files, after.files).map((subject) => ({ subject, area: areaOf(subject, after) }));
  const refs = differing(before.refs, after.refs).map((subject) => ({
    subject,
    area: areaOfRef(subject, before.refs.has(subject)),
  }));
  return [...files, ...refs];
}

function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

function areaOf(file: string, { repository }: SandboxListing): Area {
  if (!file.startsWith(`${repository}/`))
    return file.startsWith('home/') && file !== 'home/witness' ? 'home' : 'harness';
  const inRepository = file.slice(repository.length + 1);
  if (inRepository.startsWith('.pawl/worktrees/')) return 'worktree';
  if (inRepository.startsWith('.pawl/')) return 'registry';
  if (!inRepository.startsWith('.git/')) return 'checkout';
  const inGit = inRepository.slice('.git/'.length);
  if (OBJECTS.test(inGit)) return 'gitObjects';
  return ADMINISTRATION.test(inGit) ? 'gitAdministration' : 'gitOwn';
}

/** A branch that was there before the runs is the user's. */
function areaOfRef(name: string, isOlder: boolean): Area {
  if (name.startsWith('refs/pawl/')) return 'pawlRef';
  return name.startsWith('refs/heads/') && !isOlder ? 'branch' : 'otherRef';
}

/** What was written, a line for each kind of place with how much: of one trial, or of many together. */
export function whatWasWritten(changes: readonly SandboxChange[]): readonly string[] {
  return AREAS.flatMap((area) => {
    const count = changes.filter((change) => change.area === area).length;
    const [one, many] = NAMES[area];
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
}

/** Changes of what is the user's: the checkout, the home folder, other references, git's own files. Each a sentence. */
export function changesOutOfPlace(changes: readonly SandboxChange[]): readonly string[] {
  const wrong: Partial<Record<Area, string>> = {
    checkout: "the user's checkout",
    home: "the user's home folder",
    gitOwn: "git's files of the user",
    otherRef: "the user's references",
  };
  return changes.flatMap(({ subject, area }) => {
    const whose = wrong[area];
    return whose === undefined ? [] : [`${subject} was changed, which belongs to ${whose}`];
  });
}
