/** What may change without new rules: another wording of everything that people read, and a member of a context that is declared to have a default. */
import { afterEach, expect, it, vi } from 'vitest';
import { isObject } from '../../src/base/canonical-json.ts';
import type { RecordedBlocker } from '../../src/blockers/shown-blocker.ts';
import { goldenProblem, goldenRecords, goldenRules } from '../support/golden-journals.ts';
import { type ChartPart, withColour } from '../support/run-variants.ts';
import { projectPaths } from '../tidy/source-tree.ts';

/** The files whose texts people read of a run: the catalogue's, those of turns and events, the descriptions of states. */
const TEXTS = projectPaths().filter(
  (path) => /^src\/(?:blockers|run|turn)\/(?:[\w-]+-)?words\.ts$/.test(path) || path === 'src/model/state-table.ts',
);

afterEach(() => {
  for (const path of TEXTS) vi.doUnmock(`../../${path}`);
  vi.resetModules();
});

/** What a file exports, all of it saying something else. */
function reworded(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return 'Reworded.';
  if (typeof value === 'function')
    return name === 'words' ? () => ({ message: 'Reworded.', hint: 'Do it otherwise.' }) : () => 'Reworded.';
  if (Array.isArray(value)) return value.map((each) => reworded(each));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, reworded(member, key)]));
}

const redescribed = (part: ChartPart): ChartPart =>
  'description' in part ? { ...part, description: 'Reworded.' } : part;

/** Everything as this process loads it now. */
async function loaded() {
  const { shownBlocker } = await import('../../src/blockers/shown-blocker.ts');
  const { definitionHash } = await import('../../src/kernel/image.ts');
  const { sha256 } = await import('../../src/base/sha256.ts');
  const { runSystem } = await import('../../src/run/system.ts');
  const golden = await import('../support/golden-journals.ts');
  const variants = await import('../support/run-variants.ts');
  const records = golden.goldenRules().flatMap(golden.goldenRecords);
  const blockers = records.flatMap(({ record: { event } }): RecordedBlocker[] =>
    'blocker' in event && event.blocker ? [event.blocker] : [],
  );
  const { root } = variants.withRoot({ machine: variants.runChart(redescribed) });
  const { children } = variants.withTask({ machine: variants.taskChart(redescribed) });
  return {
    messages: new Set(blockers.map((each) => shownBlocker(each).message)),
    problem: () => golden.goldenProblem({ ...runSystem, root, children }, records),
    isRedescribed: definitionHash(runSystem, sha256) !== definitionHash({ ...runSystem, root, children }, sha256),
  };
}

it('another wording of all that people read changes no hash of any journal', async () => {
  expect(TEXTS.length).toBeGreaterThan(7);
  const before = await loaded();
  expect(before.messages.size).toBeGreaterThan(10);
  for (const path of TEXTS) {
    vi.doMock(`../../${path}`, async (original) => reworded(await original()));
  }
  vi.resetModules();
  const after = await loaded();
  expect(after.messages).toEqual(new Set(['Reworded.']));
  expect(after.isRedescribed).toBe(true);
  expect(after.problem()).toBeNull();
});

it('a member of the context that is added with its default declared changes no hash of any journal', () => {
  const golden = goldenRules().flatMap(goldenRecords);
  const colours = new Set<unknown>();
  const problem = goldenProblem(withColour({ colour: null }), golden, (_, { root }) => {
    colours.add(root.context.colour);
  });
  expect(problem).toBeNull();
  expect(colours).toEqual(new Set([null]));
  // Undeclared, or with another default than it has, it does.
  expect(goldenProblem(withColour({}), golden)).toContain('declare it in `defaults`');
  expect(goldenProblem(withColour({ colour: 'red' }), golden)).toContain('declare it in `defaults`');
});
