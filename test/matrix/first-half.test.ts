/** The kill matrix in memory, its first half: stories over the steps of the charts, at every call, and a run that goes on as if nothing had been. */
import { describe } from 'vitest';
import { halfHolds } from './shard.ts';

describe('the first half of the stories', () => halfHolds(0));
