/** The trip of docs/examples: as programs, one a visit, it is asked, answered and refused a second answer; and nothing refutes it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tripSystem } from '../../docs/examples/trip.ts';
import { isSound, proofText, proveSystem } from '../../src/durable-actors.ts';

const PROGRAM = resolve('dist/docs/examples/travel.js');
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'pawl-trip-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const visit = (id: string, ...answer: readonly string[]): string =>
  execFileSync(process.execPath, [PROGRAM, join(place, 'desk'), id, ...answer], { encoding: 'utf8' });

it('is approved in a later process than the one that asked, and then booked by its child', () => {
  const asks = 'trip-1 is approving, owed: askManager, deadline\n';
  expect(visit('trip-1')).toBe(asks);
  expect(visit('trip-1')).toBe(asks);
  expect(visit('trip-1', 'approve')).toBe('trip-1 is booked, owed: nothing\n');
});

it('refuses a cancellation once it is booked, and a second answer', () => {
  visit('trip-1', 'approve');
  expect(visit('trip-1', 'cancel')).toBe(
    'trip-1 is booked, owed: nothing\nrefused: tripCancelled is not accepted by trip in "booked" (done)\n',
  );
  expect(visit('trip-1', 'decline')).toBe('trip-1 is booked, owed: nothing\nrefused: the manager owes no answer\n');
});

it('is cancelled while the manager is asked, and nothing is owed any more', () => {
  visit('trip-2');
  expect(visit('trip-2', 'cancel')).toBe('trip-2 is cancelled, owed: nothing\n');
});

it('is refuted by nothing: in time or late, approved or declined, cancelled before and while it is booked', async () => {
  const proof = await proveSystem(tripSystem, {
    begin: { type: 'tripAsked', city: 'Bern' },
    answers: ({ kind }) => {
      switch (kind) {
        case 'askManager':
          return [
            { type: 'managerDecided', isApproved: true },
            { type: 'managerDecided', isApproved: false },
          ];
        case 'bookSeat':
          return [{ type: 'seatBooked', seat: 's-1' }];
      }
    },
    commands: () => [{ event: { type: 'tripCancelled' } }],
    invariants: {
      'only a booked trip has a seat': ({ root: { context, value } }) =>
        (context.seat !== null) === (value === 'booked'),
    },
  });
  expect(isSound(proof), proofText(proof)).toBe(true);
});
