/**
 * Git is started in one place, which keeps hooks, filters and variables of others away from it.
 *
 * Owns: finding calls that start a git elsewhere. Does not own: what that place keeps away (src/adapters/git/run-git).
 */
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

const RUNNER = 'src/adapters/git/run-git.ts';

/** Who starts git as somebody else than Pawl, and must do so with that one's own settings. */
const AS_OTHERS: Readonly<Record<string, string>> = {
  'src/adapters/agents/scripted-steps.ts': 'the scripted agent commits as any agent may',
  'src/prove/real/sandbox-repo.ts': 'a user at work in the repository of a trial',
};

/** A program of that name given to something that starts programs, or to a shell. */
const STARTS = /\b(?:spawn|exec|execFile|fork)(?:Sync)?\s*\(\s*(['"`])(?:[^'"`]*[\s/])?git(?:\1|\s)/g;

/** Calls in the shipped source that start a git and are not the one that may. */
export function strayGitCalls(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.startsWith('src/') && path !== RUNNER && AS_OTHERS[path] === undefined)
    .flatMap(({ path, text }) =>
      [...text.matchAll(STARTS)].map((match) => ({
        path,
        line: lineOf(text, match.index),
        message: `starts git itself instead of through ${RUNNER}`,
      })),
    );
}

/** Files that are named as exceptions and start no git, or are not there any more. */
export function idleExceptions(files: readonly SourceFile[]): string[] {
  return [RUNNER, ...Object.keys(AS_OTHERS)].filter((path) => {
    const text = files.find((file) => file.path === path)?.text ?? '';
    return text.match(STARTS) === null;
  });
}
