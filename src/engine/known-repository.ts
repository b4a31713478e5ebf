/**
 * The facts about the repository, as git has told them since the driver was made.
 *
 * Owns: asking git once, and only when somebody wants to know; keeping an error as the answer. Does not own: what follows from the facts
 * (packets/preflight, intake).
 *
 * Invariant: a repository whose git answers with an error does not prevent decisions on its runs: the error reaches the code that needs the facts.
 */
import { PawlError } from '../model/error.ts';
import type { GitPort, RepositoryFacts } from '../ports/git.ts';

/** The facts, or why there are none. */
export class KnownRepository {
  readonly #git: Pick<GitPort, 'facts'>;
  #answer: Promise<RepositoryFacts | PawlError> | null = null;

  constructor(git: Pick<GitPort, 'facts'>) {
    this.#git = git;
  }

  /** Git has been asked. Throws PAWL_GIT_FAILED where it never could answer: then the next to ask asks again. */
  async ask(): Promise<void> {
    await this.#asked();
  }

  /** What is known. Throws PAWL_GIT_FAILED where git's answer was an error, or it never could answer. */
  async facts(): Promise<RepositoryFacts> {
    const answer = await this.#asked();
    if (answer instanceof PawlError) throw answer;
    return answer;
  }

  #asked(): Promise<RepositoryFacts | PawlError> {
    this.#answer ??= this.#git.facts().catch((error: unknown) => {
      if (error instanceof PawlError && error.kind === 'terminal') return error;
      this.#answer = null;
      throw error;
    });
    return this.#answer;
  }
}
