/**
 * A git that dies at its n-th start in a site, put before the real one on the PATH.
 *
 * Owns: that program, what it leaves behind. Does not own: who starts git (Pawl's runner and hosts).
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRASH_BRANCH, type CrashSite } from '../../src/prove/real/site.ts';

const REAL = (process.env.PATH ?? '')
  .split(':')
  .map((folder) => join(folder, 'git'))
  .find((path) => existsSync(path));

/** Which start of git dies, and how. */
export interface GitDeath {
  readonly at: number;
  /** Only starts whose arguments hold this text are counted. */
  readonly about?: string;
  /** `during` leaves the locks that a git of that place could have held. */
  readonly moment: 'before' | 'during' | 'after';
  /** Pawl's own process that started it dies with it. */
  readonly withParent: boolean;
}

/** The environment in which git dies; with null it is only counted. `hit` is there once it has died. */
export function deadlyGit(
  site: CrashSite,
  death: GitDeath | null,
  n = 0,
): { readonly env: Readonly<Record<string, string>>; readonly hit: string; count(): number } {
  const bin = join(site.root, `bin-${n}`);
  const count = join(bin, 'count');
  const hit = join(bin, 'hit');
  const lines = ['#!/bin/sh'];
  if (death?.about !== undefined) lines.push(`case "$*" in *'${death.about}'*) ;; *) exec '${REAL}' "$@";; esac`);
  lines.push(`echo >> '${count}'; n=$(wc -l < '${count}')`);
  if (death !== null) lines.push(`if [ "$n" -eq ${death.at} ]; then`, ...dying(death, hit), 'fi');
  lines.push(`exec '${REAL}' "$@"`);
  site.repo.write(join(bin, 'git'), `${lines.join('\n')}\n`);
  writeFileSync(count, '');
  chmodSync(join(bin, 'git'), 0o755);
  return {
    env: { PATH: `${bin}:${process.env.PATH}` },
    hit,
    count: () => readFileSync(count, 'utf8').length,
  };
}

function dying({ at, moment, withParent }: GitDeath, hit: string): string[] {
  const delay = `0.00${1 + ((at * 7919) % 9)}`;
  const action = {
    before: [],
    during: [
      `timeout --foreground -s KILL ${delay} '${REAL}' "$@"`,
      'case "$GIT_DIR" in */worktrees/*) : > "$GIT_DIR/index.lock"; : > "$GIT_DIR/HEAD.lock";',
      `common="$GIT_DIR/../.."; if [ -d "$common/refs/heads/pawl" ]; then : > "$common/refs/heads/${CRASH_BRANCH}.lock"; fi;; esac`,
    ],
    after: [`'${REAL}' "$@"`],
  }[moment];
  return [`echo "$@" | cut -c 1-2000 > '${hit}'`, ...action, ...(withParent ? ['kill -9 $PPID'] : []), 'kill -9 $$'];
}
