/** The kill matrix in memory, its second half: stories over the steps of the charts, at every call, and a run that goes on as if nothing had been. */
import { describe } from 'vitest';
import { halfHolds } from './shard.ts';

describe('the second half of the stories', () => halfHolds(1));
