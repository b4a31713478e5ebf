/** The plain table of states is what the machines are; `npm run docs:update` writes it anew. */
import { expect, it } from 'vitest';
import { stateTable } from './state-table.ts';

it('says of every state what the machines say', async () => {
  await expect(stateTable()).toMatchFileSnapshot('../../src/model/state-table.ts');
});
