import { describe, expect, test } from 'vitest';
import { CATALOGUE, EXPLANATION, unexplainedCodes, unknownCodes, unusedCodes } from './error-codes.ts';
import { codeFiles, projectPaths, readFiles, type SourceFile, told } from './source-tree.ts';

const file = (path: string, text: string): SourceFile => ({ path, text });
const code = (what: string): string => `PAWL_${what}`;
const catalogue = (...lines: string[]): SourceFile =>
  file(
    CATALOGUE,
    `const EXIT = { bug: 1, usage: 2 };\nconst ERROR_CODES = {\n${lines.map((line) => `  ${line},\n`).join('')}};`,
  );
const explanation = (...rows: string[]): SourceFile => file(EXPLANATION, rows.join('\n'));
const [bug, usage, other] = [code('BUG'), code('USAGE'), code('OTHER')];
const tree = [...codeFiles(), ...readFiles(projectPaths().filter((path) => path.endsWith('.md')))];

describe('error codes', () => {
  test('that only the catalogue or only the document has are seen', () => {
    const files = [
      catalogue(`${bug}: EXIT.bug`, `${usage}: EXIT.usage`),
      explanation(`| \`${bug}\` | 1 | Ours. | Tell us. |`, `| \`${other}\` | 2 | What. | Do. |`),
    ];
    expect(told(unexplainedCodes(files))).toEqual([
      `${EXPLANATION}:2 ${other} is not in the catalogue`,
      `${CATALOGUE}:4 ${usage} has 0 whole rows in ${EXPLANATION}`,
    ]);
  });

  test('with another exit code, without advice, or twice in the document are seen', () => {
    const row = (exit: number): string => `| \`${bug}\` | ${exit} | Ours. | Tell us. |`;
    const seen = (...rows: string[]): string[] =>
      told(unexplainedCodes([catalogue(`${bug}: EXIT.bug`), explanation(...rows)]));
    expect(seen(row(1))).toEqual([]);
    expect(seen(row(2))).toEqual([`${CATALOGUE}:3 ${bug} has another exit code in ${EXPLANATION}`]);
    expect(seen(row(1), row(1))).toEqual([`${CATALOGUE}:3 ${bug} has 2 whole rows in ${EXPLANATION}`]);
    expect(seen(`| \`${bug}\` | 1 | Ours. |  |`)).toEqual([`${CATALOGUE}:3 ${bug} has 0 whole rows in ${EXPLANATION}`]);
  });

  test('that are said and not in the catalogue are seen, variables are not', () => {
    const files = [
      catalogue(`${bug}: EXIT.bug`),
      file('src/run/a.ts', `a('${bug}');\nb('${other}');\nenv['PAWL_TASK_FILE'];\nconst ${other} = 1;`),
      file('docs/a.md', `\`${usage}\``),
    ];
    expect(told(unknownCodes(files))).toEqual([
      `docs/a.md:1 ${usage} is not in the catalogue`,
      `src/run/a.ts:2 ${other} is not in the catalogue`,
    ]);
  });

  test('that nothing says are seen', () => {
    const files = [
      catalogue(`${bug}: EXIT.bug`, `${usage}: EXIT.usage`),
      file('machines/a.machine.ts', `a('${bug}'); // Throws ${usage}.`),
      file('test/a.test.ts', `a('${usage}');`),
    ];
    expect(told(unusedCodes(files))).toEqual([`${CATALOGUE}:4 ${usage} is never said`]);
  });
});

describe('the project', () => {
  test('explains every code, and no other', () => expect(told(unexplainedCodes(tree))).toEqual([]));
  test('says no code that is not in the catalogue', () => expect(told(unknownCodes(tree))).toEqual([]));
  test('says every code of the catalogue somewhere', () => expect(told(unusedCodes(tree))).toEqual([]));
});
