/**
 * One catalogue of error codes: in the code, in the documents, in use.
 *
 * Owns: comparing src/model/error-codes.ts with docs/errors.md and with the sources, in both directions.
 * Does not own: what a code means.
 */
import { maskSource } from './lexer.ts';
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

/** Where the catalogue is. */
export const CATALOGUE = 'src/model/error-codes.ts';
/** Where it is explained. */
export const EXPLANATION = 'docs/errors.md';

/** Environment variables look like codes and are none. */
const VARIABLES = new Set([
  'PAWL_RUN_ID',
  'PAWL_TASK_ID',
  'PAWL_PURPOSE',
  'PAWL_EPOCH',
  'PAWL_ATTEMPT',
  'PAWL_TASK_FILE',
  'PAWL_COMPLETION_FILE',
  'PAWL_TASK_MARK',
  'PAWL_HOME',
  'PAWL_AGENT',
  'PAWL_TOOL_POLICY',
  'PAWL_PROVE_PLAN',
  'PAWL_PROVE_GUARD',
  'PAWL_SCRIPT',
  'PAWL_SWEEP',
  'PAWL_TEST_SEED',
  'PAWL_TEST_DAY',
  'PAWL_EVENT',
  'PAWL_STATE',
  'PAWL_BRANCH',
  'PAWL_COMMIT',
  'PAWL_CODE',
  'PAWL_MESSAGE',
  'PAWL_COMMAND',
  'PAWL_EVIDENCE',
  'PAWL_REGISTRY',
]);

/** A code with the exit code that stands beside it. */
interface Entry {
  readonly code: string;
  readonly exit: string;
  readonly line: number;
}

function entriesOf(file: SourceFile | undefined, pattern: RegExp): Entry[] {
  if (file === undefined) return [];
  return [...file.text.matchAll(pattern)].map((match) => ({
    code: match.groups?.code ?? '',
    exit: match.groups?.exit ?? '',
    line: lineOf(file.text, match.index + match[0].search(/\S/)),
  }));
}

/** The codes of the catalogue with their exit numbers. */
function catalogueOf(files: readonly SourceFile[]): Entry[] {
  const file = files.find(({ path }) => path === CATALOGUE);
  const exits = new Map([...(file?.text.matchAll(/\b(\w+): (\d)\b/g) ?? [])].map((match) => [match[1], match[2]]));
  return entriesOf(file, /^\s+(?<code>PAWL_[A-Z0-9_]+): EXIT\.(?<exit>\w+)/gm).map((entry) => ({
    ...entry,
    exit: exits.get(entry.exit) ?? '',
  }));
}

/** Codes that only one of catalogue and document has, that stand there twice, or with another exit code. */
export function unexplainedCodes(files: readonly SourceFile[]): Violation[] {
  const catalogue = catalogueOf(files);
  const explained = entriesOf(
    files.find(({ path }) => path === EXPLANATION),
    /^\|\s*`(?<code>PAWL_[A-Z0-9_]+)`\s*\|\s*(?<exit>\d)\s*\|\s*[^|\s][^|]*\|\s*[^|\s][^|]*\|\s*$/gm,
  );
  const wrong = catalogue.flatMap(({ code, exit, line }): Violation[] => {
    const rows = explained.filter((row) => row.code === code);
    const says = (message: string): Violation[] => [{ path: CATALOGUE, line, message: `${code} ${message}` }];
    if (rows.length !== 1) return says(`has ${rows.length} whole rows in ${EXPLANATION}`);
    return rows.some((row) => row.exit === exit) ? [] : says(`has another exit code in ${EXPLANATION}`);
  });
  const unknown = explained
    .filter(({ code }) => catalogue.every((entry) => entry.code !== code))
    .map(({ code, line }) => ({ path: EXPLANATION, line, message: `${code} is not in the catalogue` }));
  return [...wrong, ...unknown];
}

const CODE = /\bPAWL_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/g;
const isSource = ({ path }: SourceFile): boolean => /^(?:src|machines)\//.test(path) && path !== CATALOGUE;

/** What looks like a code, in documents and in strings and comments of sources, and is neither in the catalogue nor a variable. */
export function unknownCodes(files: readonly SourceFile[]): Violation[] {
  const known = new Set(catalogueOf(files).map(({ code }) => code));
  return files
    .filter((file) => isSource(file) || file.path.endsWith('.md'))
    .filter(({ path }) => path !== EXPLANATION)
    .flatMap(({ path, text }) => {
      const code = path.endsWith('.md') ? '' : maskSource(text).code;
      return [...text.matchAll(CODE)]
        .filter(([word]) => !known.has(word) && !VARIABLES.has(word))
        .filter(({ index }) => code.charAt(index).trim() === '')
        .map((match) => ({ path, line: lineOf(text, match.index), message: `${match[0]} is not in the catalogue` }));
    });
}

/** What looks like a code in a file, its comments aside. */
function codesSaid(text: string): string[] {
  const { comments } = maskSource(text);
  return [...text.matchAll(CODE)].filter(({ index }) => comments.charAt(index) === ' ').map(([code]) => code);
}

/** Codes of the catalogue that nothing says; a comment says nothing. */
export function unusedCodes(files: readonly SourceFile[]): Violation[] {
  const used = new Set(files.filter(isSource).flatMap(({ text }) => codesSaid(text)));
  return catalogueOf(files)
    .filter(({ code }) => !used.has(code))
    .map(({ code, line }) => ({ path: CATALOGUE, line, message: `${code} is never said` }));
}
