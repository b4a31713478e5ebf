/**
 * The world around a parcel under rules 2: how it begins, who performs what it asks for, when it has ended.
 *
 * Owns: that. Does not own: the parcel (parcel).
 */
import { expect } from 'vitest';
import type { Performers } from '../../src/engine/durable-system.ts';
import type { parcelTwo } from './parcel.ts';

/** Its first event. */
export const BEGIN = { type: 'parcelOrdered', address: 'Main Street 1', byMs: 4_000_000_000_000 } as const;

/** It is delivered, or given up. */
export const hasEnded = ({ root }: { root: { status: string } }): boolean => root.status === 'done';

/** Everything is done at once; `performed` is told the key of every effect. */
export const performersOfTwo = (performed: string[]): Performers<typeof parcelTwo> => ({
  packBox: async ({ effect }) => {
    performed.push(effect.key);
    expect(effect.box).toEqual({ to: BEGIN.address });
    return { type: 'boxPacked', items: 3 };
  },
  meet: async ({ effect }) => {
    performed.push(effect.key);
    return { type: 'courierLeft' };
  },
  deliver: async ({ effect }) => {
    performed.push(effect.key);
    return { type: 'courierArrived' };
  },
});
