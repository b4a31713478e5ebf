/**
 * Reads command lines with a real shell: what each would run, and whether anything else ran.
 *
 * Owns: one shell process for many lines, in which `pawl`, `git` and `cd` only record their arguments and nothing else can be found.
 * Does not own: the lines.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a shell made of the lines. */
export interface ShellReading {
  /** The words of every command that ran, in order. */
  readonly ran: readonly (readonly string[])[];
  /** What the shell complained about: anything that it tried to run and did not find. */
  readonly complaints: string;
  /** Files that came to be in its folder. */
  readonly files: readonly string[];
}

/** What `shell` makes of `lines`, each entered as one line of a script. */
export function readWithShell(shell: 'sh' | 'bash', lines: readonly string[]): ShellReading {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-shell-'));
  try {
    const record = (name: string): string =>
      `${name}() { printf '%s\\0' ${name} "$@"; printf '%s\\0' '--end of command--'; }`;
    const script = ['pawl', 'git', 'cd'].map(record).concat(lines, "printf '%s\\0' '--end of script--'").join('\n');
    const { stdout, stderr } = spawnSync(`/bin/${shell}`, ['-s'], {
      cwd: folder,
      input: script,
      env: { PATH: folder, LC_ALL: 'C.UTF-8' },
      timeout: 30_000,
    });
    const words = stdout.toString('utf8').split('\0');
    if (words.at(-2) !== '--end of script--') throw new Error(`the shell stopped early: ${stderr.toString('utf8')}`);
    const ran: string[][] = [[]];
    for (const word of words.slice(0, -2)) {
      if (word === '--end of command--') ran.push([]);
      else ran.at(-1)?.push(word);
    }
    return { ran: ran.slice(0, -1), complaints: stderr.toString('utf8'), files: readdirSync(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
