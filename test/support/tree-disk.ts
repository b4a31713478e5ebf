/**
 * A disk for machines that mount none of our own: a folder, of which a moment can be kept as a power cut would leave it. What git and the workers
 * have written since the last sync of the whole disk, and synced themselves, stays; of all else each file may be gone, empty or cut.
 *
 * Owns: keeping a moment, dropping what was not synced, going back. Does not own: what is done on it (the test), what Pawl writes itself: each of
 * its files is synced by name, and the simulated machine drops those that are not (prove/sim).
 *
 * Invariant: a sync counts from its beginning, and only once it has ended: what was written while it ran is not known to be kept.
 */
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/base/sha256.ts';
import { systemCode } from '../../src/model/error.ts';
import { SEED } from './draw.ts';

/** Files that nobody syncs by name: worktrees with their administration, and git's logs. Its objects, refs and indexes it syncs itself. */
const UNSYNCED = /\/\.pawl\/worktrees\/|\/\.git\/worktrees\/(?!.*\/index$)|\/\.git\/logs\//;
const NS_PER_MS = 1_000_000n;

/** A disk that is a folder. */
export class TreeDisk {
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-disk-')));
  readonly path = join(this.#root, 'disk');
  readonly beside = join(this.#root, 'beside');
  /** Comes first on the PATH of all that runs on it: the `sync` there says when it has begun. */
  readonly programs = join(this.#root, 'programs');
  /** How many files the moments lack. */
  dropped = 0;
  #moments = 0;

  constructor() {
    for (const folder of [this.path, this.beside, this.programs]) mkdirSync(folder);
    const [begun, sync] = [join(this.#root, 'synced'), execFileSync('sh', ['-c', 'command -v sync']).toString().trim()];
    const lines = [
      '#!/bin/sh',
      'at=$(date +%s%N)',
      `${sync} "$@" && echo "$at" > ${begun}.$$ && mv ${begun}.$$ ${begun}`,
    ];
    writeFileSync(join(this.programs, 'sync'), `${lines.join('\n')}\n`, { mode: 0o755 });
    this.#syncedNow();
  }

  mount(): void {
    // It is always there.
  }

  /** Whoever unmounts a disk has it synced. */
  unmount(): void {
    this.#syncedNow();
  }

  /** The disk as it is now, under that name; nothing that runs on it moves. */
  keep(name: string): void {
    this.#moments += 1;
    const syncedMs = Number(BigInt(readFileSync(join(this.#root, 'synced'), 'utf8').trim()) / NS_PER_MS);
    copyTree(this.path, join(this.#root, name));
    for (const path of filesBelow(this.path)) {
      if (!UNSYNCED.test(path) || lstatSync(path).ctimeMs < syncedMs) continue;
      this.#drop(join(this.#root, name, path.slice(this.path.length)), path);
    }
  }

  /** The disk is what was kept under that name. */
  goBack(name: string): void {
    copyTree(join(this.#root, name), this.path);
    this.#syncedNow();
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #drop(copy: string, path: string): void {
    const chance = Number.parseInt(sha256(`${SEED} ${this.#moments} ${path}`).slice(0, 2), 16) % 4;
    if (chance === 0) return;
    this.dropped += 1;
    const { size } = lstatSync(copy);
    if (chance === 1 || lstatSync(copy).isSymbolicLink()) rmSync(copy);
    else truncateSync(copy, chance === 2 ? 0 : Math.floor(size / 2));
  }

  #syncedNow(): void {
    writeFileSync(join(this.#root, 'synced'), `${BigInt(Date.now()) * NS_PER_MS}\n`);
  }
}

function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
}

/** Absolute paths of what is not a folder. Whoever was killed may have left something that goes away meanwhile. */
function filesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
