// A desk for trips. Whoever answers does so in a later process, minutes or days after the question; a call without an answer shows how a trip stands.
//   node dist/travel.js ./desk trip-1            asks the manager
//   node dist/travel.js ./desk trip-1 approve    answers: approve, decline or cancel
import { openRegistry } from 'pawl/kernel';
import { tripSystem } from './trip.ts';

const [folder = './desk', id = 'trip-1', answer] = process.argv.slice(2);

/** For an effect that is settled by `send`: nothing to do until it is no longer owed, or the system is closed. */
function waitForAbort(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}

const registry = await openRegistry(folder);
const trip = await registry.open(tripSystem, id, {
  begin: { type: 'tripAsked', city: 'Bern' },
  perform: {
    askManager: ({ signal }) => waitForAbort(signal),
    bookSeat: async ({ effect }) => ({ type: 'seatBooked', seat: `seat to ${effect.city} (${effect.key})` }),
  },
});

/** Null once the answer is durable, or why it was refused. */
async function give(answer: string): Promise<string | null> {
  if (answer === 'cancel') return (await trip.send({ type: 'tripCancelled' }))?.reason ?? null;
  const question = trip.state.owed.find(({ kind }) => kind === 'askManager');
  if (question === undefined) return 'the manager owes no answer';
  const decision = { type: 'managerDecided', key: question.key, isApproved: answer === 'approve' } as const;
  return (await trip.send(decision))?.reason ?? null;
}

const refusal = answer === undefined ? null : await give(answer);
if (answer !== undefined && refusal === null) await trip.until(({ root }) => root.status === 'done', 60_000);
const { root, owed } = trip.state;
process.stdout.write(`${id} is ${root.value}, owed: ${owed.map(({ kind }) => kind).join(', ') || 'nothing'}\n`);
if (refusal !== null) process.stdout.write(`refused: ${refusal}\n`);
await registry.close();
