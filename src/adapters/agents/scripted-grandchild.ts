/**
 * The program of a scripted agent's grandchild: lives on for a while, after its parent if need be.
 *
 * Owns: its own life. Does not own: who started it (scripted-steps), ending it (host).
 *
 * Usage: `node scripted-grandchild.js <ms|forever> [ignoreSigterm]`; says on descriptor 3 that it is set up.
 */
import { closeSync, writeSync } from 'node:fs';

const READY_DESCRIPTOR = 3;

if (process.argv[3] === 'ignoreSigterm') process.on('SIGTERM', () => undefined);
writeSync(READY_DESCRIPTOR, 'ready\n');
closeSync(READY_DESCRIPTOR);

const lifeMs = Number(process.argv[2]);
if (Number.isFinite(lifeMs)) setTimeout(() => process.exit(0), lifeMs);
else setInterval(() => undefined, 3_600_000);
