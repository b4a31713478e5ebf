import { describe, expect, test } from 'vitest';
import { fragmentOf, linkTo, linkToRun, placeIn, takeToken } from '../../src/inspector/page/address.ts';

describe('an address', () => {
  test('names a moment, and reads back as it was written', () => {
    const moment = { view: 'run', runId: 'run_A 1', seq: 12, taskId: 'fix-e1-a1', panel: 'gates' } as const;
    for (const projectId of [null, 'shop&x']) {
      const place = { ...moment, projectId };
      expect(placeIn(fragmentOf(place))).toEqual(place);
    }
    expect(placeIn(linkToRun('shop', 'run_A 1'))).toMatchObject({ view: 'run', projectId: 'shop', runId: 'run_A 1' });
    for (const projectId of [null, 'shop']) {
      expect(placeIn(linkTo(projectId, 'proof'))).toMatchObject({ view: 'proof', projectId, runId: null });
      expect(placeIn(linkTo(projectId))).toMatchObject({ view: 'runs', projectId, runId: null });
    }
    expect(placeIn('#run=x&seq=0')).toMatchObject({ view: 'run', seq: null, panel: 'timeline' });
    expect(placeIn('#seq=3&panel=nonsense')).toMatchObject({ view: 'runs', panel: 'timeline' });
    expect(placeIn('#view=proof').view).toBe('proof');
  });

  test('loses its token at once, and every tab of the address keeps it', () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => kept.set(name, value),
    };
    const left: string[] = [];
    const address = { search: '', hash: '#token=secret&run=a', pathname: '/' };
    expect(takeToken(address, store, (rest) => left.push(rest))).toBe('secret');
    expect(left).toEqual(['/#run=a']);
    expect(takeToken({ ...address, hash: '#run=a' }, store, (rest) => left.push(rest))).toBe('secret');
  });
});
