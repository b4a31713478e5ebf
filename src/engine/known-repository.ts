/**
 * The facts about the repository when a driver was opened.
 *
 * Owns: asking git once, keeping an error as the answer. Does not own: what follows from the facts (packets/preflight, intake).
 *
 * Invariant: a repository whose git answers with an error does not prevent decisions on its runs: the error reaches the code that needs the facts.
 */
import { PawlError } from '../model/error.ts';
import type { GitPort, RepositoryFacts } from '../ports/git.ts';

/** The facts, or why there are none. */
export class KnownRepository {
  readonly #answer: RepositoryFacts | PawlError;

  private constructor(answer: RepositoryFacts | PawlError) {
    this.#answer = answer;
  }

  /** Asks git. Throws PAWL_GIT_FAILED where git never could answer. */
  static async ask(git: Pick<GitPort, 'facts'>): Promise<KnownRepository> {
    try {
      return new KnownRepository(await git.facts());
    } catch (error) {
      if (error instanceof PawlError && error.kind === 'terminal') return new KnownRepository(error);
      throw error;
    }
  }

  /** What is known. Throws PAWL_GIT_FAILED where git's answer was an error. */
  get facts(): RepositoryFacts {
    if (this.#answer instanceof PawlError) throw this.#answer;
    return this.#answer;
  }
}
