/**
 * Whose name stands on the commits that Pawl makes.
 *
 * Owns: the choice between the user's identity and Pawl's own. Does not own: the commits (commit, rescue).
 */
import { type GitContext, inRepository } from './worktree.ts';

function pawlAs(who: string): Record<string, string> {
  return { [`GIT_${who}_NAME`]: 'Pawl', [`GIT_${who}_EMAIL`]: 'pawl@localhost' };
}

/** Variables that make Pawl author and committer. */
export const PAWL_IDENTITY: Readonly<Record<string, string>> = { ...pawlAs('AUTHOR'), ...pawlAs('COMMITTER') };

/** Variables for a commit in the user's name as git resolves it (none to set), else in Pawl's. */
export async function identityFor(git: GitContext): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const who of ['AUTHOR', 'COMMITTER']) {
    const known = await git.run(inRepository(git, ['var', `GIT_${who}_IDENT`], { answers: [0, 1, 128], isRead: true }));
    if (known.exitCode !== 0) Object.assign(env, pawlAs(who));
  }
  return env;
}
