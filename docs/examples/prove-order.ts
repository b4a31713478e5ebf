// Tries to refute the order: walks its states, and stops its engine at every call. Exits with 1 when it finds something.
//   node dist/prove-order.js
import { isSound, proofText, proveSystem } from 'pawl/kernel';
import { orderSystem } from './order.ts';

export const proof = await proveSystem(orderSystem, {
  begin: { type: 'orderPlaced', cents: 4_200 },
  // Everything that the performer of an effect may return.
  answers: ({ kind }) => {
    switch (kind) {
      case 'chargeCard':
        return [{ type: 'cardCharged', receipt: 'r-1' }, { type: 'cardDeclined' }];
      case 'shipParcel':
        return [{ type: 'parcelShipped', tracking: 't-1' }];
    }
  },
  invariants: {
    'nothing is shipped that is not paid': ({ root: { context, value } }) =>
      value !== 'shipped' || context.receipt !== null,
  },
});
process.stdout.write(proofText(proof));
if (!isSound(proof)) process.exitCode = 1;
