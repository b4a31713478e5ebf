/**
 * Cleaning and checking a project, as the document promises it.
 *
 * Owns: those tests of the contract. Does not own: the others (contract.test), what is removed (scenarios/after-a-run.test).
 */
import { expect, it } from 'vitest';
import type { OperationId } from '../../src/daemon/api/paths.ts';
import { type Call, call, gone, refused, runs } from './contract-calls.ts';
import { type JsonAnswer, jsonOf } from './contract-kit.ts';

const IDS = ['cleanProject', 'recoverProject'] as const;
const BODY: Partial<Record<OperationId, Call>> = { cleanProject: { json: { dryRun: false } } };

/** The codes of both operations, for that project. */
export async function upkeepOf(id: string): Promise<readonly (string | null)[]> {
  const codes: (string | null)[] = [];
  for (const operation of IDS) codes.push(await refused(operation, { params: { id }, ...BODY[operation] }));
  return codes;
}

/** Success; the folder of the run that has ended is gone then. */
export function projectsAreCleaned(): void {
  it('of cleaning and checking a project', async () => {
    const order = { removesFolders: true, largerThanBytes: 0 };
    const dry = jsonOf<{ runs: JsonAnswer[] }>(await call('cleanProject', { json: { dryRun: true, ...order } }));
    expect(dry.runs.map(({ runId }) => runId)).toEqual([runs.quick]);
    const done = jsonOf<{ runs: JsonAnswer[] }>(await call('cleanProject', { json: { dryRun: false, ...order } }));
    expect(done.runs).toMatchObject([{ runId: runs.quick, removesFolder: true, problem: null }]);
    expect(jsonOf(await call('recoverProject'))).toMatchObject({ leftOut: 0 });
    for (const json of [{}, { dryRun: 1 }, { dryRun: false, removesFolders: true }, { dryRun: false, olderThanMs: -1 }])
      expect(await refused('cleanProject', { json })).toBe('BODY_INVALID');
  });
}

/** Refusals. */
export function whatIsNotDrivenIsLeft(): void {
  it('a project that cannot be driven, or is unknown, is neither cleaned nor checked', async () => {
    gone.config({ limits: 7 });
    expect(await upkeepOf('gone')).toEqual(['PROJECT_UNAVAILABLE', 'PROJECT_UNAVAILABLE']);
    expect(await upkeepOf('nobody')).toEqual(['PAWL_PROJECT_UNKNOWN', 'PAWL_PROJECT_UNKNOWN']);
  });
}
