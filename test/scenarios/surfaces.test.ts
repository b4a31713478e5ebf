/** Two runs in parallel whose packets name different paths and whose agents both change a third one, through the built command line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { documentOf, runOf, until } from '../support/pawl-cli.ts';
import { answer, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const scenario = new Scenario();
afterAll(() => scenario.end());

test('the second one is parked and names path and holder, the handoff of the first names the path, and a retry continues', {
  timeout: 300_000,
}, async () => {
  scenario.repo.write('src/widget.js', 'export {};\n');
  scenario.repo.git(['add', '-A']);
  scenario.repo.git(['commit', '--quiet', '-m', 'A widget']);
  const marker = (name: string) => join(scenario.repo.root, name);
  scenario.scripted({
    FIRST: {
      implementation: [write('work-of/FIRST/done.txt'), write('src/widget.js', 'export const first = 1;\n'), answer()],
      // While it is reviewed it holds what it has touched.
      review: [
        write(marker('first-is-committed'), ''),
        { do: 'waitFor', path: marker('second-is-parked') },
        verdict('PASS'),
      ],
    },
    SECOND: {
      implementation: [
        { do: 'waitFor', path: marker('first-is-committed') },
        { do: 'remove', path: 'src/widget.js' },
        write('work-of/SECOND/widget.js', 'export {};\n'),
        answer(),
      ],
    },
  });
  const call = scenario.start('run', '--packets', scenario.packets(packetOf('FIRST'), packetOf('SECOND')), '--json');
  const secondId = (
    await until('the second run', () => scenario.starts().find(({ runId }) => runId.includes('SECOND')))
  ).runId;
  await until('the parking', () => scenario.journal(secondId).some(({ event }) => event.type === 'surfaceExceeded'));
  scenario.repo.write(marker('second-is-parked'), '');
  const end = await call.ended;
  expect(end.code).toBe(3);
  const first = runOf(documentOf(end), 'FIRST');
  const widget = 'path:acme/widget/src/widget.js';
  expect(first).toMatchObject({ state: 'readyForManualReview', surfacesAdded: [widget] });
  expect(scenario.artifact(first.runId, 'handoff', 'handoff-')).toMatchObject({
    surfacesAdded: [widget],
    headCommit: first.headCommit,
  });
  const page = readFileSync(scenario.runFile(first.runId, 'artifacts', 'handoff', 'handoff.md'), 'utf8');
  expect(page).toContain('## Outside the conflict surface (1)');
  expect(page).toContain('- `src/widget.js`');

  const parked = runOf(documentOf(end), 'SECOND');
  expect(parked).toMatchObject({
    state: 'blockedNeedsHuman',
    surfaceConflict: { holder: first.runId, surfaces: [widget] },
  });
  expect(parked.blockers.map(({ code }) => code)).toEqual(['PAWL_SURFACE_CONFLICT']);
  const shown = (await scenario.call('status', parked.runId)).stdout;
  expect(shown).toContain(`${first.runId} holds src/widget.js`);

  expect((await scenario.json('resolve', parked.runId, 'retry', '--reason', 'the first is merged')).code).toBe(0);
  const { code, document } = await scenario.json('run', parked.runId);
  expect(code).toBe(0);
  const second = runOf(document, 'SECOND');
  expect(second).toMatchObject({ state: 'readyForManualReview', headCommit: parked.surfaceConflict?.commit });
  expect(scenario.startsOf(parked.runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
  expect((await scenario.call('status', parked.runId)).stdout).toContain('acme/widget/src/widget.js');
});
