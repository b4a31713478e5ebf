/**
 * The order in which test files begin.
 *
 * Owns: sorting them by a list. Does not own: the lists (vitest.config, vitest.mutation.config).
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A sequencer that begins with the files whose path below `test/` starts as the first of `paths`; those that none names come last. */
export function inOrder(paths: readonly string[]): typeof BaseSequencer {
  const rank = ({ moduleId }: TestSpecification): number => {
    const found = paths.findIndex((path) => moduleId.includes(`/test/${path}`));
    return found === -1 ? paths.length : found;
  };
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      return [...files].sort((a, b) => rank(a) - rank(b));
    }
  };
}
