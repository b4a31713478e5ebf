/** The picture in the README and docs/states.md are what the machines are; `npm run docs:update` writes both anew. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { lifecycleSection, statesPage } from './charts.ts';

const README = '../../README.md';
const START = '<!-- lifecycle:start -->';
const END = '<!-- lifecycle:end -->';
const STALE = 'it is not what the machines are any more; `npm run docs:update` writes it anew';

function withSection(readme: string, section: string): string {
  const [before, ...rest] = readme.split(START);
  const [, after] = rest.join(START).split(END);
  if (before === undefined || after === undefined) throw new Error(`README.md has lost ${START} or ${END}`);
  return `${before}${START}\n${section}\n${END}${after}`;
}

describe('the lifecycle', () => {
  test('in the README is that of the run machine', async () => {
    const readme = readFileSync(new URL(README, import.meta.url), 'utf8');
    await expect(withSection(readme, lifecycleSection()), `README.md: ${STALE}`).toMatchFileSnapshot(README);
  });

  test('in docs/states.md is that of both machines', async () => {
    await expect(statesPage(), `docs/states.md: ${STALE}`).toMatchFileSnapshot('../../docs/states.md');
  });
});
