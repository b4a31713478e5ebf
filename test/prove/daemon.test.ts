/** The daemon's part of a proof: which kills there are, and that they hold. */
import { expect, it } from 'vitest';
import { killDaemons } from '../../src/prove/daemon/lives.ts';
import { plannedMoments } from '../../src/prove/daemon/moments.ts';
import { SEED } from '../support/draw.ts';

const KILLS = 4;

it('kills about 15 daemons at the smoke level and several hundred at the full one, the same for the same seed', () => {
  expect(plannedMoments('smoke', 1).flat()).toHaveLength(15);
  const full = plannedMoments('full', 1).flat();
  expect(full.length).toBeGreaterThan(300);
  expect(plannedMoments('full', 1).flat()).toEqual(full);
  expect(plannedMoments('full', 2).flat()).not.toEqual(full);
  // Each moment that can come more than once is met several times.
  const names = full.map(({ name }) => name);
  expect(names.filter((name) => names.indexOf(name) === names.lastIndexOf(name))).toEqual([]);
});

it(`holds for some daemons that are killed one after another (seed ${SEED})`, { timeout: 240_000 }, async () => {
  const [group = []] = plannedMoments('smoke', SEED);
  const { kills, faults, commands, changes } = await killDaemons(group.slice(0, KILLS));
  expect(faults).toEqual([]);
  expect(kills.filter(({ hit }) => hit !== null)).toHaveLength(KILLS);
  expect(Math.min(commands.accepted, changes.followed, changes.reconnections)).toBeGreaterThan(1);
});
