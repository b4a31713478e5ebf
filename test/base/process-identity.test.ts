/** A process is dead only when that is proven; a pid alone decides nothing (L3, L6). */
import { describe, expect, it } from 'vitest';
import {
  isProbeable,
  isSameMachine,
  judgeLife,
  type ProcessIdentity,
  type Sighting,
} from '../../src/base/process-identity.ts';

const HERE = { machineId: 'm1', bootId: 'b1', pidNamespace: 'pid:[1]' };
const IT: ProcessIdentity = { ...HERE, pid: 41, startTime: '700', hostname: 'one' };

const seen = (startTime: string, state = 'S'): Sighting => ({ kind: 'present', startTime, state });

/** Looking is a mistake where the pid means nothing. */
const mustNotLook = (): Sighting => {
  throw new Error('a pid of elsewhere was looked up');
};

describe('a process of this machine, boot and namespace', () => {
  it.each<readonly [string, Sighting, string]>([
    ['is dead when nothing has its pid', { kind: 'absent' }, 'dead'],
    ['is unknown when its pid cannot be read', { kind: 'unreadable' }, 'unknown'],
    ['is alive when it has its start time', seen('700'), 'alive'],
    ['is alive while it is stopped', seen('700', 'T'), 'alive'],
    ['is dead when its pid has another start time', seen('701'), 'dead'],
    ['is dead as a zombie', seen('700', 'Z'), 'dead'],
    ['is dead while it is being removed', seen('700', 'X'), 'dead'],
  ])('%s', (_, sighting, life) => {
    expect(judgeLife(IT, HERE, () => sighting)).toBe(life);
  });

  it('is looked up by its pid', () => {
    const asked: number[] = [];
    judgeLife(IT, HERE, (pid) => {
      asked.push(pid);
      return { kind: 'absent' };
    });
    expect(asked).toEqual([41]);
  });

  it('can be looked up', () => {
    expect(isProbeable(IT, HERE)).toBe(true);
  });
});

describe('a process of elsewhere', () => {
  it.each([
    ['another machine', { machineId: 'm2' }, {}, 'unknown'],
    ['another machine at another boot', { machineId: 'm2', bootId: 'b2' }, {}, 'unknown'],
    ['no machine that is known', { machineId: '' }, { machineId: '' }, 'unknown'],
    ['another boot', { bootId: 'b2' }, {}, 'dead'],
    ['another boot and namespace', { bootId: 'b2', pidNamespace: 'pid:[2]' }, {}, 'dead'],
    ['an unknown boot', { bootId: '' }, {}, 'unknown'],
    ['a boot, seen from an unknown one', {}, { bootId: '' }, 'unknown'],
    ['no boot that is known, on both sides', { bootId: '' }, { bootId: '' }, 'unknown'],
    ['another namespace', { pidNamespace: 'pid:[2]' }, {}, 'unknown'],
  ])('of %s is never looked up, and judged by that alone', (_, its, here, life) => {
    expect(judgeLife({ ...IT, ...its }, { ...HERE, ...here }, mustNotLook)).toBe(life);
    expect(isProbeable({ ...IT, ...its }, { ...HERE, ...here })).toBe(false);
  });

  it('is of the same machine only by a machine id that is not empty', () => {
    expect(isSameMachine({ machineId: 'm1' }, { machineId: 'm1' })).toBe(true);
    expect(isSameMachine({ machineId: 'm1' }, { machineId: 'm2' })).toBe(false);
    expect(isSameMachine({ machineId: '' }, { machineId: '' })).toBe(false);
  });
});
