/**
 * What the repository said about itself when a driver was opened.
 *
 * Owns: asking once, keeping an answer that failed. Does not own: what follows from the facts (packets/preflight, intake).
 *
 * Invariant: a repository whose git answers with an error keeps nobody from deciding on its runs: the error reaches who needs the facts.
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
