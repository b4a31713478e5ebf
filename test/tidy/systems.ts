/**
 * The systems that are defined in the product, found in its sources.
 *
 * Owns: finding the definitions. Does not own: the list of those that are proven (src/prove/systems).
 */
import { lineOf, type SourceFile } from './source-tree.ts';

/** A definition of a system. */
export interface DefinedSystem {
  readonly path: string;
  readonly line: number;
  /** The name under which it is exported, null where it is not. */
  readonly name: string | null;
}

const DEFINITION = /(?:export const (\w+)(?:: [^=\n]+)?\s*=\s*|(?<!\bfunction ))\bdefineSystem\s*[<(]/g;

/** Every definition of a system in the files below src/. */
export function definedSystems(files: readonly SourceFile[]): readonly DefinedSystem[] {
  return files
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(DEFINITION)].map(({ index, 1: name = null }) => ({ path, line: lineOf(text, index), name })),
    );
}
