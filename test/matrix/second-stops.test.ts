/** A second stop at calls all over of the process that continues from a first one: what the first has left unsynced is relied upon only once it is durable. */
import { describe, expect, it } from 'vitest';
import { playCase, referenceOf } from '../../src/prove/matrix-case.ts';
import { type Stop, stopsOf } from '../../src/prove/matrix-stops.ts';
import { storyOf } from '../../src/prove/sim/story.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE } from '../support/draw.ts';

/** Every seventh call is stopped at: a week stops at all of them. */
const STRIDE = IS_WHOLE ? 1 : DAYS_OF_WEEK;

const TO_THE_GATE = [
  'runAdmitted',
  'leaseAcquired',
  'workspacePrepared',
  'taskRequested',
  'workerEnded completed',
  'workCommitted',
  'taskRequested',
  'workerEnded completed',
];

describe('a run that is killed and then loses its power', () => {
  it.each([
    ['judges a gate', [...TO_THE_GATE, 'gateJudged BLOCKED'], TO_THE_GATE.length, 'artifact.'],
    ['makes a task ready', [...TO_THE_GATE.slice(0, 4), 'workerEnded blocked'], 3, 'register.'],
    [
      'takes what its worker has left',
      [...TO_THE_GATE.slice(0, 4), 'workerSpawned', 'workerEnded blocked'],
      4,
      'journal.',
    ],
  ] as const)('while it %s ends like one that never was', async (_what, types, step, room) => {
    const story = storyOf('a story', types, []);
    const { played, stops } = await stopsOf(story, new Set([step]), { seed: 1, census: new Map() });
    const reference = await referenceOf(story, played);
    if ('faults' in reference) return expect.fail(reference.faults.join('; '));
    const chosen = stops.filter(
      ({ kind, call, left }) => kind === 'killed' && call.startsWith(room) && !left.machine.disk.changes.isSettled,
    );
    const faults: string[] = [];
    let cases = 0;
    for (const [n, stop] of chosen.entries()) {
      const { calls } = await playCase(story, stop, reference, { second: null, isThorough: true });
      for (let at = 1 + ((DAY + n) % STRIDE); at <= calls; at += STRIDE) {
        const second = { at, kind: 'powerCut', seed: 1 } as const;
        const result = await playCase(story, stop, reference, { second, isThorough: false });
        faults.push(...result.faults.map((fault) => `${told(stop)}, then at call ${at}: ${fault}`));
        cases += 1;
      }
    }
    console.info(`day ${DAY}: ${chosen.length} stops, ${cases} second stops`);
    expect(faults, `day ${DAY}`).toEqual([]);
    expect(cases).toBeGreaterThan(10);
  });
});

function told({ call, step }: Stop): string {
  return `killed at ${call} of step ${step + 1}`;
}
